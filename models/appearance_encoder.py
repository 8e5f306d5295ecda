"""The appearance encoder: a picture of an object in, the code of its look out (after BicycleGAN, 2017)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from models.layers import activate, convolution, linear

ENCODER_SIDE = 64  # pixels; a look is colour and coarse pattern, fine detail belongs to the generator


class AppearanceEncoder(nn.Module):
    """Masked object -> mean and log variance of its appearance code."""

    def __init__(self, code_size: int = 64) -> None:
        super().__init__()
        widths = (4, 48, 96, 160, 256)
        self.layers = nn.ModuleList(convolution(a, b, 3, 2) for a, b in pairwise(widths))
        self.out = linear(widths[-1], 2 * code_size)
        nn.init.normal_(self.out.weight, 0, 0.02)

    def forward(self, picture: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """picture (B, 3, S, S) in -1..1, mask (B, 1, S, S) in 0..1 -> mean, log variance (B, code_size)."""
        picture = nn.functional.adaptive_avg_pool2d(picture, ENCODER_SIDE)
        mask = nn.functional.adaptive_avg_pool2d(mask, ENCODER_SIDE)
        x = torch.cat([picture * mask, mask], 1)
        for layer in self.layers:
            x = activate(layer(x))
        # Averaged over the object's own cells, so that its size in the window does not matter.
        weight = nn.functional.adaptive_avg_pool2d(mask, x.shape[-1]) + 1e-3
        pooled = (x.float() * weight).sum((2, 3)) / weight.sum((2, 3))
        mean, log_variance = self.out(pooled.to(x.dtype)).float().chunk(2, 1)
        return mean, log_variance.clamp(-6, 3)


def sample_code(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """A draw from the encoder's normal distribution, (B, code_size)."""
    return mean + torch.randn(mean.shape, generator=generator, device=mean.device) * (log_variance / 2).exp()
