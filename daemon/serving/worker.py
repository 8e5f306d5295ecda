"""The worker thread: the one place where networks are loaded and run, one request at a time."""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from daemon.home.freed_memory import give_back_freed_memory
from daemon.home.limits import is_of_memory, memory_hint
from daemon.packs.names import named
from daemon.serving.workqueue import Work
from wire.protocol import (
    Cancelled,
    ClassInfo,
    Done,
    Error,
    ErrorCode,
    Insert,
    InsertObjectError,
    Layer,
    Light,
    Limits,
    Lit,
    PackInfo,
    Progress,
    Stage,
)

log = logging.getLogger(__name__)

PAUSE_SECONDS = 3.0  # without a request, after which freed memory is given back


class Interrupted(Exception):
    """Nobody wants the result any more; raised through the engine between two stages."""


class Engine(Protocol):
    """What the worker asks of the networks; ``daemon.painting.engine`` is the real one."""

    @property
    def device(self) -> str: ...

    @property
    def classes(self) -> tuple[ClassInfo, ...]: ...

    @property
    def packs(self) -> tuple[PackInfo, ...]:
        """The further packs that can be used now; any thread may ask at any time."""

    @property
    def limits(self) -> Limits:
        """What the packs at hand can make use of; any thread may ask at any time."""

    def load(self, on_progress: Callable[[float], None]) -> None: ...

    def insert(self, request: Insert, on_stage: Callable[[Stage, float], None]) -> Iterator[Layer]: ...

    def light(self, request: Light, on_stage: Callable[[Stage, float], None]) -> Iterator[Lit]: ...

    def take_notes(self) -> tuple[str, ...]: ...

    def release(self) -> None: ...

    def report(self) -> dict[str, Any]: ...


EngineFactory: TypeAlias = Callable[[], Engine]


# --- What the worker tells the network thread -------------------------------------------------------


@dataclass(frozen=True)
class LoadProgress:
    fraction: float


@dataclass(frozen=True)
class Offer:
    """What clients are told that they may ask for; it changes when packs come and go."""

    packs: tuple[PackInfo, ...]
    limits: Limits


@dataclass(frozen=True)
class Loaded:
    device: str
    classes: tuple[ClassInfo, ...]
    offer: Offer


@dataclass(frozen=True)
class LoadFailed:
    error: InsertObjectError


@dataclass(frozen=True)
class Replied:
    """A reply on the way to the result."""

    work: Work
    reply: Progress | Layer | Lit


@dataclass(frozen=True)
class Finished:
    """The worker is done with the request and free for the next one."""

    work: Work
    reply: Done | Error | Cancelled


@dataclass(frozen=True)
class Released:
    """The networks' memory was given back."""


@dataclass(frozen=True)
class Reported:
    """The engine's account of itself, for the status."""

    report: dict[str, Any]


@dataclass(frozen=True)
class WorkerDied:
    """The thread has ended though nobody asked it to; started again, it goes on with its other orders."""

    error: InsertObjectError
    work: Work | None  # the request that it died of, if it was one


Event: TypeAlias = (
    "LoadProgress | Loaded | LoadFailed | Replied | Finished | Released | Reported | WorkerDied"
)


class EventPipe:
    """Hands events from the worker to the network thread and wakes its poll; never blocks either."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.reader, self.writer = socket.socketpair()
        self.reader.settimeout(0)
        self.writer.settimeout(0)

    def post(self, event: Event) -> None:
        self._events.put(event)
        with contextlib.suppress(BlockingIOError):  # full: a wake-up is already on its way
            self.writer.send(b"\0")

    def take(self) -> Iterator[Event]:
        """Every event posted so far."""
        with contextlib.suppress(BlockingIOError):  # empty: woken by something else
            while self.reader.recv(4096):
                pass
        while not self._events.empty():
            yield self._events.get()

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


# --- The thread -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Load:
    """Asks for the networks to be loaded."""


@dataclass(frozen=True)
class _Release:
    """Asks for the networks' memory to be given back."""


@dataclass(frozen=True)
class _Stop:
    """Ends the thread."""


_Order: TypeAlias = _Load | _Release | _Stop | Work


