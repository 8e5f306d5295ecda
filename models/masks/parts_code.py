"""Parts codes: where an object's head, legs and tail are, as a small spatial code.

A silhouette does not say where the head is, so a network that sees nothing else paints faces where its
statistics like them. A code is narrow and noisy on purpose: enough for the pose of a head, too little for
the picture. A finer one beside it says where its features are, eyes and nostrils and windows, for the levels
of the generator that paint. Both travel in one tensor: the coarse channels, then the finer ones folded to
the coarse size (``joined``).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

PARTS_CHANNELS = 8
PARTS_CELLS = 16  # cells along a side of the close-up
FINER = 4  # channels of the finer code
_FOLD = 2  # finer cells along a side of a coarse one
PARTS_NOISE = 0.1  # deviation of what is added to codes in training
PLACED_CELLS = 32  # cells along a side of the window that a code is placed in
SUMMARY = 16 * PARTS_CHANNELS  # numbers that say what the parts are like


def channels(finer: int) -> int:
    """Channels of a code whose finer part has so many; 0 for none."""
    return PARTS_CHANNELS + finer * _FOLD**2


def joined(coarse: Tensor, finer: Tensor) -> Tensor:
    """One code (B, 8 + 4 F, 16, 16) of a coarse one (B, 8, 16, 16) and a finer one (B, F, 32, 32)."""
    return torch.cat([coarse, functional.pixel_unshuffle(finer, _FOLD)], 1)


def split(parts: Tensor) -> tuple[Tensor, Tensor]:
    """What :func:`joined` was given; a finer code of no channels where there is none."""
    finer = parts[:, PARTS_CHANNELS:]
    if not finer.shape[1]:
        return parts, finer
    return parts[:, :PARTS_CHANNELS], functional.pixel_shuffle(finer, _FOLD)


def each_size(parts: Tensor, cells: int, place: Callable[[Tensor, int], Tensor]) -> Tensor:
    """A code of which each part went through ``place``, which is told its new size: (B, C, cells, cells)."""
    coarse, finer = split(parts)
    if not finer.shape[1]:
        return place(coarse, cells)
    return joined(place(coarse, cells), place(finer, _FOLD * cells))


def with_noise(parts: Tensor, generator: torch.Generator) -> Tensor:
    """Codes as the generator gets them in training."""
    return parts + PARTS_NOISE * torch.randn(parts.shape, generator=generator, device=parts.device)


def placed(parts: Tensor, placement: Tensor, cells: int = PLACED_CELLS) -> Tensor:
    """Codes (B, C, 16, 16) of close-ups as seen from a window: (B, C, cells, cells), the finer ones folded.

    ``placement`` (B, 2, 3) maps places of the window to places of the close-up, both in -1..1. What lies
    beyond the close-up is 0.
    """

    def place(codes: Tensor, size: int) -> Tensor:
        grid = functional.affine_grid(placement, [len(codes), 1, size, size], align_corners=False)
        return functional.grid_sample(codes.float(), grid, align_corners=False)

    return each_size(parts, cells, place)


def summary(parts: Tensor) -> Tensor:
    """What tells whether the parts of two objects are alike: codes (B, C, 16, 16) -> (B, 128).

    The coarse ones alone are compared."""
    return functional.avg_pool2d(parts[:, :PARTS_CHANNELS], PARTS_CELLS // 4).flatten(1)
