"""Scenes without their objects, as the network that judges light sees them."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from models.hole import dilate, fill_hole

FRINGE = 3  # pixels around an object that show something of it


def without_objects(scene: Tensor, mask: Tensor) -> Tensor:
    """Scenes (B, 3, S, S) with their objects, mask (B, 1, S, S) in 0..1, and a fringe filled from around."""
    size = scene.shape[-1]
    more = (1 << (size - 1).bit_length()) - size  # up to a power of two, as filling wants it
    padded = functional.pad(scene, (0, more, 0, more))
    hole = functional.pad(dilate(mask, FRINGE), (0, more, 0, more), value=1.0)
    return fill_hole(padded, hole)[..., :size, :size]
