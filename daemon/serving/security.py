"""Who may speak to the daemon: the token, and the ZAP handler that checks it before any request is read.

ZAP is the protocol between libzmq and whoever decides about peers: https://rfc.zeromq.org/spec/27/.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import secrets
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from daemon.protocol import PLAIN_USERNAME

log = logging.getLogger(__name__)

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_DOMAIN = "insert-object"
HANDSHAKE_SECONDS = 5.0  # a peer that has not shown its token by then is cut off
_LONGEST_CREDENTIAL = 256  # bytes; PLAIN's own limit is 255


def new_token() -> str:
    """A password for one run of the daemon: 256 random bits as text."""
    return secrets.token_urlsafe(32)


def secure(socket: zmq.Socket[bytes]) -> None:
    """Makes the socket demand PLAIN from every peer; to be called before it is bound."""
    socket.setsockopt(zmq.PLAIN_SERVER, 1)
    socket.setsockopt_string(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    socket.setsockopt(zmq.HANDSHAKE_IVL, int(HANDSHAKE_SECONDS * 1000))


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


class Doorkeeper:
    """Answers libzmq's question about each new peer. Must be bound before the first socket is."""

    def __init__(self, context: zmq.Context[Any], token: str, refusals: Refusals) -> None:
        self._token = token.encode()
        self._refusals = refusals
        self.socket: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(ZAP_ENDPOINT)

    def answer(self) -> None:
        """Decides about every peer that waits; never blocks."""
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if b"" not in frames:
                continue  # no request of ZAP's shape; only this process can reach the socket
            start = frames.index(b"") + 1
            route, question = frames[:start], frames[start:]
            if len(question) < 6:
                continue
            version, sequence = question[:2]
            reason = self._reason_to_refuse(question)
            verdict: tuple[bytes, ...] = (b"200", b"OK", PLAIN_USERNAME.encode(), b"")
            if reason:
                self._refusals.add(reason)
                verdict = (b"400", b"No access", b"", b"")
            self.socket.send_multipart([*route, version, sequence, *verdict])

    def _reason_to_refuse(self, question: list[bytes]) -> str:
        """Why the peer is turned away, or "" when it may come in."""
        version, _, domain, address, _, mechanism, *credentials = question
        if version != b"1.0" or domain != ZAP_DOMAIN.encode():
            return "unknown security domain"
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

    def __init__(self, watched: zmq.Socket[bytes], refusals: Refusals) -> None:
        self._watched = watched
        self._refusals = refusals
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
            self._shaking.append(descriptor)
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._shaking = self._shaking[:-1]
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            self._denied += 1
        elif descriptor in self._shaking:
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
