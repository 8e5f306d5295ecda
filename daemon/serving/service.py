"""The daemon's network thread: who asked for what, progress, cancelling, limits, idling."""

from __future__ import annotations

import logging
import math
import os
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import zmq

from daemon.home.folders import Folders
from daemon.home.lifecycle import remove_connection_file, write_connection_file
from daemon.home.machine import about_program, resident_mb
from daemon.serving.admission import checked
from daemon.serving.door import LAST_REPLIES_SECONDS, Door, RemoteDoor
from daemon.serving.idleness import LONGEST_WAIT_SECONDS, Idleness
from daemon.serving.intake import check_size
from daemon.serving.keys import KeyRing
from daemon.serving.reception import NetworkState, Reception
from daemon.serving.replies import Replies
from daemon.serving.security import Refusals
from daemon.serving.settings import Settings
from daemon.serving.worker import (
    EngineFactory,
    Event,
    EventPipe,
    Finished,
    Interrupted,
    Loaded,
    LoadFailed,
    LoadProgress,
    Released,
    Replied,
    Reported,
    Worker,
    WorkerDied,
    as_painters_error,
)
from daemon.serving.workqueue import ClientKey, QueueFull, Work, WorkQueue
from wire import __version__
from wire.protocol import (
    Accepted,
    Buffer,
    Cancel,
    Cancelled,
    Done,
    Error,
    ErrorCode,
    Hello,
    Insert,
    InsertObjectError,
    Reply,
    Request,
    Shutdown,
    Status,
    StatusRequest,
    decode_request,
)

__all__ = ["EngineFactory", "Interrupted", "Service"]

log = logging.getLogger(__name__)

RETRY_MILLISECONDS = 5  # while a client has not made room for its replies


