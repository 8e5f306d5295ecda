"""Feet behind the grass: the scene's own blades over the lowest pixels of an object.

Nothing is painted: where the scene shows a blade, the object is transparent. Blades are what is brighter than
its surroundings to the left and the right and goes on upwards; the clearer one stands out, the higher it
reaches. Smooth ground has none, and leaves the object as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from daemon.painting.footing import Footing
from daemon.painting.pixels import LUMA, Samples, frame_pixels, pixel_frame
from daemon.painting.resample import Floats
from daemon.painting.shadow_layer import PlacedFrame
from wire.protocol import Rect

HIGHEST = 0.11  # of the object's height: what the clearest blades reach up to
BLADE = 0.025  # of the object's height, as long as what must be bright to be a blade
APART = 9  # sent pixels across which a blade is brighter than its surroundings
LOWEST_STANDS_OUT, HIGHEST_STANDS_OUT = -1.5, 2.0  # deviations of the detail, at the foot and at the top
STEEP = 3.0  # how sharp a blade's edge is, over a deviation
OUT_OF_SHADOW = 0.75  # of a blade over the object, which is before the shadow at its feet
SMOOTH, GRASSY = 0.02, 0.05  # deviation of the detail over the brightness: no blades yet, and blades for sure


@dataclass(frozen=True)
class GrownOver:
    """An object's layer with blades over its feet; ``blades`` float32 (n, w) is how much they have taken from
    its alpha, 0..1, in the rows from ``top`` on."""

    pixels: Samples = field(repr=False)
    blades: Floats = field(repr=False)
    top: int


def behind_grass(pixels: Samples, x: int, y: int, footing: Footing) -> GrownOver | None:
    """An object's layer with the scene's blades over its feet; None where there are none.

    Args:
        pixels: uint8 or uint16 (h, w, 4), straight alpha; left as it is.
        x, y: the layer's corner in the image.
        footing: the object in its scene.
    """
    feet, view = footing.feet, footing.view
    if feet is None:
        return None
    high, wide = view.pixels.shape[:2]
    scale = view.window.width / wide  # image pixels per sent one
    cell = view.square.width / footing.size / scale  # sent pixels
    left = (view.square.x - view.window.x) / scale
    top = (view.square.y - view.window.y) / scale
    columns = np.clip((np.arange(wide) + 0.5 - left) / cell - 0.5, 0, footing.size - 1)
    ground = (top + cell * np.interp(columns, np.arange(footing.size), feet.own_ground)).astype(np.float32)
    height = feet.height * cell

    first = max(0, math.floor(ground.min() - HIGHEST * height) - 1)
    last = min(high, math.ceil(ground.max()) + 2)
    if last - first < 2:
        return None
    cover = _blades(view.pixels[first:last].astype(np.float32) @ LUMA, ground - first, height)

    above, below = view.window.y + first * scale, view.window.y + last * scale
    begin, end = max(0, math.floor(above) - y), min(pixels.shape[0], math.ceil(below) - y)
    if end <= begin or not cover.any():
        return None
    size = (pixels.shape[1], end - begin)
    source = (
        max((x - view.window.x) / scale, 0.0),
        max((y + begin - above) / scale, 0.0),
        min((x + size[0] - view.window.x) / scale, float(wide)),
        min((y + end - above) / scale, float(last - first)),
    )
    enlarged = Image.fromarray(cover).resize(size, Image.Resampling.BILINEAR, source)
    alpha = pixels[begin:end, :, 3].astype(np.float32)
    taken = alpha * np.asarray(enlarged)
    result: Samples = pixels.copy()
    result[begin:end, :, 3] = np.rint(alpha - taken)
    return GrownOver(result, taken * np.float32(1 / np.iinfo(pixels.dtype).max), begin)


def out_of_shadow(shadow: PlacedFrame, grown: GrownOver, x: int, y: int) -> PlacedFrame:
    """A shadow's layer without what would darken the blades over the object.

    Args:
        shadow: the layer, and its corner in the image.
        grown: the object with blades over it.
        x, y: the object's corner in the image.
    """
    frame, left, top = shadow
    rows, columns = grown.blades.shape
    across, down = x - left, y + grown.top - top
    both = Rect(across, down, columns, rows).clipped(frame.width, frame.height)
    if both.width < 1 or both.height < 1:
        return shadow
    blades = grown.blades[both.y - down : both.bottom - down, both.x - across : both.right - across]
    pixels = frame_pixels(frame).copy()
    alpha = pixels[both.y : both.bottom, both.x : both.right, 3]
    alpha[...] = np.rint(alpha * (1 - np.float32(OUT_OF_SHADOW) * blades))
    return pixel_frame(pixels), left, top


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
