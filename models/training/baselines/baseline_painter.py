"""What the baselines have in common: a network that paints its whole window, object and scene."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

CODE_SIZE = 64  # numbers of a code, as many as the foreground generator takes


class WindowPainter(nn.Module, ABC):
    """Scene, mask, class and code to the whole window, in one pass."""

    resolution: int
    class_count: int

    @abstractmethod
    def condition(self, photo: Tensor, mask: Tensor, hole: Tensor) -> Tensor:
        """What the network sees of a photo (B, 3, S, S) in -1..1: nothing of what is under the mask
        (B, 1, S, S). ``hole``: the mask, grown a little."""

    @abstractmethod
    def forward(self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor) -> Tensor:
        """``scene`` from ``condition``, mask (B, 1, S, S) in 0..1, class_index (B,), code (B, 64) ->
        the window (B, 3, S, S) in -1..1."""


def class_masks(mask: Tensor, class_index: Tensor, class_count: int) -> Tensor:
    """The mask in the channel of its class, the others empty: (B, 1, S, S) -> (B, class_count, S, S)."""
    named = functional.one_hot(class_index, class_count).to(mask.dtype)
    return mask * named[:, :, None, None]


def initialise(network: nn.Module) -> None:
    """Normal weights of deviation 0.02, as Radford et al. (2016) and both papers have them."""
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, (nn.BatchNorm2d, nn.InstanceNorm2d)) and layer.affine:
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)


def uniform_of_code(code: Tensor, count: int) -> Tensor:
    """Uniform variates (B, count) that depend on each row of ``code`` (B, 64) alone, on any device alike.

    A row's numbers, mixed by their own bits, seed a generator; so one code always drops the same cells.
    """
    drawn = []
    for row in code.detach().float().cpu():
        seed = 0
        for bits in row.contiguous().view(torch.int32).tolist():
            seed = (seed * 1_000_003 + bits) % (1 << 62)
        drawn.append(torch.rand(count, generator=torch.Generator().manual_seed(seed)))
    return torch.stack(drawn).to(code.device)
