"""The service under load, with an engine that costs nothing: requests a second, waiting times, fairness.

python -m benchmarks.load [--requests 2000]      2,000 mixed requests of 16 clients, every pixel checked
python -m benchmarks.load --minutes 60           the same without an end: memory must stay flat
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import zmq

from benchmarks.measure import Timing, machine
from daemon.home.folders import Folders
from tests.daemon.customers import Customer, Line, PeerLine, SessionLine, evenness
from tests.daemon.peer import Peer, an_insert
from tests.program import ROOT, program_environment
from wire.connection import Config
from wire.session import Session

CLIENTS, EDITORS = 16, 2  # the editors among them use the plug-ins' own client
MOST_GROWTH = 5.0  # per cent of the daemon's memory over a soak
SETTLING_SHARE = 0.1  # of a soak
ROUND_REQUESTS = 25  # of each client in one round of a soak


class StandInDaemon:
    """The real service in a process of its own, with the tests' stand-in engine."""

    def __init__(self, home: Path) -> None:
        self.folders = Folders.default({"INSERT_OBJECT_HOME": str(home)})
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "stand_in_daemon.py")], env=program_environment(home)
        )
        while not self.folders.connection_file.exists():
            if self.process.poll() is not None:
                raise RuntimeError("the daemon did not start")
            time.sleep(0.002)
        self.start_seconds = time.perf_counter() - began
        self._memory = psutil.Process(self.process.pid)

    @property
    def resident_mb(self) -> float:
        return float(self._memory.memory_info().rss) / 2**20

    @property
    def descriptors(self) -> int:
        return int(self._memory.num_fds() if hasattr(self._memory, "num_fds") else self._memory.num_handles())

    def peer(self, name: str) -> Peer:
        connection = json.loads(self.folders.connection_file.read_text("utf-8"))
        peer = Peer(connection["endpoint"], connection["token"])
        peer.greet(name)
        return peer

    def session(self, name: str) -> Session:
        session = Session(Config(self.folders.connection_file, ()), name, autostart=False)
        session.open()
        session.wait_ready(30)
        session.poll()
        return session


@contextmanager
def stand_in_daemon() -> Iterator[StandInDaemon]:
    with tempfile.TemporaryDirectory(prefix="insert-object-load-") as home:
        daemon = StandInDaemon(Path(home))
        try:
            yield daemon
        finally:
            daemon.process.terminate()
            daemon.process.wait(20)


@dataclass(frozen=True)
class LoadFigures:
    """What mixed requests of many clients came to."""

    requests: int
    seconds: float  # in all
    waits: Timing  # from asking to done
    fairness: float  # Jain's index of the clients' median waits
    ends: Counter[str]
    wrong: list[str]


def mixed_load(daemon: StandInDaemon, requests_each: int, seed: int) -> LoadFigures:
    """16 clients, two of them editors, with cancels, previews and every pixel checked."""
    with ExitStack() as stack:
        sessions = [stack.enter_context(daemon.session(f"editor {number}")) for number in range(EDITORS)]
        lines: list[Line] = [SessionLine(session) for session in sessions]
        for number in range(CLIENTS - EDITORS):
            peer = daemon.peer(f"program {number}")
            stack.callback(peer.close)
            lines.append(PeerLine(peer))
        customers = [Customer(line, requests_each, random.Random(seed + n)) for n, line in enumerate(lines)]
        began = time.perf_counter()
        for customer in customers:
            customer.start()
        for customer in customers:
            customer.join()
        seconds = time.perf_counter() - began
    return LoadFigures(
        len(customers) * requests_each,
        seconds,
        Timing(tuple(wait for customer in customers for wait in customer.seconds)),
        evenness([median(customer.seconds) for customer in customers if customer.seconds]),
        sum((customer.ends for customer in customers), Counter()),
        [fault for customer in customers for fault in customer.wrong],
    )


def waits_of(daemon: StandInDaemon, clients: int, requests_each: int) -> tuple[Timing, float]:
    """The waits for small insertions while so many clients ask one after the other; requests a second."""
    peers = [daemon.peer(f"client {number}") for number in range(clients)]
    waits: list[float] = []
    open_since: dict[int, float] = {}
    left = [requests_each] * clients
    began = time.perf_counter()
    ids: dict[int, str] = {}

    def ask(number: int) -> None:
        request = an_insert()
        ids[number], open_since[number] = request.id, time.perf_counter()
        left[number] -= 1
        peers[number].send(request)

    poller = zmq.Poller()
    for number, peer in enumerate(peers):
        poller.register(peer.socket, zmq.POLLIN)
        ask(number)
    numbers = {peer.socket: number for number, peer in enumerate(peers)}
    while open_since:
        for socket, _ in poller.poll():
            number = numbers[socket]
            reply = peers[number].receive()
            if reply.TYPE == "done" and reply.id == ids[number]:
                waits.append(time.perf_counter() - open_since.pop(number))
                if left[number]:
                    ask(number)
            elif reply.TYPE == "error":
                raise RuntimeError(f"a request was refused: {reply}")
    seconds = time.perf_counter() - began
    for peer in peers:
        peer.close()
    return Timing(tuple(waits)), clients * requests_each / seconds


def soak(minutes: float) -> int:
    """Mixed load for so long; exit code 1 if memory grew, a descriptor leaked, or a reply was wrong."""
    with stand_in_daemon() as daemon:
        deadline = time.monotonic() + 60 * minutes
        settles_at = time.monotonic() + 60 * minutes * SETTLING_SHARE
        settled = 0.0
        descriptors = requests = rounds = 0
        wrong: list[str] = []
        while time.monotonic() < deadline and not wrong:
            figures = mixed_load(daemon, ROUND_REQUESTS, seed=1000 * rounds)
            requests, rounds, wrong = requests + figures.requests, rounds + 1, figures.wrong
            if not settled and time.monotonic() >= settles_at:
                settled, descriptors = daemon.resident_mb, daemon.descriptors
            if rounds % 20 == 1:
                print(
                    f"{requests:8} requests, {daemon.resident_mb:6.1f} MB, {daemon.descriptors} descriptors, "
                    f"p95 {1000 * figures.waits.p95:.0f} ms",
                    flush=True,
                )
        time.sleep(1.0)  # for the last connections to be closed
        growth = 100 * (daemon.resident_mb / settled - 1) if settled else 0.0
        leaked = daemon.descriptors - descriptors
        print(
            f"{requests} requests in {minutes:g} minutes: memory {settled:.1f} → {daemon.resident_mb:.1f} MB "
            f"({growth:+.1f} %), descriptors {leaked:+d}, wrong replies {len(wrong)}"
        )
    print("\n".join(wrong))
    return int(bool(wrong) or growth > MOST_GROWTH or leaked > 0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--minutes", type=float, help="soak for so long instead")
    options = parser.parse_args()
    print(machine())
    if options.minutes:
        return soak(options.minutes)
    with stand_in_daemon() as daemon:
        figures = mixed_load(daemon, options.requests // CLIENTS, seed=1)
    print(
        f"{figures.requests} requests of {CLIENTS} clients in {figures.seconds:.1f} s "
        f"({figures.requests / figures.seconds:.0f}/s); waits: median {1000 * figures.waits.median:.0f} ms, "
        f"p95 {1000 * figures.waits.p95:.0f} ms; fairness {figures.fairness:.2f}; "
        f"{dict(figures.ends)}; wrong replies: {len(figures.wrong)}"
    )
    print("\n".join(figures.wrong))
    return int(bool(figures.wrong))


if __name__ == "__main__":
    sys.exit(main())
