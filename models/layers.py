"""Layers shared by the networks: modulated convolution, unit-variance initialisation, normalisation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

Size = tuple[int, int]  # height and width in pixels

LEAK = 0.2
_GAIN = math.sqrt(2 / (1 + LEAK**2))  # keeps unit variance through a leaky ReLU (He et al., 2015)


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU, the only activation here, of numbers that nobody else looks at: in their own memory where
    no gradient is asked for, as large tensors take longer to fetch than to change."""
    return functional.leaky_relu(x, LEAK, inplace=not torch.is_grad_enabled())


def convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """A padded convolution with He initialisation and zero bias."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    nn.init.normal_(layer.weight, 0, _GAIN / math.sqrt(inputs * kernel**2))
    nn.init.zeros_(bias_of(layer))
    return layer


def zero_convolution(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Conv2d:
    """A convolution that starts as nothing, for paths that are faded in by training."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(bias_of(layer))
    return layer


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer with He initialisation and zero bias."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, 0, _GAIN / math.sqrt(inputs))
    nn.init.zeros_(layer.bias)
    return layer


def bias_of(layer: nn.Conv2d) -> Tensor:
    """The bias (C,) of a convolution that has one. Raises ValueError where there is none."""
    if layer.bias is None:
        raise ValueError("this layer has no bias")
    return layer.bias


def unit_scale(x: Tensor) -> Tensor:
    """Each sample (B, C, H, W) scaled to unit mean square.

    Without it the variance of a modulated path drifts with depth until the output saturates.
    """
    size = x[0].numel()
    norm = torch.linalg.vector_norm(x, dim=(1, 2, 3), keepdim=True, dtype=torch.float32)
    return x * torch.rsqrt(norm.square() / size + 1e-4).to(x.dtype)


def broad_mean(x: Tensor, weight: Tensor, cell: int) -> Tensor:
    """The weighted mean of x (B, C, S, S) around each pixel, by cells of so many pixels and smoothly between
    their middles. weight (B, 1, S, S), not negative -> (B, C, S, S)."""
    weight = weight + 1e-3
    sums = functional.avg_pool2d(torch.cat([x * weight, weight], 1), cell)
    sums = functional.interpolate(sums, scale_factor=float(cell), mode="bilinear", align_corners=False)
    return sums[:, :-1] / sums[:, -1:]


def resized(x: Tensor, size: int | Size) -> Tensor:
    """x (B, C, H, W) at another size, of one side or of height and width: means where it shrinks, smoothly
    where it grows."""
    height, width = (size, size) if isinstance(size, int) else size
    if x.shape[-1] == width:
        return x
    if x.shape[-1] > width:
        return functional.adaptive_avg_pool2d(x, (height, width))
    return functional.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)


def in_rows(x: Tensor) -> Tensor:
    """The same numbers (B, C, H, W), the channels of a pixel side by side, as the convolutions keep them: two
    tensors of different layout, or one that is broadcast over channels, are combined five times as slowly."""
    return x.contiguous(memory_format=torch.channels_last)


class ModulatedConvolution(nn.Module):
    """3 × 3 convolution whose input channels are scaled by a style, with demodulation.

    Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), with the scaling moved
    from the weights to the activations, so that one ordinary convolution serves the whole batch.
    """

    def __init__(self, inputs: int, outputs: int, style_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3) * _GAIN / math.sqrt(inputs * 9))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.style = nn.Linear(style_size, inputs)
        nn.init.normal_(self.style.weight, 0, 1 / math.sqrt(style_size) / 2)
        nn.init.ones_(self.style.bias)
        self.noise_strength = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """x (B, C, H, W), style (B, W), noise (B, 1, H, W) -> (B, O, H, W)."""
        scale = self.style(style)  # (B, C)
        power = self.weight.float().square().sum((2, 3)).t()  # (C, O)
        demodulation = _GAIN * torch.rsqrt(scale.float().square() @ power + 1e-8)  # (B, O)
        x = functional.conv2d(x * scale[:, :, None, None].to(x.dtype), self.weight.to(x.dtype), padding=1)
        x = x * demodulation[:, :, None, None].to(x.dtype)
        x.add_(self.bias[:, None, None].to(x.dtype))
        return x.add_((noise * self.noise_strength).to(x.dtype))
