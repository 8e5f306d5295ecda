"""Cubic resampling: areas of a picture to squares for the networks, and squares enlarged to pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.painting.pixels import Samples

_BAND = 1 << 17  # pixels; half a megabyte of RGBA
_FEW = 4  # bands that are not worth a second thread
_SIDE_BY_SIDE = 2
STEEPEST = 4.0  # times that alpha's ramp becomes steeper, at most
SHARPEST = 0.7  # share of what is finer than two network pixels that is added to it, at most
_SHARPENED = (1.4, 2.2)  # image pixels for a network pixel: where that begins, and from where on it is all
_TOO_FINE = 0.08  # of the range of colours: what differs more from around it is no texture but a spot

Floats: TypeAlias = NDArray[np.float32]
Area: TypeAlias = "tuple[float, float, float, float]"  # left, top, right, bottom in source pixels


def resampled(pixels: NDArray[np.uint8], area: Area, size: int) -> Floats:
    """An area (left, top, right, bottom) of uint8 (h, w, 1|3) pixels as float32 (size, size, 1|3) in 0..1.

    Cubic and antialiased. Outside the pixels the area shows their nearest edge.
    """
    height, width, channels = pixels.shape
    left, top, right, bottom = area
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        source = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels))
        scaled = source.resize((size, size), Image.Resampling.BICUBIC, area, reducing_gap=2.0)
        square: Floats = np.asarray(scaled, np.float32).reshape(size, size, channels)
        square *= np.float32(1 / 255)
        return square
    down = _edge_weights(height, top, bottom, size)
    across = _edge_weights(width, left, right, size)
    rows = down @ pixels.reshape(height, width * channels).astype(np.float32)
    columns = across @ rows.reshape(size, width, channels)  # broadcast over the rows
    clipped: Floats = np.clip(columns * np.float32(1 / 255), 0.0, 1.0)
    return clipped


def _edge_weights(length: int, start: float, stop: float, size: int) -> Floats:
    """Weights (size, length) that resample ``start``..``stop`` of a line; beyond its ends its edge goes on.

    Keys' cubic kernel with a = -0.5, widened by the reduction: what Pillow's BICUBIC does inside.
    """
    step = (stop - start) / size
    widen = max(step, 1.0)
    centres = start + (np.arange(size) + 0.5) * step
    first = np.floor(centres - 2 * widen).astype(np.int64)
    taps = first[:, np.newaxis] + np.arange(int(np.ceil(4 * widen)) + 2)
    distance = np.abs(taps + 0.5 - centres[:, np.newaxis]) / widen
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((size, length))
    rows = np.broadcast_to(np.arange(size)[:, np.newaxis], taps.shape)
    np.add.at(matrix, (rows, np.clip(taps, 0, length - 1)), weights)
    return matrix.astype(np.float32)


def edge_contrast(scale: float) -> float:
    """How much steeper alpha's ramp becomes when a network pixel grows to ``scale`` image pixels.

    Enlarged as it is, the few pixels of a soft edge would turn into a wide veil around a large object. By
    the scale itself, an edge stays as many image pixels wide as the network made it. Beyond four times, the
    outline's own pixels would begin to show as steps.
    """
    return min(max(scale, 1.0), STEEPEST)


def sharpness(scale: float) -> float:
    """How much sharper colours become when a network pixel grows to ``scale`` image pixels: enlarged as they
    are, they would look out of focus beside the photo."""
    begin, full = _SHARPENED
    return SHARPEST * min(max((scale - begin) / (full - begin), 0.0), 1.0)


def sharpened(rgb: Floats, scale: float) -> Floats:
    """Colours (h, w, 3) of a network as they are to be enlarged ``scale`` times: unsharp masking over the
    nearest pixels, which leaves spots as they are. They may end up to a twentieth beyond 0..1."""
    amount = np.float32(sharpness(scale))
    if amount == 0:
        return rgb
    wide = np.pad(rgb, ((1, 1), (1, 1), (0, 0)), "edge")
    down = wide[:-2] + wide[2:]
    down += 2 * wide[1:-1]
    soft = down[:, :-2] + down[:, 2:]
    soft += 2 * down[:, 1:-1]
    fine = rgb - soft / np.float32(16)
    sharp: Floats = rgb + amount * np.clip(fine, -_TOO_FINE, _TOO_FINE, out=fine)
    return sharp


def enlarged_8(rgb: Floats, alpha: Floats, target: tuple[int, int], source: Area) -> Samples:
    """RGBA uint8 (h, w, 4) of the source area. As RGBX, because Pillow multiplies RGBA by its alpha."""
    x0, y0, x1, y1 = _around(source, target, alpha.shape[0])
    scale = target[0] / (source[2] - source[0])
    colours = sharpened(rgb[y0:y1, x0:x1], scale)
    codes = np.empty((y1 - y0, x1 - x0, 4), np.uint8)
    for channel in range(4):
        plane = alpha[y0:y1, x0:x1] if channel == 3 else colours[..., channel]
        scaled = plane * np.float32(255)
        scaled += np.float32(0.5)
        codes[..., channel] = np.clip(scaled, 0, 255, out=scaled)
    image = Image.frombuffer("RGBX", (x1 - x0, y1 - y0), codes, "raw", "RGBX", 0, 1)
    box = (source[0] - x0, source[1] - y0, source[2] - x0, source[3] - y0)
    contrast = edge_contrast(scale)
    steep = np.clip((np.arange(256) - 127.5) * contrast + 128.0, 0, 255).astype(np.uint8)
    pixels: Samples = np.empty((target[1], target[0], 4), np.uint8)

    def enlarge(rows: slice) -> None:
        size = (target[0], rows.stop - rows.start)
        band = image.resize(size, Image.Resampling.BICUBIC, band_of(box, rows, target[1]))
        enlarged = np.asarray(band)
        pixels[rows] = enlarged
        if contrast > 1:
            pixels[rows, :, 3] = np.take(steep, enlarged[..., 3])

    in_bands(target[1], target[0], enlarge)
    return pixels


def band_of(source: Area, rows: slice, height: int) -> Area:
    """The part of a source area that some of the ``height`` rows made of it show."""
    left, top, right, bottom = source
    down = (bottom - top) / height
    return left, top + rows.start * down, right, min(top + rows.stop * down, bottom)


def in_bands(height: int, width: int, work: Callable[[slice], None]) -> None:
    """Does ``work`` for bands of rows that together make ``height``; those of a large picture side by side.

    A band fits a processor's own cache. Work must be in libraries that let other threads go on meanwhile.
    """
    rows = max(1, _BAND // width)
    bands = [slice(top, min(top + rows, height)) for top in range(0, height, rows)]
    if len(bands) < 2 * _FEW:
        for band in bands:
            work(band)
        return
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        list(pool.map(work, bands))


def enlarged_16(rgb: Floats, alpha: Floats, target: tuple[int, int], source: Area) -> Samples:
    """RGBA uint16 (h, w, 4) of the source area, one channel at a time in float."""
    pixels = np.empty((target[1], target[0], 4), np.uint16)
    scale = target[0] / (source[2] - source[0])
    colours = sharpened(rgb, scale)
    for channel in range(4):
        plane = alpha if channel == 3 else colours[..., channel]
        image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
        scaled = np.array(image.resize(target, Image.Resampling.BICUBIC, source))
        if channel == 3:
            contrast = np.float32(edge_contrast(scale))
            scaled = (scaled - np.float32(0.5)) * contrast + np.float32(0.5)
        scaled *= np.float32(65535)
        scaled += np.float32(0.5)
        pixels[..., channel] = np.clip(scaled, 0, 65535, out=scaled)
    return pixels


def _around(source: Area, target: tuple[int, int], size: int) -> tuple[int, int, int, int]:
    """Whole network pixels that hold the source area and all that the cubic kernel reads around it."""
    left, top, right, bottom = source
    reach = 1 + math.ceil(2 * max(1.0, (right - left) / target[0], (bottom - top) / target[1]))
    return (
        max(math.floor(left) - reach, 0),
        max(math.floor(top) - reach, 0),
        min(math.ceil(right) + reach, size),
        min(math.ceil(bottom) + reach, size),
    )
