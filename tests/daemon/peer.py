"""A client in the raw: libzmq's own DEALER, so that the service is tested against a foreign peer."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Sequence
from typing import Any

import zmq

from tests.changed_insert import with_changes
from wire.protocol import (
    MAX_WINDOW_PIXELS,
    Buffer,
    Cancelled,
    Done,
    Error,
    Hello,
    Insert,
    PixelFormat,
    PixelFrame,
    Rect,
    Reply,
    Request,
    Status,
    StatusRequest,
    Welcome,
    Wish,
    decode_reply,
    encode,
    sent_size,
    sent_window,
)

ANSWER_SECONDS = 10.0
_ids = itertools.count()


class Peer:
    """One connection to a daemon."""

    def __init__(
        self, endpoint: str, token: str | None, *, user: str = "insert-object", receive_queue: int = 1000
    ) -> None:
        """Without a token it speaks ZMTP's NULL mechanism."""
        self._context: zmq.Context[Any] = zmq.Context()
        self.socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, receive_queue)
        if token is not None:
            self.socket.plain_username = user.encode()
            self.socket.plain_password = token.encode()
        self.socket.connect(endpoint)

    def send(self, request: Request) -> None:
        self.send_raw(encode(request))

    def send_raw(self, frames: Sequence[Buffer]) -> None:
        self.socket.send_multipart(frames)

    def try_to_send(self, request: Request) -> None:
        """Sends if libzmq takes it: for a peer that may have been refused already, it never will."""
        with contextlib.suppress(zmq.Again):
            self.socket.send_multipart(encode(request), zmq.NOBLOCK)

    def receive(self, seconds: float = ANSWER_SECONDS) -> Reply:
        reply = self.receive_or_none(seconds)
        assert reply is not None, "no reply came"
        return reply

    def receive_or_none(self, seconds: float) -> Reply | None:
        if not self.socket.poll(int(seconds * 1000)):
            return None
        return decode_reply(self.socket.recv_multipart())

    def replies(self, identity: str, seconds: float = ANSWER_SECONDS) -> list[Reply]:
        """The replies with that id up to the last one; others are passed over."""
        found: list[Reply] = []
        deadline = time.monotonic() + seconds
        while True:
            reply = self.receive(max(0.0, deadline - time.monotonic()))
            if reply.id != identity:
                continue
            found.append(reply)
            if isinstance(reply, (Cancelled, Done, Error, Status, Welcome)):
                return found

    def ask(self, request: Request, seconds: float = ANSWER_SECONDS) -> list[Reply]:
        """Sends and returns every reply to it."""
        self.send(request)
        return self.replies(request.id, seconds)

    def greet(self, name: str) -> Reply:
        return self.ask(Hello(new_id(), name))[-1]

    def close(self) -> None:
        self.socket.close()
        self._context.term()


def new_id() -> str:
    return f"id-{next(_ids)}"


def an_insert(class_name: str = "dog", **changes: Any) -> Insert:
    """A request for a 640 × 480 picture that is all grey."""
    box: Rect = changes.pop("box", Rect(100, 100, 120, 80))
    width, height = changes.pop("size", (640, 480))
    window = sent_window(box.clipped(width, height), width, height)
    scene_width, scene_height = sent_size(window, MAX_WINDOW_PIXELS)
    grey = b"\x80" * (scene_width * scene_height * 3)
    scene = PixelFrame(scene_width, scene_height, PixelFormat.RGB8, grey)
    plain = Insert(new_id(), Wish(class_name, box), width, height, window, scene)
    return with_changes(plain, **changes)


def kinds(replies: list[Reply]) -> list[str]:
    """The types of replies, in order."""
    return [reply.TYPE for reply in replies]


def the_error(replies: list[Reply]) -> Error:
    """The error that replies end with."""
    error = replies[-1]
    assert isinstance(error, Error), error
    return error


def report_of(peer: Peer) -> dict[str, Any]:
    """The daemon's account of itself."""
    status = peer.ask(StatusRequest(new_id()))[-1]
    assert isinstance(status, Status)
    return dict(status.report)
