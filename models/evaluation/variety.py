"""Variety: do seeds give different looks, are training pictures repeated, are generated masks sound?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.baselines import Cases, Method
from models.evaluation.cases import Networks, Sample, masks_for
from models.evaluation.result import (
    ALL_CLASSES,
    DiversityRow,
    MaskRow,
    MemorisationRow,
    Shape,
    Spread,
)
from models.features.networks import Lpips
from models.photos.data import Windows


def _groups(sample: Sample, count: int) -> Iterator[tuple[str, Tensor]]:
    """(class name, bool (count,)) of all pictures and of each class among the first `count`."""
    class_index = sample.class_index[:count].cpu()
    yield ALL_CLASSES, torch.ones(count, dtype=torch.bool)
    for number, name in enumerate(sample.class_names):
        if (class_index == number).any():
            yield name, class_index == number


def aligned(picture: Tensor, boxes: Tensor, onto: Tensor) -> Tensor:
    """Pictures (B, C, S, S) moved and stretched so that `boxes` (B, 4) lie on the boxes `onto` (B, 4)."""
    size = (boxes[:, 2:] - boxes[:, :2]) / (onto[:, 2:] - onto[:, :2]).clamp(min=1e-6)
    middle = boxes[:, :2] + boxes[:, 2:] - 1  # in -1..1
    onto_middle = onto[:, :2] + onto[:, 2:] - 1
    shift = middle - size * onto_middle
    matrix = torch.zeros(len(picture), 2, 3, device=picture.device)
    matrix[:, 0, 0], matrix[:, 1, 1] = size[:, 0], size[:, 1]
    matrix[:, :, 2] = shift
    grid = F.affine_grid(matrix, list(picture.shape), align_corners=False)
    return F.grid_sample(picture, grid, padding_mode="border", align_corners=False)


def measure_diversity(
    sample: Sample, method: Method, lpips: Lpips, *, limit: int, batch_size: int
) -> list[DiversityRow]:
    """LPIPS between looks of one shape as a share of that between real objects of the class.

    Both are measured on flat grey inside one and the same shape, the part that two real objects share once
    their boxes lie on each other; else the backgrounds and outlines would be compared, not the looks.
    """
    count = min(limit, len(sample))
    looks = sample.codes.shape[1]
    seeds, real = [], []
    with tqdm(total=count, desc="comparing looks", unit="picture", disable=None, leave=False) as bar:
        for start in range(0, count, batch_size):
            part = slice(start, min(start + batch_size, count))
            other = sample.donor[part]
            boxes, onto = sample.boxes[other], sample.boxes[part]
            common = sample.real_mask[part] * aligned(sample.real_mask[other], boxes, onto)
            partner = aligned(sample.real[other], boxes, onto)
            real.append(lpips(sample.real[part] * common, partner * common).cpu())
            made = []
            for look in range(looks):
                cases = Cases(
                    sample.clean[part],
                    sample.real_mask[part],
                    sample.real[part],
                    sample.real_mask[part],
                    sample.class_index[part],
                    sample.codes[part, look],
                )
                made.append(lpips.features(method.insert(cases).rgb * common))
            pairs = [lpips.between(made[a], made[b]) for a in range(looks) for b in range(a + 1, looks)]
            seeds.append(torch.stack(pairs).mean(dim=0).cpu())
            bar.update(part.stop - part.start)
    between_seeds, between_real = torch.cat(seeds), torch.cat(real)
    rows = []
    for name, members in _groups(sample, count):
        ours, theirs = metrics.mean_or_nan(between_seeds[members]), metrics.mean_or_nan(between_real[members])
        rows.append(
            DiversityRow(
                method.name, name, int(members.sum()), ours, theirs, ours / theirs if theirs > 0 else math.nan
            )
        )
    return rows


def measure_masks(
    sample: Sample, networks: Networks, *, batch_size: int
) -> tuple[list[MaskRow], dict[str, Spread]]:
    """How generated masks fit their boxes and resemble real ones, in the own scenes."""
    made = masks_for(sample, networks, Shape.GENERATED, batch_size)
    fit = metrics.box_iou(metrics.bounding_boxes(made), sample.boxes).cpu()
    single = (metrics.pieces(made) == 1).float()
    area = (sample.boxes[:, 2:] - sample.boxes[:, :2]).prod(dim=1).clamp(min=1e-6)
    fill = (made.mean(dim=(1, 2, 3)) / area).cpu()
    fill_real = (sample.real_mask.mean(dim=(1, 2, 3)) / area).cpu()
    rows = [
        MaskRow(
            name,
            int(members.sum()),
            metrics.mean_or_nan(fit[members]),
            metrics.mean_or_nan(single[members]),
            metrics.mean_or_nan(fill[members]),
            metrics.mean_or_nan(fill_real[members]),
        )
        for name, members in _groups(sample, len(sample))
    ]
    return rows, {
        "fill of the box": Spread(tuple(fill.tolist()), tuple(fill_real.tolist())),
        "width over height": Spread(_aspects(made), _aspects(sample.real_mask)),
    }


def _aspects(mask: Tensor) -> tuple[float, ...]:
    """log2 of width over height of masks (B, 1, S, S); nan for an empty one."""
    boxes = metrics.bounding_boxes(mask)
    found: list[float] = ((boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1])).log2().tolist()
    return tuple(found)


class Neighbours:
    """Finds the nearest training picture of the same class, by features of the object on grey."""

    def __init__(self, training: Windows, embedding: nn.Module, *, batch_size: int) -> None:
        self.class_index = training.class_index
        self._embedding = embedding
        self._device = next(embedding.buffers()).device
        self._batch_size = batch_size
        self._features = self.features(training.images.float() / 127.5 - 1, training.masks.float() / 255)

    def features(self, picture: Tensor, mask: Tensor) -> Tensor:
        """(N, D), on the CPU, of pictures (N, 3, S, S) with grey laid outside their masks (N, 1, S, S)."""
        parts = []
        steps = range(0, len(picture), self._batch_size)
        for start in tqdm(steps, desc="looking for copies", unit="batch", disable=None, leave=False):
            part = slice(start, start + self._batch_size)
            parts.append(self._embedding((picture[part] * mask[part]).to(self._device)).cpu())
        return torch.cat(parts)

    def find(self, features: Tensor, class_index: Tensor) -> tuple[Tensor, Tensor]:
        """Distance (N,) and index (N,) of the nearest picture; inf and -1 for a class without pictures."""
        distance = torch.full((len(features),), math.inf)
        index = torch.full((len(features),), -1)
        for number in range(int(class_index.max()) + 1):
            queries = (class_index == number).nonzero().flatten()
            candidates = (self.class_index == number).nonzero().flatten()
            if len(queries) and len(candidates):
                distance[queries], found = metrics.nearest(features[queries], self._features[candidates])
                index[queries] = candidates[found]
        return distance, index


def measure_memorisation(
    sample: Sample, made: Tensor, neighbours: Neighbours
) -> tuple[list[MemorisationRow], Spread, Tensor]:
    """How near made objects (N, 3, S, S) lie to training pictures, beside held-out real ones.

    Returns the rows, every distance, and for each made object the index of its nearest training picture.
    """
    class_index = sample.class_index.cpu()
    mask = sample.real_mask
    made_distance, index = neighbours.find(neighbours.features(made, mask), class_index)
    real_distance, _ = neighbours.find(neighbours.features(sample.real, mask), class_index)
    rows = []
    for name, members in _groups(sample, len(sample)):
        ours, theirs = (
            metrics.median_or_nan(made_distance[members]),
            metrics.median_or_nan(real_distance[members]),
        )
        pool = (
            len(neighbours.class_index)
            if name == ALL_CLASSES
            else int((neighbours.class_index == sample.class_names.index(name)).sum())
        )
        rows.append(
            MemorisationRow(
                name, int(members.sum()), pool, ours, theirs, ours / theirs if theirs > 0 else math.nan
            )
        )
    return rows, Spread(tuple(made_distance.tolist()), tuple(real_distance.tolist())), index
