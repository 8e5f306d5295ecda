"""Where the heads of objects are, by the points that some data sets name on them, and how they look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

HEAD_POINTS = frozenset(
    ("left_eye", "right_eye", "nose", "left_ear", "right_ear", "beak", "crown", "forehead", "nape")
)
_FACE = frozenset(("left_eye", "right_eye", "nose", "beak"))
_FEWEST = 3  # points of a head that say where it is and how large
_AROUND = 0.85  # half the side of a head's square over the span of its points
_SMALLEST = 0.06  # the same over the long side of the object's box: a head turned away spans little


Points = Mapping[str, tuple[float, float]]
"""The points of one head that can be seen, x and y in pixels of the picture, by their names."""


@dataclass(frozen=True)
class Head:
    """A square around a head: its middle and half its side, in pixels of the picture."""

    x: float
    y: float
    half: float


NO_HEAD = Head(0.0, 0.0, 0.0)


def points_in(row: Any) -> tuple[str, Points]:
    """The name of the picture and the points of a head in it that a line of ``keypoints.jsonl`` holds.

    A line is a JSON object with ``image`` and ``keypoints``, which maps names ("left_eye", "nose", "beak") to
    [x, y] in pixels of the picture, only those that can be seen. Each object of a picture has its own.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, OverflowError: it is of another form.
    """
    named = {name.replace(" ", "_"): place for name, place in row["keypoints"].items()}
    points = {name: (float(x), float(y)) for name, (x, y) in named.items() if name in HEAD_POINTS}
    return str(row["image"]), points


def head_in(heads: Iterable[Points], box: tuple[int, int, int, int]) -> Head:
    """The head of the object in a box x0, y0, x1, y1, among those of its picture: the one whose middle lies
    in the box, the nearest to the box's middle if there are several; ``NO_HEAD`` if there is none."""
    x0, y0, x1, y1 = box
    inside = []
    for points in heads:
        if points:
            x, y = _middle(points)
            if x0 <= x <= x1 and y0 <= y <= y1:
                inside.append((math.hypot(2 * x - x0 - x1, 2 * y - y0 - y1), points))
    return head_of(min(inside, key=lambda its: its[0])[1], box) if inside else NO_HEAD


def head_of(points: Points, box: Iterable[int]) -> Head:
    """The head that its points lie in; ``NO_HEAD`` if too few can be seen, or none of its face.

    ``box``: x0, y0, x1, y1 of the object.
    """
    if len(points) < _FEWEST or not _FACE & points.keys():
        return NO_HEAD
    xs, ys = zip(*points.values(), strict=True)
    x0, y0, x1, y1 = box
    span = max(max(xs) - min(xs), max(ys) - min(ys))
    half = max(_AROUND * span, _SMALLEST * max(x1 - x0, y1 - y0))
    return Head(*_middle(points), half)


def _middle(points: Points) -> tuple[float, float]:
    xs, ys = zip(*points.values(), strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def cut_heads(picture: Tensor, heads: Tensor, side: int) -> Tensor:
    """The squares that heads lie in, at one size: (B, C, side, side) float32. Differentiable.

    Args:
        picture: (B, C, S, S); beyond its border, the border's pixels are repeated.
        heads: (B, 3) middle x, y and half side in -1..1 of the picture; no half side is 0.
    """
    x, y, half = heads.float().unbind(1)
    zero = torch.zeros_like(half)
    places = torch.stack([torch.stack([half, zero, x], 1), torch.stack([zero, half, y], 1)], 1)
    grid = functional.affine_grid(places, [len(picture), 1, side, side], align_corners=False)
    return functional.grid_sample(picture.float(), grid, padding_mode="border", align_corners=False)
