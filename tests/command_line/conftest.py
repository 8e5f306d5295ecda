"""The command line in this process, talking to a real daemon with the stand-in engine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.command_line import main
from tests.conftest import connection_file, outdoor_picture
from tests.program import ROOT, program_environment

START_SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


def start_stand_in(home: Path, *options: str) -> subprocess.Popen[bytes]:
    """A daemon with the stand-in engine, serving ``home``; returns when it can be found."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "output.txt").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "stand_in_daemon.py"), *options],
            env=program_environment(home),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + START_SECONDS
    while not connection_file(home).exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            pytest.fail(f"The stand-in daemon did not start:\n{(home / 'output.txt').read_text()[-4000:]}")
        time.sleep(0.05)
    return process


@pytest.fixture(scope="session")
def stand_in_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("stand-in-home")
    process = start_stand_in(home)
    yield home
    process.terminate()
    process.wait(timeout=15)


@pytest.fixture
def command(
    stand_in_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs ``insert-object`` with the arguments given, in this process: ``command("classes")``."""
    monkeypatch.setenv("INSERT_OBJECT_HOME", str(stand_in_home))

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def picture() -> np.ndarray:
    """The photo's pixels, uint8 (120, 160, 3)."""
    return outdoor_picture(160, 120)


@pytest.fixture
def photo(picture: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(picture).save(path)
    return path
