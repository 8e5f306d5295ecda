"""Heads cut out of pictures, for a discriminator that judges faces and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor

from models.photos.heads import cut_heads

HEAD_SIDE = 96  # pixels along a side of what is judged
_LEAST = 20  # pixels of the picture that a cut has at least along a side: fewer show no face
_SHIFT = 0.15  # how far a cut lies beside the head, in halves of its side
_SCALE = 0.15  # how much larger or smaller it is, as a logarithm
_BRIGHTNESS = 0.4  # span of the change of brightness, as for whole pictures


def known_heads(picture: Tensor, heads: Tensor) -> Tensor:
    """The heads of those pictures whose head is known, as they are: (H, 3, ``HEAD_SIDE``, ``HEAD_SIDE``).

    ``picture``: (B, 3, S, S); ``heads``: (B, 3) as for ``head_crops``, that half 0 where none is known; at
    least one is.
    """
    known = heads[:, 2] > 0
    return cut_heads(picture[known], heads[known], HEAD_SIDE)


def head_crops(
    picture: Tensor, mask: Tensor, heads: Tensor, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Heads at one size, a little shifted, scaled and brightened at random. Differentiable.

    Args:
        picture: (B, 3, S, S) in -1..1.
        mask: (B, 1, S, S) in 0..1.
        heads: (B, 3) middle x, y and half side in -1..1 of the picture; no half side is 0.

    Returns:
        (B, 3, ``HEAD_SIDE``, ``HEAD_SIDE``) and their masks (B, 1, …).
    """
    count = len(picture)
    draw = torch.rand(4, count, generator=random, device=picture.device) * 2 - 1
    half = heads[:, 2].clamp(min=_LEAST / picture.shape[-1]) * (_SCALE * draw[0]).exp()
    x, y = heads[:, 0] + _SHIFT * half * draw[1], heads[:, 1] + _SHIFT * half * draw[2]
    both = cut_heads(torch.cat([picture, mask], 1), torch.stack([x, y, half], 1), HEAD_SIDE)
    return both[:, :3] + (_BRIGHTNESS / 2 * draw[3]).view(-1, 1, 1, 1), both[:, 3:]
