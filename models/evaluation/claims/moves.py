"""Claim: moving, turning, scaling or flipping one mask changes nothing else and keeps the object's look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.claims.findings import Claim, Unit, figures_of, method_sheets
from models.evaluation.claims.stage import CANVAS, Stage, insert
from models.evaluation.methods import Generated, to_bytes, to_signed
from models.evaluation.sheets import TILE
from models.evaluation.variety import aligned, resampled
from models.features.networks import Lpips

CROP = 128  # pixels of an object's crop
_FIGURES = (
    ("pixels changed where nothing was inserted", "0", Unit.COUNT),
    ("pixels outside both objects that differ between two places of the mask", "0", Unit.COUNT),
    ("LPIPS to the unmoved object", "well below the next line", Unit.NUMBER),
    ("LPIPS between two seeds of one mask", "–", Unit.NUMBER),
)


@dataclass(frozen=True)
class Move:
    """A change of a mask about its own middle: scale, angle in degrees, flip, shift in canvas widths."""

    name: str
    scale: float = 1.0
    angle: float = 0.0
    mirror: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def matrix(self) -> Tensor:
        """(2, 2): where a place relative to the middle goes."""
        turn = math.radians(self.angle)
        cosine, sine = self.scale * math.cos(turn), self.scale * math.sin(turn)
        return torch.tensor([[self.mirror * cosine, -sine], [self.mirror * sine, cosine]])


MOVES = (
    Move("left", shift=(-0.11, 0.0)),
    Move("right and down", shift=(0.11, 0.05)),
    Move("smaller", scale=0.75),
    Move("larger", scale=1.2),
    Move("turned left", angle=-15.0),
    Move("turned right", angle=15.0),
    Move("flipped", mirror=-1.0),
)


def moved(picture: Tensor, middle: Tensor, move: Move) -> Tensor:
    """Pictures (N, C, S, S) under a move about `middle` (N, 2), in -1..1; what comes from beyond is 0."""
    matrix, shift = move.matrix(), 2 * torch.tensor(move.shift)
    back = torch.linalg.inv(matrix).to(picture.device)
    return resampled(picture, back, middle - (middle + shift.to(middle)) @ back.T)


def moved_back(picture: Tensor, middle: Tensor, move: Move) -> Tensor:
    """The inverse of `moved`."""
    matrix, shift = move.matrix().to(picture.device), 2 * torch.tensor(move.shift).to(middle)
    return resampled(picture, matrix, middle + shift - middle @ matrix.T)


def middles(mask: Tensor) -> Tensor:
    """(N, 2) the middle of each mask's bounding box (N, 1, S, S), x and y in -1..1."""
    boxes = metrics.bounding_boxes(mask)
    return boxes[:, :2] + boxes[:, 2:] - 1


def shifted(stage: Stage, move: Move) -> Stage:
    """The stage with its masks moved."""
    return replace(stage, mask=moved(stage.mask, middles(stage.mask), move))


def object_crops(picture: Tensor, mask: Tensor) -> Tensor:
    """Objects of pictures (N, 3, C, C) uint8 on grey, their boxes filling the frame: (N, 3, CROP, CROP) in
    -1..1. Masks (N, 1, C, C) in 0..1."""
    boxes = metrics.bounding_boxes(mask)
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]], device=picture.device).expand_as(boxes)
    cut = aligned(to_signed(picture) * mask, boxes, whole)
    return F.interpolate(cut, size=(CROP, CROP), mode="bilinear", antialias=True)


def lpips_between(lpips: Lpips, first: Tensor, second: Tensor, batch_size: int = 16) -> Tensor:
    """(N,) LPIPS of two stacks of crops, on the CPU."""
    parts = zip(torch.split(first, batch_size), torch.split(second, batch_size), strict=True)
    return torch.cat([lpips(a, b).cpu() for a, b in parts])


def claim_moves(methods: Sequence[Generated], stage: Stage, lpips: Lpips, *, rows: int) -> Claim:
    """Every object of the stage under every move, by every method; `rows` of them are shown."""
    shown: dict[str, dict[str, Tensor]] = {method.name: {} for method in methods}
    found = {method.name: _measured(method, stage, lpips, rows, shown[method.name]) for method in methods}
    pixels = len(MOVES) * len(stage) * CANVAS**2
    caption = "one object, its mask moved, scaled, turned and flipped."
    sheets = method_sheets("moves", "Moved masks", caption, shown, stage.labels[:rows], TILE)
    return Claim(
        "moves",
        "1. A moved mask moves the object, and nothing else",
        "Moving, turning, scaling or flipping a mask leaves every other pixel of the scene as it was, and "
        "the object keeps its look.",
        figures_of(_FIGURES, found),
        sheets,
        (
            f"{len(stage)} objects under {len(MOVES)} moves: {pixels:,} pixels looked at. Each object "
            "is painted again at its new place, in its new surroundings; crops are moved back and laid on "
            "grey before they are compared.",
            "A method that repaints its whole window is forgiven the soft edge around the mask.",
        ),
    )


def _measured(
    method: Generated, stage: Stage, lpips: Lpips, rows: int, shown: dict[str, Tensor]
) -> tuple[float, ...]:
    """The figures in their order; the first `rows` finished pictures are put into `shown`, by move."""
    middle = middles(stage.mask)
    before, other = insert(method, stage), insert(method, stage, look=1).picture
    crops = object_crops(before.picture, stage.mask)
    shown["as it is"] = before.signed[:rows]
    changed, unequal, distances = 0, 0, []
    for move in MOVES:
        after = insert(method, shifted(stage, move))
        changed += int(metrics.changed_pixels(stage.scene, after.picture, after.outside).sum())
        unequal += int(
            metrics.changed_pixels(before.picture, after.picture, after.outside & before.outside).sum()
        )
        back = to_bytes(moved_back(after.signed, middle, move))
        distances.append(lpips_between(lpips, crops, object_crops(back, stage.mask)))
        shown[move.name] = after.signed[:rows]
    return (
        changed,
        unequal,
        metrics.mean_or_nan(torch.cat(distances)),
        metrics.mean_or_nan(lpips_between(lpips, crops, object_crops(other, stage.mask))),
    )
