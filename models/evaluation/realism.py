"""Realism, shape, background and seams: every method in the four cells of shape and background."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.baselines import CopyPaste, GreyFill, Method
from models.evaluation.cases import Networks, Sample, masks_for
from models.evaluation.result import ALL_CLASSES, Background, Border, Cell, RealismRow, Shape
from models.evaluation.verdicts import Judges, Verdict, judge_method, judge_photos, segmenter_names

SMALLEST_SAMPLE = 8  # pictures; a class with fewer has no KID worth printing
SOFT_BAND = 6 / 256  # half-width of the soft edge as a share of the window; alpha beyond it is spill
REAL_PHOTO = "real photos"
OTHER_PHOTOS = "real photos, others"

Halves = Mapping[str, tuple[Tensor, Tensor]]
"""For each class, and for all: the indices of its pictures, and random halves of them."""


@dataclass(frozen=True)
class OtherPhotos:
    """Other real photos of the same classes: pictures (N, 3, S, S) in -1..1, masks (N, 1, S, S)."""

    pictures: Tensor
    masks: Tensor


def measure_cells(
    sample: Sample,
    networks: Networks,
    methods: Sequence[Method],
    judges: Judges,
    others: OtherPhotos | None,
    *,
    batch_size: int,
    generator: torch.Generator,
) -> list[Cell]:
    """All rows of all cells.

    Args:
        methods: must hold the two anchors, GreyFill and CopyPaste.
        others: for the row that shows how far photos are from photos.
    """
    names = segmenter_names(sample)
    reach = soft_reach(sample.real.shape[-1], networks.resolution)
    total = sum(2 if method.keeps_real_shape else 4 for method in methods) * len(sample)
    with tqdm(total=total, desc="judging pictures", unit="picture", disable=None, leave=False) as bar:
        photos = {REAL_PHOTO: judge_photos(sample.real, sample.real_mask, names, judges, batch_size)}
        if others is not None:
            unnamed = torch.full_like(names, -1)  # a score of other shapes would not compare
            photos[OTHER_PHOTOS] = judge_photos(others.pictures, others.masks, unnamed, judges, batch_size)
        halves = halves_by_class(sample, generator)
        cells = []
        for background in Background:
            kept: dict[str, Verdict] = {}
            scene = sample.scenes(background)
            for shape in Shape:
                mask = masks_for(sample, networks, shape, batch_size)
                verdicts = dict(photos)
                for method in methods:
                    verdict = kept.get(method.name)
                    if verdict is None:
                        verdict = judge_method(sample, method, scene, mask, judges, reach, batch_size, bar)
                    if method.keeps_real_shape:
                        kept[method.name] = verdict
                    verdicts[method.name] = verdict
                borders = tuple(_border_of(name, verdict) for name, verdict in verdicts.items())
                cells.append(Cell(shape, background, _rows(verdicts, halves), borders))
    return cells


def soft_reach(size: int, resolution: int) -> int:
    """Pixels beyond the mask, in pictures of `size`, that the soft edge of networks of `resolution` may have:
    the band itself and a pixel of the networks' own."""
    return round(SOFT_BAND * size) + max(1, size // resolution)


def halves_by_class(sample: Sample, generator: torch.Generator) -> Halves:
    """Random halves of all pictures and of each class's, for error bars that compare between methods."""
    groups = {ALL_CLASSES: torch.arange(len(sample))}
    class_index = sample.class_index.cpu()
    for number, name in enumerate(sample.class_names):
        members = (class_index == number).nonzero().flatten()
        if len(members):
            groups[name] = members
    return {
        name: (members, metrics.random_halves(len(members), generator)) for name, members in groups.items()
    }


@dataclass(frozen=True)
class _Anchored:
    """A distance to real photos, and its place between grey and pasted pixels."""

    distance: metrics.Estimate
    share: metrics.Estimate


_NOTHING = metrics.Estimate(math.nan, torch.zeros(0))
_UNKNOWN = _Anchored(_NOTHING, _NOTHING)


def _anchored(distances: dict[str, metrics.Estimate]) -> dict[str, _Anchored]:
    grey, pasted = distances[GreyFill.name], distances[CopyPaste.name]
    return {
        name: _Anchored(distance, metrics.anchored_share(grey, distance, pasted))
        for name, distance in distances.items()
    }


def _rows(verdicts: dict[str, Verdict], halves: Halves) -> tuple[RealismRow, ...]:
    real = verdicts[REAL_PHOTO]
    rows = []
    for class_name, (members, parts) in halves.items():
        index = members.to(real.features.device)
        realism: dict[str, _Anchored] = {}
        seams: dict[str, _Anchored] = {}
        if len(members) >= (4 if class_name == ALL_CLASSES else SMALLEST_SAMPLE):
            photos, edges = real.features[index].cpu(), real.border[index].cpu()
            realism = _anchored(
                {name: metrics.kid(photos, v.features[index].cpu(), parts) for name, v in verdicts.items()}
            )
            seams = _anchored(
                {
                    name: metrics.energy_distance(edges, v.border[index].cpu(), parts)
                    for name, v in verdicts.items()
                }
            )
        pasted_score = metrics.mean_or_nan(verdicts[CopyPaste.name].iou[index])
        for name, verdict in verdicts.items():
            likeness, seam = realism.get(name, _UNKNOWN), seams.get(name, _UNKNOWN)
            score = metrics.mean_or_nan(verdict.iou[index])
            rows.append(
                RealismRow(
                    method=name,
                    class_name=class_name,
                    count=len(members),
                    kid=likeness.distance.value,
                    kid_error=likeness.distance.error,
                    realism_share=likeness.share.value,
                    realism_share_error=likeness.share.error,
                    fcn_score=score,
                    fcn_share=score / pasted_score if pasted_score > 0 else math.nan,
                    changed_pixels=int(verdict.changed[index].sum()),
                    spill=metrics.mean_or_nan(verdict.spill[index]),
                    coverage=metrics.mean_or_nan(verdict.coverage[index]),
                    seam_distance=seam.distance.value,
                    seam_score=seam.share.value,
                    seam_score_error=seam.share.error,
                )
            )
    return tuple(rows)


def _border_of(name: str, verdict: Verdict) -> Border:
    steps = verdict.steps.nanmean(dim=0).cpu()
    return Border(name, tuple(steps.tolist()), metrics.mean_or_nan(verdict.halo))
