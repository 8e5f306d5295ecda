"""Many clients at once: every request gets its own pixels and exactly one last word."""

from __future__ import annotations

import random
import threading

import psutil

from daemon.protocol import Cancel, Cancelled, Done, Error, ErrorCode, Layer, Rect
from daemon.settings import Settings
from tests.daemon.conftest import Serve
from tests.daemon.peer import Peer, an_insert, new_id
from tests.stand_in_engine import CLASSES, StandInEngine, stand_in_colour

CLIENTS, ROUNDS = 8, 25


class Customer(threading.Thread):
    """Sends mixed requests, cancels some, and checks every reply."""

    def __init__(self, peer: Peer, seed: int) -> None:
        super().__init__()
        self.peer, self.random = peer, random.Random(seed)
        self.ends: dict[str, str] = {}
        self.wrong: list[str] = []

    def run(self) -> None:
        asked = {}
        for _ in range(ROUNDS):
            request = an_insert(
                self.random.choice(CLASSES).name,
                box=Rect(self.random.randrange(400), self.random.randrange(300), 40, 40),
                seed=self.random.randrange(1000),
                variations=self.random.randrange(1, 4),
                preview=self.random.random() < 0.3,
            )
            asked[request.id] = request
            self.peer.send(request)
            if self.random.random() < 0.2:
                self.peer.send(Cancel(new_id(), request.id))
            if self.random.random() < 0.3:
                self._read(asked, 0.005)
        while len(self.ends) < ROUNDS and not self.wrong:
            self._read(asked, 10.0)

    def _read(self, asked: dict[str, object], seconds: float) -> None:
        reply = self.peer.receive_or_none(seconds)
        if reply is None:
            if seconds > 1:
                self.wrong.append("a request was never ended")
            return
        if isinstance(reply, Layer):
            request = asked[reply.id]
            expected = stand_in_colour(request.class_name, request.seed, reply.index)  # type: ignore[attr-defined]
            if bytes(reply.pixels.data[:3]) != bytes(expected):
                self.wrong.append(f"{reply.id} got pixels of another request")
            if reply.id in self.ends:
                self.wrong.append(f"{reply.id} got a layer after its end")
        elif isinstance(reply, (Done, Error, Cancelled)):
            identity = reply.target if isinstance(reply, Cancelled) else reply.id
            if isinstance(reply, Error) and reply.code is not ErrorCode.BUSY:
                self.wrong.append(reply.sentence)
            # a cancel that comes too late is confirmed although its request is done, refused or replaced
            if identity in self.ends and not isinstance(reply, Cancelled):
                self.wrong.append(f"{identity} ended twice: {self.ends[identity]}, {reply.TYPE}")
            self.ends.setdefault(identity, reply.TYPE)


def test_no_reply_is_lost_or_mixed_up_when_many_ask_at_once(serve: Serve) -> None:
    served = serve(StandInEngine(stage_seconds=0.0005), Settings(queue_length=1000, client_queue_length=100))
    customers = [Customer(served.peer(greeted=f"customer {number}"), number) for number in range(CLIENTS)]
    for customer in customers:
        customer.start()
    for customer in customers:
        customer.join()
    assert [customer.wrong for customer in customers] == [[]] * CLIENTS
    assert {len(customer.ends) for customer in customers} == {ROUNDS}
    assert sum(list(customer.ends.values()).count("done") for customer in customers) > CLIENTS


def test_memory_stays_flat_over_hundreds_of_requests(serve: Serve) -> None:
    peer = serve().peer()
    request_size = Rect(0, 0, 480, 480)

    def ask(times: int) -> int:
        for _ in range(times):
            assert peer.ask(an_insert(box=request_size, variations=2))[-1].TYPE == "done"
        return int(psutil.Process().memory_info().rss)

    settled = ask(100)
    assert ask(200) - settled < 10 * 2**20
