"""What the tests of faults share: the daemon's fixtures, sessions of a plug-in, and a small disk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon.conftest import folders, run_daemon_process, serve
from tests.faults.house import Daemons
from tests.program import ROOT, program_environment
from wire.connection import Config
from wire.session import Session

__all__ = ["folders", "run_daemon_process", "serve"]

OpenSession = Callable[..., Session]
SmallDisk = Callable[[int], Path]


@pytest.fixture
def daemons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemons]:
    """The home of daemons that sessions start; whatever runs there ends with the test."""
    home = tmp_path / "home"
    home.mkdir()
    for name, value in program_environment(home).items():
        monkeypatch.setenv(name, value)
    house = Daemons(home)
    yield house
    house.end()


@pytest.fixture
def open_session(daemons: Daemons) -> Iterator[OpenSession]:
    """Opens sessions as a plug-in does; they start ``tests/stand_in_daemon.py`` with these arguments."""
    sessions: list[Session] = []

    def start(*arguments: object) -> Session:
        command = (sys.executable, str(ROOT / "tests" / "stand_in_daemon.py"), *map(str, arguments))
        session = Session(Config(daemons.folders.connection_file, command), "tests 1.0")
        sessions.append(session)
        session.open()
        return session

    yield start
    for session in sessions:
        session.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Makes a disk of so many KiB: ``small_disk(64)`` is the folder where it is mounted."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    mounted: list[Path] = []

    def mount(kibibytes: int) -> Path:
        folder = tmp_path / f"disk-{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k,mode=0700", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)
