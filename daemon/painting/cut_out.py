"""A cut-out: an object's own pixels with transparency around, its size, and what of it is to be seen."""

from __future__ import annotations

import sys

import numpy as np
from PIL import Image

from daemon.painting.pixels import Samples, bounds, pixel_frame, to_depth
from daemon.painting.resample import Floats, resampled
from wire.protocol import MAX_IMAGE_SIDE, ErrorCode, InsertObjectError, PixelFrame, Rect

JUDGED_PIXELS = 200  # longest side of what is sent to have its light judged: thrice what judges it
_TAKEN = {1: 34, 2: 46}  # by bytes per sample: bytes per pixel at the peak of scaling and lighting; measured


class UnsuitableCutOut(InsertObjectError):
    """A picture that is no cut-out, or a size that it cannot have."""

    def __init__(self, sentence: str, hint: str, code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(code, sentence, hint)


def visible_part(pixels: Samples) -> Rect:
    """The smallest rectangle with all that a cut-out shows.

    Args:
        pixels: uint8 or uint16 (h, w, 3|4), straight alpha.

    Raises:
        UnsuitableCutOut: it has no transparency, or nothing else.
    """
    if pixels.shape[2] == 3 or pixels[..., 3].min() == np.iinfo(pixels.dtype).max:
        raise UnsuitableCutOut(
            "The object has no transparency around it, so its outline is not known.",
            "Cut it out first: in GIMP add an alpha channel to its layer, select what surrounds it and "
            "delete that, then export a PNG.",
        )
    shown = bounds(pixels[..., 3] > 0)
    if shown is None:
        raise UnsuitableCutOut("The object is transparent everywhere.", "Give one that shows something.")
    return shown


def scaled(pixels: Samples, scale: float, memory: int = sys.maxsize) -> Samples:
    """A cut-out (h, w, 4) at another size, of the same depth; at scale 1 the very same pixels.

    Args:
        memory: bytes that scaling, and lighting what comes of it, may take.

    Raises:
        UnsuitableCutOut: there is nothing of that size, or no memory for it.
    """
    height, width = pixels.shape[:2]
    size = (round(width * scale), round(height * scale)) if 0 < scale < MAX_IMAGE_SIDE else (0, 0)
    if min(size) < 1 or max(size) > MAX_IMAGE_SIDE:
        raise UnsuitableCutOut(
            f"An object of {width} × {height} pixels cannot be scaled by {scale:g}.",
            "Give a scale such as 0.5 or 2.",
        )
    if size == (width, height):
        return pixels
    needed = size[0] * size[1] * _TAKEN[pixels.itemsize]
    if needed > memory:
        gigabytes = f"{needed / 1e9:.1f} GB of memory, more than is free"
        raise UnsuitableCutOut(
            f"An object of {size[0]} × {size[1]} pixels needs {gigabytes}.",
            "Give a smaller scale: 0.5 makes it half as wide, 2 twice as wide.",
            ErrorCode.TOO_LARGE,
        )
    most = float(np.iinfo(pixels.dtype).max)
    alpha = _resized(pixels[..., 3] / np.float32(most), size)
    result = np.empty((size[1], size[0], 4), pixels.dtype)
    shown = np.maximum(alpha, np.float32(1e-4))
    for channel in range(3):  # under their alpha, so that what is transparent lends no colour
        covered = _resized(pixels[..., channel] * (pixels[..., 3] / np.float32(most)), size)
        result[..., channel] = np.rint(np.clip(covered / shown, 0, most))
    result[..., 3] = np.rint(np.clip(alpha, 0, 1) * most)
    return result


def _resized(plane: Floats, size: tuple[int, int]) -> Floats:
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def in_square(pixels: Samples, box: Rect, square: Rect, size: int) -> tuple[Floats, Floats]:
    """A cut-out that fills ``box``, seen in ``square``: colours (size, size, 3), alpha (size, size) in 0..1.

    Args:
        pixels: uint8 (h, w, 4), straight alpha.
        box, square: rectangles in image pixels, of any place to each other.
        size: cells along the square's side.
    """
    across, down = pixels.shape[1] / box.width, pixels.shape[0] / box.height
    fewer = int(min(square.width * across, square.height * down) / (4 * size))
    if fewer > 1:  # many times more pixels than cells: averaged by whole numbers first
        image = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGBa").reduce(fewer)
        pixels = np.asarray(image.convert("RGBA"))
        across, down = pixels.shape[1] / box.width, pixels.shape[0] / box.height
    area = (
        (square.x - box.x) * across + 1,
        (square.y - box.y) * down + 1,
        (square.right - box.x) * across + 1,
        (square.bottom - box.y) * down + 1,
    )
    opacity = pixels[..., 3:].astype(np.uint16)
    covered = ((pixels[..., :3] * opacity + 127) // 255).astype(np.uint8)
    frame = ((1, 1), (1, 1), (0, 0))
    alpha = resampled(np.pad(pixels[..., 3:], frame), area, size)
    colours = resampled(np.pad(covered, frame), area, size) / np.maximum(alpha, np.float32(1 / 255))
    return np.clip(colours, 0, 1).astype(np.float32), np.ascontiguousarray(alpha[..., 0])


def judged_object(pixels: Samples) -> PixelFrame:
    """A cut-out (h, w, 4) as a request sends it whose answer is only read for its adjustments: rgba8."""
    part = to_depth(pixels, 8)
    longest = max(part.shape[:2])
    if longest > JUDGED_PIXELS:
        width, height = (max(1, round(part.shape[axis] * JUDGED_PIXELS / longest)) for axis in (1, 0))
        image = Image.fromarray(np.ascontiguousarray(part)).convert("RGBa")  # under its alpha
        part = np.asarray(image.resize((width, height), Image.Resampling.BOX).convert("RGBA"))
    return pixel_frame(part)
