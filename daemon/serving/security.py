"""Who may speak to the daemon: programs of this computer by the token, other computers by their keys.

The ZAP handler decides before any request is read. ZAP is the protocol between libzmq and whoever decides
about peers: https://rfc.zeromq.org/spec/27/.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from daemon.serving.guest_list import GuestList
from wire.protocol import PLAIN_USERNAME

log = logging.getLogger(__name__)

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
LOCAL_DOMAIN = "insert-object"  # the loopback, where the token opens
REMOTE_DOMAIN = "insert-object-remote"  # the network, where keys open
HANDSHAKE_SECONDS = 5.0  # a peer that has not shown its token by then is cut off
KEEPALIVE_SECONDS = 60  # of silence, then the system looks whether the other computer is still there
_LONGEST_CREDENTIAL = 256  # bytes; PLAIN's own limit is 255


def new_token() -> str:
    """A password for one run of the daemon: 256 random bits as text."""
    return secrets.token_urlsafe(32)


def demand_token(socket: zmq.Socket[bytes]) -> None:
    """Makes the socket's next bound address demand PLAIN from every peer."""
    socket.setsockopt(zmq.PLAIN_SERVER, 1)
    socket.setsockopt_string(zmq.ZAP_DOMAIN, LOCAL_DOMAIN)
    socket.setsockopt(zmq.HANDSHAKE_IVL, int(HANDSHAKE_SECONDS * 1000))


def demand_key(socket: zmq.Socket[bytes], secret: bytes) -> None:
    """Makes the socket's next bound address demand CURVE from every peer, and prove our own ``secret`` key.

    libzmq's options count for addresses bound after them, so one socket can have doors of both kinds.
    """
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
    socket.setsockopt_string(zmq.ZAP_DOMAIN, REMOTE_DOMAIN)
    socket.setsockopt(zmq.HANDSHAKE_IVL, int(HANDSHAKE_SECONDS * 1000))
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, KEEPALIVE_SECONDS)


class Refusals:
    """Counts peers that were turned away; each reason is logged when it first happens."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, reason: str) -> None:
        """Counts one refusal. ``reason`` must not hold anything that the peer sent."""
        seen = self.counts.get(reason, 0)
        self.counts[reason] = seen + 1
        if not seen:
            log.warning("Refused a peer: %s. Further ones are only counted; see the status.", reason)


@dataclass(frozen=True)
class _Question:
    """What libzmq asks about a peer: the way back, the frames of the request, and when it came."""

    route: list[bytes]
    frames: list[bytes]
    asked: float  # on the monotonic clock


class Doorkeeper:
    """Answers libzmq's question about each new peer. Must be bound before the first socket is."""

    def __init__(
        self, context: zmq.Context[Any], token: str, refusals: Refusals, guests: GuestList | None = None
    ) -> None:
        """``guests`` may come in by their keys; None: nobody may."""
        self._token = token.encode()
        self._refusals = refusals
        self._guests = guests
        self._waiting: list[_Question] = []  # for a look at the keys
        self.socket: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(ZAP_ENDPOINT)

    def answer(self) -> None:
        """Decides about every peer that waits, but for keys that are being looked up; never blocks."""
        self._waiting += self._questions()
        waiting, self._waiting = self._waiting, []
        for question in waiting:
            judgement = self._judge(question)
            if judgement is None:
                self._waiting.append(question)
                continue
            user, reason = judgement
            verdict: tuple[bytes, ...] = (b"200", b"OK", user.encode(), b"")
            if reason:
                self._refusals.add(reason)
                verdict = (b"400", b"No access", b"", b"")
            self.socket.send_multipart([*question.route, *question.frames[:2], *verdict])

    def _questions(self) -> Iterator[_Question]:
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            start = frames.index(b"") + 1 if b"" in frames else len(frames)
            if len(frames) >= start + 6:  # ZAP's shape; only this process can reach the socket
                yield _Question(frames[:start], frames[start:], time.monotonic())

    def _judge(self, question: _Question) -> tuple[str, str] | None:
        """What to call the peer, and why it is turned away: "" when it may come in. None: not known yet."""
        version, _, domain, address, _, mechanism, *credentials = question.frames
        if version == b"1.0" and domain == LOCAL_DOMAIN.encode():
            return PLAIN_USERNAME, self._reason_to_refuse_token(address, mechanism, credentials)
        if version == b"1.0" and domain == REMOTE_DOMAIN.encode() and self._guests is not None:
            if mechanism != b"CURVE" or len(credentials) != 1:
                return "", "no key"
            known = self._guests.lets_in(credentials[0], question.asked)
            if known is None:
                return None
            return credentials[0].hex(), "" if known else "a key that is not allowed"
        return "", "unknown security domain"

    def _reason_to_refuse_token(self, address: bytes, mechanism: bytes, credentials: list[bytes]) -> str:
        if not _is_loopback(address):
            return "not from this computer"
        if mechanism != b"PLAIN" or len(credentials) != 2:
            return "no user name and password"
        if max(map(len, credentials)) > _LONGEST_CREDENTIAL:
            return "wrong user name or token"
        # both are compared whatever the first one yields, so that the time taken tells nothing
        user_fits = hmac.compare_digest(credentials[0], PLAIN_USERNAME.encode())
        token_fits = hmac.compare_digest(credentials[1], self._token)
        return "" if user_fits and token_fits else "wrong user name or token"

    def close(self) -> None:
        self.socket.close()


