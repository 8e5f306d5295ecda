"""The daemon's doors: a guarded ROUTER socket on the loopback, and on the network if the user wants it."""

from __future__ import annotations

import contextlib
import math
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import zmq

from daemon.serving.address import Address
from daemon.serving.connections import Connections
from daemon.serving.guest_list import GuestList
from daemon.serving.intake import MAX_FRAME_BYTES, Intake
from daemon.serving.keys import KeyRing
from daemon.serving.replies import SEND_QUEUE
from daemon.serving.security import (
    Doorkeeper,
    HandshakeWatch,
    Refusals,
    demand_key,
    demand_token,
    new_token,
)
from daemon.serving.workqueue import ClientKey
from wire.protocol import (
    PLAIN_USERNAME,
    Buffer,
    ErrorCode,
    InsertObjectError,
    Request,
    Shutdown,
)

# Messages that libzmq reads ahead from each client, more than anybody sends at once. Where it had to stop
# for want of room, a connection breaks and a PING comes after them, libzmq 4.3.5 aborts the process:
# restart_input in its stream_engine_base.cpp answers the PING though no output is allowed any more.
RECEIVE_QUEUE = 1000
READ_AT_ONCE = 32  # messages read before replies are looked after again
LAST_REPLIES_SECONDS = 2.0  # that clients get to read the last replies of an ending daemon


@dataclass(frozen=True)
class RemoteDoor:
    """Where other computers may come in, and by which keys."""

    address: Address
    keys: KeyRing


