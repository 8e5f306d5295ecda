"""A daemon without networks: takes requests of this computer's programs, another computer does the work."""

from __future__ import annotations

import logging
import math
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import zmq

from daemon.home.folders import Folders
from daemon.remote.failures import Failure, failure_error
from daemon.remote.guests import Guests, LinkMaker
from daemon.remote.lifeline import Lifeline, UpstreamState
from daemon.remote.upstream import Upstream
from daemon.serving.admission import check_version
from daemon.serving.door import Door
from daemon.serving.host import RETRY_SECONDS, Host, thrown_away
from daemon.serving.idleness import LONGEST_WAIT_SECONDS
from daemon.serving.keys import KeyPair
from daemon.serving.settings import Settings
from daemon.serving.workqueue import ClientKey, QueueFull
from wire import __version__
from wire.protocol import (
    Buffer,
    Cancel,
    Cancelled,
    Error,
    Hello,
    InsertObjectError,
    Painting,
    Progress,
    Reply,
    Stage,
)

log = logging.getLogger(__name__)

REACH_SECONDS = 6.0  # after which a request or hello is told that the other computer is away, if it is
ENDING_SECONDS = 60.0  # for the requests that are being worked on when the daemon is asked to end


@dataclass(frozen=True)
class _Held:
    """A request that waits until the other computer is reached."""

    client: ClientKey
    request: Painting
    frames: Sequence[Buffer]
    until: float  # on the monotonic clock


@dataclass(frozen=True)
class _Awaited:
    """A hello that waits for what the other computer offers now."""

    number: int  # of the lifeline's hello whose welcome tells it
    until: float  # on the monotonic clock


