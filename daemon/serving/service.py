"""The daemon that paints: a queue, and a worker that runs an engine."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import zmq

from daemon.home.folders import Folders
from daemon.home.limits import memory_is_limited
from daemon.serving.admission import checked
from daemon.serving.door import Door, RemoteDoor
from daemon.serving.host import RETRY_SECONDS, Host, thrown_away
from daemon.serving.idleness import LONGEST_WAIT_SECONDS
from daemon.serving.keys import KeyRing
from daemon.serving.reception import NetworkState, Reception
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
)
from daemon.serving.workqueue import ClientKey, QueueFull, Work, WorkQueue
from wire import __version__
from wire.protocol import (
    Accepted,
    Buffer,
    Cancel,
    Cancelled,
    Error,
    ErrorCode,
    Hello,
    InsertObjectError,
    Painting,
    Reply,
)

__all__ = ["EngineFactory", "Interrupted", "Service"]

log = logging.getLogger(__name__)


class Service(Host):
    """The daemon with the networks; see ``Host`` for what it shares with one that forwards."""

    def __init__(self, folders: Folders, factory: EngineFactory, settings: Settings | None = None) -> None:
        super().__init__(folders, settings)
        limits = self._settings
        self._events = EventPipe()
        self._worker = Worker(factory, self._events)
        self._reception = Reception(self._send, self._worker.load, self._worker.offer)
        self._queue = WorkQueue(limits.queue_length, limits.client_queue_length, limits.queue_bytes)
        self._running: Work | None = None
        self._engine_report: dict[str, Any] = {}
        self._counts: Counter[str] = Counter()

    @property
    def wake_socket(self) -> Any:
        return self._events.writer

    def _opened_door(self) -> Door:
        listen = self._settings.listen
        return Door(self._refusals, RemoteDoor(listen, KeyRing(self._folders.remote)) if listen else None)

    def _set_up(self, poller: zmq.Poller) -> None:
        poller.register(self._events.reader, zmq.POLLIN)
        self._worker.start()

    def _begin(self) -> None:
        log.info("Version %s listens on %s.", __version__, self._door.endpoint)
        if remote := self._door.remote_endpoint:
            log.info("Other computers with a key that is allowed may come in at %s.", remote)
        self._worker.load()

    def _tear_down(self) -> None:
        self._worker.stop()

    def close(self, patience: float) -> bool:
        """Waits for the worker thread after ``run``; False when it is still busy after so many seconds."""
        ended = self._worker.join(patience)
        if ended:
            self._events.close()
        return ended

    # --- The loop -------------------------------------------------------------------------------

    def _milliseconds_to_wait(self, longest: float) -> int | None:
        if self._replies.waiting:
            return math.ceil(RETRY_SECONDS * 1000)
        sleeps = [longest]
        if not self._running and self._reception.state is not NetworkState.LOADING:
            sleeps.append(self._settings.end_after - self._idleness.seconds)
            if self._reception.state is NetworkState.READY:
                sleeps.append(self._settings.release_after - self._idleness.seconds)
        left = min(sleeps)
        return None if math.isinf(left) else max(0, math.ceil(min(left, LONGEST_WAIT_SECONDS) * 1000))

    @property
    def _is_busy(self) -> bool:
        return bool(self._running or self._queue or self._reception.state is NetworkState.LOADING)

    def _rest(self, idle: float) -> None:
        if idle >= self._settings.release_after and self._reception.state is NetworkState.READY:
            self._reception.state = NetworkState.RELEASED
            self._worker.release()

    def _turn_away(self, error: InsertObjectError) -> None:
        for work in list(self._queue):
            self._queue.remove(work.client, work.id)
            self._refuse(work.client, work.id, error)
        self._reception.turn_away(error)

    @property
    def _is_finishing(self) -> bool:
        return self._running is not None

    def _attend(self) -> None:
        if self._running is None and not self._ending:
            self._running = self._queue.take()
            if self._running:
                self._worker.begin(self._running)

    # --- What the worker says -------------------------------------------------------------------

    def _hear(self) -> None:
        for event in self._events.take():
            self._take_in(event)

    def _take_in(self, event: Event) -> None:
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
            is_told = self._reception.is_awaited
            self._reception.hear_failure(event)
            if is_told and event.error.code is ErrorCode.OUT_OF_MEMORY and memory_is_limited():
                # whoever started it had too little; the next one may be started by somebody who has more
                log.warning("Ends, because it may not have the memory that it needs.")
                self._ending = True
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
        """Starts the worker again; the networks are loaded by the next request or hello."""
        work = event.work
        if work is not None:  # else it died of something else, and the running request is still to be done
            self._running = None
            self._counts[Error.TYPE] += 1
            if not work.dropped.is_set():
                self._refuse(work.client, work.id, event.error)
        self._reception.hear_failure(LoadFailed(event.error))
        self._worker.start()

    # --- What clients say -----------------------------------------------------------------------

    def _knows(self, client: ClientKey) -> bool:
        return self._reception.knows(client)

    def _has(self, client: ClientKey, identity: str) -> bool:
        return any(work.client == client and work.id == identity for work in self._works())

    def _name(self, client: ClientKey) -> str:
        return self._reception.name(client)

    def _greet(self, client: ClientKey, hello: Hello) -> None:
        self._reception.greet(client, hello)

    def _accept(self, client: ClientKey, request: Painting, _frames: Sequence[Buffer]) -> None:
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
        self._attend()

    def _cancel(self, client: ClientKey, request: Cancel, _frames: Sequence[Buffer]) -> None:
        running = self._running
        if self._queue.remove(client, request.target):
            self._counts[Cancelled.TYPE] += 1
        elif running and running.client == client and running.id == request.target:
            running.dropped.set()  # the worker notices between two stages, the client need not wait for that
        self._send(client, Cancelled(request.id, request.target))

    # --- Clients --------------------------------------------------------------------------------

    def _works(self) -> list[Work]:
        return [*self._queue, *([self._running] if self._running else [])]

    def _drop_client(self, client: ClientKey) -> None:
        dropped = self._drop_work(client)
        self._replies.forget(client)
        log.info("%s has gone; its requests dropped: %d.", self._reception.name(client), len(dropped))
        self._reception.forget(client)

    def _drop_deaf(self, client: ClientKey) -> list[Reply]:
        error = thrown_away()
        return [Error(work.id, error.code, error.sentence, error.hint) for work in self._drop_work(client)]

    def _drop_work(self, client: ClientKey) -> list[Work]:
        dropped = self._queue.remove_client(client)
        if self._running and self._running.client == client and not self._running.dropped.is_set():
            self._running.dropped.set()
            dropped.append(self._running)
        self._counts["dropped"] += len(dropped)
        return dropped

    # --- Status ---------------------------------------------------------------------------------

    def _own_report(self) -> dict[str, Any]:
        return {
            **self._reception.report(),
            "engine": self._engine_report,
            "requests_waiting": len(self._queue),
            "requests_running": int(self._running is not None),
            "requests_finished": dict(self._counts),
        }

    def _places(self) -> dict[str, Any]:
        return {
            **super()._places(),
            "weights_folder": str(self._folders.weights),
            "packs_folder": str(self._folders.packs),
        }
