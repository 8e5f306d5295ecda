"""The foreground generator of the layer-based source system, from its description, for comparison.

Turkoglu et al., "A Layer-Based Sequential Framework for Scene Generation with GANs", AAAI 2019: the canvas
with the masked region blanked is encoded to 16 × 16, the class mask and the noise join it there, and the
whole frame is decoded again. Differences: narrower by ``width`` so that a CPU can train it, square windows
in place of squeezed frames, one discriminator step a generator step in place of five, and for the perceptual
loss SqueezeNet in place of VGG, with L1 on the pixels beside it, without which colours wander.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.baselines.baseline_painter import CODE_SIZE, WindowPainter, class_masks, initialise

BOTTLENECK = 16  # cells along a side where mask and noise enter
_BLOCKS = 5  # residual blocks at the bottleneck
_WIDEST = 8  # times the first layer's channels


class SourceGenerator(WindowPainter):
    """Encoder, bottleneck with mask and noise, decoder; batch normalisation throughout."""

    def __init__(self, resolution: int, class_count: int, width: int) -> None:
        super().__init__()
        self.resolution, self.class_count = resolution, class_count
        levels = (resolution // BOTTLENECK).bit_length() - 1
        widths = [width * min(2**level, _WIDEST) for level in range(levels + 1)]
        inner = widths[-1]
        encoder: list[nn.Module] = [*_convolution(3, width, 7, 1)]
        for before, after in pairwise(widths):
            encoder += _convolution(before, after, 4, 2)
        self.encoder = nn.Sequential(*encoder)
        self.join = nn.Sequential(*_convolution(inner + class_count + CODE_SIZE, inner, 3, 1))
        self.blocks = nn.ModuleList(_Residual(inner) for _ in range(_BLOCKS))
        decoder: list[nn.Module] = []
        for before, after in pairwise(reversed(widths)):
            decoder += [
                nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.decoder = nn.Sequential(*decoder, nn.Conv2d(width, 3, 7, 1, 3), nn.Tanh())
        initialise(self)

    def condition(self, photo: Tensor, mask: Tensor, hole: Tensor) -> Tensor:  # noqa: ARG002
        return photo * (mask < 0.02)

    def forward(self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor) -> Tensor:
        x = self.encoder(scene)
        small = functional.adaptive_avg_pool2d(mask, x.shape[-1])
        where = class_masks(small, class_index, self.class_count).to(x.dtype)
        noise = code.to(x.dtype)[:, :, None, None].expand(-1, -1, *x.shape[-2:])
        x = self.join(torch.cat([x, where, noise], 1))
        for block in self.blocks:
            x = block(x)
        window: Tensor = self.decoder(x)
        return window.float()


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(channels, channels, 3, 1),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.layers(x)
        return added


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]