class Door:
    """Lets in who knows the token. Everything happens in the thread that opened it, nothing blocks."""

    def __init__(self, refusals: Refusals, remote: RemoteDoor | None = None) -> None:
        """Opens the door on the loopback, and the one for other computers if there shall be one.

        Raises:
            InsertObjectError: no port could be had, or this computer has no key for other ones to know it by.
        """
        self.token = new_token()
        self.remote_endpoint = ""  # where other computers come in
        self._guests = GuestList(remote.keys.allowed) if remote else None
        self._context: zmq.Context[Any] = zmq.Context()
        self._doorkeeper = Doorkeeper(self._context, self.token, refusals, self._guests)
        self._connections = Connections()
        self.router: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        self._watch = HandshakeWatch(self.router, refusals, self._connections.ended)
        self._intake = Intake(self.router, self._note)
        self._waking: set[int] = set()  # file descriptors of connections whose first bytes end a sleep
        try:
            self.router.setsockopt(zmq.ROUTER_MANDATORY, 1)
            self.router.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
            self.router.setsockopt(zmq.SNDHWM, SEND_QUEUE)
            self.router.setsockopt(zmq.RCVHWM, RECEIVE_QUEUE)
            self.endpoint = self._listen()
            if remote:
                self.remote_endpoint = self._listen_to_others(remote)
        except BaseException:
            self.close()
            raise

    def _listen(self) -> str:
        demand_token(self.router)
        try:
            self.router.bind("tcp://127.0.0.1:*")
        except zmq.ZMQError as error:
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST,
                f"No port could be opened on this computer's own address 127.0.0.1: {error.strerror}.",
                "A firewall or sandbox may forbid it; allow Insert Object to listen on 127.0.0.1.",
            ) from error
        return self.router.getsockopt_string(zmq.LAST_ENDPOINT)

    def _listen_to_others(self, remote: RemoteDoor) -> str:
        """The one place that opens a port which is not the loopback's; CURVE is demanded there."""
        demand_key(self.router, remote.keys.server().secret)
        address = remote.address
        try:
            address = _numeric(address)
            self.router.setsockopt(zmq.IPV6, int(address.is_ipv6))
            self.router.bind(address.endpoint)
        except OSError as error:  # zmq's errors are OSErrors, too
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST,
                f"This computer cannot listen on {remote.address.shown}: {error.strerror or error}.",
                "Give one of its own addresses and a port that no other program uses.",
            ) from error
        return self.router.getsockopt_string(zmq.LAST_ENDPOINT)

    def poller(self) -> zmq.Poller:
        """Wakes when there is something to do for ``look_after`` or ``messages``."""
        poller = zmq.Poller()
        for source in (self.router, self._doorkeeper.socket, self._watch.socket):
            poller.register(source, zmq.POLLIN)
        if self._guests is not None:
            poller.register(self._guests.news, zmq.POLLIN)
        return poller

    def sleep(self, poller: zmq.Poller, milliseconds: int | None) -> None:
        """Waits until there is something to do, no longer than that.

        While nothing comes in by any connection, the first bytes wake it, a whole message or not, so that
        unfinished ones need not be looked for all the time.
        """
        waking = set(self._watch.connections) if self._intake.is_quiet else set()
        for descriptor in self._waking - waking:
            poller.unregister(descriptor)
        for descriptor in waking - self._waking:
            poller.register(descriptor, zmq.POLLIN)
        self._waking = waking
        if any(source in waking for source, _ in poller.poll(milliseconds) if isinstance(source, int)):
            self._intake.is_quiet = False

    def look_after(self) -> None:
        """Decides about peers that wait and counts those that failed."""
        if self._guests is not None:
            self._guests.take_news()
        self._doorkeeper.answer()
        self._watch.read()

    def gone(self) -> list[ClientKey]:
        """The clients that have gone since the last call."""
        return self._connections.take_gone()

    @property
    def longest_sleep(self) -> float:
        """Seconds after which ``messages`` wants to look at unfinished messages again."""
        return self._intake.longest_sleep if self._watch.connections else math.inf

    def messages(self) -> Iterator[tuple[ClientKey, list[Buffer]]]:
        """The next messages that have come in, some of them at most, without a copy of their frames."""
        count = 0
        for message in self._intake.messages(READ_AT_ONCE):
            count += 1
            yield message
        if count < READ_AT_ONCE:
            self._intake.watch(self._watch.connections)

    def _note(self, client: ClientKey, frame: zmq.Frame) -> None:
        if client not in self._connections:
            # the end of the connection that had this descriptor before was reported before this message came
            self._watch.read()
        with contextlib.suppress(zmq.ZMQError):  # its connection has ended already: nothing to note
            self._connections.note(client, int(frame.get(zmq.SRCFD)), str(frame.get("User-Id")))

    def is_local(self, client: ClientKey) -> bool:
        """Whether the client is a program of this computer; False for one that has gone."""
        return self._connections.user(client) == PLAIN_USERNAME

    def check(self, client: ClientKey, request: Request) -> None:
        """Finds out whether the client may ask for this, now.

        Raises:
            InsertObjectError: ``unauthorised``: its key was withdrawn, or it is for this computer to decide.
        """
        if self.is_local(client):
            return
        names = self._guests.names().items() if self._guests else ()
        if self._connections.user(client) not in {key.hex() for key, _ in names}:
            raise InsertObjectError(
                ErrorCode.UNAUTHORISED,
                "The other computer does not let this one in any more.",
                "Ask who looks after it.",
            )
        if isinstance(request, Shutdown):
            raise InsertObjectError(
                ErrorCode.UNAUTHORISED,
                "The service of another computer can only be ended there.",
                "Ask who looks after it.",
            )

    def report(self) -> dict[str, Any]:
        """Plain values for the status."""
        if self._guests is None:
            return {}
        return {
            "listens_for_others_at": self.remote_endpoint,
            "clients_allowed": sorted(self._guests.names().values()),
        }

    def close(self) -> None:
        """Closes the door once the last replies are out, or nobody has read them for a while."""
        self._watch.close()
        self.router.close(linger=int(LAST_REPLIES_SECONDS * 1000))
        self._doorkeeper.close()
        self._context.term()
        if self._guests is not None:
            self._guests.close()


def _numeric(address: Address) -> Address:
    """The address with a number in place of a name: libzmq listens on numbers only. Raises OSError."""
    if address.is_number:
        return address
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return Address(str(found[0][4][0]), address.port)
