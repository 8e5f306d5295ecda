"""Realism, shape and background: every method in the four cells of shape and background."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.baselines import CopyPaste, GreyFill, Insertion, Method
from models.evaluation.cases import Networks, Sample, masks_for
from models.evaluation.result import ALL_CLASSES, Background, Cell, RealismRow, Shape
from models.features.networks import VOC_CLASSES

SMALLEST_SAMPLE = 8  # pictures; a class with fewer has no KID worth printing
SOFT_BAND = 6 / 256  # half-width of the soft edge as a share of the window; alpha beyond it is spill
REAL_PHOTO = "real photos"
OTHER_PHOTOS = "real photos, others"


class Segmenter(Protocol):
    """Names the pixels of a picture, as DeepLabVoc does."""

    def labels(self, x: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Judges:
    """The networks that judge: an embedding (B, 3, H, W) -> (B, D) for KID, a segmenter for the FCN-score."""

    embedding: nn.Module
    segmenter: Segmenter


@dataclass(frozen=True)
class Verdict:
    """What the judges say about N pictures of one method in one cell."""

    features: Tensor  # (N, D)
    iou: Tensor  # (N,), nan for classes that the segmenter does not know
    changed: Tensor  # (N,) pixels
    spill: Tensor  # (N,)
    coverage: Tensor  # (N,)


def composite(scene: Tensor, insertion: Insertion) -> tuple[Tensor, Tensor, Tensor]:
    """The finished picture, as a user gets it: 8-bit layer over 8-bit scene.

    Returns scene (B, 3, S, S), result (B, 3, S, S) and alpha (B, 1, S, S), all uint8.
    """
    scene8 = to_bytes(scene)
    rgb8 = to_bytes(insertion.rgb)
    alpha8 = (insertion.alpha * 255).round().clamp(0, 255).to(torch.uint8)
    share = alpha8.float() / 255
    result = scene8.float() + (rgb8.float() - scene8.float()) * share
    return scene8, result.round().to(torch.uint8), alpha8


def to_bytes(picture: Tensor) -> Tensor:
    """(B, 3, H, W) in -1..1 to uint8."""
    return ((picture + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_signed(picture: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) to float in -1..1."""
    return picture.float() / 127.5 - 1


