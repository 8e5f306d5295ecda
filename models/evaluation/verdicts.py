"""What the judges say of each picture: features, the segmenter's agreement, background, border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.borders import border_figures, border_profile, halos, ring_distance
from models.evaluation.methods import Cases, GreyFill, Insertion, Method, composite, to_signed
from models.evaluation.result import Shape
from models.evaluation.sample import BATCH, Sample
from models.features.networks import VOC_CLASSES, DeepLabVoc, Lpips, MobileNetV1Embedding


@dataclass(frozen=True)
class FeatureNetworks:
    """The networks that judge: an embedding (B, 3, H, W) -> (B, D) for KID, a segmenter for the FCN-score,
    LPIPS for looks."""

    embedding: nn.Module
    segmenter: DeepLabVoc
    lpips: Lpips

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> FeatureNetworks:
        """Raises FeatureNetworkMissing or FeatureNetworkUnreadable."""
        embedding, segmenter, lpips = MobileNetV1Embedding(folder), DeepLabVoc(folder), Lpips(folder)
        return cls(embedding.to(device), segmenter.to(device), lpips.to(device))


@dataclass(frozen=True)
class Verdict:
    """What the judges say about N pictures of one method in one cell."""

    features: Tensor  # (N, D)
    iou: Tensor  # (N,), nan for classes that the segmenter does not know
    changed: Tensor  # (N,) pixels
    spill: Tensor  # (N,)
    coverage: Tensor  # (N,)
    border: Tensor  # (N, 7), nan where there is no contour


def judge_method(
    sample: Sample,
    method: Method,
    scene: Tensor,
    mask: Tensor,
    shape: Shape,
    judges: FeatureNetworks,
    reach: int,
    bar: tqdm[None],
) -> Verdict:
    """All insertions of a method into `scene` with `mask`, which has that shape; `reach`: pixels of soft edge
    that are no spill."""
    names = segmenter_names(sample.class_names, sample.class_index)
    parts = []
    for part, cases in sample.batches(scene, mask, shape):
        insertion = method.insert(cases)
        before, after, alpha8 = composite(cases.scene, insertion)
        picture, alpha = to_signed(after), alpha8.float() / 255
        parts.append(
            Verdict(
                judges.embedding(picture),
                segment_iou(picture, insertion.shape, names[part], judges.segmenter),
                metrics.changed_pixels(before, after, untouchable(insertion, alpha8, reach)),
                metrics.spill(alpha, insertion.shape, reach),
                metrics.coverage(alpha, insertion.shape),
                _border(*_cut_out(method, cases, insertion, picture, alpha)),
            )
        )
        bar.update(len(picture))
    return _joined(parts)


def judge_photos(photos: Tensor, mask: Tensor, names: Tensor, judges: FeatureNetworks) -> Verdict:
    """The same of photos (N, 3, S, S) whose objects have the masks (N, 1, S, S) and the segmenter's `names`
    (N,); nothing is inserted, so nothing is changed or spilt."""
    parts = []
    wholes = (torch.split(whole, BATCH) for whole in (photos, mask, names))
    for photo, its_mask, its_names in zip(*wholes, strict=True):
        iou, border = segment_iou(photo, its_mask, its_names, judges.segmenter), _border(photo, its_mask)
        nothing = torch.zeros_like(iou)
        unknown = nothing * torch.nan
        parts.append(Verdict(judges.embedding(photo), iou, nothing, unknown, unknown, border))
    return _joined(parts)


def segmenter_names(class_names: Sequence[str], class_index: Tensor) -> Tensor:
    """(N,) each picture's class as the segmenter numbers it, -1 where it has no such class."""
    numbers = [VOC_CLASSES.index(name) if name in VOC_CLASSES else -1 for name in class_names]
    return torch.tensor(numbers, device=class_index.device)[class_index]


def segment_iou(picture: Tensor, shape: Tensor, names: Tensor, segmenter: DeepLabVoc) -> Tensor:
    """(B,) IoU of what the segmenter calls `names` (B,) with `shape` (B, 1, S, S); nan for names below 0."""
    labels = segmenter.labels(picture)
    found = (labels == names.view(-1, 1, 1)).unsqueeze(1).float()
    return metrics.iou(found, shape).masked_fill(names < 0, torch.nan)


def untouchable(insertion: Insertion, alpha8: Tensor, reach: int) -> Tensor:
    """(B, 1, S, S) bool, the pixels that must stay as they were: where alpha (uint8) is 0; for a method that
    repaints the scene, farther than `reach` pixels from the shape."""
    if insertion.repaints_scene:
        return metrics.grown(insertion.shape, reach) == 0
    return alpha8 == 0


def _cut_out(
    method: Method, cases: Cases, insertion: Insertion, picture: Tensor, alpha: Tensor
) -> tuple[Tensor, Tensor]:
    """The picture and the alpha whose border is judged; that of an absent object runs where it should be."""
    if isinstance(method, GreyFill):  # the lower anchor of the seam score is cut out with scissors
        hard = replace(insertion, alpha=(insertion.alpha >= 0.5).to(insertion.alpha.dtype))
        return to_signed(composite(cases.scene, hard)[1]), hard.alpha
    if insertion.repaints_scene:
        return picture, insertion.shape
    present = (alpha >= 0.5).flatten(1).any(dim=1).view(-1, 1, 1, 1)
    return picture, torch.where(present, alpha, insertion.shape)


def _border(picture: Tensor, alpha: Tensor) -> Tensor:
    distance = ring_distance(alpha)
    return border_figures(border_profile(picture, distance), halos(picture, distance))


def _joined(parts: Sequence[Verdict]) -> Verdict:
    return Verdict(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Verdict)))
