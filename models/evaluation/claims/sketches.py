"""Claim: whole scenes from nothing, a generated background first and then objects in order."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from models.backgrounds.painter import load_background_generator
from models.evaluation import metrics
from models.evaluation.cases import Generated, Networks
from models.evaluation.claims.findings import Claim, Figure, Unit
from models.evaluation.claims.stage import CANVAS, TILE, Stage, insert, masks_in
from models.evaluation.compositing import to_signed
from models.evaluation.contact_sheets import contact_sheet
from models.evaluation.result import Sheet
from models.features.networks import Lpips
from models.files.part_files import BACKGROUND
from models.masks.generator import LATENT

_BOXES = (  # from the back to the front
    (0.12, 0.42, 0.36, 0.62),
    (0.58, 0.46, 0.90, 0.72),
    (0.20, 0.58, 0.64, 0.94),
)


class BackgroundMaker(Protocol):
    """A background generator: one seed, one scene."""

    def make(self, seed: int) -> Tensor:
        """(1, 3, S, S) in -1..1."""
        ...


def find_background_maker(weights: Path) -> BackgroundMaker | None:
    """The background generator in a weights folder; None where the folder holds none.

    Raises:
        ModelMissing, ModelCorrupt: there is one, but it is damaged or the manifest does not list it.
    """
    return load_background_generator(weights) if (weights / BACKGROUND).is_file() else None


def claim_sketches(
    maker: BackgroundMaker,
    networks: Networks,
    ours: Generated,
    lpips: Lpips,
    *,
    scenes: int,
    seed: int,
    device: torch.device,
) -> Claim:
    """`scenes` backgrounds with three objects each, of classes that take turns."""
    generator = torch.Generator().manual_seed(seed)
    made = torch.cat([maker.make(seed + n) for n in range(scenes)]).float().to(device)
    large = F.interpolate(made, size=(CANVAS, CANVAS), mode="bicubic", align_corners=False).clamp(-1, 1)
    picture = ((large + 1) * 127.5).round().to(torch.uint8)
    steps, changed = [to_signed(picture)], 0
    for order, box in enumerate(_BOXES):
        class_index = (torch.arange(scenes, device=device) * len(_BOXES) + order) % len(networks.class_names)
        z = torch.randn(scenes, LATENT, generator=generator).to(device)
        boxes = torch.tensor([box], device=device).repeat(scenes, 1)
        mask = masks_in(networks, class_index, boxes, z)
        codes = torch.randn(scenes, 1, networks.code_size, generator=generator).to(device)
        painted = insert(ours, Stage(picture, mask, class_index, codes, tuple(networks.class_names)))
        changed += int(metrics.changed_pixels(picture, painted.picture, painted.alpha == 0).sum())
        picture = painted.picture
        steps.append(to_signed(picture))
    pairs = [(a, b) for a in range(scenes) for b in range(a + 1, scenes)]
    apart = [float(lpips(made[a : a + 1], made[b : b + 1])) for a, b in pairs]
    figures = (
        Figure("pixels changed where no object was inserted", "0", Unit.COUNT, {ours.name: float(changed)}),
        Figure(
            "LPIPS between backgrounds of two seeds",
            "well above 0",
            Unit.NUMBER,
            {ours.name: sum(apart) / len(apart) if apart else float("nan")},
        ),
    )
    sheet = Sheet(
        "claim-scenes",
        "Whole scenes",
        "A background made from a seed, then three objects from back to front.",
        contact_sheet(
            steps,
            ["background", "first", "second", "third"],
            [f"seed {seed + n}" for n in range(scenes)],
            TILE,
        ),
    )
    return Claim(
        "scenes",
        "6. Whole scenes from nothing",
        "A background is generated from a seed alone; objects follow in order, each seeing the ones before.",
        figures,
        (sheet,),
    )
