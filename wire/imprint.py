"""What a layer looked like when it was inserted, and what has become of it: moved, turned, painted on?

A layer that was scaled, turned or flipped has other pixels, and so has one that was painted on. They are
told apart by a small picture of the layer that is kept: if some turn of it looks as the layer does now, it
was turned; if none does, somebody has worked on it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .protocol import MAX_IMAGE_SIDE, Buffer

SMALL = 48  # pixels of the small picture's longer side
_A_SIDE = {"within": (1, SMALL)}
_LAYER_SIDE = {"within": (1, MAX_IMAGE_SIDE)}
_PACKED = {"longest": 8 * SMALL**2}  # characters; an incompressible picture takes 5.4 a pixel

_COARSE_STEP = 6.0  # degrees between the turns that are tried first
_FINE_STEPS = (2.0, 0.5)  # degrees, around the best of them
_COARSE_STRIDE = 3  # of the small picture's pixels, each way, that are looked at first
# Measured on 17 cut-outs of 90 to 600 pixels, scaled to 0.5 to 2, turned and flipped: shapes have at least
# 0.937 in common and no cell differs by more than 19 levels; painted on, some cell differs by 25 and more.
_ALIKE = 0.92  # of the two shapes' union, that both must have in common
_CELL = 3  # pixels of the small picture, each way, whose mean colour is compared
_LEVELS = 22.0  # that it may differ in
_SOLID = 0.67  # mean coverage of a cell that is compared
_STRAIGHT = 1.5  # degrees; a layer turned by less was not turned

Pixel = tuple[float, float, float, float]  # red, green, blue times coverage, and coverage, 0 to 1
Place = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Imprint:
    """What tells a layer's pixels from others.

    ``digest`` is that of its pixels in the editor's own format, which ``kind`` names. ``layer_width`` and
    ``layer_height`` are the size in pixels of the part of it that shows anything; ``packed`` is a picture of
    that part, ``width × height`` rgba8, as Base64 of what zlib makes of it.
    """

    digest: str
    kind: str
    layer_width: int = field(metadata=_LAYER_SIDE)
    layer_height: int = field(metadata=_LAYER_SIDE)
    width: int = field(metadata=_A_SIDE)
    height: int = field(metadata=_A_SIDE)
    packed: str = field(repr=False, metadata=_PACKED)

    @classmethod
    def of(
        cls, digest: str, kind: str, layer_size: tuple[int, int], small_size: tuple[int, int], rgba: Buffer
    ) -> Imprint:
        """The imprint of a layer; ``rgba`` is the small picture, straight alpha, row by row."""
        return cls(
            digest, kind, *layer_size, *small_size, base64.b64encode(zlib.compress(rgba)).decode("ascii")
        )

    def pixels(self) -> bytes:
        """The small picture, rgba8.

        Raises:
            ValueError: it is damaged, or not of its size.
        """
        size = 4 * self.width * self.height
        try:
            data = zlib.decompressobj().decompress(base64.b64decode(self.packed), size)
        except (zlib.error, binascii.Error, ValueError) as error:
            raise ValueError("the small picture is damaged") from error
        if len(data) != size:
            raise ValueError("the small picture is incomplete")
        return data


@dataclass(frozen=True)
class Standing:
    """What has become of a layer since. ``angle`` is in degrees, clockwise, after it was flipped."""

    is_changed: bool = False  # somebody has worked on its pixels
    is_flipped: bool = False  # left for right
    angle: float = 0.0

    @property
    def is_turned(self) -> bool:
        """Whether it stands at another angle than it was made at."""
        return abs(self.angle) >= _STRAIGHT

    @property
    def is_as_made(self) -> bool:
        """Whether it is as it was made, wherever it lies and however large it is."""
        return not (self.is_changed or self.is_flipped or self.is_turned)


CHANGED = Standing(is_changed=True)


class Digest:
    """Takes a layer's pixels part by part; the text of them all tells them from others."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, pixels: Buffer) -> None:
        self._hash.update(pixels)

    @property
    def text(self) -> str:
        return self._hash.hexdigest()


