"""What the tests of sessions share: requests to send, and waiting for what the session tells."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from wire import protocol
from wire.protocol import PixelFormat, PixelFrame, Rect
from wire.request import insert_request
from wire.session import Event, Session, SessionState, StateChanged

OpenSession = Callable[..., Session]


def insert(*, seed: int = 0, variations: int = 1) -> protocol.Insert:
    scene = PixelFrame(140, 140, PixelFormat.RGB8, bytes(140 * 140 * 3))
    wish = protocol.Wish("dog", Rect(50, 50, 100, 100), seed)
    return insert_request(wish, 500, 400, scene, variations=variations)


def wait_for(session: Session, wanted: Callable[[Event], bool], seconds: float = 10.0) -> list[Event]:
    """Polls until an event is as wanted; gives all events up to then."""
    seen: list[Event] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen += session.poll(0.05)
        if any(wanted(event) for event in seen):
            return seen
    pytest.fail(f"it did not happen; seen: {seen}")


def is_state(state: SessionState) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, StateChanged) and event.state is state


def is_last_of(request: protocol.Request) -> Callable[[Event], bool]:
    last = (protocol.Done, protocol.Error, protocol.Cancelled, protocol.Status)
    return lambda event: isinstance(event, last) and event.id == request.id