def measure_cells(
    sample: Sample,
    networks: Networks,
    methods: Sequence[Method],
    judges: Judges,
    others: Tensor | None,
    *,
    batch_size: int,
    generator: torch.Generator,
) -> list[Cell]:
    """All rows of all cells.

    Args:
        methods: must hold the two anchors, GreyFill and CopyPaste.
        others: (N, 3, S, S), other real photos of the same classes, for the row that shows KID's floor.
    """
    names = _segmenter_names(sample)
    size = sample.real.shape[-1]
    reach = round(SOFT_BAND * size) + max(1, size // networks.resolution)  # and a pixel of the networks' own
    total = sum(2 if method.keeps_real_shape else 4 for method in methods) * len(sample)
    with tqdm(total=total, desc="judging pictures", unit="picture", disable=None, leave=False) as bar:
        real = _judge_photos(sample.real, sample.real_mask, names, judges, batch_size)
        photos = {REAL_PHOTO: real}
        if others is not None:
            features = _embed(others, judges.embedding, batch_size)
            nothing = torch.full_like(real.iou, math.nan)
            photos[OTHER_PHOTOS] = Verdict(features, nothing, real.changed, nothing, nothing)
        halves = _halves_by_class(sample, generator)
        cells = []
        for background in Background:
            kept: dict[str, Verdict] = {}
            scene = sample.scenes(background)
            for shape in Shape:
                mask = masks_for(sample, networks, shape, background, batch_size)
                verdicts = dict(photos)
                for method in methods:
                    verdict = kept.get(method.name)
                    if verdict is None:
                        verdict = _judge_method(
                            sample, method, scene, mask, names, judges, reach, batch_size, bar
                        )
                    if method.keeps_real_shape:
                        kept[method.name] = verdict
                    verdicts[method.name] = verdict
                cells.append(Cell(shape, background, _rows(sample, real.features, verdicts, halves)))
    return cells


def _judge_method(
    sample: Sample,
    method: Method,
    scene: Tensor,
    mask: Tensor,
    names: Tensor,
    judges: Judges,
    reach: int,
    batch_size: int,
    bar: tqdm[None],
) -> Verdict:
    parts = []
    for part, cases in sample.batches(scene, mask, batch_size):
        insertion = method.insert(cases)
        before, after, alpha8 = composite(cases.scene, insertion)
        picture = to_signed(after)
        alpha = alpha8.float() / 255
        parts.append(
            Verdict(
                judges.embedding(picture),
                _segment_iou(picture, insertion.shape, names[part], judges.segmenter),
                metrics.changed_pixels(before, after, alpha8),
                metrics.spill(alpha, insertion.shape, reach),
                metrics.coverage(alpha, insertion.shape),
            )
        )
        bar.update(len(picture))
    return _joined(parts)


def _judge_photos(photos: Tensor, mask: Tensor, names: Tensor, judges: Judges, batch_size: int) -> Verdict:
    found = [
        _segment_iou(photo, its_mask, its_names, judges.segmenter)
        for photo, its_mask, its_names in zip(
            *(torch.split(whole, batch_size) for whole in (photos, mask, names)), strict=True
        )
    ]
    nothing = torch.zeros(len(photos), device=photos.device)
    return Verdict(
        _embed(photos, judges.embedding, batch_size),
        torch.cat(found),
        nothing,
        nothing * math.nan,
        nothing * math.nan,
    )


def _embed(photos: Tensor, embedding: nn.Module, batch_size: int) -> Tensor:
    return torch.cat([embedding(part) for part in torch.split(photos, batch_size)])


def _segment_iou(picture: Tensor, shape: Tensor, names: Tensor, segmenter: Segmenter) -> Tensor:
    labels = segmenter.labels(picture)
    found = (labels == names.view(-1, 1, 1)).unsqueeze(1).float()
    return metrics.iou(found, shape).masked_fill(names < 0, math.nan)


def _joined(parts: Sequence[Verdict]) -> Verdict:
    return Verdict(
        torch.cat([part.features for part in parts]),
        torch.cat([part.iou for part in parts]),
        torch.cat([part.changed for part in parts]),
        torch.cat([part.spill for part in parts]),
        torch.cat([part.coverage for part in parts]),
    )


def _segmenter_names(sample: Sample) -> Tensor:
    """(N,) each picture's class as the segmenter numbers it, -1 where it has no such class."""
    numbers = [VOC_CLASSES.index(name) if name in VOC_CLASSES else -1 for name in sample.class_names]
    return torch.tensor(numbers, device=sample.class_index.device)[sample.class_index]


def _halves_by_class(sample: Sample, generator: torch.Generator) -> dict[str, tuple[Tensor, Tensor]]:
    """For each class, and for all: (indices of its pictures, random halves of them)."""
    groups = {ALL_CLASSES: torch.arange(len(sample))}
    class_index = sample.class_index.cpu()
    for number, name in enumerate(sample.class_names):
        members = (class_index == number).nonzero().flatten()
        if len(members):
            groups[name] = members
    return {
        name: (members, metrics.random_halves(len(members), generator)) for name, members in groups.items()
    }


def _rows(
    sample: Sample,
    real: Tensor,
    verdicts: dict[str, Verdict],
    halves: dict[str, tuple[Tensor, Tensor]],
) -> tuple[RealismRow, ...]:
    rows = []
    for class_name, (members, parts) in halves.items():
        index = members.to(sample.real.device)
        enough = len(members) >= (4 if class_name == ALL_CLASSES else SMALLEST_SAMPLE)
        estimates = {
            name: metrics.kid(real[index].cpu(), verdict.features[index].cpu(), parts)
            for name, verdict in verdicts.items()
            if enough
        }
        grey, pasted = estimates.get(GreyFill.name), estimates.get(CopyPaste.name)
        pasted_score = metrics.mean_or_nan(verdicts[CopyPaste.name].iou[index])
        for name, verdict in verdicts.items():
            estimate = estimates.get(name)
            share = metrics.realism_share(grey, estimate, pasted) if estimate and grey and pasted else None
            score = metrics.mean_or_nan(verdict.iou[index])
            rows.append(
                RealismRow(
                    method=name,
                    class_name=class_name,
                    count=len(members),
                    kid=estimate.value if estimate else math.nan,
                    kid_error=estimate.error if estimate else math.nan,
                    realism_share=share.value if share else math.nan,
                    realism_share_error=share.error if share else math.nan,
                    fcn_score=score,
                    fcn_share=score / pasted_score if pasted_score > 0 else math.nan,
                    changed_pixels=int(verdict.changed[index].sum()),
                    spill=metrics.mean_or_nan(verdict.spill[index]),
                    coverage=metrics.mean_or_nan(verdict.coverage[index]),
                )
            )
    return tuple(rows)