@dataclass(eq=False)
class Worker:
    """Runs an engine in a thread of its own. Every method returns at once."""

    factory: EngineFactory
    events: EventPipe
    _orders: queue.SimpleQueue[_Order] = field(default_factory=queue.SimpleQueue)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _engine: Engine | None = None
    _unfinished: Work | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread, again after a ``WorkerDied``."""
        self._engine = None
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def load(self) -> None:
        self._orders.put(_Load())

    def release(self) -> None:
        self._orders.put(_Release())

    def begin(self, work: Work) -> None:
        self._orders.put(work)

    def offer(self) -> Offer | None:
        """What the engine offers now; None while there is no engine."""
        engine = self._engine
        return None if engine is None else Offer(engine.packs, engine.limits)

    def stop(self) -> None:
        """Ends the thread after the running request; a load in progress is broken off."""
        self._stopping.set()
        self._orders.put(_Stop())

    def join(self, patience: float) -> bool:
        """Waits for the end of the thread; False when it is still busy after that many seconds."""
        if self._thread is None:
            return True
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._follow_orders()
        except BaseException as error:
            # whatever it was, a library's attempt to end the program included: unheard of, it would leave
            # every client waiting for ever
            log.exception("The worker thread failed.")
            work, self._unfinished = self._unfinished, None
            self.events.post(WorkerDied(as_painters_error(error, "The object could not be made."), work))

    def _follow_orders(self) -> None:
        while not isinstance(order := self._next_order(), _Stop):
            if isinstance(order, Work):
                self._unfinished = order
                reply = self._finish(order)
                self._unfinished = None
                self.events.post(Finished(order, reply))
                self._report()
            elif isinstance(order, _Release):
                self._release()
            elif self._engine is None:
                self._load()
            else:  # a request that came in between has loaded them
                self.events.post(_loaded(self._engine))
            del order  # its pixels are not kept while waiting for the next one

    def _next_order(self) -> _Order:
        try:
            return self._orders.get(timeout=PAUSE_SECONDS)
        except queue.Empty:
            give_back_freed_memory()
        return self._orders.get()

    def _load(self) -> InsertObjectError | None:
        """Loads the networks unless they are; returns why it failed."""
        if self._engine is not None:
            return None
        self.events.post(LoadProgress(0.0))
        try:
            engine = self.factory()
            engine.load(self._tell_load_progress)
            loaded = _loaded(engine)
        except Interrupted:
            return InsertObjectError(ErrorCode.BUSY, "The Insert Object service is ending.")
        except InsertObjectError as error:
            log.error("The networks could not be loaded: %s", error)
            self.events.post(LoadFailed(error))
            return error
        except Exception as error:
            log.exception("The networks could not be loaded.")
            failure = as_painters_error(error, "The networks could not be loaded.")
            self.events.post(LoadFailed(failure))
            return failure
        self._engine = engine
        self.events.post(loaded)
        self._report()
        return None

    def _tell_load_progress(self, fraction: float) -> None:
        if self._stopping.is_set():
            raise Interrupted
        self.events.post(LoadProgress(min(max(float(fraction), 0.0), 1.0)))

    def _finish(self, work: Work) -> Done | Error | Cancelled:
        """Runs one request; its layers go into the pipe, the last word is returned."""
        failure = self._load()
        if failure is not None or self._engine is None:
            return _error_reply(work, failure or as_painters_error(None, "The networks are not loaded."))
        layers: Iterator[Layer | Lit] = iter(())
        try:
            layers = self._layers(self._engine, work)
            for layer in layers:
                if work.dropped.is_set():
                    raise Interrupted
                self.events.post(Replied(work, layer))
            return Done(work.id, tuple(self._engine.take_notes()))
        except Interrupted:
            return Cancelled(work.id, work.id)
        except InsertObjectError as error:
            log.warning("A request failed: %s", error)
            return _error_reply(work, error)
        except Exception as error:
            log.exception("A request failed inside the daemon.")
            return _error_reply(work, as_painters_error(error, "The object could not be made."))
        finally:
            self._tidy_up(self._engine, layers)

    def _layers(self, engine: Engine, work: Work) -> Iterator[Layer | Lit]:
        def on_stage(stage: Stage, part: float) -> None:
            self._tell_stage(work, stage, part)

        if isinstance(work.request, Light):
            return engine.light(work.request, on_stage)
        wish = named(work.request.wish, engine.classes, engine.packs)
        return engine.insert(replace(work.request, wish=wish), on_stage)

    def _tidy_up(self, engine: Engine, layers: Iterator[Layer | Lit]) -> None:
        """Ends a generator that was left half way, so that the engine can tidy up now; drops its notes."""
        close = getattr(layers, "close", None)
        try:
            try:
                if close is not None:
                    close()
            finally:
                engine.take_notes()  # those of a request that failed are not for the next one
        except Exception:
            log.exception("The engine failed while a request was broken off.")

    def _tell_stage(self, work: Work, stage: Stage, fraction: float) -> None:
        if work.dropped.is_set():
            raise Interrupted
        self.events.post(Replied(work, Progress(work.id, stage, min(max(float(fraction), 0.0), 1.0))))

    def _release(self) -> None:
        if self._engine is not None:
            try:
                self._engine.release()
            except Exception:
                # an engine that cannot let go is dropped as a whole; the next request makes a new one
                log.exception("The networks' memory could not be given back.")
                self._engine = None
        self.events.post(Released())
        self._report()

    def _report(self) -> None:
        if self._engine is None:
            return
        try:
            self.events.post(Reported(dict(self._engine.report())))
        except Exception:
            log.exception("The engine could not report on itself.")


def _loaded(engine: Engine) -> Loaded:
    return Loaded(engine.device, engine.classes, Offer(engine.packs, engine.limits))


def as_painters_error(error: BaseException | None, sentence: str) -> InsertObjectError:
    """The error to show for one that nobody foresaw; the details are in the log."""
    if error is not None and is_of_memory(error):
        return InsertObjectError(
            ErrorCode.OUT_OF_MEMORY,
            "There was not enough memory to make the object.",
            f"{memory_hint()} Or draw a smaller box, or ask for fewer variations.",
        )
    return InsertObjectError(
        ErrorCode.INTERNAL,
        f"{sentence} Something went wrong inside Insert Object.",
        "Try again; if it happens again, report it with the output of “insert-object doctor” and the log.",
    )


def _error_reply(work: Work, error: InsertObjectError) -> Error:
    return Error(work.id, error.code, error.sentence, error.hint)
