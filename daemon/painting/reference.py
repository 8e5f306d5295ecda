"""A reference picture: the part of it that shows the object, and the object's outline in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.painting.pixels import Samples, bounds, pixel_frame, to_depth
from daemon.painting.resample import Floats
from wire.protocol import (
    MAX_PARTS_SIDE,
    ErrorCode,
    InsertObjectError,
    PixelFrame,
    Rect,
    square_window,
    usable_box,
)
from wire.reference import SHOWN, fitted

SENT_SIDE = 1024  # pixels; a larger reference tells no more about an object's look
_RIM = 0.3  # width of the soft edge of an ellipse, in its half axes


class UnsuitableReference(InsertObjectError):
    """A reference picture that does not show what is needed of it."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


def looked_at(reference: Samples, box: Rect | None) -> Samples:
    """What the appearance is read from: uint8 (h, w, 3|4), its alpha, if there is one, the object's shape.

    Args:
        reference: uint8 or uint16 (H, W, 3|4).
        box: the part that shows the object, None for all. In a picture without transparency an ellipse in the
            box stands for the object; the networks also see as much around it as they are used to.

    Raises:
        InsertObjectError: ``box-too-small`` or ``box-outside``; ``bad-request`` if nothing is shown there.
    """
    pixels = to_depth(reference, 8)
    if box is None:
        return pixels
    height, width = pixels.shape[:2]
    inside = usable_box(box, width, height)
    window = square_window(inside, width, height).clipped(width, height)
    alpha = np.zeros((window.height, window.width, 1), np.uint8)
    left, top = inside.x - window.x, inside.y - window.y
    rows, columns = slice(top, top + inside.height), slice(left, left + inside.width)
    part = pixels[window.y : window.bottom, window.x : window.right]
    if _is_cut_out(pixels):
        alpha[rows, columns] = part[rows, columns, 3:]
    else:
        alpha[rows, columns, 0] = np.rint(255 * soft_ellipse(inside.height, inside.width, 1.0))
    if int(alpha.max()) < SHOWN:
        raise UnsuitableReference(
            "The reference picture shows nothing inside its box.", "Draw the box around the object."
        )
    return np.concatenate((part[..., :3], alpha), axis=2)


def reference_frame(reference: Samples, box: Rect | None) -> PixelFrame:
    """What of the reference is sent: rgb8 or rgba8, scaled down to ``SENT_SIDE``; arguments as ``looked_at``.

    Raises:
        InsertObjectError: as ``looked_at``.
    """
    pixels = np.ascontiguousarray(looked_at(reference, box))
    if max(pixels.shape[:2]) > SENT_SIDE:
        image = Image.fromarray(pixels)
        image.thumbnail((SENT_SIDE, SENT_SIDE), Image.Resampling.LANCZOS)
        pixels = np.asarray(image)
    return pixel_frame(pixels)


def soft_ellipse(height: int, width: int, reach: float) -> Floats:
    """An ellipse in the middle, float32 (height, width) in 0..1; ``reach`` is its size over the rectangle's.

    It stands for an object whose outline nobody knows. With the first weights, codes of 160 held-out objects
    came to lie about half as far from those under the true mask as codes of all that their pictures show.
    """
    down = (np.arange(height) + 0.5) / height * 2 - 1
    across = (np.arange(width) + 0.5) / width * 2 - 1
    away = np.hypot(down[:, np.newaxis], across) / reach
    ellipse: Floats = np.clip((1 - away) / _RIM + 0.5, 0, 1).astype(np.float32)
    return ellipse


def fitted_shape(reference: Samples, reference_box: Rect | None, box: Rect, size: tuple[int, int]) -> Samples:
    """The reference's outline as a mask for an insertion, uint8 (H, W), 255 inside.

    It keeps its proportions, is as large as the box allows, and stands on the box's lower edge.

    Args:
        reference: uint8 or uint16 (h, w, 4), cut out: transparent around the object.
        reference_box: the part that shows the object, None for all.
        box: where the object goes; it may reach over the border.
        size: the picture's width and height.

    Raises:
        InsertObjectError: ``bad-request`` if the reference is not cut out, or shows nothing.
    """
    pixels, part = _outlined(reference, reference_box)
    outline = np.ascontiguousarray(pixels[part.y : part.bottom, part.x : part.right, 3])
    return _placed(outline, fitted(part, box), size)


def parts_frame(reference: Samples, reference_box: Rect | None) -> PixelFrame:
    """What the parts of ``fitted_shape`` are read from: that part of the reference alone, rgba8, at most
    ``MAX_PARTS_SIDE`` pixels each way; arguments and errors as there."""
    pixels, part = _outlined(reference, reference_box)
    image = Image.fromarray(np.ascontiguousarray(pixels[part.y : part.bottom, part.x : part.right]))
    image.thumbnail((MAX_PARTS_SIDE, MAX_PARTS_SIDE), Image.Resampling.LANCZOS)
    return pixel_frame(np.asarray(image))


def _outlined(reference: Samples, box: Rect | None) -> tuple[Samples, Rect]:
    """A cut-out's pixels, uint8 (h, w, 4), and the rectangle of what it shows inside the box."""
    pixels = to_depth(reference, 8)
    if not _is_cut_out(pixels):
        raise UnsuitableReference(
            "The reference picture has no transparency, so it does not tell the object's shape.",
            "Cut the object out and save it as PNG, or leave the shape to the networks.",
        )
    height, width = pixels.shape[:2]
    part = usable_box(box, width, height) if box else Rect(0, 0, width, height)
    shown = bounds(pixels[part.y : part.bottom, part.x : part.right, 3] >= SHOWN)
    if shown is None:
        raise UnsuitableReference(
            "The reference picture shows nothing there.", "Give a picture of the object, cut out."
        )
    return pixels, Rect(part.x + shown.x, part.y + shown.y, shown.width, shown.height)


def _placed(outline: NDArray[np.uint8], place: Rect, size: tuple[int, int]) -> Samples:
    """The outline scaled to its place in a picture of that size; what lies outside is not computed."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    inside = place.clipped(*size)
    if inside.width > 0 and inside.height > 0:
        height, width = outline.shape
        shown = (
            (inside.x - place.x) * width / place.width,
            (inside.y - place.y) * height / place.height,
            (inside.right - place.x) * width / place.width,
            (inside.bottom - place.y) * height / place.height,
        )
        part = Image.fromarray(outline).resize((inside.width, inside.height), Image.Resampling.HAMMING, shown)
        mask[inside.y : inside.bottom, inside.x : inside.right] = np.asarray(part)
    return mask


def tells_shape(alpha: NDArray[np.uint8]) -> bool:
    """Whether a picture's alpha is its object's outline; else nobody knows the shape, as without an alpha."""
    return int(alpha.min()) < SHOWN


def _is_cut_out(pixels: Samples) -> bool:
    return pixels.shape[2] == 4 and tells_shape(pixels[..., 3])
