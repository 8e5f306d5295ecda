"""The contact shadow of an object: soft, where it touches the ground, and lying away from the light.

It is read off the object's outline and the scene alone, whatever the class. The object's lowest points near
its foot line touch the ground. What it does to the light there is added up slice by slice: a slice of the
object close above the ground darkens a narrow strip of it, a higher one a wider, fainter strip, moved away
from the light. So the shadow is dark and sharp under the feet and dissolves with the distance from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.painting.pixels import pixel_frame
from daemon.painting.resample import Floats, band_of, in_bands
from daemon.painting.scene import SceneView, bounds, enlarged_area, square_pixels
from wire.protocol import PixelFrame

MOST = 0.6  # alpha at its darkest
SOLID = 0.5  # alpha from which a cell belongs to the object
FOOT_BAND = 0.2  # of the object's height: what ends within it above the lowest point stands on the ground
SLICES = (0.0, 0.04, 0.09, 0.16, 0.25, 0.36, 0.5, 0.66)  # heights above the ground, in object heights
FADE = 0.4  # height, in object heights, at which a slice counts 1/e
SOFTNESS = 0.4  # a slice's blur over its height
SHARPEST = 0.012  # of the window's side: the blur where the object touches the ground
FORESHORTENED = 0.5  # how much flatter than wide the ground is seen before the feet
BEHIND = 0.5  # how much of that it is behind them, where the shadow would climb the object
STEEPEST = 0.35  # of the line from foot to foot; a steeper one is the rim of a foot
LONGEST_SHEAR = 1.1  # a shadow's shift over the height of what throws it, in the most slanting light
DENSITY = 0.85  # of a slice that blocks everything, just above the ground
TOUCH = 2.5  # times that, where the object touches it
TINT = 0.12  # the shadow's colour over the ground's
EDGE = 0.05  # of the window's side: the shadow fades out before a border that is not the picture's
NEIGHBOUR = 4  # cells of the sampled scene between places that are compared
LIGHT_OVER_SLOPE = 2.0  # a scene that darkens by 40 % across the window is lit from one side alone
GROUND_SAMPLE = 32  # cells along the side of the scene that light and ground are read from


@dataclass(frozen=True)
class _Feet:
    """Where the object stands, a number for each column of the square, in cells."""

    ground: Floats  # the row of the ground
    columns: NDArray[np.intp]  # those that hold some of the object
    height: float  # of the object


def contact_shadow(alpha: Floats, view: SceneView, *, depth: int) -> tuple[PixelFrame, int, int] | None:
    """The shadow as a layer to put below the object's.

    Args:
        alpha: float32 (S, S) in 0..1, the object in the whole square.
        view: the scene that the square was taken from.
        depth: bits per sample of the layer, 8 or 16.

    Returns:
        The pixels (rgba8 or rgba16, straight alpha) and the x and y of their corner in the image; None if
        the object touches no ground that the picture shows.
    """
    feet = _feet(alpha)
    if feet is None or feet.ground[feet.columns].min() >= _last_row(view, alpha.shape[0]):
        return None
    scene = square_pixels(view, GROUND_SAMPLE)
    shear = LONGEST_SHEAR * _light_from_the_left(scene, alpha)
    shadow = MOST * (1 - np.exp(-DENSITY * _blocked(alpha, feet, shear)))
    shadow *= _inside(view, alpha.shape[0])
    return _layer(shadow.astype(np.float32), _colour(scene, feet, alpha.shape[0]), view, depth)


# --- Where it stands --------------------------------------------------------------------------------


def _feet(alpha: Floats) -> _Feet | None:
    """The ground under the object: lines from foot to foot, level beyond the outermost ones."""
    size = alpha.shape[0]
    solid = alpha >= SOLID
    columns = np.flatnonzero(solid.any(axis=0))
    if columns.size < 2:
        return None
    top = int(np.flatnonzero(solid.any(axis=1))[0])
    lowest = size - np.argmax(solid[::-1, columns], axis=0).astype(np.float64)  # the row below each column
    height = float(lowest.max() - top)
    standing = lowest >= lowest.max() - FOOT_BAND * height
    places = columns[standing]
    hull = _lower_hull(places.astype(np.float64), lowest[standing])
    every = np.arange(size)
    line = np.interp(every, places[hull], lowest[standing][hull])
    slopes = STEEPEST * np.abs(every[:, np.newaxis] - places)
    line = np.maximum(line, (line[places] - slopes).max(axis=1))
    return _Feet(line.astype(np.float32), columns, height)


def _lower_hull(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[int]:
    """Indices of the points over which a string under the points (x rising, y downwards) is stretched.

    Source: Andrew, Another efficient algorithm for convex hulls in two dimensions, 1979.
    """
    hull: list[int] = []
    for place in range(len(x)):
        while len(hull) >= 2:
            one, two = hull[-2], hull[-1]
            turn = (x[two] - x[one]) * (y[place] - y[one]) - (y[two] - y[one]) * (x[place] - x[one])
            if turn < 0:
                break
            hull.pop()
        hull.append(place)
    return hull


# --- The light --------------------------------------------------------------------------------------


def _light_from_the_left(scene: Floats, alpha: Floats) -> float:
    """How much the light comes from the left (1) or the right (-1), read off how the scene darkens there.

    Light that falls in from one side makes nearly every place a little brighter than its neighbour on the
    other side. A wood or a wall changes few places by much: the median does not see it, and the share of
    places that agree says how far to believe the median.
    """
    side = scene.shape[0]
    light = np.log(scene @ np.array([0.2126, 0.7152, 0.0722], np.float32) + 0.02)  # ITU-R BT.709
    covered = np.asarray(Image.fromarray(alpha).resize((side, side), Image.Resampling.BOX)) > 0.1
    darker = light[:, :-NEIGHBOUR] - light[:, NEIGHBOUR:]  # (side, side - NEIGHBOUR) to the right
    free = ~(covered[:, :-NEIGHBOUR] | covered[:, NEIGHBOUR:])
    if int(free.sum()) < side:
        return 0.0
    seen = darker[free]
    slope = float(np.median(seen)) * side / NEIGHBOUR  # over the window
    agreed = abs(float(np.sign(seen).mean()))
    light_from_left: float = max(-1.0, min(LIGHT_OVER_SLOPE * slope, 1.0)) * agreed
    return light_from_left


def _colour(scene: Floats, feet: _Feet, size: int) -> Floats:
    """The shadow's colour: the ground under the feet, much darker."""
    side = scene.shape[0]
    foot = int(feet.ground.max()) * side // size
    left, right = feet.columns[0] * side // size, feet.columns[-1] * side // size
    ground = scene[max(0, min(foot, side - 2) - 1) : min(foot, side - 2) + 3, left : right + 1]
    colour: Floats = np.median(ground.reshape(-1, 3), axis=0).astype(np.float32) * np.float32(TINT)
    return colour


