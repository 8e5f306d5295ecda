"""The parts encoder: a close-up of an object in, the code of where its parts are out.

It sees the object grey, with its contrast taken out and without what is around it, so that colours stay with
the appearance code (the split of structure and texture of Park et al., "Swapping Autoencoder for Deep Image
Manipulation", 2020).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from models.layers import activate, convolution
from models.masks.parts_code import PARTS_CHANNELS


class PartsEncoder(nn.Module):
    """Close-up of an object -> its parts code."""

    def __init__(self) -> None:
        super().__init__()
        widths = (2, 32, 64, 128)
        self.layers = nn.ModuleList(convolution(a, b, 3, 2) for a, b in pairwise(widths))
        self.inner = convolution(widths[-1], widths[-1])
        self.out = convolution(widths[-1], PARTS_CHANNELS)
        nn.init.normal_(self.out.weight, 0, 0.02)

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        """picture (B, 3, 128, 128) in -1..1, mask (B, 1, 128, 128) in 0..1 -> (B, 8, 16, 16) in -1..1."""
        seen = torch.cat([without_contrast(picture, mask), mask], 1).to(self.inner.weight.dtype)
        x = seen.contiguous(memory_format=torch.channels_last)
        for layer in (*self.layers, self.inner):
            x = activate(layer(x))
        code: Tensor = torch.tanh(self.out(x).float())
        return code


def without_contrast(picture: Tensor, mask: Tensor) -> Tensor:
    """The object grey, with mean 0 and variance 1 inside its mask, 0 outside: (B, 1, S, S)."""
    grey = picture.float().mean(1, keepdim=True)
    area = mask.sum((2, 3), keepdim=True) + 1
    centred = (grey - (grey * mask).sum((2, 3), keepdim=True) / area) * mask
    variance = centred.square().sum((2, 3), keepdim=True) / area
    return centred * torch.rsqrt(variance + 1e-3)
