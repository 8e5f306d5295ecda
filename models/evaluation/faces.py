"""Faces: a person looks there first, so the heads are judged by themselves as well."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.evaluation import metrics
from models.evaluation.methods import Method, composite, to_signed
from models.evaluation.realism import REAL_PHOTO, SMALLEST_SAMPLE, anchored
from models.evaluation.result import Background, FaceRow
from models.evaluation.sample import BATCH, Sample
from models.photos.heads import cut_heads

HEAD_SIDE = 96  # pixels along a side of a head that is judged
SMALLEST_HEAD = 10 / 128  # half a head's side over half the window's, below which no face can be seen


def measure_faces(
    sample: Sample, methods: Sequence[Method], embedding: nn.Module, generator: torch.Generator
) -> list[FaceRow]:
    """KID and realism share of the heads, for all classes together and for each with enough of them.

    The real shape is used, so that the head's place is known; the scene is another photo's.
    ``methods`` must hold the two anchors. No rows where the data name too few heads.
    """
    rows = torch.where(sample.heads[:, 2] >= SMALLEST_HEAD)[0]
    if len(rows) < SMALLEST_SAMPLE:
        return []

    def embedded(pictures: Tensor) -> Tensor:
        parts = zip(torch.split(pictures[rows], BATCH), torch.split(sample.heads[rows], BATCH), strict=True)
        return torch.cat([embedding(cut_heads(*part, HEAD_SIDE)).cpu() for part in parts])

    features = {REAL_PHOTO: embedded(sample.real)}
    scene = sample.scenes(Background.OTHER)
    for method in methods:
        made = torch.cat(
            [
                to_signed(composite(cases.scene, method.insert(cases))[1])
                for _, cases in sample.batches(scene, sample.real_mask)
            ]
        )
        features[method.name] = embedded(made)
    found = []
    chosen = {int(row): place for place, row in enumerate(rows)}
    for class_name, members in sample.groups().items():
        places = torch.tensor([chosen[int(n)] for n in members if int(n) in chosen], dtype=torch.long)
        if len(places) < SMALLEST_SAMPLE:
            continue
        halves = metrics.random_halves(len(places), generator)
        real = features[REAL_PHOTO][places]
        kids = {name: metrics.kid(real, its[places], halves) for name, its in features.items()}
        found += [
            FaceRow(name, class_name, len(places), kid.value, kid.error, share.value, share.error)
            for name, (kid, share) in anchored(kids).items()
            if name != REAL_PHOTO
        ]
    return found
