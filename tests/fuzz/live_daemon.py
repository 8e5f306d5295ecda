"""The campaign's daemon: a real process, and what it promises under fire."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from daemon.home.folders import Folders
from tests.daemon.peer import Peer, new_id
from tests.fuzz import conversations, messages
from tests.fuzz.decoders import BrokenPromise
from tests.program import ROOT, program_environment
from wire.protocol import (
    Error,
    ErrorCode,
    Hello,
    InsertObjectError,
    MalformedMessage,
    Shutdown,
    decode_request,
)
from wire.zmtp import Dealer, Phase, Plain, ZmtpError

START_SECONDS = 60.0
LONGEST_ANSWER_SECONDS = 1.0  # to somebody else, while the hostile client goes on
MESSAGES_BETWEEN_LOOKS = 50
LAST_ANSWERS_SECONDS = 0.5  # without a further one, then there are no more
RAW_EVERY = 200  # one connection in so many messages breaks the wire itself
SETTLING_SHARE = 0.25  # of the messages, before memory is first looked at


@dataclass
class LiveFigures:
    """What the daemon did under fire."""

    messages: int = 0
    sound: int = 0  # messages that a daemon has to understand
    raw_connections: int = 0
    answers: Counter[str] = field(default_factory=Counter)  # by the reply's type, or the error's code
    slowest_answer: float = 0.0  # seconds, to the well-behaved client
    settled_mb: float = 0.0  # resident memory after the first quarter
    final_mb: float = 0.0

    @property
    def growth(self) -> float:
        """Of the resident memory, per cent."""
        return 100 * (self.final_mb / self.settled_mb - 1) if self.settled_mb else 0.0


class LiveDaemon:
    """A daemon process in a home of its own."""

    def __init__(self, home: Path, weights: Path | None) -> None:
        self.folders = Folders.default({"INSERT_OBJECT_HOME": str(home)})
        environment = program_environment(home) | {"OMP_NUM_THREADS": "1"}
        command = [str(ROOT / "tests" / "stand_in_daemon.py")]
        if weights is not None:
            environment["INSERT_OBJECT_WEIGHTS"] = str(weights)
            command = ["-m", "daemon.command_line", "daemon", "run", "--device", "cpu"]
        self.process = subprocess.Popen([sys.executable, *command], env=environment, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not self.folders.connection_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BrokenPromise("the daemon did not start")
            time.sleep(0.05)
        connection = json.loads(self.folders.connection_file.read_text("utf-8"))
        self.endpoint, self.token = str(connection["endpoint"]), str(connection["token"])

    @property
    def resident_mb(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def peer(self, name: str) -> Peer:
        """A client that was greeted once the networks were loaded."""
        peer = Peer(self.endpoint, self.token)
        peer.ask(Hello(new_id(), name), START_SECONDS)
        return peer

    def log(self) -> str:
        return self.folders.log_file.read_text("utf-8")

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def live_daemon(home: Path, weights: Path | None) -> Iterator[LiveDaemon]:
    """Runs a daemon for as long as the block takes; without weights, one with the stand-in engine."""
    daemon = LiveDaemon(home, weights)
    try:
        yield daemon
    finally:
        daemon.end()


def attack(daemon: LiveDaemon, count: int, chooser: random.Random) -> LiveFigures:
    """Sends ``count`` messages, sound and damaged ones, while a well-behaved client goes on working.

    Raises:
        BrokenPromise: the daemon ended, failed inside, or let the well-behaved client wait for too long.
    """
    figures = LiveFigures()
    hostile, other = daemon.peer("hostile"), daemon.peer("well-behaved")
    try:
        for number in range(count):
            if number % RAW_EVERY == RAW_EVERY - 1:
                _break_the_wire(daemon, chooser)
                figures.raw_connections += 1
            frames = messages.request(chooser)
            if _asks_for_the_end(frames):
                frames = [b"\xc1"]
            figures.sound += _is_sound(frames)
            hostile.send_raw(frames)
            figures.messages += 1
            _read_answers(hostile, figures)
            if number % MESSAGES_BETWEEN_LOOKS == MESSAGES_BETWEEN_LOOKS - 1:
                _work_as_usual(daemon, other, figures, chooser)
            if number == int(count * SETTLING_SHARE):
                figures.settled_mb = daemon.resident_mb
        _read_answers(hostile, figures, LAST_ANSWERS_SECONDS)
        _work_as_usual(daemon, other, figures, chooser)
        figures.final_mb = daemon.resident_mb
    finally:
        hostile.close()
        other.close()
    if "Traceback" in daemon.log():
        raise BrokenPromise(f"the daemon failed inside:\n{daemon.log()[-3000:]}")
    return figures


def _is_sound(frames: messages.Frames) -> bool:
    try:
        decode_request(frames)
    except MalformedMessage:
        return False
    return True


def _asks_for_the_end(frames: messages.Frames) -> bool:
    try:
        return isinstance(decode_request(frames), Shutdown)
    except InsertObjectError:
        return False


def _read_answers(peer: Peer, figures: LiveFigures, patience: float = 0.0) -> None:
    while (reply := peer.receive_or_none(patience)) is not None:
        figures.answers[reply.code.value if isinstance(reply, Error) else reply.TYPE] += 1
        if isinstance(reply, Error) and reply.code is ErrorCode.INTERNAL:
            raise BrokenPromise(f"an internal error: {reply.sentence}")


def _work_as_usual(daemon: LiveDaemon, other: Peer, figures: LiveFigures, chooser: random.Random) -> None:
    """An insertion of the well-behaved client: it is answered at once and gets its layers in the end."""
    if daemon.process.poll() is not None:
        raise BrokenPromise(f"the daemon ended with exit code {daemon.process.returncode}")
    request = messages.sound_insert(chooser, new_id())
    began = time.monotonic()
    other.send(request)
    first = other.receive()
    figures.slowest_answer = max(figures.slowest_answer, time.monotonic() - began)
    if first.id != request.id or figures.slowest_answer > LONGEST_ANSWER_SECONDS:
        raise BrokenPromise(f"another client waited for {figures.slowest_answer:.2f} s")
    while first.TYPE not in ("done", "error"):
        first = other.receive()


def _break_the_wire(daemon: LiveDaemon, chooser: random.Random) -> None:
    """One connection, with the password or without, on which everything may come."""
    host, _, port = daemon.endpoint.removeprefix("tcp://").rpartition(":")
    with contextlib.suppress(OSError, ZmtpError), socket.create_connection((host, int(port)), 5) as line:
        line.settimeout(5)
        if chooser.random() < 0.7:
            dealer = Dealer(Plain(b"insert-object", daemon.token.encode()))
            while dealer.phase is not Phase.READY:
                for part in dealer.take_outgoing():
                    line.sendall(part)
                dealer.receive(line.recv(4096))
        line.sendall(conversations.conversation(chooser).data[64 * chooser.randrange(2) :])
