"""Where an object stands, and what the scene tells a shadow: the light's side, the ground's colour."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.painting.resample import Floats
from daemon.painting.scene import SceneView, square_pixels

CELLS = 128  # along the window, at most
SOLID = 0.5  # alpha from which a cell belongs to the object
FOOT_BAND = 0.2  # of the object's height: what ends within it above the lowest point stands on the ground
FOOT = 0.04  # of the object's height: half as wide is a foot, all of which stands where its lowest point does
STEEPEST = 0.35  # of the line from foot to foot; a steeper one is the rim of a foot
TINT = 0.12  # a shadow's colour over the ground's
NEIGHBOUR = 4  # cells of the sampled scene between places that are compared
LIGHT_OVER_SLOPE = 2.0  # a scene that darkens by 40 % across the window is lit from one side alone
SAMPLE = 32  # cells along the side of the scene that light and ground are read from


@dataclass(frozen=True)
class Feet:
    """Where the object stands, a number for each column of the square, in cells."""

    ground: Floats  # the row of the ground
    columns: NDArray[np.intp]  # those that hold some of the object
    lowest: Floats  # the row below the object in each of these
    height: float  # of the object

    @property
    def standing(self) -> NDArray[np.bool_]:
        """Which of the columns end so low that they stand on the ground."""
        return _standing(self.lowest, self.height)

    @cached_property
    def own_ground(self) -> Floats:
        """The row of the ground under each foot by itself: in the picture, farther feet stand higher."""
        places, lowest = self.columns[self.standing], self.lowest[self.standing]
        of_one_foot = np.abs(places[:, np.newaxis] - places) <= FOOT * self.height
        foot = np.where(of_one_foot, lowest, 0).max(axis=1)
        own: Floats = np.interp(np.arange(self.ground.size), places, foot).astype(np.float32)
        return own


@dataclass(frozen=True)
class Footing:
    """An object, float32 (S, S) alpha in 0..1 in the whole square, and the scene that it stands in."""

    alpha: Floats = field(repr=False)
    view: SceneView = field(repr=False)

    @classmethod
    def of(cls, alpha: Floats, view: SceneView) -> Footing:
        """The footing of an object of any resolution, with as many cells as a soft shadow needs."""
        if alpha.shape[0] > CELLS:
            alpha = np.asarray(Image.fromarray(alpha).resize((CELLS, CELLS), Image.Resampling.BOX))
        return cls(alpha, view)

    @property
    def size(self) -> int:
        """S, the cells along the square's side."""
        return int(self.alpha.shape[0])

    @cached_property
    def feet(self) -> Feet | None:
        """None if the object touches no ground that the picture shows."""
        feet = _feet(self.alpha)
        bottom = (self.view.image_height - self.view.square.y) * self.size / self.view.square.height
        if feet is None or feet.ground[feet.columns].min() >= bottom:
            return None
        return feet

    @cached_property
    def _scene(self) -> Floats:
        return square_pixels(self.view, SAMPLE)

    @cached_property
    def light_from_the_left(self) -> float:
        """How much the light comes from the left (1) or the right (-1), by how the scene darkens.

        Light that falls in from one side makes nearly every place a little brighter than its neighbour on
        the other side. A wood or a wall changes few places by much: the median does not see it, and the
        share of places that agree says how far to believe the median.
        """
        light = np.log(self._scene @ np.array([0.2126, 0.7152, 0.0722], np.float32) + 0.02)  # ITU-R BT.709
        shape = (SAMPLE, SAMPLE)
        covered = np.asarray(Image.fromarray(self.alpha).resize(shape, Image.Resampling.BOX)) > 0.1
        darker = light[:, :-NEIGHBOUR] - light[:, NEIGHBOUR:]  # to the right
        free = ~(covered[:, :-NEIGHBOUR] | covered[:, NEIGHBOUR:])
        if int(free.sum()) < SAMPLE:
            return 0.0
        seen = darker[free]
        slope = float(np.median(seen)) * SAMPLE / NEIGHBOUR  # over the window
        agreed = abs(float(np.sign(seen).mean()))
        return max(-1.0, min(LIGHT_OVER_SLOPE * slope, 1.0)) * agreed

    def shadow_colour(self, feet: Feet) -> Floats:
        """The ground under the feet, much darker: (3,) in 0..1."""
        foot = min(int(feet.ground.max()) * SAMPLE // self.size, SAMPLE - 2)
        left, right = feet.columns[0] * SAMPLE // self.size, feet.columns[-1] * SAMPLE // self.size
        ground = self._scene[max(0, foot - 1) : foot + 3, left : right + 1]
        colour: Floats = np.median(ground.reshape(-1, 3), axis=0).astype(np.float32) * np.float32(TINT)
        return colour


def _feet(alpha: Floats) -> Feet | None:
    """The ground under the object: lines from foot to foot, level beyond the outermost ones."""
    size = alpha.shape[0]
    solid = alpha >= SOLID
    columns = np.flatnonzero(solid.any(axis=0))
    if columns.size < 2:
        return None
    top = int(np.flatnonzero(solid.any(axis=1))[0])
    lowest = size - np.argmax(solid[::-1, columns], axis=0).astype(np.float64)  # the row below each column
    height = float(lowest.max() - top)
    standing = _standing(lowest, height)
    places = columns[standing]
    hull = _lower_hull(places.astype(np.float64), lowest[standing])
    every = np.arange(size)
    line = np.interp(every, places[hull], lowest[standing][hull])
    slopes = STEEPEST * np.abs(every[:, np.newaxis] - places)
    line = np.maximum(line, (line[places] - slopes).max(axis=1))
    return Feet(line.astype(np.float32), columns, lowest.astype(np.float32), height)


def _standing(lowest: NDArray[np.floating[Any]], height: float) -> NDArray[np.bool_]:
    """Which columns of an object of that height, whose ``lowest`` rows these are, stand on the ground."""
    standing: NDArray[np.bool_] = lowest >= lowest.max() - FOOT_BAND * height
    return standing


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
