"""The encoder of scenes, which background generators learn with: a photo and its hole in, a latent out.

Together they are a variational autoencoder (Kingma and Welling, "Auto-Encoding Variational Bayes", 2014). It
keeps what a generator alone, taught by discriminators on a thousand photos, loses: that scenes differ.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from models.backgrounds.generator import LATENT, RESOLUTION
from models.layers import activate, convolution, linear

_WIDTHS = (4, 32, 64, 128, 192, 256)
_LOG_VARIANCE = (-8.0, 4.0)


class SceneEncoder(nn.Module):
    """Reads where things are, and their colours, around the hole."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(convolution(a, b, 3, 2) for a, b in pairwise(_WIDTHS))
        cells = (RESOLUTION >> len(self.layers)) ** 2
        self.out = linear(_WIDTHS[-1] * cells, 2 * LATENT)
        nn.init.normal_(self.out.weight, 0, 0.01)

    def forward(self, picture: Tensor, hole: Tensor) -> tuple[Tensor, Tensor]:
        """picture (B, 3, S, S) in -1..1, hole (B, 1, S, S) of 0 and 1, S is ``RESOLUTION`` -> mean and log
        variance of the latent, each (B, LATENT)."""
        x = torch.cat([picture * (1 - hole), hole], 1)
        for layer in self.layers:
            x = activate(layer(x))
        mean, log_variance = self.out(x.flatten(1)).float().chunk(2, 1)
        return mean, log_variance.clamp(*_LOG_VARIANCE)
