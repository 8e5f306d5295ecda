"""All claims from end to end: this program and its trained rivals on the same scenes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.claims.boxes import claim_boxes
from models.evaluation.claims.findings import Claim, Findings
from models.evaluation.claims.moves import claim_moves
from models.evaluation.claims.overlaps import claim_overlaps
from models.evaluation.claims.stage import stage_from_photos, stage_from_scenes
from models.evaluation.methods import Generated, Networks
from models.evaluation.sample import Options, pick_validation
from models.features.networks import Lpips
from models.photos.data import ObjectRecord

_NO_RIVAL = (
    "The baseline's column is missing: no rival was named. Train one on the same photos with insert-object "
    "train --network pix2pix and name its run with --rival."
)


def claim_options(given: Options) -> Options:
    """The same for claims, which are pictures before they are figures: of fewer photos more is shown."""
    return replace(given, limit=given.limit or 24, looks=6, sheet_rows=8)


@torch.inference_mode()
def measure_claims(
    networks: Networks,
    records: Sequence[ObjectRecord],
    lpips: Lpips,
    rivals: Sequence[Generated],
    *,
    scenes: Sequence[Tensor],
    options: Options,
) -> Findings:
    """Every claim on validation photos, and on `scenes` (uint8 (3, H, W) each) for more telling pictures.

    Raises:
        NothingToEvaluate, DataError: as `evaluate`.
    """
    started = time.monotonic()
    device = torch.device(options.device)
    generator = torch.Generator().manual_seed(options.seed)
    code_size = max([networks.code_size, *(rival.networks.code_size for rival in rivals)])
    picked = pick_validation(records, networks, options, generator)
    photos = stage_from_photos(picked, networks.class_names, code_size, options.looks, generator, device)
    given = stage_from_scenes(scenes, networks, options.looks, code_size, generator, device)
    shown = photos if given is None else given
    everything = photos if given is None else given + photos
    ours = Generated(networks)
    methods = [ours, *rivals]
    real_fill = metrics.box_fill(photos.mask, metrics.bounding_boxes(photos.mask))
    first = shown.first(options.sheet_rows)
    works: list[Callable[[], Claim]] = [
        lambda: claim_moves(methods, everything, lpips, rows=options.sheet_rows),
        lambda: claim_overlaps(methods, photos, first),
        lambda: claim_boxes(networks, ours, first, real_fill, generator),
    ]
    claims = [work() for work in tqdm(works, desc="showing claims", unit="claim", disable=None, leave=False)]
    return Findings(
        facts={
            "validation photos": len(photos),
            "scenes given": len(scenes),
            "seed": options.seed,
            "device": options.device,
            "seconds": round(time.monotonic() - started),
        },
        methods=tuple(method.name for method in methods),
        claims=claims,
        notes=[] if rivals else [_NO_RIVAL],
    )
