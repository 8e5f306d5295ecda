"""Pixels between messages and arrays: frames, bit depth, blending. Exact to the code value."""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wire.protocol import PixelFormat, PixelFrame, Rect

Samples: TypeAlias = NDArray[Any]  # uint8 or uint16

LUMA: NDArray[np.float32] = np.array([0.299, 0.587, 0.114], np.float32)  # of RGB, ITU-R BT.601

_CHANNELS = {
    PixelFormat.RGB8: (3, "u1"),
    PixelFormat.RGBA8: (4, "u1"),
    PixelFormat.BGRA8: (4, "u1"),
    PixelFormat.RGBA16: (4, "<u2"),
    PixelFormat.A8: (1, "u1"),
}


def frame_pixels(frame: PixelFrame) -> Samples:
    """The frame's pixels (height, width, channels) as a read-only view, channels as the format names them."""
    channels, dtype = _CHANNELS[frame.format]
    samples = np.frombuffer(frame.data, dtype).reshape(frame.height, frame.width, channels)
    samples.flags.writeable = False
    return samples


def pixel_frame(pixels: Samples) -> PixelFrame:
    """A frame of uint8 (h, w, 1|3|4) or uint16 (h, w, 4) pixels: a8, rgb8, rgba8 or rgba16.

    It shares the array's memory where that is in order: leave the array as it is while the frame is in use.
    """
    height, width, channels = pixels.shape
    if pixels.dtype == np.uint16:
        if channels != 4:
            raise ValueError(f"16-bit frames have four channels, not {channels}")
        return PixelFrame(width, height, PixelFormat.RGBA16, _bytes(_little_endian(pixels)))
    pixel_format = {1: PixelFormat.A8, 3: PixelFormat.RGB8, 4: PixelFormat.RGBA8}[channels]
    return PixelFrame(width, height, pixel_format, _bytes(pixels))


def _bytes(pixels: Samples) -> memoryview | bytes:
    return np.ascontiguousarray(pixels).data.cast("B") if pixels.size else b""


def to_depth(pixels: Samples, depth: int) -> Samples:
    """Pixels as uint8 (``depth`` 8) or uint16 (16), rounded to the nearest code; white stays white."""
    if depth == 8 and pixels.dtype == np.uint16:
        wide = pixels.astype(np.uint32)
        wide += 128
        wide //= 257
        return wide.astype(np.uint8)
    if depth == 16 and pixels.dtype == np.uint8:
        wider: Samples = pixels.astype(np.uint16) * np.uint16(257)
        return wider
    return pixels


def _little_endian(pixels: Samples) -> Samples:
    return pixels if sys.byteorder == "little" else pixels.byteswap()


def blend(below: Samples, above: Samples) -> Samples:
    """An opaque picture with straight-alpha pixels over it, rounded to the nearest code.

    Alpha 0 gives ``below`` and full alpha ``above``, bit for bit.

    Args:
        below: uint8 or uint16 (h, w, 3).
        above: the same dtype, (h, w, 4).
    """
    if below.dtype == np.uint8:
        image = Image.fromarray(np.ascontiguousarray(below))
        layer = Image.fromarray(np.ascontiguousarray(above))
        image.paste(layer, mask=layer)
        return np.asarray(image)
    # Division by 65535 in integers: Blinn, Three Wrongs Make a Right, IEEE CG&A 15(6), 1995.
    opacity = above[..., 3:].astype(np.uint32)
    total = above[..., :3] * opacity
    total += below * (np.uint32(65535) - opacity)
    total += np.uint32(1 << 15)
    total += total >> np.uint32(16)
    total >>= np.uint32(16)
    return total.astype(np.uint16)


def blend_over_transparent(below: Samples, above: Samples) -> Samples:
    """Porter and Duff's over for straight alpha (h, w, 4); below unchanged where above shows nothing."""
    codes = np.float64(2 ** (8 * below.itemsize) - 1)
    front = above[..., 3:] / codes
    back = below[..., 3:] / codes * (1 - front)
    total = front + back
    colours = (above[..., :3] * front + below[..., :3] * back) / np.where(total > 0, total, 1)
    mixed = np.concatenate((colours, total * codes), axis=2)
    blended: Samples = np.where(above[..., 3:] > 0, np.rint(mixed).astype(below.dtype), below)
    return blended


def bounds(present: NDArray[np.bool_]) -> Rect | None:
    """The smallest rectangle with every true pixel of (h, w), or None."""
    rows = np.flatnonzero(present.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(present.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return Rect(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)
