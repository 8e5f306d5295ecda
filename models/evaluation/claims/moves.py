"""Claim: moving, turning, scaling or flipping one mask changes nothing else and keeps the object's look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.cases import Generated
from models.evaluation.claims.findings import Claim, Figure, Unit
from models.evaluation.claims.likeness import colour_distance, colours, lpips_between, object_crops
from models.evaluation.claims.stage import CANVAS, Painted, Stage, insert
from models.evaluation.compositing import to_signed
from models.evaluation.contact_sheets import contact_sheet
from models.evaluation.realism import soft_reach
from models.evaluation.result import Sheet
from models.features.networks import Lpips


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
    return _sampled(picture, back, middle - (middle + shift.to(middle)) @ back.T)


def moved_back(picture: Tensor, middle: Tensor, move: Move) -> Tensor:
    """The inverse of `moved`."""
    matrix, shift = move.matrix().to(picture.device), 2 * torch.tensor(move.shift).to(middle)
    return _sampled(picture, matrix, middle + shift - middle @ matrix.T)


def _sampled(picture: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    theta = torch.cat([matrix.expand(len(picture), 2, 2), offset.unsqueeze(2)], dim=2)
    grid = F.affine_grid(theta, list(picture.shape), align_corners=False)
    return F.grid_sample(picture, grid, align_corners=False)


def middles(mask: Tensor) -> Tensor:
    """(N, 2) the middle of each mask's bounding box (N, 1, S, S), x and y in -1..1."""
    boxes = metrics.bounding_boxes(mask)
    return boxes[:, :2] + boxes[:, 2:] - 1


def untouchable(method: Generated, painted: Painted, mask: Tensor) -> Tensor:
    """(N, 1, C, C) bool, the pixels that an insertion must leave alone: where its alpha is 0; for a method
    that repaints its window, beyond the soft edge of the mask."""
    if method.repaints_scene:
        return metrics.grown(mask, soft_reach(CANVAS, method.networks.resolution)) == 0
    return painted.alpha == 0


@dataclass(frozen=True)
class _Measured:
    changed: int
    unequal: int
    lpips: float
    lpips_of_seeds: float
    colour: float
    colour_of_seeds: float
    pictures: list[Tensor]


def claim_moves(methods: Sequence[Generated], stage: Stage, lpips: Lpips, *, rows: int) -> Claim:
    """Every object of the stage under every move, by every method; `rows` of them are shown."""
    middle = middles(stage.mask)
    stages = [stage.with_mask(moved(stage.mask, middle, move)) for move in MOVES]
    found = {method.name: _measure(method, stage, stages, middle, lpips, rows) for method in methods}
    pixels = len(MOVES) * len(stage) * CANVAS**2
    figures = (
        _figure("pixels changed where nothing was inserted", "0", Unit.COUNT, found, "changed"),
        _figure(
            "pixels outside both objects that differ between two places of the mask",
            "0",
            Unit.COUNT,
            found,
            "unequal",
        ),
        _figure("LPIPS to the unmoved object", "well below the next line", Unit.NUMBER, found, "lpips"),
        _figure("LPIPS between two seeds of one mask", "–", Unit.NUMBER, found, "lpips_of_seeds"),
        _figure(
            "colours not shared with the unmoved object", "below the next line", Unit.SHARE, found, "colour"
        ),
        _figure("colours not shared by two seeds", "–", Unit.SHARE, found, "colour_of_seeds"),
    )
    labels = ["as it is", *(move.name for move in MOVES)]
    sheets = tuple(
        Sheet(
            f"claim-moves-{n}",
            f"Moved masks, {method.name}",
            f"{method.name}: one object, its mask moved, scaled, turned and flipped.",
            contact_sheet(found[method.name].pictures, labels, stage.labels[:rows]),
        )
        for n, method in enumerate(methods)
    )
    notes = (
        f"{len(stage)} objects under {len(MOVES)} moves: {pixels:,} pixels looked at. Objects are painted "
        "anew at each place, in their new surroundings; crops are moved back and laid on grey before they "
        "are compared.",
        "A method that repaints its whole window is forgiven the soft edge around the mask.",
    )
    return Claim(
        "moves",
        "1. A moved mask moves the object, and nothing else",
        "Moving, turning, scaling or flipping a mask leaves every other pixel of the scene as it was, and "
        "the object keeps its look.",
        figures,
        sheets,
        notes,
    )


def _measure(
    method: Generated, stage: Stage, stages: Sequence[Stage], middle: Tensor, lpips: Lpips, rows: int
) -> _Measured:
    before = insert(method, stage)
    crops = object_crops(before.picture, stage.mask)
    hues = colours(before.picture, stage.mask)
    still = untouchable(method, before, stage.mask)
    other = insert(method, stage, look=1).picture
    changed, unequal = 0, 0
    distances, hue_distances = [], []
    shown = [to_signed(before.picture[:rows])]
    for move, there in zip(MOVES, stages, strict=True):
        after = insert(method, there)
        outside = untouchable(method, after, there.mask)
        changed += int(metrics.changed_pixels(stage.scene, after.picture, outside).sum())
        unequal += int(metrics.changed_pixels(before.picture, after.picture, outside & still).sum())
        back = moved_back(to_signed(after.picture), middle, move)
        back8 = ((back + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        distances.append(lpips_between(lpips, crops, object_crops(back8, stage.mask)))
        hue_distances.append(colour_distance(hues, colours(back8, stage.mask)))
        shown.append(to_signed(after.picture[:rows]))
    return _Measured(
        changed,
        unequal,
        metrics.mean_or_nan(torch.cat(distances)),
        metrics.mean_or_nan(lpips_between(lpips, crops, object_crops(other, stage.mask))),
        metrics.mean_or_nan(torch.cat(hue_distances)),
        metrics.mean_or_nan(colour_distance(hues, colours(other, stage.mask))),
        shown,
    )


def _figure(what: str, goal: str, unit: Unit, found: dict[str, _Measured], name: str) -> Figure:
    return Figure(what, goal, unit, {method: float(getattr(one, name)) for method, one in found.items()})
