"""Parts codes: where an object's head, legs and tail are, as a small spatial code.

A silhouette does not say where the head is, so a network that sees nothing else paints faces where its
statistics like them. A code is narrow and noisy on purpose: enough for the pose of a head, too little for
the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

PARTS_CHANNELS = 8
PARTS_CELLS = 16  # cells along a side of the close-up
SEEN_SIDE = 8 * PARTS_CELLS  # pixels along a side of the close-up, as the parts encoder takes it
PARTS_NOISE = 0.1  # deviation of what is added to codes in training
PLACED_CELLS = 32  # cells along a side of the window that a code is placed in
SUMMARY = 16 * PARTS_CHANNELS  # numbers that say what the parts are like


def with_noise(parts: Tensor, generator: torch.Generator) -> Tensor:
    """Codes as the generator gets them in training."""
    return parts + PARTS_NOISE * torch.randn(parts.shape, generator=generator, device=parts.device)


def placed(parts: Tensor, placement: Tensor, cells: int = PLACED_CELLS) -> Tensor:
    """Codes (B, C, 16, 16) of close-ups as seen from a window: (B, C, cells, cells).

    ``placement`` (B, 2, 3) maps places of the window to places of the close-up, both in -1..1. What lies
    beyond the close-up is 0.
    """
    grid = functional.affine_grid(placement, [len(parts), 1, cells, cells], align_corners=False)
    return functional.grid_sample(parts.float(), grid, align_corners=False)


def summary(parts: Tensor) -> Tensor:
    """What tells whether the parts of two objects are alike: codes (B, C, 16, 16) -> (B, 16 C)."""
    return functional.avg_pool2d(parts, PARTS_CELLS // 4).flatten(1)
