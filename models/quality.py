"""How likely a painter keeps an object: a small network that ranks pictures of one class.

Grades of painted objects teach it; no pack ships with one yet. Malformed faces, merged legs and stained coats
tell; light and colours should not, so it sees each object with its own mean and contrast taken out.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from models.layers import activate, convolution, in_rows, linear, resized

QUALITY_SIDE = 128  # pixels along a side of the copy that is judged
_WIDTHS = (32, 64, 96, 128)  # channels after each halving, from half the side on
_MIXED = 128
_WORST = 4  # cells whose strongest answers count by themselves: one melted face is enough


class QualityNetwork(nn.Module):
    """Painted object -> how good it is of its class; only comparisons within a class mean anything."""

    def __init__(self, class_count: int) -> None:
        super().__init__()
        self.enter = convolution(4 * 4, _WIDTHS[0])
        self.down = nn.ModuleList(convolution(a, b, 3, 2) for a, b in pairwise(_WIDTHS))
        self.inner = nn.ModuleList(convolution(width, width) for width in _WIDTHS[1:])
        self.class_code = nn.Embedding(class_count, 32)
        self.mix = linear(3 * _WIDTHS[-1] + 6 + 32, _MIXED)
        self.answer = linear(_MIXED, 1)

    def forward(self, colour: Tensor, alpha: Tensor, class_index: Tensor) -> Tensor:
        """colour (B, 3, S, S) in -1..1, alpha (B, 1, S, S) in 0..1, class_index (B,) -> (B,), float32."""
        colour, alpha = resized(colour.float(), QUALITY_SIDE), resized(alpha.float(), QUALITY_SIDE)
        normal, figures = _without_light(colour, alpha)
        dtype = self.answer.weight.dtype
        cells = functional.pixel_unshuffle(torch.cat([normal, alpha], 1), 2)
        x = activate(self.enter(in_rows(cells.to(dtype))))
        for halve, inner in zip(self.down, self.inner, strict=True):
            x = activate(halve(x))
            x = x + activate(inner(x))
        weight = functional.adaptive_avg_pool2d(alpha, x.shape[-1]).to(dtype)
        mean = (x * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-3)
        inside = (x * (weight > 0.1)).flatten(2)
        worst = inside.topk(_WORST, 2).values.mean(2)
        spread = ((x - mean[:, :, None, None]).abs() * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-3)
        told = torch.cat([mean, worst, spread, figures.to(dtype), self.class_code(class_index)], 1)
        found: Tensor = self.answer(activate(self.mix(told)))[:, 0].float()
        return found

    def save(self, file: Path) -> None:
        """Writes the weights in half precision."""
        tensors = {name: value.half().contiguous() for name, value in self.state_dict().items()}
        save_file(tensors, file)
        file.chmod(0o644)  # safetensors makes files that only their owner can read


def _without_light(colour: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """The object's colours (B, 3, S, S) with mean 0 and one common deviation 1, 0 outside; and each channel's
    mean and deviation (B, 6)."""
    area = alpha.sum((2, 3), keepdim=True) + 1
    mean = (colour * alpha).sum((2, 3), keepdim=True) / area
    centred = (colour - mean) * alpha
    variance = centred.square().sum((2, 3), keepdim=True) / area  # (B, 3, 1, 1)
    normal = centred * torch.rsqrt(variance.mean(1, keepdim=True) + 1e-3)
    return normal, torch.cat([mean, (variance + 1e-6).sqrt()], 1).flatten(1)
