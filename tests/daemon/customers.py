"""Clients that ask for much at once and check every pixel they get; for tests and benchmarks of load."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.daemon.peer import Peer, an_insert, new_id
from tests.stand_in_engine import CLASSES, cast_area, shadow_area, stand_in_colour
from wire.protocol import (
    Cancel,
    Cancelled,
    Done,
    Error,
    ErrorCode,
    Insert,
    Layer,
    PixelFormat,
    Rect,
    Reply,
    Request,
)
from wire.session import Session, StateChanged

AT_ONCE = 3  # requests that a customer has under way
LONGEST_SILENCE = 60.0  # seconds
LATE_SECONDS = 0.3  # in which what must not come any more would come


class Line(Protocol):
    """A conversation with the daemon."""

    def send(self, request: Request) -> None: ...

    def read(self, seconds: float) -> list[Reply]: ...


class PeerLine:
    """libzmq's own client."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def send(self, request: Request) -> None:
        self._peer.send(request)

    def read(self, seconds: float) -> list[Reply]:
        reply = self._peer.receive_or_none(seconds)
        return [] if reply is None else [reply]


class SessionLine:
    """The plug-ins' client, as in an editor."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def send(self, request: Request) -> None:
        self._session.send(request)

    def read(self, seconds: float) -> list[Reply]:
        return [event for event in self._session.poll(seconds) if not isinstance(event, StateChanged)]


@dataclass(eq=False)
class Customer(threading.Thread):
    """Sends mixed requests, cancels some, replaces previews, and checks every reply."""

    line: Line
    rounds: int
    chooser: random.Random
    ends: Counter[str] = field(default_factory=Counter)  # last words by type
    seconds: list[float] = field(default_factory=list)  # from asking to done
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(name="customer", daemon=True)
        self._open: dict[str, tuple[Insert, float, set[int]]] = {}  # asked when, layers that came
        self._cancelled: set[str] = set()
        self._closed: set[str] = set()

    def run(self) -> None:
        for _ in range(self.rounds):
            while len(self._open) >= AT_ONCE and not self.wrong:
                self._read(LONGEST_SILENCE)
            request = self._request()
            self._open[request.id] = (request, time.monotonic(), set())
            self.line.send(request)
            if self.chooser.random() < 0.2:
                victim = self.chooser.choice(list(self._open))
                self._cancelled.add(victim)
                self.line.send(Cancel(new_id(), victim))
        while self._open and not self.wrong:
            self._read(LONGEST_SILENCE)
        self._read(LATE_SECONDS)

    def _request(self) -> Insert:
        return an_insert(
            self.chooser.choice(CLASSES).name,
            box=Rect(self.chooser.randrange(400), self.chooser.randrange(300), 40, 40),
            seed=self.chooser.randrange(10**6),
            variations=self.chooser.choice((1, 1, 1, 2, 4)),
            depth=self.chooser.choice((8, 8, 16)),
            preview=self.chooser.random() < 0.3,
            shadow=self.chooser.random() < 0.2,
            cast_shadow=self.chooser.random() < 0.2,
        )

    def _read(self, seconds: float) -> None:
        replies = self.line.read(seconds)
        if not replies and self._open:
            self.wrong.append(f"nothing came for {seconds:.0f} s, {len(self._open)} requests are not ended")
        for reply in replies:
            self._take(reply)

    def _take(self, reply: Reply) -> None:
        identity = reply.target if isinstance(reply, Cancelled) else reply.id
        if identity in self._closed:
            # a cancel that came too late is confirmed although its request is done, refused or replaced
            if not (isinstance(reply, Cancelled) and identity in self._cancelled):
                self.wrong.append(f"{identity} got a {reply.TYPE} after its end")
            return
        if identity not in self._open:
            self.wrong.append(f"a {reply.TYPE} for {identity!r}, which was never asked for")
            return
        request, asked, layers = self._open[identity]
        if isinstance(reply, Layer):
            if reply.index in layers or not belongs(reply, request):
                self.wrong.append(f"{identity} got pixels that are not its own")
            layers.add(reply.index)
        elif isinstance(reply, (Done, Error, Cancelled)):
            if isinstance(reply, Error) and reply.code is not ErrorCode.BUSY:
                self.wrong.append(str(reply.exception()))
            if isinstance(reply, Done):
                self.seconds.append(time.monotonic() - asked)
                if layers != set(range(request.variations)):
                    self.wrong.append(f"{identity} is done with layers {layers} of {request.variations}")
            if isinstance(reply, Cancelled) and identity not in self._cancelled and not request.preview:
                self.wrong.append(f"{identity} was cancelled by nobody")
            self.ends[reply.TYPE] += 1
            self._closed.add(identity)
            del self._open[identity]


def belongs(layer: Layer, request: Insert) -> bool:
    """Whether place, size and every pixel of a layer are what the stand-in engine makes of the request."""
    wish, box = request.wish, request.wish.box
    margin_x, margin_y = box.width // 8, box.height // 8
    width, height = box.width - 2 * margin_x, box.height - 2 * margin_y
    colour = stand_in_colour(wish.class_name, wish.seed, layer.index, wish.style)
    soft = height // 10
    expected = bytes((*colour, 255)) * (width * (height - soft)) + bytes((*colour, 128)) * (width * soft)
    data = bytes(layer.pixels.data)
    if request.depth == 16:
        if data[::2] != data[1::2]:
            return False
        data = data[::2]
    fits = (layer.x, layer.y) == (box.x + margin_x, box.y + margin_y)
    fits = fits and (layer.pixels.width, layer.pixels.height) == (width, height)
    fits = fits and layer.pixels.format is (PixelFormat.RGBA16 if request.depth == 16 else PixelFormat.RGBA8)
    below, thrown = shadow_area(box), cast_area(box)
    fits = fits and (layer.shadow is not None, layer.cast is not None) == (wish.shadow, wish.cast_shadow)
    if layer.shadow is not None:
        fits = fits and (layer.shadow_x, layer.shadow_y) == (below.x, below.y)
    if layer.cast is not None:
        fits = fits and (layer.cast_x, layer.cast_y) == (thrown.x, thrown.y)
    return fits and data == expected


def evenness(values: Sequence[float]) -> float:
    """Jain's fairness index, 1/n..1: 1 when all are the same. Source: R. Jain et al., DEC-TR-301 (1984)."""
    return sum(values) ** 2 / (len(values) * sum(value * value for value in values))
