"""The cast shadow of an object: its outline on the ground, sharp and dark at the feet, soft and weak far off.

The object is taken for a sheet that stands on the ground under its feet. A point of it falls on the ground
the farther from them, the higher it is; there it darkens less, and is blurred more. Points are laid down in a
few grids by their blur, and each grid is blurred as a whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daemon.painting.footing import Feet, Footing
from daemon.painting.resample import Floats
from daemon.painting.shadow_layer import PlacedFrame, Sheet, shadow_layer
from wire.protocol import MAX_LAYER_PIXELS, Rect, Wish

FORESHORTENED = 0.45  # how much shorter than across the ground is seen away from the viewer
FLATTEST = 0.1  # of the shadow's length: it never falls so exactly to one side that it is a line
MOST = 1.0  # alpha at the feet, at full strength
FAR_OFF = 0.5  # of that, where the top of the object falls
SHARPEST = 0.006  # of the window's side: the blur at the feet
SOFTEST = 0.08  # of the way that a point falls: its blur, at full softness
FLAT_BLUR = 0.5  # how much less the ground is blurred away from the viewer than across
BLURS = 3  # grids
LEG = 0.4  # of the object's height: so far up it stands on the ground of its own foot, not on all the feet's
LARGEST = MAX_LAYER_PIXELS // 4  # image pixels of a shadow that may leave the window
SEEN = 0.02  # alpha of a point that casts a shadow
SIDEWAYS = 75.0  # degrees off the line of sight, in the most slanting light


@dataclass(frozen=True)
class _Points:
    """Where points of the object fall, in cells of the square; each array (N,)."""

    x: Floats
    y: Floats
    dark: Floats  # how much light a point takes from a cell
    blur: Floats  # across


def cast_shadow(footing: Footing, wish: Wish, *, depth: int) -> PlacedFrame | None:
    """The shadow as a layer to put below the object's and its contact shadow's.

    It may reach beyond the window, but not beyond the picture.

    Args:
        footing: the object in its scene.
        wish: says where the shadow falls, how far, how soft and how dark.
        depth: bits per sample of the layer, 8 or 16.

    Returns:
        The pixels (rgba8 or rgba16, straight alpha) and the x and y of their corner in the image; None if
        there is nothing to be seen of it.
    """
    feet, view = footing.feet, footing.view
    if feet is None:
        return None
    scale = view.square.width / footing.size
    points = _fallen(footing, feet, wish)
    picture = Rect(0, 0, view.image_width, view.image_height)
    corner, dark = _blurred(points, _in_cells(picture, footing, scale))
    if dark is None:
        return None
    strongest = MOST * wish.cast_strength / 100
    shadow = np.minimum(dark, np.float32(1)) * np.float32(strongest)
    left, top = view.square.x + corner[0] * scale, view.square.y + corner[1] * scale
    is_huge = shadow.size * scale**2 > LARGEST
    sheet = Sheet(shadow, left, top, scale, strongest)
    return shadow_layer(sheet, footing.shadow_colour(feet), view.window if is_huge else picture, depth)


def guessed_direction(light_from_the_left: float) -> float:
    """Where the shadow falls in this light, in the degrees of ``Wish.cast_direction``.

    Away from the viewer, where the object itself hides most of it, unless the light comes from one side; a
    weak guess turns it little.
    """
    turned = math.copysign(math.sqrt(abs(light_from_the_left)), light_from_the_left)
    return SIDEWAYS * turned % 360


# --- Where the object's points fall -------------------------------------------------------------------------


def _fallen(footing: Footing, feet: Feet, wish: Wish) -> _Points:
    alpha, together, own, height = footing.alpha, feet.ground, feet.own_ground, feet.height
    rows, columns = np.nonzero(alpha > SEEN)
    below = rows + 0.5
    leg = np.clip(1 - (together[columns] - below) / (LEG * height), 0, 1)
    stands = together[columns] + leg * (own - together)[columns]
    slopes = np.gradient(together)[columns] * (1 - leg) + np.gradient(own)[columns] * leg
    high = np.maximum(stands - below, 0)

    across, up = _fall(wish, footing)
    length = wish.cast_length / 100
    room = np.maximum(np.abs(up + across * slopes), FLATTEST * length)  # of a fallen cell, in cells
    darkness = alpha[rows, columns] * room * FAR_OFF ** (high / height)
    blur = SHARPEST * footing.size + SOFTEST * wish.cast_softness / 100 * length * high
    fallen = columns + 0.5 + across * high, stands - up * high, darkness, blur
    return _Points(*(values.astype(np.float32) for values in fallen))


def _fall(wish: Wish, footing: Footing) -> tuple[float, float]:
    """How far to the right and up the picture a point falls that is one cell above the ground."""
    direction: float | None = wish.cast_direction
    if direction is None:
        direction = guessed_direction(footing.light_from_the_left)
    angle, length = math.radians(direction), wish.cast_length / 100
    away = FORESHORTENED * math.cos(angle)
    flattest = FLATTEST if away >= 0 else -FLATTEST
    return length * math.sin(angle), length * (away if abs(away) > FLATTEST else flattest)


# --- From points to a soft shadow ---------------------------------------------------------------------------


def _in_cells(area: Rect, footing: Footing, scale: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a part of the image, in cells of the square."""
    square = footing.view.square
    return (
        (area.x - square.x) / scale,
        (area.y - square.y) / scale,
        (area.right - square.x) / scale,
        (area.bottom - square.y) / scale,
    )


