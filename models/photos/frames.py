"""Square parts of pictures, moved, scaled and mirrored: where they lie, and what is seen in them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def frame_matrix(x: Tensor, y: Tensor, half: Tensor, flip: Tensor) -> Tensor:
    """Affine maps (B, 2, 3) from a frame's own -1..1 to that of its picture: middle x, y and half side in
    -1..1 of the picture, and -1 where it is mirrored, else 1, each (B,)."""
    zero = torch.zeros_like(half)
    return torch.stack([torch.stack([half * flip, zero, x], 1), torch.stack([zero, half, y], 1)], 1)


def seen_in(pictures: Tensor, matrix: Tensor, size: int, *, beyond: str = "border") -> Tensor:
    """Frames (B, C, ``size``, ``size``) of pictures (B, C, H, W). Beyond its sides a picture goes on as
    ``beyond`` says in the words of ``grid_sample``."""
    grid = functional.affine_grid(matrix, [len(pictures), 1, size, size], align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode=beyond, align_corners=False)
