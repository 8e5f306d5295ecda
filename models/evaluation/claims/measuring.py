"""All claims from end to end: this program and its trained rivals on the same scenes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from models.evaluation.claims.boxes import (
    BackgroundMaker,
    claim_boxes,
    claim_sketches,
    find_background_maker,
)
from models.evaluation.claims.findings import Claim, Findings
from models.evaluation.claims.looks import claim_daylight, claim_looks
from models.evaluation.claims.moves import claim_moves
from models.evaluation.claims.overlaps import claim_overlaps
from models.evaluation.claims.stage import stage_from_photos, stage_from_scenes
from models.evaluation.methods import Generated, Networks
from models.evaluation.sample import load_sample, pick_records
from models.evaluation.verdicts import FeatureNetworks
from models.photos.data import ObjectRecord


@dataclass(frozen=True)
class ClaimOptions:
    """How much to measure and to show. Counts are pictures."""

    seed: int = 0
    size: int = 128  # pixels of a window in which looks and light are judged
    limit: int | None = None
    most: int = 24  # photos where no limit is given: the claims are pictures before they are figures
    looks: int = 6  # seeds shown for one mask
    rows: int = 8  # scenes shown for a claim
    scenes: int = 4  # whole scenes from nothing
    batch_size: int = 16
    device: str = "cpu"


@torch.inference_mode()
def measure_claims(
    networks: Networks,
    records: Sequence[ObjectRecord],
    features: FeatureNetworks,
    rivals: Sequence[Generated],
    *,
    scenes: Sequence[Tensor],
    weights: Path | None,
    options: ClaimOptions,
    backgrounds: BackgroundMaker | None = None,
) -> Findings:
    """Every claim on validation photos, and on `scenes` (uint8 (3, H, W) each) for more telling pictures.

    Args:
        weights: folder in which a background generator may lie.
        backgrounds: one already at hand, in place of the folder's.

    Raises:
        NothingToEvaluate, DataError: as `evaluate`.
    """
    started = time.monotonic()
    device = torch.device(options.device)
    generator = torch.Generator().manual_seed(options.seed)
    code_size = max([networks.code_size, *(rival.networks.code_size for rival in rivals)])
    limit = options.most if options.limit is None else options.limit
    sample = load_sample(
        records,
        networks,
        size=options.size,
        limit=limit,
        looks=options.looks,
        device=device,
        generator=generator,
        code_size=code_size,
    )
    picked = pick_records(records, "val", networks.class_names, limit, generator)
    photos, real = stage_from_photos(
        picked, networks.class_names, code_size, options.looks, generator, device
    )
    given = stage_from_scenes(scenes, networks, options.looks, code_size, generator, device)
    shown = photos if given is None else given
    everything = photos if given is None else given + photos
    ours = Generated(networks)
    methods = [ours, *rivals]
    area = (sample.boxes[:, 2:] - sample.boxes[:, :2]).prod(dim=1).clamp(min=1e-6)
    real_fill = (sample.real_mask.mean(dim=(1, 2, 3)) / area).cpu()
    maker = backgrounds or (find_background_maker(weights) if weights is not None else None)
    first, lpips, batch_size = shown.first(options.rows), features.lpips, options.batch_size

    works: list[Callable[[], Claim]] = [
        lambda: claim_moves(methods, everything, lpips, rows=options.rows),
        lambda: claim_overlaps(methods, photos, real, first, features.segmenter),
        lambda: claim_looks(methods, sample, first, lpips, batch_size=batch_size),
        lambda: claim_daylight(methods, sample, first, batch_size=batch_size),
        lambda: claim_boxes(networks, ours, first, real_fill, generator),
    ]
    if maker is not None:
        works.append(
            lambda: claim_sketches(
                maker, networks, ours, lpips, scenes=options.scenes, seed=options.seed, device=device
            )
        )
    claims = [work() for work in tqdm(works, desc="showing claims", unit="claim", disable=None, leave=False)]
    return Findings(
        facts={
            "validation photos": len(sample),
            "scenes given": len(scenes),
            "judged at": options.size,
            "seed": options.seed,
            "device": options.device,
            "seconds": round(time.monotonic() - started),
        },
        methods=tuple(method.name for method in methods),
        claims=claims,
        notes=_notes(rivals, maker),
    )


def _notes(rivals: Sequence[Generated], maker: BackgroundMaker | None) -> list[str]:
    notes = []
    if not rivals:
        notes.append(
            "The baseline's column is missing: no rival was named. Train one on the same photos with "
            "insert-object train --network pix2pix and name its run with --rival."
        )
    if maker is None:
        notes.append(
            "Claim 6, whole scenes from nothing, is missing: the folder of weights holds no background "
            "generator."
        )
    return notes
