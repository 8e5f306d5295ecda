"""Realism, shape, background and seams: every method in the four cells of shape and background."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.methods import CopyPaste, GreyFill, Method, Networks
from models.evaluation.result import ALL_CLASSES, Background, Cell, RealismRow, Shape
from models.evaluation.sample import Sample
from models.evaluation.verdicts import FeatureNetworks, Verdict, judge_method, judge_photos, segmenter_names

SMALLEST_SAMPLE = 8  # pictures; a class with fewer has no KID worth printing
SOFT_BAND = 6 / 256  # half-width of the soft edge as a share of the window; alpha beyond it is spill
REAL_PHOTO = "real photos"

Halves = Mapping[str, tuple[Tensor, Tensor]]
"""For each class, and for all: the indices of its pictures, and random halves of them."""


def measure_cells(
    sample: Sample,
    networks: Networks,
    methods: Sequence[Method],
    judges: FeatureNetworks,
    generator: torch.Generator,
) -> list[Cell]:
    """All rows of all cells.

    Args:
        methods: must hold the two anchors, GreyFill and CopyPaste.
    """
    names = segmenter_names(sample.class_names, sample.class_index)
    reach = soft_reach(sample.real.shape[-1], networks.resolution)
    total = sum(2 if method.keeps_real_shape else 4 for method in methods) * len(sample)
    with tqdm(total=total, desc="judging pictures", unit="picture", disable=None, leave=False) as bar:
        photos = {REAL_PHOTO: judge_photos(sample.real, sample.real_mask, names, judges)}
        halves = halves_by_class(sample, generator)
        cells = []
        for background in Background:
            kept: dict[str, Verdict] = {}
            scene = sample.scenes(background)
            for shape in Shape:
                mask = sample.masks(networks, shape)
                verdicts = dict(photos)
                for method in methods:
                    verdict = kept.get(method.name)
                    if verdict is None:
                        verdict = judge_method(sample, method, scene, mask, shape, judges, reach, bar)
                    if method.keeps_real_shape:
                        kept[method.name] = verdict
                    verdicts[method.name] = verdict
                cells.append(Cell(shape, background, tuple(realism_rows(verdicts, halves)[0])))
    return cells


def soft_reach(size: int, resolution: int) -> int:
    """Pixels beyond the mask, in pictures of `size`, that the soft edge of networks of `resolution` may have:
    the band itself and a pixel of the networks' own."""
    return round(SOFT_BAND * size) + max(1, size // resolution)


def halves_by_class(sample: Sample, generator: torch.Generator) -> Halves:
    """Random halves of all pictures and of each class's, for error bars that compare between methods."""
    return {
        name: (members, metrics.random_halves(len(members), generator))
        for name, members in sample.groups().items()
    }


Anchored = tuple[metrics.Estimate, metrics.Estimate]
"""A distance to real photos, and its place between grey and pasted pixels."""

UNKNOWN = metrics.Estimate(math.nan, torch.zeros(0))


def realism_rows(
    verdicts: Mapping[str, Verdict], halves: Halves
) -> tuple[list[RealismRow], dict[tuple[str, str], metrics.Estimate]]:
    """Rows of all classes and methods, and by (class, method) the realism shares with their halves.

    verdicts: by method, those of the anchors and of REAL_PHOTO among them. Classes with too few photos have
    rows, but no share.
    """
    rows, shares = [], {}
    for class_name, (members, parts) in halves.items():
        picked = members.to(verdicts[REAL_PHOTO].features.device)
        realism: dict[str, Anchored] = {}
        seams: dict[str, Anchored] = {}
        if len(members) >= (4 if class_name == ALL_CLASSES else SMALLEST_SAMPLE):
            features = {name: verdict.features[picked].cpu() for name, verdict in verdicts.items()}
            borders = {name: verdict.border[picked].cpu() for name, verdict in verdicts.items()}
            photos, edges = features[REAL_PHOTO], borders[REAL_PHOTO]
            realism = anchored({name: metrics.kid(photos, its, parts) for name, its in features.items()})
            seams = anchored(
                {name: metrics.energy_distance(edges, its, parts) for name, its in borders.items()}
            )
        pasted_score = metrics.mean_or_nan(verdicts[CopyPaste.name].iou[picked])
        for name, verdict in verdicts.items():
            kid, share = realism.get(name, (UNKNOWN, UNKNOWN))
            seam_distance, seam = seams.get(name, (UNKNOWN, UNKNOWN))
            score = metrics.mean_or_nan(verdict.iou[picked])
            if realism:
                shares[class_name, name] = share
            rows.append(
                RealismRow(
                    method=name,
                    class_name=class_name,
                    count=len(members),
                    kid=kid.value,
                    kid_error=kid.error,
                    realism_share=share.value,
                    realism_share_error=share.error,
                    fcn_score=score,
                    fcn_share=score / pasted_score if pasted_score > 0 else math.nan,
                    changed_pixels=int(verdict.changed[picked].sum()),
                    spill=metrics.mean_or_nan(verdict.spill[picked]),
                    coverage=metrics.mean_or_nan(verdict.coverage[picked]),
                    seam_distance=seam_distance.value,
                    seam_score=seam.value,
                    seam_score_error=seam.error,
                )
            )
    return rows, shares


def anchored(distances: dict[str, metrics.Estimate]) -> dict[str, Anchored]:
    """Each method's distance with its place between those of the anchors."""
    grey, pasted = distances[GreyFill.name], distances[CopyPaste.name]
    return {name: (its, metrics.anchored_share(grey, its, pasted)) for name, its in distances.items()}
