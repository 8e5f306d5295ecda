"""``insert-object`` as installed heeds nothing that is meant for another Python, and lies in any folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.launcher import launcher, write_launcher
from tests.conftest import end_daemon
from tests.program import environment_with_this_checkout
from tests.tiny_weights import write_tiny_weights
from wire import __version__

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell script of POSIX")
HOSTILE = 'it\'s a $HOME `x` "q" \\ % ; & é 漢'


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher in an environment that has this checkout and the packages, in a folder of a bad name."""
    folder = environment_with_this_checkout(tmp_path_factory.mktemp("env") / HOSTILE / "environment")
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


def test_a_damaged_environment_is_said_in_one_line(tmp_path: Path) -> None:
    write_launcher(tmp_path / "insert-object", tmp_path / "gone" / "python")
    done = subprocess.run([tmp_path / "insert-object"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "insert-object: Its environment is damaged. Run install.py of Insert Object again.\n"
    )


PRESS = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"


@pytest.mark.parametrize("module", ["", "argparse", "daemon.command_line", "wire.protocol", "numpy"])
def test_ctrl_c_shows_no_traceback_while_python_starts_and_modules_are_loaded(
    program: Path, home: Path, module: str
) -> None:
    """Pressed by a line that Python runs when it looks for packages: there, or when a module is asked for."""
    (packages,) = program.parent.parent.glob("lib/python*/site-packages")
    line = packages / "press.pth"
    finder = (
        "import sys; sys.meta_path.insert(0, type('Press', (), {'find_spec': staticmethod("
        f"lambda name, *_: exec({PRESS!r}) if name == {module!r} else None)}}))"
    )
    line.write_text((finder if module else PRESS) + "\n", "utf-8")
    try:
        done = pressed([program, "scene", "--seed", "1", "--class", "disc", "-o", "out.png"], home)
    finally:
        line.unlink()
    if module == "numpy":  # a command was at work
        assert (done.returncode, done.stderr) == (130, "insert-object: interrupted.\n")
    else:
        assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
    assert not (home.parent / "out.png").exists()


def pressed(command: list[object], home: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command that presses Ctrl+C itself."""
    return subprocess.run(
        [str(part) for part in command],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "INSERT_OBJECT_HOME": str(home),
            "INSERT_OBJECT_WEIGHTS": str(home.parent / "weights"),
        },
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def test_what_python_says_before_it_heeds_the_program_is_not_shown(program: Path, home: Path) -> None:
    """The shell sends it nowhere, and the program takes stderr back before it does anything."""
    shown = pressed(
        [program, "insert", "missing.png", "--box", "1,1,9,9", "--class", "a", "-o", "o.png"], home
    )
    assert shown.returncode == 2 and "missing.png" in shown.stderr
    assert launcher(program.parent / "python").endswith(b' "$@" 3>&2 2>/dev/null\n')