def small_size(width: int, height: int) -> tuple[int, int]:
    """The size of the small picture of a layer of that size."""
    scale = min(1.0, SMALL / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def standing(then: Imprint, now: Imprint, *, same_size: bool) -> Standing:
    """What has become of a layer that looked like ``then`` and looks like ``now``; wherever it lies.

    ``same_size``: the layer is as large as it was, so that it cannot have been scaled.
    """
    if then.digest == now.digest and then.kind == now.kind:
        return Standing()
    try:
        old, new = _Small(then), _Small(now)
    except ValueError:
        return CHANGED
    if not (old.mass and new.mass):
        return CHANGED
    found = _best(old, new)
    if found is None:
        return CHANGED
    is_exact = same_size and then.kind == now.kind and found == Standing()
    return CHANGED if is_exact else found  # no turn has made other pixels of it: a hand has


class _Small:
    """A small picture that can be asked for its colour at any place, in pixels of the layer."""

    def __init__(self, imprint: Imprint) -> None:
        data = imprint.pixels()
        self.width, self.height = imprint.width, imprint.height
        self.across = imprint.layer_width / self.width  # pixels of the layer for one of the picture
        self.down = imprint.layer_height / self.height
        self.rows: list[list[Pixel]] = []
        for row in range(self.height):
            line = data[4 * row * self.width : 4 * (row + 1) * self.width]
            self.rows.append(
                [
                    (r * a / 65025, g * a / 65025, b * a / 65025, a / 255)
                    for r, g, b, a in zip(line[0::4], line[1::4], line[2::4], line[3::4], strict=True)
                ]
            )
        self.mass = sum(pixel[3] for row in self.rows for pixel in row) * self.across * self.down
        self.centre = self._centre() if self.mass else (0.0, 0.0)

    def _centre(self) -> tuple[float, float]:
        weight = x = y = 0.0
        for row, pixels in enumerate(self.rows):
            for column, pixel in enumerate(pixels):
                weight += pixel[3]
                x += pixel[3] * (column + 0.5)
                y += pixel[3] * (row + 0.5)
        return x / weight * self.across, y / weight * self.down

    def at(self, x: float, y: float) -> Pixel:
        """The colour at a place between its pixels."""
        x, y = x / self.across - 0.5, y / self.down - 0.5
        left, top = math.floor(x), math.floor(y)
        right_share, lower_share = x - left, y - top
        corners = (
            (self._pixel(left, top), (1 - right_share) * (1 - lower_share)),
            (self._pixel(left + 1, top), right_share * (1 - lower_share)),
            (self._pixel(left, top + 1), (1 - right_share) * lower_share),
            (self._pixel(left + 1, top + 1), right_share * lower_share),
        )
        red, green, blue, cover = (sum(pixel[i] * share for pixel, share in corners) for i in range(4))
        return red, green, blue, cover

    def nearest(self, x: float, y: float) -> Pixel:
        return self._pixel(math.floor(x / self.across), math.floor(y / self.down))

    def _pixel(self, column: int, row: int) -> Pixel:
        if 0 <= row < self.height and 0 <= column < self.width:
            return self.rows[row][column]
        return 0.0, 0.0, 0.0, 0.0


def _best(old: _Small, new: _Small) -> Standing | None:
    """How the old picture has to be turned to look like the new one; None where nothing makes it so."""
    for flipped in (False, True):  # scaled by different shares across and down, which turns are not
        place = _stretched(old, new, flipped=flipped)
        if _looks_like(old, new, place):
            return Standing(is_flipped=flipped)
    best = (0.0, False, 0.0)
    for flipped in (False, True):
        for number in range(round(360 / _COARSE_STEP)):
            angle = number * _COARSE_STEP
            likeness = _likeness(old, new, _turned(old, new, angle, flipped=flipped), _COARSE_STRIDE)
            best = max(best, (likeness, flipped, angle))
    step = _COARSE_STEP
    for finer in _FINE_STEPS:
        _, flipped, middle = best
        count = round(step / finer)
        for number in range(-count, count + 1):
            angle = middle + number * finer
            best = max(best, (_likeness(old, new, _turned(old, new, angle, flipped=flipped)), flipped, angle))
        step = finer
    _, flipped, angle = best
    if not _looks_like(old, new, _turned(old, new, angle, flipped=flipped)):
        return None
    return Standing(is_flipped=flipped, angle=(angle + 180) % 360 - 180)


def _stretched(old: _Small, new: _Small, *, flipped: bool) -> Place:
    across = old.width * old.across / (new.width * new.across)
    down = old.height * old.down / (new.height * new.down)
    whole = old.width * old.across

    def place(x: float, y: float) -> tuple[float, float]:
        return (whole - x * across if flipped else x * across), y * down

    return place


def _turned(old: _Small, new: _Small, angle: float, *, flipped: bool) -> Place:
    """Where a pixel of the new picture was in the old one, if that was flipped, turned and scaled evenly."""
    scale = math.sqrt(old.mass / new.mass)
    cosine, sine = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    (old_x, old_y), (new_x, new_y) = old.centre, new.centre
    side = -1 if flipped else 1

    def place(x: float, y: float) -> tuple[float, float]:
        dx, dy = x - new_x, y - new_y
        return old_x + side * (cosine * dx + sine * dy), old_y - sine * dx + cosine * dy

    return place


def _pairs(old: _Small, new: _Small, place: Place, stride: int = 1) -> Iterator[tuple[Pixel, Pixel]]:
    ask = old.at if stride == 1 else old.nearest
    for row in range(stride // 2, new.height, stride):
        pixels = new.rows[row]
        for column in range(stride // 2, new.width, stride):
            yield ask(*place((column + 0.5) * new.across, (row + 0.5) * new.down)), pixels[column]


def _likeness(old: _Small, new: _Small, place: Place, stride: int = 1) -> float:
    """What the two shapes have in common, and less where colours differ."""
    common = either = apart = 0.0
    for was, now in _pairs(old, new, place, stride):
        common += min(was[3], now[3])
        either += max(was[3], now[3])
        apart += abs(was[0] - now[0]) + abs(was[1] - now[1]) + abs(was[2] - now[2])
    return (common - apart / 3) / either if either else 0.0


def _looks_like(old: _Small, new: _Small, place: Place) -> bool:
    """Whether shapes and colours are the same, but for what scaling and turning do to single pixels."""
    common = either = 0.0
    cells: dict[tuple[int, int], list[float]] = {}
    for number, (was, now) in enumerate(_pairs(old, new, place)):
        common += min(was[3], now[3])
        either += max(was[3], now[3])
        row, column = divmod(number, new.width)
        cell = cells.setdefault((row // _CELL, column // _CELL), [0.0] * 8)
        for channel in range(4):
            cell[channel] += was[channel]
            cell[4 + channel] += now[channel]
    return common > _ALIKE * either and not any(map(_differs, cells.values()))


def _differs(cell: list[float]) -> bool:
    """Whether the colour of a cell, its eight sums before and now, is another one."""
    was, now = cell[3], cell[7]
    if min(was, now) < _SOLID * _CELL**2:
        return False
    return any(255 * abs(cell[i] / was - cell[4 + i] / now) > _LEVELS for i in range(3))
