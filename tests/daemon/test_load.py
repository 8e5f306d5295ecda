"""Many clients at once: every request gets its own pixels and exactly one last word."""

from __future__ import annotations

import random
from pathlib import Path
from statistics import median

import psutil

from tests.daemon.conftest import RunDaemon, Serve
from tests.daemon.customers import Customer, Line, PeerLine, SessionLine, evenness
from tests.daemon.peer import an_insert
from wire.connection import Config
from wire.protocol import Rect
from wire.session import Session

PROGRAMS, EDITORS, ROUNDS = 14, 2, 20


def test_no_reply_is_lost_or_mixed_up_when_sixteen_ask_at_once(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process()
    daemon.wait_for_connection()
    config = Config(Path(daemon.folders.connection_file), ())
    sessions = [Session(config, f"editor {number}", autostart=False) for number in range(EDITORS)]
    for session in sessions:
        session.open()
        session.wait_ready(20)
        session.poll()
    lines: list[Line] = [SessionLine(session) for session in sessions]
    lines += [PeerLine(daemon.peer(greeted=f"program {number}")) for number in range(PROGRAMS)]
    customers = [Customer(line, ROUNDS, random.Random(number)) for number, line in enumerate(lines)]
    for customer in customers:
        customer.start()
    for customer in customers:
        customer.join(60)
    for session in sessions:
        session.close()
    assert [customer.wrong for customer in customers] == [[]] * len(customers)
    assert [customer.ends.total() for customer in customers] == [ROUNDS] * len(customers)
    assert sum(customer.ends["done"] for customer in customers) > len(customers) * ROUNDS / 2


def test_of_many_clients_that_ask_for_the_same_none_waits_much_longer(
    run_daemon_process: RunDaemon,
) -> None:
    daemon = run_daemon_process("--stage-seconds", 0.001)
    customers = [Customer(PeerLine(daemon.peer()), 12, random.Random(1)) for _ in range(8)]
    for customer in customers:
        customer.start()
    for customer in customers:
        customer.join(60)
    assert [customer.wrong for customer in customers] == [[]] * len(customers)
    assert evenness([median(customer.seconds) for customer in customers]) > 0.8


def test_memory_stays_flat_over_hundreds_of_requests(serve: Serve) -> None:
    peer = serve().peer()
    request_size = Rect(0, 0, 480, 480)

    def ask(times: int) -> int:
        for _ in range(times):
            assert peer.ask(an_insert(box=request_size, variations=2))[-1].TYPE == "done"
        return int(psutil.Process().memory_info().rss)

    settled = ask(100)
    assert ask(200) - settled < 10 * 2**20
