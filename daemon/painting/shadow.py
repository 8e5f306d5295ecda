"""The contact shadow of an object: soft, where it touches the ground, and lying away from the light.

It is read off the object's outline and the scene alone, whatever the class. The object's lowest points near
its foot line touch the ground. What it does to the light there is added up slice by slice: a slice of the
object close above the ground darkens a narrow strip of it, a higher one a wider, fainter strip, moved away
from the light. So the shadow is dark and sharp under the feet and dissolves with the distance from them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daemon.painting.footing import Feet, Footing
from daemon.painting.resample import Floats
from daemon.painting.scene import SceneView
from daemon.painting.shadow_layer import PlacedFrame, Sheet, shadow_layer

MOST = 0.6  # alpha at its darkest
SLICES = (0.0, 0.04, 0.09, 0.16, 0.25, 0.36, 0.5, 0.66)  # heights above the ground, in object heights
FADE = 0.4  # height, in object heights, at which a slice counts 1/e
SOFTNESS = 0.4  # a slice's blur over its height
SHARPEST = 0.012  # of the window's side: the blur where the object touches the ground
FORESHORTENED = 0.5  # how much flatter than wide the ground is seen before the feet
BEHIND = 0.5  # how much of that it is behind them, where the shadow would climb the object
LONGEST_SHEAR = 1.1  # a shadow's shift over the height of what throws it, in the most slanting light
DENSITY = 0.85  # of a slice that blocks everything, just above the ground
TOUCH = 2.5  # times that, where the object touches it
EDGE = 0.05  # of the window's side: the shadow fades out before a border that is not the picture's


def contact_shadow(footing: Footing, *, depth: int) -> PlacedFrame | None:
    """The shadow as a layer to put below the object's.

    Args:
        footing: the object in its scene.
        depth: bits per sample of the layer, 8 or 16.

    Returns:
        The pixels (rgba8 or rgba16, straight alpha) and the x and y of their corner in the image; None if
        the object touches no ground that the picture shows.
    """
    feet, view = footing.feet, footing.view
    if feet is None:
        return None
    shear = LONGEST_SHEAR * footing.light_from_the_left
    shadow = MOST * (1 - np.exp(-DENSITY * _blocked(footing.alpha, feet, shear)))
    shadow *= _inside(view, footing.size)
    scale = view.square.width / footing.size
    sheet = Sheet(shadow.astype(np.float32), view.square.x, view.square.y, scale, MOST)
    return shadow_layer(sheet, footing.shadow_colour(feet), view.window, depth)


def _blocked(alpha: Floats, feet: Feet, shear: float) -> Floats:
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
