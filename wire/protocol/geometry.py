"""The box, the window around it and what of it is sent: whole-number geometry that both ends share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import ErrorCode, InsertObjectError

MIN_BOX_SIDE = 8  # image pixels; a smaller object has no shape to speak of
WINDOW_SCALE = 1.4  # window side over the box's long side


@dataclass(frozen=True)
class Rect:
    """A rectangle in image pixels; ``x`` and ``y`` may be negative before it is clipped."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def clipped(self, width: int, height: int) -> Rect:
        """The part of the rectangle inside an image of that size; width or height 0 if there is none."""
        left, top = min(max(self.x, 0), width), min(max(self.y, 0), height)
        right, bottom = min(max(self.right, left), width), min(max(self.bottom, top), height)
        return Rect(left, top, right - left, bottom - top)

    def around(self, other: Rect) -> Rect:
        """The smallest rectangle with both in it."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rect(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def carried(self, was: Rect, now: Rect) -> Rect:
        """The rectangle when what lay at ``was`` is moved or scaled to ``now``, and takes it along."""
        across, down = now.width / max(1, was.width), now.height / max(1, was.height)
        return Rect(
            now.x + round((self.x - was.x) * across),
            now.y + round((self.y - was.y) * down),
            max(1, round(self.width * across)),
            max(1, round(self.height * down)),
        )


def usable_box(box: Rect, image_width: int, image_height: int, name: str = "box") -> Rect:
    """The box clipped to the image; ``name`` is what sentences call it, ``object`` for a layer's rectangle.

    Raises:
        InsertObjectError: ``box-too-small`` or ``box-outside``, with the sentence for the user.
    """
    if box.width < MIN_BOX_SIDE or box.height < MIN_BOX_SIDE:
        raise InsertObjectError(
            ErrorCode.BOX_TOO_SMALL,
            f"The {name} is {box.width} × {box.height} pixels, too small.",
            f"At least {MIN_BOX_SIDE} × {MIN_BOX_SIDE} pixels are needed.",
        )
    clipped = box.clipped(image_width, image_height)
    if clipped.width < 1 or clipped.height < 1:
        raise InsertObjectError(
            ErrorCode.BOX_OUTSIDE,
            f"The {name} ({box.x}, {box.y}, {box.width} × {box.height}) lies outside the picture, "
            f"which is {image_width} × {image_height} pixels.",
            "Move it onto the picture.",
        )
    if clipped.width < MIN_BOX_SIDE or clipped.height < MIN_BOX_SIDE:
        raise InsertObjectError(
            ErrorCode.BOX_TOO_SMALL,
            f"Only {clipped.width} × {clipped.height} pixels of the {name} lie on the picture, too few.",
            f"At least {MIN_BOX_SIDE} × {MIN_BOX_SIDE} pixels are needed.",
        )
    return clipped


def square_window(box: Rect, image_width: int, image_height: int) -> Rect:
    """The square around a box, ``WINDOW_SCALE`` times its long side.

    It is shifted, never shrunk, to lie inside the image; only where the image itself is smaller does it
    reach outside, by the same amount on both sides. ``box`` must lie inside the image.
    """
    side = math.ceil(max(box.width, box.height) * WINDOW_SCALE)

    def place(start: int, length: int, limit: int) -> int:
        if side >= limit:
            return -((side - limit) // 2)
        return min(max(start + (length - side) // 2, 0), limit - side)

    return Rect(place(box.x, box.width, image_width), place(box.y, box.height, image_height), side, side)


def sent_window(box: Rect, image_width: int, image_height: int) -> Rect:
    """The part of the square window that exists in the image: what a request carries."""
    return square_window(box, image_width, image_height).clipped(image_width, image_height)


def sent_size(window: Rect, limit: int) -> tuple[int, int]:
    """Width and height of the window's pixels when its longer side is scaled down to ``limit``."""
    longest = max(window.width, window.height)
    if longest <= limit:
        return window.width, window.height
    scale = limit / longest
    return max(1, round(window.width * scale)), max(1, round(window.height * scale))
