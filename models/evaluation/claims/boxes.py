"""Claim: a box is enough. The mask fills it, whatever its proportions and place, in the class's shape."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.cases import Generated, Networks
from models.evaluation.claims.findings import Claim, Figure, Unit
from models.evaluation.claims.stage import TILE, Stage, insert, masks_in
from models.evaluation.compositing import to_signed
from models.evaluation.contact_sheets import contact_sheet
from models.evaluation.result import Sheet
from models.masks.generator import LATENT

ASPECTS = (0.5, 0.7, 1.0, 1.4, 2.0)  # width over height
_AREA = 0.14  # of the scene; a box's
_PLACES = ((0.36, 0.42), (0.5, 0.6), (0.62, 0.45), (0.42, 0.62), (0.55, 0.5))  # middles, one a proportion


def claim_boxes(
    networks: Networks, ours: Generated, stage: Stage, real_fill: Tensor, generator: torch.Generator
) -> Claim:
    """Boxes of several proportions and places for each object of the stage; `real_fill` (N,) of real masks.

    Rivals take a mask, not a box, so the figures are this program's alone.
    """
    count = len(stage)
    made, again, fits, fills = [], [], [], []
    for aspect, place in zip(ASPECTS, _PLACES, strict=True):
        boxes = torch.tensor([_box(aspect, place)], device=stage.scene.device).repeat(count, 1)
        latents = torch.randn(2, count, LATENT, generator=generator).to(stage.scene.device)
        first, second = (masks_in(networks, stage.class_index, boxes, z) for z in latents)
        made.append(first)
        again.append(metrics.iou(first, second))
        fits.append(metrics.box_iou(metrics.bounding_boxes(first), boxes))
        area = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
        fills.append(first.mean(dim=(1, 2, 3)) / area)
    fit, fill = torch.cat(fits).cpu(), torch.stack(fills).cpu()
    pieces = torch.cat([metrics.pieces(mask) for mask in made])
    values = {
        "box fit (IoU of the boxes), mean": (fit.mean(), "above 0.95", Unit.NUMBER),
        "box fit, worst": (fit.min(), "above 0.9", Unit.NUMBER),
        "masks in one piece": ((pieces == 1).float().mean(), "100 %", Unit.SHARE),
        "fill of the box, mean": (
            fill.mean(),
            f"{100 * float(real_fill.mean()):.0f} %, as real ones",
            Unit.SHARE,
        ),
        "fill of the box, narrowest boxes": (fill[0].mean(), "–", Unit.SHARE),
        "fill of the box, widest boxes": (fill[-1].mean(), "–", Unit.SHARE),
        "overlap of two seeds' masks in one box": (torch.cat(again).mean(), "below 95 %", Unit.SHARE),
    }
    figures = tuple(
        Figure(what, goal, unit, {ours.name: float(value)}) for what, (value, goal, unit) in values.items()
    )
    labels = [f"{aspect:g} : 1" for aspect in ASPECTS]
    filled = [to_signed(insert(ours, stage.with_mask(mask)).picture) for mask in made]
    sheets = (
        Sheet(
            "claim-boxes-masks",
            "Masks by box",
            "Masks for boxes of several proportions (width : height) and places.",
            contact_sheet([mask * 2 - 1 for mask in made], labels, stage.labels, TILE),
        ),
        Sheet(
            "claim-boxes-objects",
            "Objects by box",
            "The same masks filled.",
            contact_sheet(filled, labels, stage.labels, TILE),
        ),
    )
    return Claim(
        "boxes",
        "5. A box is enough",
        "The program draws the outline: it spans the box at any place and in any proportions that the class "
        "can have, and another seed gives another outline.",
        figures,
        sheets,
        (
            f"{count * len(ASPECTS)} boxes. Rivals take a mask, not a box.",
            "Where a class never has such proportions, its outline is stretched; the pictures show how far "
            "that goes.",
        ),
    )


def _box(aspect: float, middle: tuple[float, float]) -> list[float]:
    width, height = math.sqrt(_AREA * aspect), math.sqrt(_AREA / aspect)
    return [
        middle[0] - width / 2,
        middle[1] - height / 2,
        middle[0] + width / 2,
        middle[1] + height / 2,
    ]
