"""Processes of this program in a home of their own, for tests and benchmarks. Needs no test packages."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def program_environment(home: Path) -> dict[str, str]:
    """The environment for a process of this program whose data and logs lie under ``home``."""
    inherited = os.environ.get("PYTHONPATH", "")
    return {
        **os.environ,
        "INSERT_OBJECT_HOME": str(home),
        "OMP_NUM_THREADS": "2",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), inherited))),
        "PYTHONUTF8": "1",
    }


def run_program(
    home: Path,
    *arguments: str,
    before: Callable[[], None] | None = None,
    inside: Sequence[str] = (),
    seconds: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Runs ``insert-object`` to its end, ``before`` first, in its process, where there is one; ``inside`` is
    the command that runs others elsewhere, such as on a computer of the tests' own."""
    return subprocess.run(
        [*inside, sys.executable, "-m", "daemon", *arguments],
        env=program_environment(home),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        preexec_fn=before,
    )


def environment_with_this_checkout(folder: Path) -> Path:
    """Makes a virtual environment that has this checkout and the tests' packages; returns the folder."""
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "here.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n", "utf-8")
    return folder
