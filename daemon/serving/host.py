"""What every daemon does, whoever does the work: the door, reading, refusing, idling, ending, the status."""

from __future__ import annotations

import abc
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import zmq

from daemon.home.account import account, printable
from daemon.home.folders import Folders
from daemon.home.lifecycle import remove_connection_file, write_connection_file
from daemon.home.machine import about_program, resident_mb
from daemon.serving.discretion import for_guest
from daemon.serving.door import LAST_REPLIES_SECONDS, Door
from daemon.serving.idleness import Idleness
from daemon.serving.intake import check_size
from daemon.serving.replies import Replies
from daemon.serving.security import Refusals
from daemon.serving.settings import Settings
from daemon.serving.worker import as_painters_error
from daemon.serving.workqueue import ClientKey
from wire.protocol import (
    PAINTINGS,
    Buffer,
    Cancel,
    Done,
    Error,
    ErrorCode,
    Hello,
    Insert,
    InsertObjectError,
    Light,
    Painting,
    Reply,
    Request,
    Shutdown,
    Status,
    StatusRequest,
    decode_request,
)

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.005  # while a client has not made room for its replies


class Host(abc.ABC):
    """One daemon's network thread: a ROUTER socket at the door, and what is said through it.

    ``run`` serves until ``stop`` is called, a client asks for the end, or nobody asks for anything.
    Everything but ``stop`` and ``wake_socket`` belongs to the thread that calls ``run``.
    """

    _door: Door
    _replies: Replies

    def __init__(self, folders: Folders, settings: Settings | None = None) -> None:
        self._folders = folders
        self._settings = settings or Settings()
        self._refusals = Refusals()
        self._asked_to_end: list[tuple[ClientKey, str]] = []
        self._ending = False
        self._farewell_ends: float | None = None
        self._started = time.monotonic()
        self._idleness = Idleness()

    @property
    @abc.abstractmethod
    def wake_socket(self) -> Any:
        """A non-blocking socket: a byte sent to it wakes ``run``, as ``signal.set_wakeup_fd`` does."""

    def stop(self) -> None:
        """Makes ``run`` return, once awake, when the running requests are done; safe in a signal handler."""
        self._ending = True

    def run(self) -> None:
        """Serves. The connection file is there while clients are welcome.

        Raises:
            InsertObjectError: no port could be had, or the connection file could not be written.
        """
        door = self._door = self._opened_door()
        self._replies = Replies(door.router, on_gone=self._drop_client, on_deaf=self._last_words)
        poller = door.poller()
        self._set_up(poller)
        try:
            write_connection_file(self._folders, door.endpoint, door.token)
            self._begin()
            self._loop(poller)
        finally:
            remove_connection_file(self._folders)
            self._tear_down()
            door.close()
            log.info("Ended.")

    # --- The loop -------------------------------------------------------------------------------

    def _loop(self, poller: zmq.Poller) -> None:
        while True:
            milliseconds = self._milliseconds_to_wait(self._door.longest_sleep)
            with self._idleness.waiting(milliseconds):
                self._door.sleep(poller, milliseconds)
            self._door.look_after()
            for client in filter(self._knows, self._door.gone()):
                self._drop_client(client)
            self._hear()
            for client, frames in self._door.messages():
                self._read(client, frames)
            self._attend()
            self._replies.flush()
            self._look_at_idleness()
            if self._ending and self._end_is_reached():
                return

    def _look_at_idleness(self) -> None:
        if self._is_busy:
            return
        idle = self._idleness.seconds
        if idle >= self._settings.end_after and not self._ending:
            log.info("Nobody asked for anything for %.1f minutes.", idle / 60)
            self._ending = True
        else:
            self._rest(idle)

    def _end_is_reached(self) -> bool:
        """Turns away what waits; True when the running requests are done and everybody was told."""
        self._turn_away(self._ending_error())
        if self._is_finishing:
            return False
        for client, identity in self._asked_to_end:
            self._send(client, Done(identity))
        self._asked_to_end.clear()
        if self._farewell_ends is None:
            self._farewell_ends = time.monotonic() + LAST_REPLIES_SECONDS
        return not self._replies.waiting or time.monotonic() >= self._farewell_ends

    def _ending_error(self) -> InsertObjectError:
        """What to answer from now on; who is told so finds no connection file and starts the next daemon."""
        remove_connection_file(self._folders)
        return InsertObjectError(
            ErrorCode.BUSY,
            "The Insert Object service is ending.",
            "Try again; it restarts by itself.",
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
            self._door.check(client, request)
            self._answer(client, request, frames)
        except InsertObjectError as error:
            self._refuse(client, getattr(error, "request_id", "") or identity, error)
        except Exception as error:
            log.exception("A message could not be handled.")
            self._refuse(client, identity, as_painters_error(error, "The request could not be read."))

    def _answer(self, client: ClientKey, request: Request, frames: list[Buffer]) -> None:
        if self._ending and isinstance(request, (Hello, *PAINTINGS)):
            raise self._ending_error()
        if isinstance(request, Hello):
            self._greet(client, request)
        elif isinstance(request, (Insert, Light)):
            self._check_turn(client, request)
            self._accept(client, request, frames)
        elif isinstance(request, Cancel):
            self._cancel(client, request, frames)
        elif isinstance(request, StatusRequest):
            self._send(client, Status(request.id, self._report()))
        elif isinstance(request, Shutdown):
            log.info("%s asked for the end.", self._name(client))
            self._asked_to_end.append((client, request.id))
            self._ending = True

    def _check_turn(self, client: ClientKey, request: Painting) -> None:
        """Raises InsertObjectError ``bad-request`` for a client that has not said hello, or says it twice."""
        if not self._knows(client):
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST, "The request came before a hello.", "Restart the editor."
            )
        if self._has(client, request.id):
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST, "A request with this id is not done yet.", "Restart the editor."
            )

    def _send(self, client: ClientKey, reply: Reply) -> None:
        self._replies.send(client, self._as_told(client, reply))

    def _as_told(self, client: ClientKey, reply: Reply) -> Reply:
        """The reply in words that every client can read, and this one may."""
        if isinstance(reply, Error):  # its text may name a file of any bytes, or all classes of a pack
            reply = replace(reply, sentence=printable(reply.sentence), hint=printable(reply.hint))
        return reply if self._door.is_local(client) else for_guest(reply)

    def _last_words(self, client: ClientKey) -> list[Reply]:
        return [self._as_told(client, reply) for reply in self._drop_deaf(client)]

    def _refuse(self, client: ClientKey, identity: str, error: InsertObjectError) -> None:
        log.info("Error %s to %s: %s", error.code.value, self._name(client), error.sentence)
        self._send(client, Error(identity, error.code, error.sentence, error.hint))

    def _report(self) -> dict[str, Any]:
        """The daemon's account of itself; a client of another computer is told a part of it (``_send``)."""
        report = {
            **about_program(),
            **self._own_report(),
            "pid": os.getpid(),
            "resident_mb": resident_mb(),
            "uptime_seconds": round(time.monotonic() - self._started),
            "refused_peers": dict(self._refusals.counts),
            **self._settings.report(),
            **self._places(),
        }
        return account(report)

    def _places(self) -> dict[str, Any]:
        return {
            **self._door.report(),
            "log_file": str(self._folders.log_file),
            "connection_file": str(self._folders.connection_file),
        }

    # --- What a daemon has of its own -----------------------------------------------------------

    @abc.abstractmethod
    def _opened_door(self) -> Door:
        """The door that this daemon's clients come through."""

    @abc.abstractmethod
    def _set_up(self, poller: zmq.Poller) -> None:
        """Makes what ``run`` needs besides the door, and lets its sockets wake the loop."""

    @abc.abstractmethod
    def _begin(self) -> None:
        """Called once clients can come."""

    @abc.abstractmethod
    def _tear_down(self) -> None:
        """Ends what ``_set_up`` made, before the door is closed."""

    @abc.abstractmethod
    def _milliseconds_to_wait(self, longest: float) -> int | None:
        """How long the loop may sleep, ``longest`` seconds at most; None: until something happens."""

    @abc.abstractmethod
    def _hear(self) -> None:
        """Takes in what has come from elsewhere than clients, before they are heard."""

    @abc.abstractmethod
    def _attend(self) -> None:
        """Goes on with the work, once the clients' messages have been read."""

    @property
    @abc.abstractmethod
    def _is_busy(self) -> bool:
        """Whether there is work, so that the daemon is not idle."""

    @abc.abstractmethod
    def _rest(self, idle: float) -> None:
        """Called in each idle round, with the idle seconds so far."""

    @abc.abstractmethod
    def _turn_away(self, error: InsertObjectError) -> None:
        """Refuses what waits, because the daemon ends."""

    @property
    @abc.abstractmethod
    def _is_finishing(self) -> bool:
        """Whether a request that is being worked on keeps the daemon from ending."""

    @abc.abstractmethod
    def _knows(self, client: ClientKey) -> bool:
        """Whether the client has said hello."""

    @abc.abstractmethod
    def _has(self, client: ClientKey, identity: str) -> bool:
        """Whether a request of the client with that id has no last word yet."""

    @abc.abstractmethod
    def _name(self, client: ClientKey) -> str:
        """The client's name for the log."""

    @abc.abstractmethod
    def _greet(self, client: ClientKey, hello: Hello) -> None: ...

    @abc.abstractmethod
    def _accept(self, client: ClientKey, request: Painting, frames: Sequence[Buffer]) -> None: ...

    @abc.abstractmethod
    def _cancel(self, client: ClientKey, request: Cancel, frames: Sequence[Buffer]) -> None: ...

    @abc.abstractmethod
    def _drop_client(self, client: ClientKey) -> None:
        """Forgets a client that has gone, and its work."""

    @abc.abstractmethod
    def _drop_deaf(self, client: ClientKey) -> list[Reply]:
        """Drops the work of a client that does not read; returns what it shall find later."""

    @abc.abstractmethod
    def _own_report(self) -> dict[str, Any]:
        """What this kind of daemon adds to the status."""


def thrown_away() -> InsertObjectError:
    """What a client finds that did not fetch its results."""
    return InsertObjectError(
        ErrorCode.BUSY,
        "The results were thrown away, because they were not fetched for too long.",
        "Try again.",
    )
