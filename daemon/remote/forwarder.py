"""A daemon without networks: takes requests of this computer's programs, another computer does the work."""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import zmq

from daemon.home.folders import Folders
from daemon.home.lifecycle import remove_connection_file, write_connection_file
from daemon.home.machine import about_program, resident_mb
from daemon.remote.failures import Failure, failure_error
from daemon.remote.guests import Guests, LinkMaker
from daemon.remote.lifeline import Lifeline, UpstreamState
from daemon.remote.upstream import Upstream
from daemon.serving.admission import check_version
from daemon.serving.door import LAST_REPLIES_SECONDS, Door
from daemon.serving.idleness import LONGEST_WAIT_SECONDS, Idleness
from daemon.serving.intake import check_size
from daemon.serving.keys import KeyPair
from daemon.serving.replies import Replies
from daemon.serving.security import Refusals
from daemon.serving.settings import Settings
from daemon.serving.worker import as_painters_error
from daemon.serving.workqueue import ClientKey, QueueFull
from wire import __version__
from wire.protocol import (
    Buffer,
    Cancel,
    Cancelled,
    Done,
    Error,
    ErrorCode,
    Hello,
    Insert,
    InsertObjectError,
    Progress,
    Reply,
    Request,
    Shutdown,
    Stage,
    Status,
    StatusRequest,
    decode_request,
)

log = logging.getLogger(__name__)

REACH_SECONDS = 6.0  # that a request waits for the other computer before it is told that it is away
ENDING_SECONDS = 60.0  # for the requests that are being worked on when the daemon is asked to end
RETRY_SECONDS = 0.005  # while a client has not made room for its replies


@dataclass(frozen=True)
class _Held:
    """A request that waits until the other computer is reached."""

    client: ClientKey
    request: Insert
    frames: Sequence[Buffer]
    until: float  # on the monotonic clock


