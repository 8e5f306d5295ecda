"""Variety: do seeds give different looks, are training pictures repeated?"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.methods import Method, to_signed
from models.evaluation.result import DiversityRow, MemorisationRow
from models.evaluation.sample import BATCH, Sample
from models.features.networks import Lpips
from models.photos.data import Windows


def aligned(picture: Tensor, boxes: Tensor, onto: Tensor) -> Tensor:
    """Pictures (B, C, S, S) moved and stretched so that `boxes` (B, 4) lie on the boxes `onto` (B, 4)."""
    size = (boxes[:, 2:] - boxes[:, :2]) / (onto[:, 2:] - onto[:, :2]).clamp(min=1e-6)
    middle, onto_middle = (its[:, :2] + its[:, 2:] - 1 for its in (boxes, onto))  # in -1..1
    return resampled(picture, torch.diag_embed(size), middle - size * onto_middle, "border")


def resampled(picture: Tensor, matrix: Tensor, offset: Tensor, beyond: str = "zeros") -> Tensor:
    """Pictures (B, C, S, S): place p, in -1..1, shows what was at `matrix` (B or 1, 2, 2) p + `offset`."""
    theta = torch.cat([matrix.expand(len(picture), 2, 2), offset.unsqueeze(2)], dim=2)
    grid = F.affine_grid(theta, list(picture.shape), align_corners=False)
    return F.grid_sample(picture, grid, padding_mode=beyond, align_corners=False)


def measure_diversity(sample: Sample, method: Method, lpips: Lpips, limit: int) -> list[DiversityRow]:
    """LPIPS between looks of one shape as a share of that between real objects of the class.

    Both are measured on flat grey inside one and the same shape, the part that two real objects share once
    their boxes lie on each other; else the backgrounds and outlines would be compared, not the looks.
    """
    seeds, real = [], []
    count = min(limit, len(sample))
    batches = sample.batches(sample.clean[:count], sample.real_mask[:count])
    with tqdm(total=count, desc="comparing looks", unit="picture", disable=None, leave=False) as bar:
        for part, cases in batches:
            other = sample.donor[part]
            boxes, onto = sample.boxes[other], sample.boxes[part]
            common = cases.mask * aligned(sample.real_mask[other], boxes, onto)
            partner = aligned(sample.real[other], boxes, onto)
            real.append(lpips(cases.real * common, partner * common).cpu())
            made = [
                lpips.features(method.insert(replace(cases, code=code, seeds=seeds)).rgb * common)
                for code, seeds in zip(
                    sample.codes[part].unbind(1), sample.seeds[part].unbind(1), strict=True
                )
            ]
            seeds.append(
                torch.stack([lpips.between(*pair) for pair in combinations(made, 2)]).mean(dim=0).cpu()
            )
            bar.update(len(common))
    between_seeds, between_real = torch.cat(seeds), torch.cat(real)
    rows = []
    for name, members in sample.groups(count).items():
        ours, theirs = metrics.mean_or_nan(between_seeds[members]), metrics.mean_or_nan(between_real[members])
        rows.append(DiversityRow(method.name, name, len(members), ours, theirs, _share(ours, theirs)))
    return rows


def _share(ours: float, theirs: float) -> float:
    return ours / theirs if theirs > 0 else math.nan


def measure_memorisation(
    sample: Sample, made: Tensor, training: Windows, embedding: nn.Module
) -> tuple[list[MemorisationRow], Tensor]:
    """How near made objects (N, 3, S, S) lie to training pictures of their class, beside held-out real ones:
    by features of the object on grey.

    Returns the rows, and for each made object the index of its nearest training picture, -1
    for a class without pictures.
    """

    def on_grey(picture: Tensor, mask: Tensor) -> Tensor:
        if picture.dtype is torch.uint8:
            picture, mask = to_signed(picture), mask.float() / 255
        return (picture * mask).to(made.device)

    def features(pictures: Tensor, masks: Tensor) -> Tensor:
        pairs = list(zip(torch.split(pictures, BATCH), torch.split(masks, BATCH), strict=True))
        bar = tqdm(pairs, desc="looking for copies", unit="batch", disable=None, leave=False)
        return torch.cat([embedding(on_grey(*pair)).cpu() for pair in bar])

    mask, groups = sample.real_mask, sample.groups()
    known = features(training.images, training.masks)
    distances = torch.full((2, len(sample)), math.inf)
    index = torch.full((len(sample),), -1)
    both = features(made, mask), features(sample.real, mask)
    pools = {
        name: (training.class_index == n).nonzero().flatten() for n, name in enumerate(sample.class_names)
    }
    for name, pool in pools.items():
        members = groups.get(name)
        if members is not None and len(pool):
            distances[0, members], nearest = metrics.nearest(both[0][members], known[pool])
            distances[1, members], _ = metrics.nearest(both[1][members], known[pool])
            index[members] = pool[nearest]
    rows = []
    for name, members in groups.items():
        ours, theirs = (metrics.median_or_nan(distance[members]) for distance in distances)
        count = len(pools[name]) if name in pools else len(training.class_index)
        rows.append(MemorisationRow(name, len(members), count, ours, theirs, _share(ours, theirs)))
    return rows, index