class Service:
    """One daemon: a ROUTER socket on the loopback, a queue, and a worker that runs an engine.

    ``run`` serves until ``stop`` is called, a client asks for the end, or nobody asks for anything.
    Everything but ``stop`` and ``wake_socket`` belongs to the thread that calls ``run``.
    """

    def __init__(self, folders: Folders, factory: EngineFactory, settings: Settings | None = None) -> None:
        self._folders = folders
        self._settings = limits = settings or Settings()
        self._events = EventPipe()
        self._worker = Worker(factory, self._events)
        self._reception = Reception(self._send, self._worker.load, self._worker.offer)
        self._queue = WorkQueue(limits.queue_length, limits.client_queue_length, limits.queue_bytes)
        self._running: Work | None = None
        self._engine_report: dict[str, Any] = {}
        self._counts: Counter[str] = Counter()
        self._refusals = Refusals()
        self._asked_to_end: list[tuple[ClientKey, str]] = []
        self._ending = False
        self._farewell_ends: float | None = None
        self._started = time.monotonic()
        self._idleness = Idleness()

    @property
    def wake_socket(self) -> Any:
        """A non-blocking socket: a byte sent to it wakes ``run``, as ``signal.set_wakeup_fd`` does."""
        return self._events.writer

    def stop(self) -> None:
        """Makes ``run`` return, once awake, when the running request is done; safe in a signal handler."""
        self._ending = True

    def run(self) -> None:
        """Serves. The connection file is there while clients are welcome.

        Raises:
            InsertObjectError: no port could be had, or the connection file could not be written.
        """
        listen = self._settings.listen
        self._door = door = Door(
            self._refusals, RemoteDoor(listen, KeyRing(self._folders.remote)) if listen else None
        )
        self._replies = Replies(door.router, on_gone=self._drop_client, on_deaf=self._drop_deaf)
        self._worker.start()
        try:
            write_connection_file(self._folders, door.endpoint, door.token)
            log.info("Version %s listens on %s.", __version__, door.endpoint)
            if door.remote_endpoint:
                log.info(
                    "Other computers with a key that is allowed may come in at %s.", door.remote_endpoint
                )
            self._worker.load()
            self._loop(door)
        finally:
            remove_connection_file(self._folders)
            self._worker.stop()
            door.close()
            log.info("Ended.")

    def close(self, patience: float) -> bool:
        """Waits for the worker thread after ``run``; False when it is still busy after so many seconds."""
        ended = self._worker.join(patience)
        if ended:
            self._events.close()
        return ended

    # --- The loop -------------------------------------------------------------------------------

    def _loop(self, door: Door) -> None:
        poller = door.poller()
        poller.register(self._events.reader, zmq.POLLIN)
        while True:
            milliseconds = self._milliseconds_to_wait(door.longest_sleep)
            with self._idleness.waiting(milliseconds):
                poller.poll(milliseconds)
            door.look_after()
            for client in filter(self._reception.knows, door.gone()):
                self._drop_client(client)
            for event in self._events.take():
                self._hear(event)
            for client, frames in door.messages():
                self._read(client, frames)
            self._replies.flush()
            self._look_at_idleness()
            if self._ending and self._end_is_reached():
                return
            self._begin_next()

    def _milliseconds_to_wait(self, longest: float) -> int | None:
        """How long the loop may sleep, ``longest`` seconds at most; None: until something happens."""
        if self._replies.waiting:
            return RETRY_MILLISECONDS
        sleeps = [longest]
        if not self._running and self._reception.state is not NetworkState.LOADING:
            sleeps.append(self._settings.end_after - self._idleness.seconds)
            if self._reception.state is NetworkState.READY:
                sleeps.append(self._settings.release_after - self._idleness.seconds)
        left = min(sleeps)
        return None if math.isinf(left) else max(0, math.ceil(min(left, LONGEST_WAIT_SECONDS) * 1000))

    def _look_at_idleness(self) -> None:
        if self._running or self._queue or self._reception.state is NetworkState.LOADING:
            return
        idle = self._idleness.seconds
        if idle >= self._settings.end_after and not self._ending:
            log.info("Nobody asked for anything for %.1f minutes.", idle / 60)
            self._ending = True
        elif idle >= self._settings.release_after and self._reception.state is NetworkState.READY:
            self._reception.state = NetworkState.RELEASED
            self._worker.release()

    def _end_is_reached(self) -> bool:
        """Turns away what waits; True when the running request is done and everybody was told."""
        error = self._ending_error()
        for work in list(self._queue):
            self._queue.remove(work.client, work.id)
            self._refuse(work.client, work.id, error)
        self._reception.turn_away(error)
        if self._running:
            return False
        for client, identity in self._asked_to_end:
            self._send(client, Done(identity))
        self._asked_to_end.clear()
        if self._farewell_ends is None:
            self._farewell_ends = time.monotonic() + LAST_REPLIES_SECONDS
        return not self._replies.waiting or time.monotonic() >= self._farewell_ends

    def _begin_next(self) -> None:
        if self._running is None and not self._ending:
            self._running = self._queue.take()
            if self._running:
                self._worker.begin(self._running)

    # --- What the worker says -------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if isinstance(event, Replied):
            if not event.work.dropped.is_set():
                self._send(event.work.client, event.reply)
            return
        if not isinstance(event, (LoadProgress, Reported, Released)):
            self._idleness.restart()
        if isinstance(event, Finished):
            self._finish(event)
        elif isinstance(event, LoadProgress):
            self._reception.hear_progress(event.fraction)
        elif isinstance(event, Loaded):
            self._reception.hear_loaded(event)
        elif isinstance(event, LoadFailed):
            self._reception.hear_failure(event)
        elif isinstance(event, Reported):
            self._engine_report = event.report
            self._reception.hear_device(str(event.report.get("device", "")))
        elif isinstance(event, WorkerDied):
            self._replace_worker(event)
        elif isinstance(event, Released):
            log.info("Nobody asked for anything; the networks' memory was given back.")

    def _finish(self, event: Finished) -> None:
        self._running = None
        self._counts[event.reply.TYPE] += 1
        if self._reception.state is NetworkState.RELEASED:
            self._reception.state = NetworkState.READY
        if not event.work.dropped.is_set():
            self._send(event.work.client, event.reply)

    def _replace_worker(self, event: WorkerDied) -> None:
        """Starts the worker anew; the networks are loaded by the next request or hello."""
        work = event.work
        if work is not None:  # else it died of something else, and the running request is still to be done
            self._running = None
            self._counts[Error.TYPE] += 1
            if not work.dropped.is_set():
                self._refuse(work.client, work.id, event.error)
        self._reception.hear_failure(LoadFailed(event.error))
        self._worker.start()

    # --- What clients say -----------------------------------------------------------------------

    def _read(self, client: ClientKey, frames: Sequence[Buffer]) -> None:
        """Reads and answers one message; whatever is wrong with it costs this message alone."""
        identity = ""
        self._idleness.restart()
        try:
            check_size(frames)
            request = decode_request(frames)
            identity = request.id
            self._door.check(client, request)
            self._answer(client, request)
        except InsertObjectError as error:
            self._refuse(client, getattr(error, "request_id", "") or identity, error)
        except Exception as error:
            log.exception("A message could not be handled.")
            self._refuse(client, identity, as_painters_error(error, "The request could not be read."))

    def _answer(self, client: ClientKey, request: Request) -> None:
        if isinstance(request, Hello):
            if self._ending:
                raise self._ending_error()
            self._reception.greet(client, request)
        elif isinstance(request, Insert):
            self._accept(client, request)
        elif isinstance(request, Cancel):
            self._cancel(client, request)
        elif isinstance(request, StatusRequest):
            report = self._report()
            if self._door.is_local(client):
                report |= self._places()
            self._send(client, Status(request.id, report))
        elif isinstance(request, Shutdown):
            log.info("%s asked for the end.", self._reception.name(client))
            self._asked_to_end.append((client, request.id))
            self._ending = True

    def _accept(self, client: ClientKey, request: Insert) -> None:
        if self._ending:
            raise self._ending_error()
        if not self._reception.knows(client):
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST, "The request came before a hello.", "Restart the editor."
            )
        if any(work.client == client and work.id == request.id for work in self._works()):
            raise InsertObjectError(
                ErrorCode.BAD_REQUEST, "A request with this id is not done yet.", "Restart the editor."
            )
        work = Work(client, checked(request, self._reception.classes, self._reception.packs))
        try:
            replaced = self._queue.put(work)
        except QueueFull:
            self._counts["busy"] += 1
            raise
        if replaced:
            self._counts[Cancelled.TYPE] += 1
            self._send(client, Cancelled(replaced.id, replaced.id))
        self._send(client, Accepted(request.id, self._queue.position(work) + (self._running is not None)))
        self._begin_next()

    def _cancel(self, client: ClientKey, request: Cancel) -> None:
        running = self._running
        if self._queue.remove(client, request.target):
            self._counts[Cancelled.TYPE] += 1
        elif running and running.client == client and running.id == request.target:
            running.dropped.set()  # the worker notices between two stages, the client need not wait for that
        self._send(client, Cancelled(request.id, request.target))

    # --- Clients --------------------------------------------------------------------------------

    def _works(self) -> list[Work]:
        return [*self._queue, *([self._running] if self._running else [])]

    def _send(self, client: ClientKey, reply: Reply) -> None:
        self._replies.send(client, reply)

    def _refuse(self, client: ClientKey, identity: str, error: InsertObjectError) -> None:
        log.info("Error %s to %s: %s", error.code.value, self._reception.name(client), error.sentence)
        self._send(client, Error(identity, error.code, error.sentence, error.hint))

    def _drop_client(self, client: ClientKey) -> None:
        """Forgets a client that has gone, and its work."""
        dropped = self._drop_work(client)
        self._replies.forget(client)
        log.info("%s has gone; its requests dropped: %d.", self._reception.name(client), len(dropped))
        self._reception.forget(client)

    def _drop_deaf(self, client: ClientKey) -> list[Reply]:
        """Drops the work of a client that does not read; returns what it shall find later."""
        return [
            Error(
                work.id,
                ErrorCode.BUSY,
                "The results were thrown away, because they were not fetched for too long.",
                "Try again.",
            )
            for work in self._drop_work(client)
        ]

    def _drop_work(self, client: ClientKey) -> list[Work]:
        dropped = self._queue.remove_client(client)
        if self._running and self._running.client == client and not self._running.dropped.is_set():
            self._running.dropped.set()
            dropped.append(self._running)
        self._counts["dropped"] += len(dropped)
        return dropped

    def _ending_error(self) -> InsertObjectError:
        """What to answer from now on; who is told so finds no connection file and starts the next daemon."""
        remove_connection_file(self._folders)
        return InsertObjectError(
            ErrorCode.BUSY,
            "The Insert Object service is ending.",
            "Try again; it is started anew by itself.",
        )

    # --- Status ---------------------------------------------------------------------------------

    def _report(self) -> dict[str, Any]:
        return {
            **about_program(),
            **self._reception.report(),
            "engine": self._engine_report,
            "pid": os.getpid(),
            "resident_mb": resident_mb(),
            "uptime_seconds": round(time.monotonic() - self._started),
            "requests_waiting": len(self._queue),
            "requests_running": int(self._running is not None),
            "requests_finished": dict(self._counts),
            "refused_peers": dict(self._refusals.counts),
            **self._settings.report(),
        }

    def _places(self) -> dict[str, Any]:
        """What is nobody else's business: where things are on this computer, and who may come in."""
        return {
            **self._door.report(),
            "weights_folder": str(self._folders.weights),
            "packs_folder": str(self._folders.packs),
            "log_file": str(self._folders.log_file),
            "connection_file": str(self._folders.connection_file),
        }
