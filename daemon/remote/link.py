"""One encrypted connection to another computer's daemon, from connecting to its end."""

from __future__ import annotations

import enum
import time
from collections.abc import Iterator, Sequence
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from daemon.remote.failures import Failure
from daemon.remote.upstream import Upstream
from daemon.serving.intake import SEALED_BYTES
from daemon.serving.keys import KeyPair
from wire.protocol import MAX_LAYER_PIXELS, Buffer, PixelFormat

CONNECT_SECONDS = 5.0  # for the connection, and again for the proof of the keys
HEARTBEAT_SECONDS = 4.0  # between questions whether the other side is still there
HEARTBEAT_PATIENCE_SECONDS = 9.0  # for the answer; a dead computer is noticed after the sum of both
MAX_FRAME_BYTES = MAX_LAYER_PIXELS * PixelFormat.RGBA16.bytes_per_pixel + SEALED_BYTES  # the largest layer
QUEUE = 64  # messages that libzmq keeps each way
READ_AT_ONCE = 32  # messages read before other connections get their turn


class LinkState(enum.Enum):
    CONNECTING = "connecting"  # messages may be sent already; they go out when both keys are proved
    READY = "ready"
    LOST = "lost"  # for good; ``failure`` says why


class LinkFull(Exception):
    """The other side takes messages more slowly than they come."""


class Link:
    """A DEALER that connects once. Nothing blocks; used by one thread."""

    def __init__(
        self,
        context: zmq.Context[Any],
        upstream: Upstream,
        keys: KeyPair,
        *,
        ipv6: bool = False,
        heartbeat: bool = False,
    ) -> None:
        """Begins to connect, by ``ipv6`` or by IPv4.

        With ``heartbeat``, a connection without an answer for long counts as lost. A large layer on a slow
        network keeps answers waiting that long, so the links that carry pixels have none.
        """
        self.state = LinkState.CONNECTING
        self.failure = Failure.UNREACHABLE
        self._began = time.monotonic()
        self._connected_at: float | None = None
        self.dealer: zmq.Socket[bytes] = context.socket(zmq.DEALER)
        self.dealer.setsockopt(zmq.CURVE_SERVERKEY, upstream.server_key)
        self.dealer.setsockopt(zmq.CURVE_PUBLICKEY, keys.public)
        self.dealer.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
        self.dealer.setsockopt(zmq.LINGER, 0)
        self.dealer.setsockopt(zmq.RECONNECT_IVL, -1)  # a new connection would be a stranger to the daemon
        self.dealer.setsockopt(zmq.CONNECT_TIMEOUT, int(CONNECT_SECONDS * 1000))
        self.dealer.setsockopt(zmq.HANDSHAKE_IVL, int(CONNECT_SECONDS * 1000))
        self.dealer.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self.dealer.setsockopt(zmq.SNDHWM, QUEUE)
        self.dealer.setsockopt(zmq.RCVHWM, QUEUE)
        self.dealer.setsockopt(zmq.IPV6, int(ipv6))
        if heartbeat:
            self.dealer.setsockopt(zmq.HEARTBEAT_IVL, int(HEARTBEAT_SECONDS * 1000))
            self.dealer.setsockopt(zmq.HEARTBEAT_TIMEOUT, int(HEARTBEAT_PATIENCE_SECONDS * 1000))
        self.monitor: zmq.Socket[bytes] = self.dealer.get_monitor_socket()
        self.monitor.setsockopt(zmq.LINGER, 0)
        self.dealer.connect(upstream.address.endpoint)

    @property
    def deadline(self) -> float | None:
        """When, on the monotonic clock, ``look`` gives up waiting for a connection."""
        if self.state is not LinkState.CONNECTING:
            return None
        return (self._connected_at or self._began) + CONNECT_SECONDS + 0.5  # libzmq's own limit comes first

    def look(self) -> None:
        """Brings ``state`` and ``failure`` up to date."""
        while self.state is not LinkState.LOST:
            try:
                happened = parse_monitor_message(self.monitor.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                break
            self._note(int(happened["event"]))
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self._lose(Failure.SILENT if self._connected_at else Failure.UNREACHABLE)

    def _note(self, event: int) -> None:
        if event == zmq.EVENT_CONNECTED:
            self._connected_at = time.monotonic()
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.state = LinkState.READY
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            self._lose(Failure.REFUSED)
        elif event in (zmq.EVENT_CLOSED, zmq.EVENT_DISCONNECTED):
            self._lose(self._why_ended())

    def _why_ended(self) -> Failure:
        if self.state is LinkState.READY:
            return Failure.BROKEN
        if self._connected_at is None:
            return Failure.UNREACHABLE
        # who cannot read our first message, for want of the secret key to it, hangs up at once
        waited = time.monotonic() - self._connected_at
        return Failure.UNTRUSTED if waited < CONNECT_SECONDS * 0.9 else Failure.SILENT

    def _lose(self, failure: Failure) -> None:
        self.state, self.failure = LinkState.LOST, failure

    def send(self, frames: Sequence[Buffer]) -> None:
        """Queues a message, without a copy of its frames; on a lost connection it is lost, too.

        Raises:
            LinkFull: it was not sent.
        """
        try:
            self.dealer.send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again as error:
            self.look()  # a connection that ends takes libzmq's queue with it
            if self.state is not LinkState.LOST:
                raise LinkFull from error

    def messages(self) -> Iterator[list[Buffer]]:
        """The next messages that have come in, some of them at most, without a copy of their frames."""
        for _ in range(READ_AT_ONCE):
            try:
                frames = self.dealer.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            yield [frame.buffer for frame in frames]

    def close(self) -> None:
        """Ends the connection at once; the other side notices and drops what it does for it."""
        self.dealer.disable_monitor()
        self.monitor.close()
        self.dealer.close()
