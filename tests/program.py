"""Processes of this program in a home of their own, for tests and benchmarks. Needs no test packages."""

from __future__ import annotations

import os
import sysconfig
import venv
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


def environment_with_this_checkout(folder: Path) -> Path:
    """Makes a virtual environment that has this checkout and the tests' packages; returns the folder."""
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "here.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n", "utf-8")
    return folder
