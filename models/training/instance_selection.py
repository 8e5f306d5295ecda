"""Which objects of a large class are worth learning from: those that are most like the others.

A small network cannot learn every bust, curled heap and rider's leg there is, and what it spends on them the
common views lack (DeVries, Drozdzal and Taylor, "Instance Selection for GANs", 2020). Kept are the objects
whose features are near the middle of their class's, and whose outline others have, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from models.features.networks import MobileNetV2Features
from models.photos.data import ObjectRecord, object_window

FEWEST = 150  # objects of a class that are always kept
_SIDE = 224  # pixels that the feature network was trained on
_AROUND = 1.15  # side of what it sees over the object's
_GREY = 128  # in place of the scene: only the object is to be judged
_OUTLINE = 48  # pixels along a side of the outlines that are compared
_DIRECTIONS = 48  # principal directions of a class's features
_ALIKE = 3  # other objects whose outlines are like one's own
_BATCH = 16


def selected(records: Sequence[ObjectRecord], share: float, features: Path) -> list[ObjectRecord]:
    """Of each class ``FEWEST`` objects and the ``share`` (0..1) of the others, the most typical ones, in the
    order in which they came. ``features``: folder of the frozen networks.

    Raises:
        FeatureNetworkMissing, FeatureNetworkUnreadable, DataError: with what to do about it.
    """
    described = _describe(records, MobileNetV2Features(features).eval())
    kept: list[int] = []
    for name in sorted({record.class_name for record in records}):
        rows = torch.tensor([row for row, record in enumerate(records) if record.class_name == name])
        count = min(len(rows), FEWEST + round(share * max(0, len(rows) - FEWEST)))
        order = typicality(described[0][rows], described[1][rows]).argsort(descending=True)
        kept += rows[order[:count]].tolist()
    return [records[row] for row in sorted(kept)]


def typicality(features: Tensor, outlines: Tensor) -> Tensor:
    """How typical objects of one class are, (N,), larger for more.

    ``features``: (N, C); ``outlines``: (N, 1, S, S) in 0..1, each centred in its square.
    """
    count = len(features)
    if count <= _ALIKE + 1:
        return torch.zeros(count)
    features = (features - features.mean(0)) / (features.std(0) + 1e-6)
    _, _, directions = torch.linalg.svd(features, full_matrices=False)
    along = features @ directions[: min(_DIRECTIONS, max(1, count // 4))].t()
    distance = (along.square() / (along.var(0) + 1e-6)).sum(1)  # Mahalanobis, squared
    flat, mirrored = outlines.flatten(1), outlines.flip(3).flatten(1)
    either = torch.stack([_overlap(flat, flat).fill_diagonal_(0), _overlap(flat, mirrored).fill_diagonal_(0)])
    alike = either.amax(0).topk(_ALIKE, 1).values.mean(1)
    return _rank(-distance) + _rank(alike)


def _overlap(ones: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of all pairs of outlines (N, P) and (M, P): (N, M)."""
    common = ones @ others.t()
    return common / (ones.sum(1)[:, None] + others.sum(1)[None] - common + 1e-6)


def _rank(values: Tensor) -> Tensor:
    """0..1 by order."""
    return values.argsort().argsort().float() / len(values)


@torch.inference_mode()
def _describe(records: Sequence[ObjectRecord], network: MobileNetV2Features) -> tuple[Tensor, Tensor]:
    """Features (N, C) of the objects on grey, and their outlines (N, 1, S, S)."""
    features, outlines = [], []
    bar = tqdm(
        range(0, len(records), _BATCH), desc="choosing objects", unit="batch", disable=None, leave=False
    )
    for start in bar:
        pictures, masks = [], []
        for record in records[start : start + _BATCH]:
            picture, mask, _ = object_window(record, _SIDE, _AROUND)
            alpha = mask[..., np.newaxis] / np.float32(255)
            pictures.append((picture * alpha + _GREY * (1 - alpha)) / np.float32(127.5) - 1)
            masks.append(mask / np.float32(255))
        batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
        features.append(network(batch)[-1].mean((2, 3)))
        outlines.append(functional.adaptive_avg_pool2d(torch.from_numpy(np.stack(masks))[:, None], _OUTLINE))
    return torch.cat(features), torch.cat(outlines)
