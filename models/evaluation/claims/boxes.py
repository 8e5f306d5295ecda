"""Claim: a box is enough, the program draws the outline itself."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.claims.findings import TILE, Claim, Unit, figures_of
from models.evaluation.claims.stage import Stage, insert, masks_in
from models.evaluation.methods import Generated, Networks
from models.evaluation.result import Sheet
from models.evaluation.sheets import contact_sheet
from models.masks.generator import LATENT

_BOXES = {  # width over height, with the middle of the box
    0.5: (0.36, 0.42),
    0.7: (0.5, 0.6),
    1.0: (0.62, 0.45),
    1.4: (0.42, 0.62),
    2.0: (0.55, 0.5),
}
_AREA = 0.14  # of the scene; a box's


def claim_boxes(
    networks: Networks, ours: Generated, stage: Stage, real_fill: Tensor, generator: torch.Generator
) -> Claim:
    """Boxes of several proportions and places for each object of the stage; `real_fill` (N,) of real masks.

    Rivals take a mask, not a box, so the figures are this program's alone.
    """
    count = len(stage)
    made, overlaps, fits, fills = {}, [], [], []
    for aspect, (x, y) in _BOXES.items():
        right, down = math.sqrt(_AREA * aspect) / 2, math.sqrt(_AREA / aspect) / 2
        box = torch.tensor([[x - right, y - down, x + right, y + down]], device=stage.scene.device)
        boxes = box.repeat(count, 1)
        latents = torch.randn(2, count, LATENT, generator=generator).to(stage.scene.device)
        first, second = (masks_in(networks, stage.class_index, boxes, z) for z in latents)
        made[f"{aspect:g} : 1"] = first
        overlaps.append(metrics.iou(first, second))
        fits.append(metrics.box_iou(metrics.bounding_boxes(first), boxes))
        fills.append(metrics.box_fill(first, boxes))
    fit, fill = torch.cat(fits), torch.cat(fills)
    single = torch.cat([metrics.in_one_piece(mask) for mask in made.values()])
    found = (
        (fit.mean(), ("box fit (IoU of the boxes), mean", "above 0.95", Unit.NUMBER)),
        (fit.min(), ("box fit, worst", "above 0.9", Unit.NUMBER)),
        (single.float().mean(), ("masks in one piece", "100 %", Unit.SHARE)),
        (fill.mean(), ("fill of the box, mean", f"{100 * real_fill.mean():.0f} %, as real ones", Unit.SHARE)),
        (torch.cat(overlaps).mean(), ("overlap of two seeds' masks in one box", "below 95 %", Unit.SHARE)),
    )
    outlines = {label: mask * 2 - 1 for label, mask in made.items()}
    filled = {label: insert(ours, replace(stage, mask=mask)).signed for label, mask in made.items()}
    masks = "Masks for boxes of several proportions (width : height) and places."
    sheets = tuple(
        Sheet(
            f"claim-boxes-{name}", f"{name.capitalize()} by box", said, contact_sheet(its, stage.labels, TILE)
        )
        for name, said, its in (("masks", masks, outlines), ("objects", "The same masks filled.", filled))
    )
    return Claim(
        "boxes",
        "3. A box is enough",
        "The program draws the outline: it spans the box at any place and in any proportions that the class "
        "can have, and another seed gives another outline.",
        figures_of([line for _, line in found], {ours.name: [float(value) for value, _ in found]}),
        sheets,
        (
            f"{count * len(_BOXES)} boxes. Rivals take a mask, not a box.",
            "Where a class never has such proportions, its outline is stretched; the pictures show how far "
            "that goes.",
        ),
    )
