"""How likely a painter keeps an object: a small network that ranks pictures of one class.

Grades of painted objects teach it. Malformed faces, merged legs and stained coats tell; size, place, light
and colours should not, so it sees each object close up, with its own mean and contrast taken out.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from models.layers import activate, convolution, in_rows, linear
from models.masks.geometry import boxes_of

QUALITY_SIDE = 128  # pixels along a side of the copy that is judged
_WIDTHS = (32, 64, 96, 128)  # channels after each halving, from half the side on
_MIXED = 128
_MARGIN = 1.08  # side of what is seen over the object's
_CLASS_CODE = "class_code.weight"
_THERE = 0.3  # alpha from which on a pixel belongs to the object
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
        covered, alpha = close_up(colour.float(), alpha.float())
        normal, figures = _without_light(covered, alpha)
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

    def for_one_class(self, class_index: int) -> QualityNetwork:
        """A copy that judges one class as this one judges ``class_index``, for a class that is like it."""
        state = self.state_dict()
        state[_CLASS_CODE] = state[_CLASS_CODE][class_index : class_index + 1]
        copy = QualityNetwork(1).to(self.answer.weight.dtype)
        copy.load_state_dict(state)
        return copy.eval()

    def save(self, file: Path) -> None:
        """Writes the weights in half precision."""
        tensors = {name: value.half().contiguous() for name, value in self.state_dict().items()}
        save_file(tensors, file)
        file.chmod(0o644)  # safetensors makes files that only their owner can read


def close_up(colour: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Objects cut close: colour (B, 3, S, S), alpha (B, 1, S, S) -> colour times alpha and alpha, of
    ``QUALITY_SIDE`` pixels a side. A picture without an object stays whole."""
    left, top, right, bottom = boxes_of(alpha[:, 0] > _THERE).unbind(1)
    half = _MARGIN / 2 * torch.maximum(right - left, bottom - top)  # of the window, from 0 to 1
    nothing = torch.zeros_like(half)
    across = torch.stack([2 * half, nothing, left + right - 1], 1)
    down = torch.stack([nothing, 2 * half, top + bottom - 1], 1)
    size = [len(alpha), 4, QUALITY_SIDE, QUALITY_SIDE]
    grid = functional.affine_grid(torch.stack([across, down], 1), size, align_corners=False)
    seen = functional.grid_sample(torch.cat([colour * alpha, alpha], 1), grid, align_corners=False)
    return seen[:, :3], seen[:, 3:]


def _without_light(covered: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """The object's colours (B, 3, S, S) with mean 0 and one common deviation 1, 0 outside; and each channel's
    mean and deviation (B, 6). ``covered``: colour times alpha."""
    area = alpha.sum((2, 3), keepdim=True) + 1
    mean = covered.sum((2, 3), keepdim=True) / area
    centred = covered - mean * alpha
    variance = centred.square().sum((2, 3), keepdim=True) / area  # (B, 3, 1, 1)
    normal = centred * torch.rsqrt(variance.mean(1, keepdim=True) + 1e-3)
    return normal, torch.cat([mean, (variance + 1e-6).sqrt()], 1).flatten(1)
