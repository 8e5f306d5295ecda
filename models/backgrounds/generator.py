"""The background generator: a latent in, a scene without objects out.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), small: modulated convolutions
from 4 pixels up, and at each size a contribution to the picture. The latent gives the first 4 × 4 cells, too,
and not the style alone, so that scenes differ in where things are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.foreground_generator import within_range
from models.layers import ModulatedConvolution, activate, convolution, linear, unit_scale

LATENT = 128
KNOWN = 1024  # latents of photos that others are mixed from
RESOLUTION = 128  # pixels
_CHANNELS = {4: 256, 8: 256, 16: 192, 32: 128, 64: 64, 128: 32}
_SINGLE = 128  # from this side on a level has one convolution
_STYLE = 256
_BETWEEN = (0.25, 0.5)  # how far from one latent to another a new one lies


class BackgroundGenerator(nn.Module):
    """Paints scenes of ``RESOLUTION`` pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.mapping = nn.ModuleList([linear(LATENT, _STYLE), linear(_STYLE, _STYLE)])
        self.first = nn.ModuleDict()
        self.second = nn.ModuleDict()
        self.paint = nn.ModuleDict()
        before = _CHANNELS[min(_CHANNELS)]
        self.known: Tensor
        self.register_buffer("known", torch.randn(KNOWN, LATENT))
        self.start = linear(LATENT, before * min(_CHANNELS) ** 2)
        for side, width in _CHANNELS.items():
            self.first[str(side)] = ModulatedConvolution(before, width, _STYLE)
            if side < _SINGLE:
                self.second[str(side)] = ModulatedConvolution(width, width, _STYLE)
            paint = convolution(width, 3, 1)
            nn.init.normal_(paint.weight, 0, 0.03)
            self.paint[str(side)] = paint
            before = width

    def mixed(self, count: int, random: torch.Generator) -> Tensor:
        """Latents (count, LATENT), each between those of two photos and none that of one."""
        first = torch.randint(KNOWN, (count,), generator=random)
        second = (first + torch.randint(1, KNOWN, (count,), generator=random)) % KNOWN  # another one
        low, high = _BETWEEN
        share = low + (high - low) * torch.rand(count, 1, generator=random)
        return torch.lerp(self.known[first], self.known[second], share)

    def forward(self, z: Tensor, noise: Tensor) -> Tensor:
        """z (B, LATENT), as ``mixed`` gives it, noise (B, 1, RESOLUTION, RESOLUTION), normal variates ->
        (B, 3, RESOLUTION, RESOLUTION) in -1..1, float32."""
        style = z
        for layer in self.mapping:
            style = activate(layer(style))
        least = min(_CHANNELS)
        x = activate(self.start(z)).view(len(z), -1, least, least)
        painted = torch.zeros(len(z), 3, least, least, device=z.device)
        for name, first in self.first.items():
            side = int(name)
            grain = functional.interpolate(noise, size=(side, side))
            if side != x.shape[-1]:
                x = _doubled(x)
                painted = _doubled(painted)
            x = activate(first(unit_scale(x), style, grain))
            if name in self.second:
                x = activate(self.second[name](unit_scale(x), style, grain))
            painted = painted + self.paint[name](x).float()
        return within_range(painted)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
