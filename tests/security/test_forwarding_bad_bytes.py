"""Damaged messages at a daemon that forwards, from its clients and from the other computer."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import msgpack
import pytest
import zmq

from daemon.serving.keys import KeyPair
from tests.daemon.peer import an_insert, kinds, report_of
from tests.daemon.test_bad_bytes import damaged
from tests.security.conftest import OpenBox, OpenDesk
from wire.protocol import (
    PROTOCOL_VERSION,
    ClassInfo,
    Done,
    Error,
    ErrorCode,
    Insert,
    Limits,
    Welcome,
    decode_request,
    encode,
)

MESSAGES = 300


def test_hundreds_of_damaged_messages_from_a_client_cost_themselves_alone(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    desk = open_desk(open_box())
    hostile, other = desk.peer(), desk.peer()
    chooser = random.Random(2)
    for number in range(MESSAGES):
        hostile.send_raw(damaged(chooser))
        while (reply := hostile.receive_or_none(0)) is not None:
            if isinstance(reply, Error):
                assert reply.code is not ErrorCode.INTERNAL, reply
        if number % 100 == 0:
            assert other.ask(an_insert())[-1].TYPE == "done"
    assert other.ask(an_insert())[-1].TYPE == "done"


class OddBox:
    """A box with the right key that answers every insertion with something else."""

    def __init__(self) -> None:
        self.keys = KeyPair.new()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self._router.setsockopt(zmq.LINGER, 0)
        self._router.setsockopt(zmq.CURVE_SERVER, 1)
        self._router.setsockopt(zmq.CURVE_SECRETKEY, self.keys.secret)
        self._router.bind("tcp://127.0.0.1:*")
        self.endpoint = self._router.getsockopt_string(zmq.LAST_ENDPOINT)
        self.answers: list[list[bytes]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            if not self._router.poll(50):
                continue
            client, *frames = self._router.recv_multipart()
            request = decode_request(frames)
            if not isinstance(request, Insert):
                classes = (ClassInfo("dog", "Dog"),)
                welcome = Welcome(request.id, PROTOCOL_VERSION, "0", "odd", classes, Limits())
                self._router.send_multipart([client, *encode(welcome)])
                continue
            for answer in self.answers:
                self._router.send_multipart([client, *answer])
            self._router.send_multipart([client, *encode(Done(request.id))])

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        self._router.close()
        self._context.term()


@pytest.fixture
def odd_box() -> Iterator[OddBox]:
    box = OddBox()
    yield box
    box.end()


NONSENSE: list[list[bytes]] = [
    [b""],
    [b"\xc1"],
    [b"x" * 100_000],
    [msgpack.packb({"type": "layer", "id": "r", "frames": {"pixels": [1, 9, 9, "rgba8"]}}), b"short"],
    [msgpack.packb({"type": "layer", "id": "somebody else's", "index": 0})],
    [msgpack.packb({"type": "insert", "id": "r"})],
    [msgpack.packb({"type": "progress", "id": "r", "stage": "object", "fraction": 7})],
    [b"\x80"] * 50,
]


def test_nonsense_from_the_other_computer_ends_that_request_at_most(
    odd_box: OddBox, open_desk: OpenDesk
) -> None:
    desk = open_desk(None, endpoint=odd_box.endpoint, server_key=odd_box.keys.public)
    peer, other = desk.peer(), desk.peer()
    for answer in NONSENSE:
        odd_box.answers = [answer]
        assert kinds(peer.ask(an_insert(id="r")))[-1] in ("done", "error"), answer
        odd_box.answers = []
        assert kinds(other.ask(an_insert())) == ["done"]
        assert kinds(peer.ask(an_insert())) == ["done"]
    assert report_of(peer)["requests_running"] == 0
