"""The home of a daemon after a fault: which processes live there, which files lie there, who answers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import psutil

from daemon.home.folders import Folders
from daemon.home.lifecycle import running_pid
from tests.daemon.conftest import ServedEngine
from tests.daemon.peer import Peer, new_id
from tests.program import ROOT, program_environment
from tests.stand_in_engine import stand_in_colour
from wire.protocol import Done, Error, Hello, Insert, Layer, Progress, Reply, Stage
from wire.session import Event, Session, StateChanged

FILES = {"data", "data/connection.json", "data/daemon.lock", "logs", "logs/daemon.log"}
PATIENCE = 30.0


class Daemons:
    """Whatever runs in one home."""

    def __init__(self, home: Path) -> None:
        self.folders = Folders.default({"INSERT_OBJECT_HOME": str(home)})

    @property
    def pid(self) -> int:
        """The process that the connection file names."""
        return int(json.loads(self.folders.connection_file.read_text("utf-8"))["pid"])

    def processes(self) -> list[psutil.Process]:
        """Every process, zombies aside, that was started for this home."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                mine = process.environ().get("INSERT_OBJECT_HOME") == str(self.folders.data.parent)
                if mine and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def end(self) -> None:
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.resume()
                process.kill()


def in_order(folders: Folders) -> None:
    """Nothing half written lies in the home, and one daemon at most holds its lock."""
    home = folders.data.parent
    found = {path.relative_to(home).as_posix() for path in home.rglob("*")}
    assert found <= FILES, found - FILES
    if folders.connection_file.exists():
        pid = int(json.loads(folders.connection_file.read_bytes())["pid"])
        assert running_pid(folders) in (pid, None)


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    process = psutil.Process(pid)
    return int(process.num_fds() if hasattr(process, "num_fds") else process.num_handles())


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Asked:
    """A request that was sent by a session, and the replies to it so far."""

    def __init__(self, session: Session, request: Insert) -> None:
        self.session, self.request = session, request
        self.replies: list[Reply] = []
        self._unread: deque[Event] = deque()
        session.send(request)

    def until(self, wanted: Callable[[Reply], bool]) -> None:
        """Reads replies up to the one that is wanted."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            while self._unread:
                event = self._unread.popleft()
                if isinstance(event, StateChanged) or event.id != self.request.id:
                    continue
                self.replies.append(event)
                if wanted(event):
                    return
            self._unread.extend(self.session.poll(0.05))
        raise AssertionError(f"it did not come; seen: {self.replies}")

    def ends_well(self) -> None:
        """Every layer of the request comes once, in its own colour, and then the end."""
        if not self.replies or not is_last(self.replies[-1]):
            self.until(is_last)
        right_layers(self.request, self.replies)


def patient_peer(served: ServedEngine) -> Peer:
    """A client of a service whose real networks take their time to load."""
    peer = served.peer(greeted="")
    peer.ask(Hello(new_id(), "patient"), 4 * PATIENCE)
    return peer


def is_at(stage: Stage) -> Callable[[Reply], bool]:
    return lambda reply: isinstance(reply, Progress) and reply.stage is stage


def is_last(reply: Reply) -> bool:
    return isinstance(reply, (Done, Error))


def right_layers(request: Insert, replies: list[Reply]) -> None:
    """Every layer of the request came once, in its own colour, and then the end."""
    layers = [reply for reply in replies if isinstance(reply, Layer)]
    assert sorted(layer.index for layer in layers) == list(range(request.variations))
    for layer in layers:
        colour = stand_in_colour(request.wish.class_name, request.wish.seed, layer.index, request.wish.style)
        assert bytes(layer.pixels.data[:3]) == bytes(colour)
    assert isinstance(replies[-1], Done), replies[-1]


class ClientProcess:
    """A program that asks for one object; see ``client_process.py``."""

    def __init__(self, folders: Folders) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "tests.faults.client_process", str(folders.connection_file)],
            cwd=ROOT,
            env=program_environment(folders.data.parent),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def wait_for(self, word: str) -> None:
        """Reads what it says until it says that word."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == word:
                return
        raise AssertionError(f"it ended without saying {word}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
