"""What a seed stands for: the random numbers of a look, of a shape and of the grain."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.masks.generator import LATENT


@dataclass(frozen=True)
class Numbers:
    """Standard normal numbers: look (code_size,), shape (32,), noise (1, S, S)."""

    look: Tensor
    shape: Tensor
    noise: Tensor


def numbers_of(seed: int, code_size: int, side: int = 1) -> Numbers:
    """The numbers of a seed, on the CPU; look and shape are the same for every ``side`` S of the noise."""
    random = torch.Generator().manual_seed(seed)
    sizes = ((code_size,), (LATENT,), (1, side, side))
    return Numbers(*(torch.randn(size, generator=random) for size in sizes))
