"""Feet behind the grass: the scene's own blades over the lowest pixels of an object.

Nothing is painted: where the scene shows a blade, the object is transparent. Blades are what is brighter than
its surroundings to the left and the right and goes on upwards; the clearer one stands out, the higher it
reaches. Smooth ground has none, and leaves the object as it is.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from daemon.painting.footing import Feet, Footing
from daemon.painting.pixels import Samples, frame_pixels, pixel_frame
from daemon.painting.resample import Floats, band_of, in_bands
from daemon.painting.shadow_layer import PlacedFrame
from wire.protocol import Rect

HIGHEST = 0.11  # of the object's height: what the clearest blades reach up to
BLADE = 0.025  # of the object's height, as long as what must be bright to be a blade
APART = 9  # sent pixels across which a blade is brighter than its surroundings
LOWEST_STANDS_OUT, HIGHEST_STANDS_OUT = -1.5, 2.0  # deviations of the detail, at the foot and at the top
STEEP = 3.0  # how sharp a blade's edge is, over a deviation
OUT_OF_SHADOW = 0.75  # of a blade over the object, which is before the shadow at its feet
SMOOTH, GRASSY = 0.02, 0.05  # deviation of the detail over the brightness: no blades yet, and blades for sure
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def behind_grass(pixels: Samples, x: int, y: int, footing: Footing) -> Samples:
    """An object's layer with the scene's blades over its feet.

    Args:
        pixels: uint8 or uint16 (h, w, 4), straight alpha; left as it is.
        x, y: the layer's corner in the image.
        footing: the object in its scene.
    """
    feet = footing.feet
    return pixels if feet is None else _behind(pixels, x, y, footing, feet)


def out_of_shadow(shadow: PlacedFrame, whole: Samples, grown_over: Samples, x: int, y: int) -> PlacedFrame:
    """A shadow's layer without what would darken the blades over the object.

    Args:
        shadow: the layer, and its corner in the image.
        whole, grown_over: the object's layer without and with blades, of the shadow's depth.
        x, y: the object's corner in the image.
    """
    frame, left, top = shadow
    both = Rect(x - left, y - top, whole.shape[1], whole.shape[0]).clipped(frame.width, frame.height)
    if both.width < 1 or both.height < 1:
        return shadow
    rows = slice(both.y + top - y, both.bottom + top - y)
    columns = slice(both.x + left - x, both.right + left - x)
    blades = (whole[rows, columns, 3] - grown_over[rows, columns, 3]) / np.float32(np.iinfo(whole.dtype).max)
    pixels = frame_pixels(frame).copy()
    alpha = pixels[both.y : both.bottom, both.x : both.right, 3]
    alpha[...] = np.rint(alpha * (1 - np.float32(OUT_OF_SHADOW) * blades))
    return pixel_frame(pixels), left, top


def _behind(pixels: Samples, x: int, y: int, footing: Footing, feet: Feet) -> Samples:
    view = footing.view
    high, wide = view.pixels.shape[:2]
    scale = view.window.width / wide  # image pixels per sent one
    cell = view.square.width / footing.size / scale  # sent pixels
    left = (view.square.x - view.window.x) / scale
    top = (view.square.y - view.window.y) / scale
    columns = np.clip((np.arange(wide) + 0.5 - left) / cell - 0.5, 0, footing.size - 1)
    ground = top + cell * np.interp(columns, np.arange(footing.size), feet.own_ground)
    height = feet.height * cell

    first = max(0, math.floor(ground.min() - HIGHEST * height) - 1)
    last = min(high, math.ceil(ground.max()) + 2)
    if last - first < 2:
        return pixels
    cover = _blades(view.pixels[first:last] @ _LUMA, ground - first, height)

    above, below = view.window.y + first * scale, view.window.y + last * scale
    begin, end = max(0, math.floor(above) - y), min(pixels.shape[0], math.ceil(below) - y)
    if end <= begin or not cover.any():
        return pixels
    result: Samples = pixels.copy()
    picture = Image.fromarray(np.rint(cover * 255).astype(np.uint8))
    size = (pixels.shape[1], end - begin)
    source = (
        max((x - view.window.x) / scale, 0.0),
        max((y + begin - above) / scale, 0.0),
        min((x + size[0] - view.window.x) / scale, float(wide)),
        min((y + end - above) / scale, float(last - first)),
    )

    def thin(rows: slice) -> None:
        part = (size[0], rows.stop - rows.start)
        covered = np.asarray(picture.resize(part, Image.Resampling.BICUBIC, band_of(source, rows, size[1])))
        alpha = result[begin + rows.start : begin + rows.stop, :, 3]
        alpha[...] = np.rint(alpha * (1 - covered / np.float32(255)))

    in_bands(size[1], size[0], thin)
    return result


def _blades(luma: Floats, ground: Floats, height: float) -> Floats:
    """How much blades cover, 0..1, in rows (h, w) of the scene; ``ground`` (w,) is the row of the ground."""
    length = max(3, round(BLADE * height))
    streaks = _mean(luma.T, length).T
    detail = streaks - _mean(streaks, APART)
    deviation = float(detail.std())
    grassy = (deviation / (float(luma.mean()) + 1) - SMOOTH) / (GRASSY - SMOOTH)
    if grassy <= 0:
        return np.zeros_like(luma)
    up = (ground - np.arange(luma.shape[0], dtype=np.float32)[:, np.newaxis] - 0.5) / (HIGHEST * height)
    needed = LOWEST_STANDS_OUT + (HIGHEST_STANDS_OUT - LOWEST_STANDS_OUT) * up
    cover = 1 / (1 + np.exp(-STEEP * (detail / deviation - needed)))
    cover *= min(grassy, 1.0) * np.clip((1 - up) * 4, 0, 1)
    covered: Floats = cover.astype(np.float32)
    return covered


def _mean(lines: Floats, length: int) -> Floats:
    """The mean of ``length`` neighbours along each line (n, m); the ends go on."""
    before = length // 2
    padded = np.pad(lines, ((0, 0), (before + 1, length - 1 - before)), mode="edge")
    sums = np.cumsum(padded, axis=1, dtype=np.float64)
    means: Floats = ((sums[:, length:] - sums[:, :-length]) / length).astype(np.float32)
    return means
