"""What the daemon's tests share: a service in a thread, a daemon in a process, and peers to talk to them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.home.folders import Folders
from daemon.serving.service import Service
from daemon.serving.settings import Settings
from tests.daemon.peer import Peer
from tests.program import ROOT, program_environment
from tests.stand_in_engine import StandInEngine

START_SECONDS = 20.0


class ServedEngine:
    """A service that runs in a thread of the test."""

    def __init__(self, folders: Folders, engine: StandInEngine, settings: Settings) -> None:
        self.folders, self.engine = folders, engine
        self.service = Service(folders, lambda: engine, settings)
        self.thread = threading.Thread(target=self.service.run, name="service")
        self.thread.start()
        wait_until(folders.connection_file.exists)
        self.connection = json.loads(folders.connection_file.read_text(encoding="utf-8"))
        self.peers: list[Peer] = []

    def peer(self, *, greeted: str = "test") -> Peer:
        """A new client; it has said hello under that name, unless the name is empty."""
        peer = Peer(self.connection["endpoint"], self.connection["token"])
        self.peers.append(peer)
        if greeted:
            peer.greet(greeted)
        return peer

    def end(self) -> None:
        for peer in self.peers:
            peer.close()
        self.service.stop()
        self.service.wake_socket.send(b"\0")
        self.thread.join(START_SECONDS)
        assert not self.thread.is_alive(), "the service did not end"
        assert self.service.close(START_SECONDS), "the worker did not end"


class DaemonProcess:
    """A real daemon process with the stand-in engine."""

    def __init__(
        self,
        home: Path,
        *arguments: object,
        environment: dict[str, str] | None = None,
        script: Path = ROOT / "tests" / "stand_in_daemon.py",
    ) -> None:
        self.folders = Folders.default({"INSERT_OBJECT_HOME": str(home)})
        self.process = subprocess.Popen(
            [sys.executable, str(script), *map(str, arguments)],
            env={**program_environment(home), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.peers: list[Peer] = []

    def wait_for_connection(self) -> dict[str, object]:
        """The content of the connection file that this very process has written."""

        def written() -> bool:
            assert self.process.poll() is None, self.errors()
            return self.folders.connection_file.exists() and self.connection()["pid"] == self.process.pid

        wait_until(written)
        return self.connection()

    def connection(self) -> dict[str, object]:
        content = json.loads(self.folders.connection_file.read_text(encoding="utf-8"))
        assert isinstance(content, dict)
        return content

    def peer(self, *, greeted: str = "test") -> Peer:
        connection = self.wait_for_connection()
        peer = Peer(str(connection["endpoint"]), str(connection["token"]))
        self.peers.append(peer)
        if greeted:
            peer.greet(greeted)
        return peer

    def wait(self, seconds: float = START_SECONDS) -> int:
        return self.process.wait(timeout=seconds)

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def log(self) -> str:
        return self.folders.log_file.read_text(encoding="utf-8")

    def end(self) -> None:
        for peer in self.peers:
            peer.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


Serve = Callable[..., ServedEngine]
RunDaemon = Callable[..., DaemonProcess]


def wait_until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Waits for something that happens in another thread or process."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.default({"INSERT_OBJECT_HOME": str(tmp_path / "home")})


@pytest.fixture
def serve(folders: Folders) -> Iterator[Serve]:
    """Starts a service in a thread: ``serve(engine, settings)``; it ends with the test."""
    served: list[ServedEngine] = []

    def start(engine: StandInEngine | None = None, settings: Settings | None = None) -> ServedEngine:
        served.append(ServedEngine(folders, engine or StandInEngine(), settings or Settings()))
        return served[-1]

    yield start
    for one in served:
        one.end()


@pytest.fixture
def run_daemon_process(tmp_path: Path) -> Iterator[RunDaemon]:
    """Starts ``tests/stand_in_daemon.py`` with arguments; all of them share one home."""
    started: list[DaemonProcess] = []

    def start(*arguments: object, environment: dict[str, str] | None = None) -> DaemonProcess:
        started.append(DaemonProcess(tmp_path / "home", *arguments, environment=environment))
        return started[-1]

    yield start
    for one in started:
        one.end()
