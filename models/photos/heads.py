"""Where the heads of objects are, by the points that some data sets name on them, and how they look."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

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


class KeypointsUnreadable(ValueError):
    """A file of keypoints that is not of the documented form; the message names the line."""


@dataclass(frozen=True)
class Head:
    """A square around a head: its middle and half its side, in pixels of the picture."""

    x: float
    y: float
    half: float


NO_HEAD = Head(0.0, 0.0, 0.0)


def read_heads(file: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """The head points of ``keypoints.jsonl``, by the name of the picture; empty if there is no such file.

    A line is a JSON object with ``image`` and ``keypoints``, which maps names ("left_eye", "nose", "beak") to
    [x, y] in pixels of the picture, only those that can be seen.

    Raises:
        KeypointsUnreadable: a line that is of another form.
    """
    if not file.is_file():
        return {}
    lines = file.read_text("utf-8").splitlines()
    return dict(_points_of(line, f"{file}, line {number}") for number, line in enumerate(lines, 1))


def _points_of(line: str, where: str) -> tuple[str, dict[str, tuple[float, float]]]:
    try:
        row = json.loads(line)
        named = {name.replace(" ", "_"): place for name, place in row["keypoints"].items()}
        points = {name: (float(x), float(y)) for name, (x, y) in named.items() if name in HEAD_POINTS}
        return str(row["image"]), points
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeypointsUnreadable(f"{where}: {type(error).__name__} {error}.") from error


def head_of(points: Mapping[str, tuple[float, float]], box: Iterable[int]) -> Head:
    """The head that its points lie in; ``NO_HEAD`` if too few can be seen, or none of its face.

    ``box``: x0, y0, x1, y1 of the object.
    """
    if len(points) < _FEWEST or not _FACE & points.keys():
        return NO_HEAD
    xs, ys = zip(*points.values(), strict=True)
    x0, y0, x1, y1 = box
    span = max(max(xs) - min(xs), max(ys) - min(ys))
    half = max(_AROUND * span, _SMALLEST * max(x1 - x0, y1 - y0))
    return Head((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, half)


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
