"""The background generator: a latent in, a scene without objects out.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), small: a constant, modulated
convolutions from 4 pixels up, and at each size a contribution to the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import ModulatedConvolution, activate, convolution, linear, unit_scale

LATENT = 64
RESOLUTION = 64  # pixels
_CHANNELS = {4: 256, 8: 256, 16: 192, 32: 96, 64: 48}
_STYLE = 256


class BackgroundGenerator(nn.Module):
    """Paints scenes of ``RESOLUTION`` pixels."""

    def __init__(self) -> None:
        super().__init__()
        sides = sorted(_CHANNELS)
        self.mapping = nn.ModuleList([linear(LATENT, _STYLE), linear(_STYLE, _STYLE)])
        self.start = nn.Parameter(torch.randn(1, _CHANNELS[sides[0]], sides[0], sides[0]))
        self.first = nn.ModuleDict()
        self.second = nn.ModuleDict()
        self.paint = nn.ModuleDict()
        before = _CHANNELS[sides[0]]
        for side in sides:
            width = _CHANNELS[side]
            self.first[str(side)] = ModulatedConvolution(before, width, _STYLE)
            self.second[str(side)] = ModulatedConvolution(width, width, _STYLE)
            paint = convolution(width, 3, 1)
            nn.init.normal_(paint.weight, 0, 0.03)
            self.paint[str(side)] = paint
            before = width

    def forward(self, z: Tensor, noise: Tensor) -> Tensor:
        """z (B, LATENT), noise (B, 1, RESOLUTION, RESOLUTION), both normal variates -> (B, 3, RESOLUTION,
        RESOLUTION) in -1..1, float32."""
        style = z
        for layer in self.mapping:
            style = activate(layer(style))
        x = self.start.expand(len(z), -1, -1, -1).to(style.dtype)
        painted = torch.zeros(len(z), 3, x.shape[-1], x.shape[-1], device=z.device)
        for name, first in self.first.items():
            side = int(name)
            grain = functional.interpolate(noise, size=(side, side))
            if side != x.shape[-1]:
                x = _doubled(x)
                painted = _doubled(painted)
            x = activate(first(unit_scale(x), style, grain))
            x = activate(self.second[name](unit_scale(x), style, grain))
            painted = painted + self.paint[name](x).float()
        return torch.tanh(painted)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