class HandshakeWatch:
    """Counts peers that fail before the doorkeeper is asked: other protocols, half handshakes.

    libzmq reports failures of its own handshake only, and does not tell whose handshake succeeded. So each
    success is booked on the newest connection that has none; the sum of failures is right all the same.
    """

    _EVENTS = (
        zmq.EVENT_ACCEPTED
        | zmq.EVENT_HANDSHAKE_SUCCEEDED
        | zmq.EVENT_HANDSHAKE_FAILED_AUTH
        | zmq.EVENT_DISCONNECTED
    )

    def __init__(
        self, watched: zmq.Socket[bytes], refusals: Refusals, on_ended: Callable[[int], None]
    ) -> None:
        """``on_ended`` is told the file descriptor of each connection that has ended."""
        self._watched = watched
        self._refusals = refusals
        self._on_ended = on_ended
        self.connections: set[int] = set()  # file descriptors of all connections, with or without a handshake
        self._shaking: list[int] = []  # file descriptors of connections whose handshake is not done
        self._denied = 0  # refused by the doorkeeper, not yet disconnected
        self.socket: zmq.Socket[bytes] = watched.get_monitor_socket(self._EVENTS)
        self.socket.setsockopt(zmq.LINGER, 0)

    def read(self) -> None:
        """Counts what was observed since the last call; never blocks."""
        while True:
            try:
                happened = parse_monitor_message(self.socket.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                return
            self._note(int(happened["event"]), int(happened["value"]))

    def _note(self, event: int, descriptor: int) -> None:
        if event == zmq.EVENT_ACCEPTED:
            self.connections.add(descriptor)
            self._shaking.append(descriptor)
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._shaking = self._shaking[:-1]
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            self._denied += 1
        elif event == zmq.EVENT_DISCONNECTED:
            self.connections.discard(descriptor)
            self._on_ended(descriptor)
            if descriptor not in self._shaking:
                return
            self._shaking.remove(descriptor)
            if self._denied:
                self._denied -= 1
            else:
                self._refusals.add("no handshake of ours")

    def close(self) -> None:
        self._watched.disable_monitor()
        self.socket.close()


def _is_loopback(address: bytes) -> bool:
    try:
        return ipaddress.ip_address(address.decode("ascii")).is_loopback
    except ValueError:
        return False