class Forwarder:
    """To this computer's programs it is the daemon, with the same door, token and protocol."""

    def __init__(
        self, folders: Folders, upstream: Upstream, keys: KeyPair, settings: Settings | None = None
    ) -> None:
        self._folders = folders
        self._upstream = upstream
        self._keys = keys
        self._settings = settings or Settings()
        self._context: zmq.Context[Any] = zmq.Context()
        self._hello_deadlines: dict[ClientKey, float] = {}
        self._held: list[_Held] = []
        self._refusals = Refusals()
        self._told_fraction = 0.0
        self._asked_to_end: list[tuple[ClientKey, str]] = []
        self._ending = False
        self._ending_until: float | None = None
        self._farewell_ends: float | None = None
        self._started = time.monotonic()
        self._idleness = Idleness()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)

    @property
    def wake_socket(self) -> socket.socket:
        """A non-blocking socket: a byte sent to it wakes ``run``, as ``signal.set_wakeup_fd`` does."""
        return self._wake_writer

    def stop(self) -> None:
        """Makes ``run`` return, once awake, when the running requests are done; safe in a signal handler."""
        self._ending = True

    def run(self) -> None:
        """Serves. The connection file is there while clients are welcome.

        Raises:
            InsertObjectError: no port could be had, or the connection file could not be written.
        """
        door = self._door = Door(self._refusals)
        self._poller = door.poller()
        self._poller.register(self._wake_reader, zmq.POLLIN)
        self._replies = Replies(door.router, on_gone=self._drop_guest, on_deaf=self._drop_deaf)
        links = LinkMaker(self._context, self._upstream, self._keys, self._poller)
        self._lifeline = Lifeline(links, f"{socket.gethostname()} {__version__}")
        self._guests = Guests(links, self._replies.send)
        try:
            write_connection_file(self._folders, door.endpoint, door.token)
            to = self._upstream.address.shown
            log.info("Version %s listens on %s and forwards to %s.", __version__, door.endpoint, to)
            self._loop(door)
        finally:
            remove_connection_file(self._folders)
            self._guests.close()
            self._lifeline.close()
            door.close()
            log.info("Ended.")

    def close(self, _patience: float) -> bool:
        """Lets go of what ``run`` used; True, because there is no worker to wait for."""
        self._context.term()
        self._wake_reader.close()
        self._wake_writer.close()
        return True

    # --- The loop -------------------------------------------------------------------------------

    def _loop(self, door: Door) -> None:
        while True:
            self._lifeline.connect_if_due(wanted=bool(self._held or self._hello_deadlines))
            milliseconds = self._milliseconds_to_wait(door.longest_sleep)
            with self._idleness.waiting(milliseconds):
                self._poller.poll(milliseconds)
            self._clear_wake_ups()
            door.look_after()
            for client in door.gone():
                self._drop_guest(client)
            for client, frames in door.messages():
                self._read(client, frames)
            self._hear_upstream()
            self._answer_waiting()
            self._replies.flush()
            idle = self._idleness.seconds
            if idle >= self._settings.end_after and not self._works and not self._ending:
                log.info("Nobody asked for anything for %.1f minutes.", idle / 60)
                self._ending = True
            if self._ending and self._end_is_reached():
                return

    @property
    def _works(self) -> int:
        """How many requests have no last word yet."""
        return len(self._held) + self._guests.works

    def _milliseconds_to_wait(self, longest: float) -> int:
        now = time.monotonic()
        moments = [
            now + min(longest, LONGEST_WAIT_SECONDS),
            *self._hello_deadlines.values(),
            *(held.until for held in self._held),
        ]
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

    def _clear_wake_ups(self) -> None:
        try:
            while self._wake_reader.recv(4096):
                pass
        except BlockingIOError:  # empty
            return

    def _end_is_reached(self) -> bool:
        """Turns away what waits; True when the running requests are done and everybody was told."""
        now = time.monotonic()
        error = self._ending_error()
        held, self._held = self._held, []
        for one in held:
            self._refuse(one.client, one.request.id, error)
        for client in list(self._hello_deadlines):
            self._end_hello(client, error)
        self._ending_until = self._ending_until or now + ENDING_SECONDS
        if self._works and now < self._ending_until:
            return False
        for client, identity in self._asked_to_end:
            self._replies.send(client, Done(identity))
        self._asked_to_end.clear()
        self._farewell_ends = self._farewell_ends or now + LAST_REPLIES_SECONDS
        return not self._replies.waiting or now >= self._farewell_ends

    def _ending_error(self) -> InsertObjectError:
        remove_connection_file(self._folders)  # who is turned away finds none, and starts the next daemon
        return InsertObjectError(
            ErrorCode.BUSY,
            "The Insert Object service is ending.",
            "Try again; it is started anew by itself.",
        )

    # --- What clients say -----------------------------------------------------------------------

    def _read(self, client: ClientKey, frames: list[Buffer]) -> None:
        """Reads and answers one message; whatever is wrong with it costs this message alone."""
        identity = ""
        self._idleness.restart()
        try:
            check_size(frames)
            request = decode_request(frames)
            identity = request.id
            self._answer(client, request, frames)
        except InsertObjectError as error:
            self._refuse(client, getattr(error, "request_id", "") or identity, error)
        except Exception as error:
            log.exception("A message could not be handled.")
            self._refuse(client, identity, as_painters_error(error, "The request could not be read."))

    def _answer(self, client: ClientKey, request: Request, frames: list[Buffer]) -> None:
        if isinstance(request, Hello):
            self._greet(client, request)
        elif isinstance(request, Insert):
            self._take_in(client, request, frames)
        elif isinstance(request, Cancel):
            self._cancel(client, request, frames)
        elif isinstance(request, StatusRequest):
            self._replies.send(client, Status(request.id, self._report()))
        elif isinstance(request, Shutdown):
            log.info("%s asked for the end.", self._name(client))
            self._asked_to_end.append((client, request.id))
            self._ending = True

    def _greet(self, client: ClientKey, hello: Hello) -> None:
        if self._ending:
            raise self._ending_error()
        check_version(hello)
        guest = self._guests.greet(client, hello.client[:80] or "a client")
        guest.awaiting = hello.id
        self._hello_deadlines[client] = time.monotonic() + REACH_SECONDS
        log.info("%s says hello.", guest.name)
        self._lifeline.try_now()
        if self._lifeline.state is not UpstreamState.READY:
            self._replies.send(client, Progress(hello.id, Stage.LOADING, self._lifeline.fraction))

    def _take_in(self, client: ClientKey, request: Insert, frames: list[Buffer]) -> None:
        if self._ending:
            raise self._ending_error()
        guest = self._guests.get(client)
        if guest is None:
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST, "The request came before a hello.", "Restart the editor."
            )
        if request.id in guest or any(h.client == client and h.request.id == request.id for h in self._held):
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST, "A request with this id is not done yet.", "Restart the editor."
            )
        pixels = sum(map(len, frames[1:]))
        waiting = self._guests.size + sum(sum(map(len, held.frames[1:])) for held in self._held)
        if len(self._held) >= self._settings.queue_length or waiting + pixels > self._settings.queue_bytes:
            raise QueueFull
        self._lifeline.try_now()
        self._held.append(_Held(client, request, frames, time.monotonic() + REACH_SECONDS))

    def _cancel(self, client: ClientKey, request: Cancel, frames: list[Buffer]) -> None:
        guest = self._guests.get(client)
        self._held = [h for h in self._held if (h.client, h.request.id) != (client, request.target)]
        if guest is not None and request.target in guest:
            self._guests.forward(guest, request, frames)
        else:
            self._replies.send(client, Cancelled(request.id, request.target))

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
        is_there = lifeline.state in (UpstreamState.READY, UpstreamState.LOADING)
        held, self._held = self._held, []
        for one in held:
            if is_there:
                self._pass_on(one)
            elif lifeline.is_hopeless or now >= one.until:
                self._refuse(one.client, one.request.id, lifeline.error or self._unreachable())
            else:
                self._held.append(one)
        for client, deadline in list(self._hello_deadlines.items()):
            guest = self._guests.get(client)
            if guest is None or guest.awaiting is None:
                self._forget_hello(client)
            elif lifeline.state is UpstreamState.READY and lifeline.welcome:
                self._replies.send(client, replace(lifeline.welcome, id=guest.awaiting))
                self._forget_hello(client)
            elif lifeline.is_hopeless or (now >= deadline and not is_there):
                self._end_hello(client, lifeline.error or self._unreachable())
            elif is_there:
                self._hello_deadlines[client] = math.inf
                if lifeline.fraction != self._told_fraction:
                    self._replies.send(client, Progress(guest.awaiting, Stage.LOADING, lifeline.fraction))
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
        log.info("Error %s to %s: %s", error.code.value, self._name(client), error.sentence)
        self._guests.counts[Error.TYPE] += 1
        self._replies.send(client, Error(identity, error.code, error.sentence, error.hint))

    def _end_hello(self, client: ClientKey, error: InsertObjectError) -> None:
        identity = self._forget_hello(client)
        if identity is not None:
            self._refuse(client, identity, error)

    def _forget_hello(self, client: ClientKey) -> str | None:
        """Takes a hello from the waiting ones; returns its id."""
        self._hello_deadlines.pop(client, None)
        guest = self._guests.get(client)
        if guest is None:
            return None
        identity, guest.awaiting = guest.awaiting, None
        return identity

    def _drop_guest(self, client: ClientKey) -> None:
        self._replies.forget(client)
        guest = self._guests.remove(client)
        if guest is None:
            return
        self._hello_deadlines.pop(client, None)
        self._held = [held for held in self._held if held.client != client]
        log.info("%s has gone; its requests dropped: %d.", guest.name, len(guest))

    def _drop_deaf(self, client: ClientKey) -> list[Reply]:
        """Drops the work of a client that does not read; returns what it shall find later."""
        guest = self._guests.get(client)
        error = InsertObjectError(
            ErrorCode.BUSY,
            "The results were thrown away, because they were not fetched for too long.",
            "Try again.",
        )
        return self._guests.give_up(guest, error) if guest is not None else []

    def _name(self, client: ClientKey) -> str:
        guest = self._guests.get(client)
        return guest.name if guest is not None else "a client"

    def _unreachable(self) -> InsertObjectError:
        return failure_error(Failure.UNREACHABLE, self._upstream.address)

    # --- Status ---------------------------------------------------------------------------------

    def _report(self) -> dict[str, Any]:
        return {
            **about_program(),
            **self._lifeline.report(),
            "clients_greeted": len(self._guests),
            "pid": os.getpid(),
            "resident_mb": resident_mb(),
            "uptime_seconds": round(time.monotonic() - self._started),
            "requests_waiting": len(self._held),
            "requests_running": self._works - len(self._held),
            "requests_finished": dict(self._guests.counts),
            "refused_peers": dict(self._refusals.counts),
            **self._settings.report(),
            "log_file": str(self._folders.log_file),
            "connection_file": str(self._folders.connection_file),
        }