# --- The shadow -------------------------------------------------------------------------------------


def _blocked(alpha: Floats, feet: _Feet, shear: float) -> Floats:
    """How much light each cell of the ground lacks, float (S, S), 0 and up."""
    size = alpha.shape[0]
    ground = feet.ground
    total = np.zeros((size, size), np.float32)
    rows = np.arange(size, dtype=np.float32)[:, np.newaxis] + np.float32(0.5)
    sharpest = SHARPEST * size
    for share in SLICES:
        height = share * feet.height
        blur = sharpest + SOFTNESS * height
        profile = _slice(alpha, ground, height)
        moved = np.interp(np.arange(size) - shear * height, np.arange(size), profile, left=0, right=0)
        profile = _blurred(moved, blur) * (np.exp(-share / FADE) if share else TOUCH)
        reach = np.float32(FORESHORTENED * blur + 0.5 * sharpest)
        first = max(0, int(ground.min() - 3 * reach) - 1)
        last = min(size, int(ground.max() + 3 * reach) + 2)
        away = (rows[first:last] - ground) / reach
        np.maximum(away, away * np.float32(-1 / BEHIND), out=away)
        total[first:last] += np.exp(np.float32(-0.5) * away**2) * profile.astype(np.float32)
    return total


def _slice(alpha: Floats, ground: Floats, height: float) -> NDArray[np.float64]:
    """The object's alpha at a height above the ground, for each column."""
    size = alpha.shape[0]
    row = np.clip(np.rint(ground - 1 - height).astype(np.intp), 0, size - 1)
    found: NDArray[np.float64] = alpha[row, np.arange(size)].astype(np.float64)
    return found


def _blurred(profile: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """A line under a Gaussian."""
    reach = int(np.ceil(3 * deviation))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    blurred: NDArray[np.float64] = np.convolve(np.pad(profile, reach), kernel / kernel.sum(), "valid")
    return blurred


def _inside(view: SceneView, size: int) -> Floats:
    """1 inside, falling to 0 at those borders of the square beyond which the picture goes on."""
    ramp = np.clip((np.arange(size) + 0.5) / (EDGE * size), 0, 1)
    square = view.square
    left = ramp if square.x > 0 else np.ones(size)
    right = ramp[::-1] if square.right < view.image_width else np.ones(size)
    above = ramp if square.y > 0 else np.ones(size)
    below = ramp[::-1] if square.bottom < view.image_height else np.ones(size)
    inside: Floats = ((above * below)[:, np.newaxis] * (left * right)).astype(np.float32)
    return inside


def _last_row(view: SceneView, size: int) -> float:
    """Where the picture ends below, in cells of the square."""
    return (view.image_height - view.square.y) * size / view.square.height


def _layer(shadow: Floats, colour: Floats, view: SceneView, depth: int) -> tuple[PixelFrame, int, int] | None:
    """The shadow in image pixels, cut to what is visible of it."""
    codes, dtype = (255, np.uint8) if depth == 8 else (65535, np.uint16)
    shown = bounds(shadow >= 1 / 255)
    placed = enlarged_area(shown, view, shadow.shape[0]) if shown else None
    if placed is None:
        return None
    area, source = placed
    pixels = np.empty((area.height, area.width, 4), dtype)
    tint = np.empty((1, 1, 4), dtype)
    tint[..., :3] = np.rint(np.clip(colour, 0, 1) * codes)
    picture = Image.fromarray(np.rint(shadow * np.float32(255)).astype(np.uint8) if depth == 8 else shadow)

    def enlarge(rows: slice) -> None:
        size = (area.width, rows.stop - rows.start)
        band = picture.resize(size, Image.Resampling.BICUBIC, band_of(source, rows, area.height))
        opacity = np.asarray(band)
        pixels[rows] = tint
        if depth == 8:  # soft as it is, eight bits are enough to enlarge it from
            pixels[rows, :, 3] = np.minimum(opacity, round(MOST * 255))
        else:
            pixels[rows, :, 3] = np.rint(np.clip(opacity, 0, MOST) * codes)

    in_bands(area.height, area.width, enlarge)
    visible = bounds(pixels[..., 3] > 0)
    if visible is None:
        return None
    cut = pixels[visible.y : visible.bottom, visible.x : visible.right]
    return pixel_frame(cut), area.x + visible.x, area.y + visible.y
