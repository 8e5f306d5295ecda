"""A small deterministic engine for tests of the service: coloured rectangles in place of objects."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from wire.protocol import (
    ClassInfo,
    ErrorCode,
    Insert,
    InsertObjectError,
    Layer,
    Light,
    Limits,
    Lit,
    PackInfo,
    PixelFormat,
    PixelFrame,
    Rect,
    Stage,
    later_seed,
    usable_box,
)

CLASSES = (
    ClassInfo("dog", "Dog", ("brown", "black")),
    ClassInfo("cat", "Cat"),
    ClassInfo("car", "Car", ("red",)),
)
PACKS = (PackInfo("lamps", "Lamps and lanterns", (ClassInfo("lamp", "Lamp", ("brass", "paper")),)),)
REMEMBERED_CALLS = 1000  # so that hours of requests take no memory
TOLD_CALLS = 30  # of them, in the status, which cuts longer lists
ADJUSTMENTS = {"exposure": 0.5, "warmth": 0.1}  # what every object lacks
_LIT_FORMATS = {
    PixelFormat.RGBA8: PixelFormat.RGBA8,
    PixelFormat.BGRA8: PixelFormat.RGBA8,
    PixelFormat.RGBA16: PixelFormat.RGBA16,
}
SHADOW = (20, 24, 40, 96)  # red, green, blue and alpha of every contact shadow
CAST = (30, 20, 10, 64)  # and of every cast one


def stand_in_colour(class_name: str, seed: int, index: int, style: str = "") -> tuple[int, int, int]:
    """The colour of a layer: different for every class, seed, variation and style."""
    digest = hashlib.sha256(f"{class_name} {seed} {index} {style}".encode()).digest()
    return digest[0], digest[1], digest[2]


def middle_colour(reference: PixelFrame) -> tuple[int, int, int]:
    """The colour in the middle of a reference (rgb8 or rgba8): what the stand-in takes for its look."""
    at = reference.format.bytes_per_pixel * (reference.height // 2 * reference.width + reference.width // 2)
    red, green, blue = bytes(reference.data)[at : at + 3]
    return red, green, blue


@dataclass
class StandInEngine:
    """Fills the box, but for a margin, with one colour; half alpha in its lowest tenth.

    Of several candidates it takes the last ones, last first, beginning elsewhere for another box.

    A contact shadow, if asked for, fills the margin below the object over the object's width; a cast one as
    much to the right of it.
    Failures and delays can be injected; ``calls`` records what was asked of it, in order.
    """

    load_seconds: float = 0.0
    stage_seconds: float = 0.0
    load_errors: list[Exception] = field(default_factory=list)  # raised by the first loads, in order
    errors: dict[Stage, Exception] = field(default_factory=dict)  # raised once at that stage
    notes: list[str] = field(default_factory=list)
    device: str = "stand-in"
    classes: tuple[ClassInfo, ...] = CLASSES
    packs: tuple[PackInfo, ...] = PACKS
    limits: Limits = field(default_factory=Limits)
    calls: list[str] = field(default_factory=list)
    asked: list[tuple[int, int, int]] = field(default_factory=list)  # seed, variations and candidates
    loaded: bool = False

    def load(self, on_progress: Callable[[float], None]) -> None:
        self.calls.append("load")
        for step in range(5):
            on_progress(step / 5)
            time.sleep(self.load_seconds / 5)
        if self.load_errors:
            raise self.load_errors.pop(0)
        self.loaded = True

    def insert(self, request: Insert, on_stage: Callable[[Stage, float], None]) -> Iterator[Layer]:
        self.calls.append(f"insert {request.id}")
        del self.calls[:-REMEMBERED_CALLS]
        self.asked.append((request.wish.seed, request.variations, request.candidates))
        del self.asked[:-TOLD_CALLS]
        box = usable_box(request.wish.box, request.image_width, request.image_height)
        for number, stage in enumerate((Stage.MASK, Stage.OBJECT, Stage.FINISHING)):
            on_stage(stage, number / 3)
            self._take_time()
            if stage in self.errors:
                raise self.errors.pop(stage)
        for index, (seed, number) in enumerate(_seeds(request)):
            margin_x, margin_y = box.width // 8, box.height // 8
            width, height = box.width - 2 * margin_x, box.height - 2 * margin_y
            colour = stand_in_colour(request.wish.class_name, seed, number, request.wish.style)
            shown = request.reference or request.parts
            if shown is not None:
                colour = middle_colour(shown)
            below, thrown, wish = shadow_area(box), cast_area(box), request.wish
            yield Layer(
                request.id,
                index,
                request.wish.class_name,
                later_seed(seed, number),
                box.x + margin_x,
                box.y + margin_y,
                _rectangle(width, height, colour, request.depth),
                _filled(below.width, below.height, SHADOW, request.depth) if wish.shadow else None,
                below.x,
                below.y,
                _filled(thrown.width, thrown.height, CAST, request.depth) if wish.cast_shadow else None,
                thrown.x,
                thrown.y,
            )

    def light(self, request: Light, on_stage: Callable[[Stage, float], None]) -> Iterator[Lit]:
        """Says that the object shall be brighter, and makes it so: ``lit_value`` of each colour."""
        self.calls.append(f"light {request.id}")
        on_stage(Stage.OBJECT, 0.5)
        self._take_time()
        pixels = _brighter(request.object, request.strength)
        below, thrown, wish = shadow_area(request.box), cast_area(request.box), request.wish
        yield Lit(
            request.id,
            pixels,
            request.adjustments or ADJUSTMENTS,
            _filled(below.width, below.height, SHADOW, 8) if wish.shadow else None,
            below.x,
            below.y,
            _filled(thrown.width, thrown.height, CAST, 8) if wish.cast_shadow else None,
            thrown.x,
            thrown.y,
        )

    def take_notes(self) -> tuple[str, ...]:
        notes, self.notes = tuple(self.notes), []
        return notes

    def release(self) -> None:
        self.calls.append("release")

    def report(self) -> dict[str, Any]:
        return {"device": self.device, "threads": 1, "asked": self.asked}

    def _take_time(self) -> None:
        if self.stage_seconds:
            time.sleep(self.stage_seconds)


def _seeds(request: Insert) -> list[tuple[int, int]]:
    """What each layer is made of: a seed, and how many further on. A chosen one is what it is alone."""
    first, count = request.wish.seed, request.candidates
    if count <= request.variations:
        return [(first, number) for number in range(request.variations)]
    return [(seed, 0) for seed in chosen_seeds(first, count, request.variations, request.wish.box.x)]


def chosen_seeds(first: int, candidates: int, variations: int, x: int) -> list[int]:
    """The best of a row of seeds for a box that begins at ``x``, best first."""
    places = ((x + number) % candidates for number in range(variations))
    return [later_seed(first, candidates - 1 - place) for place in places]


def lit_value(value: int, strength: float = 1.0) -> int:
    """What a colour value of 8 bits becomes in the light that the stand-in gives."""
    return min(255, value + round(40 * strength))


def _brighter(cut_out: PixelFrame, strength: float) -> PixelFrame:
    table = bytes(lit_value(value, strength) for value in range(256))
    data, step = bytearray(cut_out.data), cut_out.format.bytes_per_pixel // 4
    if cut_out.format is PixelFormat.BGRA8:
        data[0::4], data[2::4] = data[2::4], data[0::4]
    for channel in range(3 * step):
        data[channel :: 4 * step] = data[channel :: 4 * step].translate(table)
    return PixelFrame(cut_out.width, cut_out.height, _LIT_FORMATS[cut_out.format], bytes(data))


def out_of_memory() -> InsertObjectError:
    """What an engine raises when the device has no memory left."""
    return InsertObjectError(
        ErrorCode.OUT_OF_MEMORY, "There was not enough memory.", "Ask for fewer variations."
    )


def shadow_area(box: Rect) -> Rect:
    """Where the shadow of an object in that box lies: the margin below the object."""
    margin_x, margin_y = box.width // 8, max(1, box.height // 8)
    return Rect(box.x + margin_x, box.bottom - margin_y, box.width - 2 * margin_x, margin_y)


def cast_area(box: Rect) -> Rect:
    """Where the cast shadow of an object in that box lies: beside its contact shadow, half out of the box."""
    below = shadow_area(box)
    return Rect(below.x + below.width // 2, below.y, below.width, below.height)


def _rectangle(width: int, height: int, colour: tuple[int, int, int], depth: int) -> PixelFrame:
    soft = height // 10
    solid, half = bytes((*colour, 255)), bytes((*colour, 128))
    return _frame(width, height, solid * (width * (height - soft)) + half * (width * soft), depth)


def _filled(width: int, height: int, colour: tuple[int, int, int, int], depth: int) -> PixelFrame:
    return _frame(width, height, bytes(colour) * (width * height), depth)


def _frame(width: int, height: int, data: bytes, depth: int) -> PixelFrame:
    if depth == 16:  # 257 × v has v in both of its bytes
        data = b"".join(bytes((value, value)) for value in data)
    return PixelFrame(width, height, PixelFormat.RGBA16 if depth == 16 else PixelFormat.RGBA8, data)
