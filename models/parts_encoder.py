"""The parts encoder: a close-up of an object in, the code of where its parts are out.

It sees the object grey, with its contrast taken out and without what is around it, so that colours stay with
the appearance code (the split of structure and texture of Park et al., "Swapping Autoencoder for Deep Image
Manipulation", 2020).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import activate, broad_mean, convolution, in_rows
from models.masks.parts_code import FINER, PARTS_CHANNELS, joined

_AROUND = 32  # pixels of a close-up whose brightness and contrast the finer code does not tell


class _CodeReader(nn.Module):
    """Grey object and mask -> a code at an eighth of their size, in -1..1."""

    def __init__(self, widths: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(convolution(a, b, 3, 2) for a, b in pairwise((2, *widths)))
        self.inner = convolution(widths[-1], widths[-1])
        self.out = convolution(widths[-1], channels)
        nn.init.normal_(self.out.weight, 0, 0.02)

    def _read(self, grey: Tensor, mask: Tensor) -> Tensor:
        """grey and mask (B, 1, S, S) -> (B, channels, S / 8, S / 8)."""
        x = in_rows(torch.cat([grey, mask], 1).to(self.inner.weight.dtype))
        for layer in (*self.layers, self.inner):
            x = activate(layer(x))
        code: Tensor = torch.tanh(self.out(x).float())
        return code


class PartsEncoder(_CodeReader):
    """Close-up of an object -> its parts code."""

    def __init__(self, finer: int = FINER) -> None:
        """``finer``: channels of the finer code; 0: none."""
        super().__init__((32, 64, 128), PARTS_CHANNELS)
        self.finer = FinerPartsEncoder(finer) if finer else None

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        """picture (B, 3, 256, 256) in -1..1, mask (B, 1, 256, 256) in 0..1 -> (B, 8 + 4 F, 16, 16) in
        -1..1, the F finer channels folded (see ``parts_code``)."""
        half, half_mask = functional.avg_pool2d(picture, 2), functional.avg_pool2d(mask, 2)
        code = self._read(without_contrast(half, half_mask), half_mask)
        return code if self.finer is None else joined(code, self.finer(picture, mask))


class FinerPartsEncoder(_CodeReader):
    """Close-up of an object -> where its features are. It sees neither how bright a place is nor how much
    contrast there is around it, so that a pattern of the coat stays with the look as far as may be."""

    def __init__(self, channels: int) -> None:
        super().__init__((32, 48, 64), channels)

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        """picture (B, 3, 256, 256) in -1..1, mask (B, 1, 256, 256) in 0..1 -> (B, F, 32, 32) in -1..1."""
        return self._read(without_local_contrast(picture, mask), mask)


def without_local_contrast(picture: Tensor, mask: Tensor) -> Tensor:
    """The object grey, with mean 0 and variance 1 around each pixel inside its mask, 0 outside:
    (B, 1, S, S)."""
    grey = picture.float().mean(1, keepdim=True) * mask
    centred = (grey - broad_mean(grey, mask, _AROUND)) * mask
    variance = broad_mean(centred.square(), mask, _AROUND)
    return centred * torch.rsqrt(variance + 5e-4)


def without_contrast(picture: Tensor, mask: Tensor) -> Tensor:
    """The object grey, with mean 0 and variance 1 inside its mask, 0 outside: (B, 1, S, S)."""
    grey = picture.float().mean(1, keepdim=True)
    area = mask.sum((2, 3), keepdim=True) + 1
    centred = (grey - (grey * mask).sum((2, 3), keepdim=True) / area) * mask
    variance = centred.square().sum((2, 3), keepdim=True) / area
    return centred * torch.rsqrt(variance + 1e-3)
