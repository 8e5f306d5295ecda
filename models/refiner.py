"""The refiner: an object's colours at twice the size, with the grain and edges that enlarging cannot give.

A residual network on 2 × 2 pixels at a time, so that it sees far for what it costs, whose last layer is
shuffled into 4 × 4 (Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient
Sub-Pixel Convolutional Neural Network", 2016), added to the enlarged input. It knows no place and no scale,
so it can be applied again, and to a part of a picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import activate, convolution, zero_convolution

CHANNELS = 64
LAYERS = 6
FOLD = 2  # pixels that become one place, along a side


class Refiner(nn.Module):
    """Colours twice the size."""

    def __init__(self, channels: int = CHANNELS, layers: int = LAYERS) -> None:
        super().__init__()
        self.enter = convolution(5 * FOLD**2, channels)
        self.inner = nn.ModuleList(convolution(channels, channels) for _ in range(layers))
        self.leave = zero_convolution(channels, 3 * (2 * FOLD) ** 2, 3)

    def forward(self, colour: Tensor, mask: Tensor, noise: Tensor) -> Tensor:
        """colour (B, 3, H, W) in -1..1, mask (B, 1, H, W) in 0..1, noise (B, 1, H, W) normal variates for
        the grain -> (B, 3, 2H, 2W) in -1..1, float32. H and W are even."""
        dtype = self.enter.weight.dtype
        x = functional.pixel_unshuffle(torch.cat([colour, mask, noise], 1).to(dtype), FOLD)
        x = activate(self.enter(x))
        for layer in self.inner:
            x = x + activate(layer(x))
        detail = functional.pixel_shuffle(self.leave(x), 2 * FOLD).float()
        return (enlarged(colour.float()) + detail).clamp(-1, 1)


def enlarged(picture: Tensor) -> Tensor:
    """(B, C, H, W) to (B, C, 2H, 2W), bicubic."""
    return functional.interpolate(picture, scale_factor=2.0, mode="bicubic", align_corners=False)
