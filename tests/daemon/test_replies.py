"""Replies to clients that do not read: nothing blocks, memory is bounded, and the client is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import zmq

from daemon.serving.replies import Replies
from wire.protocol import Done, Error, ErrorCode, Layer, PixelFormat, PixelFrame, Reply, decode_reply

LAYER_BYTES = 4 * 512 * 512


def layer(index: int) -> Layer:
    pixels = PixelFrame(512, 512, PixelFormat.RGBA8, bytes(LAYER_BYTES))
    return Layer("x", index % 16, "dog", 0, 0, 0, pixels)


class Line:
    """A ROUTER and a DEALER that does not read; libzmq and the system keep some messages between them."""

    def __init__(self, backlog_bytes: int) -> None:
        self.context: zmq.Context[Any] = zmq.Context()
        self.router: zmq.Socket[bytes] = self.context.socket(zmq.ROUTER)
        self.dealer: zmq.Socket[bytes] = self.context.socket(zmq.DEALER)
        self.router.setsockopt(zmq.SNDHWM, 2)
        self.router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.dealer.setsockopt(zmq.RCVHWM, 1)
        for socket in (self.router, self.dealer):
            socket.setsockopt(zmq.LINGER, 0)
        self.router.bind("tcp://127.0.0.1:*")
        self.dealer.connect(self.router.getsockopt_string(zmq.LAST_ENDPOINT))
        self.dealer.send(b"here")
        self.client = self.router.recv_multipart()[0]
        self.gone: list[bytes] = []
        self.deaf = 0
        self.replies = Replies(
            self.router, on_gone=self.gone.append, on_deaf=self.on_deaf, backlog_bytes=backlog_bytes
        )

    def on_deaf(self, client: bytes) -> list[Reply]:
        assert client == self.client
        self.deaf += 1
        return [Error("x", ErrorCode.BUSY, "Thrown away.")] if self.deaf == 1 else []

    def read_all(self, at_least: int = 0) -> list[Reply]:
        """What comes; for so many replies a busy computer gets its time."""
        found: list[Reply] = []
        while True:
            self.replies.flush()
            if not self.dealer.poll(200 if len(found) >= at_least else 10_000):
                if not self.replies.waiting:
                    return found
                continue
            found.append(decode_reply(self.dealer.recv_multipart()))

    def close(self) -> None:
        self.router.close()
        self.dealer.close()
        self.context.term()


@pytest.fixture
def line() -> Iterator[Line]:
    opened = Line(backlog_bytes=20 * LAYER_BYTES)
    yield opened
    opened.close()


def fill(line: Line) -> int:
    """Sends until the client makes no more room; returns how many layers went out or wait."""
    sent = 0
    while not line.replies.waiting:
        line.replies.send(line.client, layer(sent))
        sent += 1
        assert sent < 200
    return sent


def test_what_has_no_room_yet_arrives_later_complete_and_in_order(line: Line) -> None:
    sent = fill(line)
    for index in range(5):
        line.replies.send(line.client, layer(sent + index))
    line.replies.send(line.client, Done("x"))
    found = line.read_all(sent + 6)
    assert [reply.index for reply in found[:-1] if isinstance(reply, Layer)] == [
        index % 16 for index in range(sent + 5)
    ]
    assert isinstance(found[-1], Done)
    assert line.deaf == 0


def test_a_backlog_beyond_its_limit_is_thrown_away_and_the_client_told(line: Line) -> None:
    sent = fill(line)
    for index in range(25):
        line.replies.send(line.client, layer(index))
    assert line.deaf == 1
    found = line.read_all()
    errors = [reply for reply in found if isinstance(reply, Error)]
    assert [error.sentence for error in errors] == ["Thrown away."]
    assert len(found) < sent + 25


def test_one_layer_larger_than_the_backlog_is_still_delivered(line: Line) -> None:
    sent = fill(line)
    line.replies.flush()
    huge = PixelFrame(4096, 2048, PixelFormat.RGBA8, bytes(4 * 4096 * 2048))
    found = line.read_all(sent)
    line.replies.send(line.client, Layer("y", 0, "dog", 0, 0, 0, huge))
    found += line.read_all(1)
    assert len(found) == sent + 1


def test_a_client_that_is_gone_is_reported_and_its_backlog_forgotten(line: Line) -> None:
    fill(line)
    for index in range(15):  # more than the system could still take in, so that some wait for certain
        line.replies.send(line.client, layer(index))
    line.dealer.close()
    deadline = time.monotonic() + 20
    while not line.gone and time.monotonic() < deadline:
        line.replies.flush()
        line.router.poll(10)
    assert line.gone == [line.client]
    assert not line.replies.waiting


class NoRoom:
    """A ROUTER none of whose clients has made room."""

    def send_multipart(self, *_arguments: object, **_options: object) -> None:
        raise zmq.Again


def test_the_backlogs_of_all_clients_together_are_bounded_at_the_cost_of_the_largest() -> None:
    deaf: list[bytes] = []

    def on_deaf(client: bytes) -> list[Reply]:
        deaf.append(client)
        return [Error("x", ErrorCode.BUSY, "Thrown away.")]

    router: Any = NoRoom()
    replies = Replies(router, on_gone=lambda _client: None, on_deaf=on_deaf, all_bytes=10 * LAYER_BYTES)
    for index in range(6):
        replies.send(b"greedy", layer(index))
    for index in range(3):
        replies.send(b"modest", layer(index))
    assert deaf == []
    for index in range(2):
        replies.send(b"third", layer(index))
    assert deaf == [b"greedy"]
