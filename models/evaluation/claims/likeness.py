"""How alike two looks of an object are, on flat grey inside its mask: LPIPS and colour histograms."""

from __future__ import annotations

import torch
from torch import Tensor

from models.evaluation.compositing import to_signed
from models.evaluation.metrics import bounding_boxes
from models.evaluation.variety import aligned
from models.features.networks import Lpips

_BINS = 8  # a side of the colour histogram
CROP = 128  # pixels of an object's crop


def object_crops(picture: Tensor, mask: Tensor) -> Tensor:
    """Objects of pictures (N, 3, C, C) uint8 on grey, their boxes filling the frame: (N, 3, CROP, CROP) in
    -1..1. Masks (N, 1, C, C) in 0..1."""
    boxes = bounding_boxes(mask)
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]], device=picture.device).expand_as(boxes)
    cut = aligned(to_signed(picture) * mask, boxes, whole)
    return torch.nn.functional.interpolate(cut, size=(CROP, CROP), mode="bilinear", antialias=True)


def lpips_between(lpips: Lpips, first: Tensor, second: Tensor, batch_size: int = 16) -> Tensor:
    """(N,) LPIPS of two stacks of crops, on the CPU."""
    parts = zip(torch.split(first, batch_size), torch.split(second, batch_size), strict=True)
    return torch.cat([lpips(a, b).cpu() for a, b in parts])


def colours(picture: Tensor, mask: Tensor) -> Tensor:
    """(N, _BINS ** 3) histograms, summing to 1, of pictures (N, 3, C, C) uint8 under masks (N, 1, C, C)."""
    bins = (picture.long() * _BINS) // 256
    place = ((bins[:, 0] * _BINS + bins[:, 1]) * _BINS + bins[:, 2]).flatten(1)
    counts = torch.zeros(len(picture), _BINS**3, device=picture.device)
    counts.scatter_add_(1, place, mask[:, 0].flatten(1).float())
    return counts / counts.sum(dim=1, keepdim=True).clamp(min=1e-6)


def colour_distance(first: Tensor, second: Tensor) -> Tensor:
    """(N,) half the sum of differences of two stacks of histograms: 0 is the same, 1 is nothing in common."""
    return 0.5 * (first - second).abs().sum(dim=1)
