"""What the tests share: folders of their own, the command line, a real daemon and pictures made in code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Before numpy or torch starts its threads; spinning ones are many times slower where a core is busy.
os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pytest
from PIL import Image

from tests.program import ROOT, program_environment

WEIGHTS = ROOT / "models" / "weights"
DAEMON_START_SECONDS = 60.0  # a loaded machine with two cores needs its time to import torch

collect_ignore = ["krita/logic"]  # tests/krita/test_logic.py runs them in a Python that has Qt

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    config.addinivalue_line(
        "markers", "editors: drives a real GIMP or Krita; left out by tests/run.py --fast"
    )
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in its background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # for the programs that the tests interrupt


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How long each folder of tests took, for CONTRIBUTING's table."""
    seconds: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                folder = Path(report.nodeid.partition("::")[0]).parent.as_posix()
                seconds[folder] = seconds.get(folder, 0.0) + report.duration
    terminalreporter.section("seconds by folder")
    for folder, spent in sorted(seconds.items(), key=lambda entry: -entry[1]):
        terminalreporter.write_line(f"{spent:7.1f}s {folder}")


def connection_file(home: Path) -> Path:
    """Where the daemon of that home writes its connection file."""
    return home / "data" / "connection.json"


def end_daemon(home: Path) -> None:
    """Ends the daemon that a test started by the way, if one is left."""
    import psutil

    try:
        pid = int(json.loads(connection_file(home).read_text(encoding="utf-8"))["pid"])
        process = psutil.Process(pid)
        if process.is_running() and "daemon" in " ".join(process.cmdline()):
            process.terminate()
            process.wait(timeout=10)
    except psutil.TimeoutExpired:
        process.kill()
    except (OSError, ValueError, KeyError, psutil.Error):
        return  # no connection file, or its process has ended: nothing is left


@pytest.fixture
def insert_object_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for data and logs; a daemon started in it ends with the test."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("INSERT_OBJECT_HOME", str(home))
    yield home
    end_daemon(home)


@pytest.fixture
def run_cli(request: pytest.FixtureRequest, tmp_path: Path) -> RunCli:
    """Runs ``insert-object`` in a process: ``run_cli("insert", photo, …)`` → CompletedProcess with text.

    In a test that has ``running_daemon`` it talks to that one, else it has a home of its own.
    """
    shared = "running_daemon" in request.fixturenames
    request.getfixturevalue("running_daemon" if shared else "insert_object_home")

    def run(
        *arguments: object, timeout: float = 120.0, cwd: Path = tmp_path
    ) -> subprocess.CompletedProcess[str]:
        # the environment is read now, so that a test's monkeypatch.setenv reaches the process
        return subprocess.run(
            [sys.executable, "-m", "daemon.command_line", *map(str, arguments)],
            env=program_environment(Path(os.environ["INSERT_OBJECT_HOME"])),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    return run


@dataclass
class RunningDaemon:
    """A real daemon process with the shipped weights."""

    home: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def connection_file(self) -> Path:
        return connection_file(self.home)

    @property
    def pid(self) -> int:
        return int(json.loads(self.connection_file.read_text(encoding="utf-8"))["pid"])

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ensure_running(self) -> None:
        """Starts the process unless it runs; returns when its connection file is there."""
        if self.alive:
            return
        self.connection_file.unlink(missing_ok=True)
        log = self.home / "daemon-output.txt"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "daemon.command_line", "daemon", "run"],
                env=program_environment(self.home),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + DAEMON_START_SECONDS
        while not self.connection_file.exists():
            if not self.alive or time.monotonic() > deadline:
                pytest.fail(f"The daemon did not start:\n{log.read_text(encoding='utf-8')[-4000:]}")
            time.sleep(0.05)

    def end(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def shared_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """One daemon for the whole run; tests use ``running_daemon``."""
    if not (WEIGHTS / "manifest.json").exists():
        pytest.skip("models/weights/manifest.json is missing: no weights to run a daemon with")
    daemon = RunningDaemon(tmp_path_factory.mktemp("daemon-home"))
    yield daemon
    daemon.end()


@pytest.fixture
def running_daemon(shared_daemon: RunningDaemon, monkeypatch: pytest.MonkeyPatch) -> RunningDaemon:
    """A real daemon, running; INSERT_OBJECT_HOME points to it, so ``Client.connect()`` finds it."""
    shared_daemon.ensure_running()
    monkeypatch.setenv("INSERT_OBJECT_HOME", str(shared_daemon.home))
    return shared_daemon


def outdoor_picture(width: int, height: int, *, seed: int = 0) -> np.ndarray:
    """A meadow under a sky with noise and a few trees: uint8 (height, width, 3)."""
    generator = np.random.default_rng(seed)
    rows = np.linspace(0.0, 1.0, height)[:, None, None]
    sky = np.array([120, 165, 225]) + rows * np.array([110, 80, 25])
    meadow = np.array([70, 120, 45]) + rows * np.array([45, 30, 10])
    picture = np.where(rows < 0.55, sky, meadow) * np.ones((1, width, 1))
    for centre in generator.integers(0, width, 5):
        half = max(1, width // 40)
        left, right = max(0, centre - half), min(width, centre + half)
        picture[int(height * 0.35) : int(height * 0.58), left:right] = (45, 60, 30)
    picture += generator.normal(0.0, 6.0, (height, width, 1))
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


@pytest.fixture
def sample_photo() -> np.ndarray:
    """A photo-like picture: uint8 (480, 640, 3), sRGB."""
    return outdoor_picture(640, 480)


@pytest.fixture
def sample_photo_file(sample_photo: np.ndarray, tmp_path: Path) -> Path:
    """``sample_photo`` as a PNG file."""
    path = tmp_path / "photo.png"
    Image.fromarray(sample_photo).save(path)
    return path
