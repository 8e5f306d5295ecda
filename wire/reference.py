"""A picture that an object's look, or its shape, is taken from: what is kept of it, where its shape goes."""

from __future__ import annotations

from dataclasses import dataclass

from .protocol import PixelFormat, PixelFrame, Rect, square_window
from .selection_shape import marked_part

SIDE = 256  # pixels; the networks look at half of that
SHOWN = 128  # alpha from which a pixel belongs to the object
_SHOWN_TABLE = bytes(int(value >= SHOWN) for value in range(256))


@dataclass(frozen=True)
class Reference:
    """Such a picture: ``pixels`` (rgba8, at most ``SIDE`` pixels each way) and what the user calls it.

    Its alpha is the object's shape; where none of it is below ``SHOWN``, nobody knows the shape, and the
    object is taken to be in the middle.
    """

    pixels: PixelFrame
    name: str = ""

    @property
    def outline(self) -> Rect | None:
        """The rectangle round the object in ``pixels``; None where the alpha tells of none."""
        alpha = bytes(self.pixels.data)[3::4]
        if min(alpha) >= SHOWN:
            return None
        return shown_part(alpha, self.pixels.width, self.pixels.height)


@dataclass(frozen=True)
class Model:
    """A reference, and what of it is taken."""

    reference: Reference
    look: bool = True
    shape: bool = False

    @classmethod
    def after(cls, before: Model | None, reference: Reference) -> Model:
        """The look of another reference, and its shape where that of the one before was taken."""
        shape = before is not None and before.shape and reference.outline is not None
        return cls(reference, before is None or before.look or not shape, shape)

    def with_parts(self, *, look: bool, shape: bool) -> Model | None:
        """Other parts of the same reference; None where nothing is taken."""
        return Model(self.reference, look, shape) if look or shape else None


def shown_part(alpha: bytes, width: int, height: int) -> Rect | None:
    """The smallest rectangle with all of a plane (``width * height`` bytes) from ``SHOWN`` on, if any."""
    return marked_part(alpha.translate(_SHOWN_TABLE), width, height)


def looked_at(part: Rect, width: int, height: int) -> Rect:
    """What to read of a picture of that size for an object that fills ``part`` of it: as much around it as
    the networks are used to."""
    return square_window(part.clipped(width, height), width, height).clipped(width, height)


def kept_size(area: Rect) -> tuple[int, int]:
    """Width and height at which an area is kept."""
    scale = min(1.0, SIDE / max(area.width, area.height))
    return max(1, round(area.width * scale)), max(1, round(area.height * scale))


def fitted(outline: Rect, box: Rect) -> Rect:
    """Where an outline goes in a box: in its own proportions, as large as fits, on the box's lower edge."""
    scale = min(box.width / outline.width, box.height / outline.height)
    width, height = max(1, round(outline.width * scale)), max(1, round(outline.height * scale))
    return Rect(box.x + (box.width - width) // 2, box.bottom - height, width, height)


def in_window(place: Rect, window: Rect, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, top, width and height of a place of the image in its window's pixels at that size."""
    across, down = size[0] / window.width, size[1] / window.height
    return (
        (place.x - window.x) * across,
        (place.y - window.y) * down,
        place.width * across,
        place.height * down,
    )


def covered(colours: bytes, alpha: bytes, width: int, height: int) -> PixelFrame:
    """An rgba8 frame of these colours (rgba8) with another alpha (one byte a pixel)."""
    pixels = bytearray(colours)
    pixels[3::4] = alpha
    return PixelFrame(width, height, PixelFormat.RGBA8, bytes(pixels))