class Forwarder(Host):
    """To this computer's programs it is the daemon, with the same door, token and protocol."""

    def __init__(
        self, folders: Folders, upstream: Upstream, keys: KeyPair, settings: Settings | None = None
    ) -> None:
        super().__init__(folders, settings)
        self._upstream = upstream
        self._keys = keys
        self._context: zmq.Context[Any] = zmq.Context()
        self._hellos: dict[ClientKey, _Awaited] = {}
        self._held: list[_Held] = []
        self._told_fraction = 0.0
        self._ending_until: float | None = None
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.settimeout(0)
        self._wake_writer.settimeout(0)

    @property
    def wake_socket(self) -> socket.socket:
        return self._wake_writer

    def _opened_door(self) -> Door:
        return Door(self._refusals)

    def _set_up(self, poller: zmq.Poller) -> None:
        poller.register(self._wake_reader, zmq.POLLIN)
        links = LinkMaker(self._context, self._upstream, self._keys, poller)
        self._lifeline = Lifeline(links, f"{socket.gethostname()} {__version__}")
        self._guests = Guests(links, self._send)

    def _begin(self) -> None:
        to = self._upstream.address.shown
        log.info("Version %s listens on %s and forwards to %s.", __version__, self._door.endpoint, to)
        self._lifeline.connect_if_due(wanted=False)

    def _tear_down(self) -> None:
        self._guests.close()
        self._lifeline.close()

    def close(self, _patience: float) -> bool:
        """Lets go of what ``run`` used; True, because there is no worker to wait for."""
        self._context.term()
        self._wake_reader.close()
        self._wake_writer.close()
        return True

    # --- The loop -------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Takes the bytes that woke the loop."""
        try:
            while self._wake_reader.recv(4096):
                pass
        except BlockingIOError:  # empty
            return

    def _attend(self) -> None:
        self._hear_upstream()
        self._answer_waiting()
        self._lifeline.connect_if_due(wanted=bool(self._held or self._hellos))

    def _rest(self, _idle: float) -> None:
        """Has nothing to give back before the end."""

    @property
    def _is_busy(self) -> bool:
        return self._works > 0

    @property
    def _works(self) -> int:
        """How many requests have no last word yet."""
        return len(self._held) + self._guests.works

    def _milliseconds_to_wait(self, longest: float) -> int:
        now = time.monotonic()
        moments = [now + min(longest, LONGEST_WAIT_SECONDS), *(held.until for held in self._held)]
        if not self._lifeline.is_there:  # while it is, a hello waits for its networks, however long they take
            moments += (hello.until for hello in self._hellos.values())
        if self._replies.waiting:
            moments.append(now + RETRY_SECONDS)
        if not self._works:
            moments.append(now + self._settings.end_after - self._idleness.seconds)
        if self._ending:
            moments.append(now + 0.1)
        if self._lifeline.next_try is not None:
            moments.append(self._lifeline.next_try)
        moments += self._guests.deadlines()
        return max(0, math.ceil((min(moments) - now) * 1000))

    def _turn_away(self, error: InsertObjectError) -> None:
        held, self._held = self._held, []
        for one in held:
            self._refuse(one.client, one.request.id, error)
        for client in list(self._hellos):
            self._end_hello(client, error)

    @property
    def _is_finishing(self) -> bool:
        now = time.monotonic()
        self._ending_until = self._ending_until or now + ENDING_SECONDS
        return self._works > 0 and now < self._ending_until

    # --- What clients say -----------------------------------------------------------------------

    def _knows(self, client: ClientKey) -> bool:
        return self._guests.get(client) is not None

    def _has(self, client: ClientKey, identity: str) -> bool:
        guest = self._guests.get(client)
        is_held = any(held.client == client and held.request.id == identity for held in self._held)
        return is_held or (guest is not None and identity in guest)

    def _name(self, client: ClientKey) -> str:
        guest = self._guests.get(client)
        return guest.name if guest is not None else "a client"

    def _greet(self, client: ClientKey, hello: Hello) -> None:
        check_version(hello)
        guest = self._guests.greet(client, hello.client[:80] or "a client")
        guest.awaiting = hello.id
        log.info("%s says hello.", guest.name)
        self._lifeline.try_now()
        self._hellos[client] = _Awaited(self._lifeline.ask_again(), time.monotonic() + REACH_SECONDS)
        if self._lifeline.state is not UpstreamState.READY:
            self._send(client, Progress(hello.id, Stage.LOADING, self._lifeline.fraction))

    def _accept(self, client: ClientKey, request: Painting, frames: Sequence[Buffer]) -> None:
        pixels = sum(map(len, frames[1:]))
        waiting = self._guests.size + sum(sum(map(len, held.frames[1:])) for held in self._held)
        if len(self._held) >= self._settings.queue_length or waiting + pixels > self._settings.queue_bytes:
            raise QueueFull
        self._lifeline.try_now()
        self._held.append(_Held(client, request, frames, time.monotonic() + REACH_SECONDS))

    def _cancel(self, client: ClientKey, request: Cancel, frames: Sequence[Buffer]) -> None:
        guest = self._guests.get(client)
        self._held = [h for h in self._held if (h.client, h.request.id) != (client, request.target)]
        if guest is not None and request.target in guest:
            self._guests.forward(guest, request, frames)
        else:
            self._send(client, Cancelled(request.id, request.target))

    # --- What the other computer says -----------------------------------------------------------

    def _hear_upstream(self) -> None:
        if self._lifeline.look():
            error = self._lifeline.error or self._unreachable()
            for guest in self._guests:
                self._guests.lose(guest, error)
        if self._guests.hear():
            self._idleness.restart()

    def _answer_waiting(self) -> None:
        """Goes through what waits for the other computer: it is there, it is away for long, or wait on."""
        lifeline, now = self._lifeline, time.monotonic()
        held, self._held = self._held, []
        for one in held:
            if lifeline.is_there:
                self._pass_on(one)
            elif lifeline.is_hopeless or now >= one.until:
                self._refuse(one.client, one.request.id, lifeline.error or self._unreachable())
            else:
                self._held.append(one)
        for client, hello in list(self._hellos.items()):
            guest = self._guests.get(client)
            if guest is None or guest.awaiting is None:
                self._forget_hello(client)
            elif lifeline.state is UpstreamState.READY and lifeline.welcome:
                if lifeline.answered >= hello.number:
                    self._send(client, replace(lifeline.welcome, id=guest.awaiting))
                    self._forget_hello(client)
            elif lifeline.is_hopeless or (now >= hello.until and not lifeline.is_there):
                self._end_hello(client, lifeline.error or self._unreachable())
            elif lifeline.is_there and lifeline.fraction != self._told_fraction:
                self._send(client, Progress(guest.awaiting, Stage.LOADING, lifeline.fraction))
        self._told_fraction = lifeline.fraction

    def _pass_on(self, held: _Held) -> None:
        guest = self._guests.get(held.client)
        if guest is None:
            return  # gone meanwhile
        try:
            self._guests.forward(guest, held.request, held.frames)
        except QueueFull as error:
            self._refuse(held.client, held.request.id, error)

    # --- Clients and connections ----------------------------------------------------------------

    def _refuse(self, client: ClientKey, identity: str, error: InsertObjectError) -> None:
        self._guests.counts[Error.TYPE] += 1
        super()._refuse(client, identity, error)

    def _end_hello(self, client: ClientKey, error: InsertObjectError) -> None:
        identity = self._forget_hello(client)
        if identity is not None:
            self._refuse(client, identity, error)

    def _forget_hello(self, client: ClientKey) -> str | None:
        """Takes a hello from the waiting ones; returns its id."""
        self._hellos.pop(client, None)
        guest = self._guests.get(client)
        if guest is None:
            return None
        identity, guest.awaiting = guest.awaiting, None
        return identity

    def _drop_client(self, client: ClientKey) -> None:
        self._replies.forget(client)
        guest = self._guests.remove(client)
        if guest is None:
            return
        self._hellos.pop(client, None)
        self._held = [held for held in self._held if held.client != client]
        log.info("%s has gone; its requests dropped: %d.", guest.name, len(guest))

    def _drop_deaf(self, client: ClientKey) -> list[Reply]:
        guest = self._guests.get(client)
        return self._guests.give_up(guest, thrown_away()) if guest is not None else []

    def _unreachable(self) -> InsertObjectError:
        return failure_error(Failure.UNREACHABLE, self._upstream.address)

    # --- Status ---------------------------------------------------------------------------------

    def _own_report(self) -> dict[str, Any]:
        return {
            **self._lifeline.report(),
            "clients_greeted": len(self._guests),
            "requests_waiting": len(self._held),
            "requests_running": self._works - len(self._held),
            "requests_finished": dict(self._guests.counts),
        }
