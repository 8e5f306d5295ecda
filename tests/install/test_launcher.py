"""``insert-object`` as installed heeds nothing that is meant for another Python, and lies in any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.launcher import write_launcher
from tests.conftest import end_daemon
from tests.program import ROOT
from tests.tiny_weights import write_tiny_weights
from wire import __version__

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell script of POSIX")
HOSTILE = 'it\'s a $HOME `x` "q" \\ % ; & é 漢'


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher in an environment that has this checkout and the packages, in a folder of a bad name."""
    folder = tmp_path_factory.mktemp("env") / HOSTILE / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "here.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n", "utf-8")
    path = folder / "bin" / "insert-object"
    write_launcher(path, folder / "bin" / "python")
    return path


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder with modules that break whatever imports them."""
    folder = tmp_path / "foreign"
    for name in ("daemon", "wire", "models"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise SystemExit('foreign')")
    for name in ("numpy", "torch", "argparse", "json", "sitecustomize"):
        (folder / f"{name}.py").write_text("raise SystemExit('foreign')")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    write_tiny_weights(tmp_path / "weights")
    yield tmp_path / "home"
    end_daemon(tmp_path / "home")


def run(program: Path, home: Path, cwd: Path, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "OMP_NUM_THREADS": "1",
            "INSERT_OBJECT_HOME": str(home),
            "INSERT_OBJECT_WEIGHTS": str(home.parent / "weights"),
            **variables,
        },
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"PYTHONPATH": "."},
        {"PYTHONHOME": "/nowhere"},
        {"VIRTUAL_ENV": "."},
        {"PYTHONWARNINGS": "error", "PYTHONVERBOSE": "1", "PYTHONSTARTUP": "numpy.py", "PYTHONSAFEPATH": ""},
    ],
    ids=lambda variables: " ".join(variables) or "current folder",
)
def test_modules_and_variables_of_another_python_have_no_effect(
    program: Path, home: Path, foreign: Path, variables: dict[str, str]
) -> None:
    named = {name: str(foreign) if value == "." else value for name, value in variables.items()}
    assert run(program, home, foreign, "--version", **named) == f"insert-object {__version__}\n"


def test_the_service_that_the_command_starts_heeds_them_as_little(
    program: Path, home: Path, foreign: Path
) -> None:
    listed = run(program, home, foreign, "classes", PYTHONPATH=str(foreign), PYTHONHOME="/nowhere")
    assert listed.startswith("disc  Disc")