def _blurred(
    points: _Points, limits: tuple[float, float, float, float]
) -> tuple[tuple[int, int], Floats | None]:
    """The corner of a grid, in whole cells, and how dark each of its cells is, float32 (h, w).

    The grid ends where the blur does, or so far outside the limits that no blur comes back in.
    """
    least, most = float(points.blur.min()), float(points.blur.max())
    across, down = math.ceil(3 * most) + 2, math.ceil(3 * FLAT_BLUR * most) + 2
    left, width, wide = _span(points.x, limits[0], limits[2], across)
    top, height, high = _span(points.y, limits[1], limits[3], down)
    if width < 2 or height < 2:
        return (left, top), None
    steps = max(most / least, 1.001) ** (np.arange(BLURS) / (BLURS - 1))
    level = np.log(points.blur / least) / np.log(steps[1])
    grid, in_grid = _neighbours(level, BLURS)  # (2, N)
    row, in_row = _neighbours(points.y - np.float32(top + 0.5), height)
    column, in_column = _neighbours(points.x - np.float32(left + 0.5), width)
    place = ((grid * high)[:, np.newaxis, np.newaxis] + row[:, np.newaxis]) * wide + column
    dark = points.dark * in_grid[:, np.newaxis, np.newaxis] * in_row[:, np.newaxis] * in_column
    grids = np.bincount(place.ravel(), dark.ravel(), BLURS * high * wide)
    spectra = np.fft.rfft2(grids.reshape(BLURS, high, wide).astype(np.float32))
    blurs = np.float32(np.pi * math.sqrt(2)) * (least * steps).astype(np.float32)[:, np.newaxis]
    rows = np.exp(-((FLAT_BLUR * blurs * np.fft.fftfreq(high).astype(np.float32)) ** 2))
    columns = np.exp(-((blurs * np.fft.rfftfreq(wide).astype(np.float32)) ** 2))
    spectra *= rows[:, :, np.newaxis] * columns[:, np.newaxis]
    blurred = np.fft.irfft2(spectra.sum(axis=0), (high, wide)).astype(np.float32)
    return (left, top), np.maximum(blurred[:height, :width], 0)


def _span(places: Floats, low: float, high: float, reach: int) -> tuple[int, int, int]:
    """Along one axis: where the grid begins, its cells, and how many of them spectra are made of.

    Spectra go round. What is blurred out of the grid where the limits cut the shadow comes in again on the
    other side: if they cut it there, too, nobody sees it, else so many empty cells more keep it out.
    """
    first, last = float(places.min()), float(places.max())
    begin = math.floor(max(first, low) - reach)
    count = math.ceil(min(last, high) + reach) - begin
    is_cut_once = (first < low) != (last > high)
    return begin, count, _quick(count + reach if is_cut_once else count)


def _neighbours(places: Floats, count: int) -> tuple[NDArray[np.int32], Floats]:
    """The two whole numbers around each of N places and the share that each has in it, both (2, N); a share
    of 0 where one is none of 0..count-1."""
    first = np.floor(places)
    beyond = places - first
    index = np.stack((first, first + 1)).astype(np.int32)
    share = np.stack((1 - beyond, beyond))
    inside = (index >= 0) & (index < count)
    return np.where(inside, index, 0), np.where(inside, share, 0).astype(np.float32)


def _quick(length: int) -> int:
    """A length that spectra are quickly made of, at least this one."""
    return -(-length // 16) * 16
