"""A client whose networks are in this very process: no daemon, no wire, the same pixels."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.client.client import Client
from daemon.home.folders import Folders
from wire import __version__
from wire.protocol import (
    PROTOCOL_VERSION,
    Done,
    ErrorCode,
    Insert,
    InsertObjectError,
    Light,
    Reply,
    Request,
    Stage,
    Welcome,
)

if TYPE_CHECKING:
    from daemon.painting.engine import Engine


def client_in_this_process(folders: Folders | None = None) -> Client:
    """A client that holds the networks itself, loaded and warm; for workers of a cluster. Imports torch.

    It paints one request at a time, whichever threads ask.

    Raises:
        InsertObjectError: the weights are missing or damaged.
    """
    from daemon.painting.engine import create_engine

    places = folders or Folders.default()
    engine = create_engine(places.weights, packs=places.packs)
    engine.load(lambda _fraction: None)
    return Client(_EngineSession(engine))


class _EngineSession:
    """What a client asks of a session, answered by an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine | None = engine
        self._lock = threading.Lock()  # an engine does one thing at a time

    @property
    def fraction(self) -> float:
        return 1.0

    def wait_ready(self, _timeout: float) -> Welcome:
        engine = self._open()
        return Welcome(
            "own", PROTOCOL_VERSION, __version__, engine.device, engine.classes, engine.limits, engine.packs
        )

    def stream(self, request: Request, _timeout: float) -> Iterator[Reply]:
        with self._lock:
            engine = self._open()
            try:
                if isinstance(request, Insert):
                    yield from engine.insert(request, _unheard)
                elif isinstance(request, Light):
                    yield from engine.light(request, _unheard)
                else:
                    raise InsertObjectError(
                        ErrorCode.BAD_REQUEST, f"There is no service to answer “{request.TYPE}”."
                    )
                yield Done(request.id, tuple(engine.take_notes()))
            finally:
                engine.take_notes()  # those of a request that failed are not for the next one

    def close(self) -> None:
        self._engine = None

    def _open(self) -> Engine:
        if self._engine is None:
            raise InsertObjectError(ErrorCode.UNAVAILABLE, "The networks of this client were given back.")
        return self._engine


def _unheard(_stage: Stage, _fraction: float) -> None:
    """Nobody waits for news between the stages."""
