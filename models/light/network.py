"""The network that judges light: a small copy of an object in its scene in, what to do to the object out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.hole import dilate
from models.layers import activate, convolution, linear
from models.light.adjustments import JUDGED
from models.relight import to_linear

SIDE = 80  # pixels along a side of the copy
WIDTHS = (32, 64, 128, 160)  # channels after each halving
MIXED = 192
QUANTILES = (0.01, 0.05, 0.15, 0.35, 0.5, 0.65, 0.85, 0.95, 0.99)
EVERY = 2  # pixels from one that quantiles are taken of to the next
RIM = 2  # pixels on either side of the object's edge that are compared
_STEPS = (1.2, 0.6, 0.25, 0.4, 0.5, 0.6, 0.6, 1.0)  # about the largest answers, in the order of ``JUDGED``
_PLANES = 5  # red, green, blue, brightness, colourfulness
_FIGURES = 2 * len(QUANTILES) * _PLANES + 2 * 3


class LightNetwork(nn.Module):
    """A convolutional trunk, its features averaged over the object, around its edge and over the scene, and
    figures that say it exactly: quantiles of object and scene, colours on both sides of the edge."""

    def __init__(self) -> None:
        super().__init__()
        widths = (7, *WIDTHS)
        self.trunk = nn.ModuleList(
            convolution(inputs, outputs, 3, 2) for inputs, outputs in zip(widths, WIDTHS, strict=False)
        )
        self.deep = convolution(WIDTHS[-1], WIDTHS[-1], 3)
        self.mix = linear(3 * WIDTHS[-1] + _FIGURES, MIXED)
        self.mix_again = linear(MIXED, MIXED)
        self.answer = linear(MIXED, len(JUDGED) + 1)
        nn.init.zeros_(self.answer.weight)

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        """picture (B, 3, S, S) in -1..1, the object in its scene, mask (B, 1, S, S) in 0..1 -> what to add to
        its adjustments (B, 8), in the order of ``JUDGED``."""
        dtype = self.answer.weight.dtype
        x = torch.cat([picture, mask, picture * mask], 1).to(dtype)
        for layer in self.trunk:
            x = activate(layer(x))
        x = x + activate(self.deep(x))
        inside = functional.adaptive_avg_pool2d(mask, x.shape[-1]).to(dtype)
        edge = 4 * inside * (1 - inside)
        pooled = [
            (x * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-2) for weight in (inside, edge, 1 - inside)
        ]
        figures = _figures(picture.float(), mask.float()).to(dtype)
        mixed = activate(self.mix(torch.cat([*pooled, figures], 1)))
        answer = self.answer(mixed + activate(self.mix_again(mixed))).float()
        steps = answer.new_tensor(_STEPS)
        given: Tensor = torch.sigmoid(answer[:, -1:]) * steps * torch.tanh(2 * answer[:, :-1] / steps)
        return given


def _figures(picture: Tensor, mask: Tensor) -> Tensor:
    """What is known without learning, (B, 96), most of it within -1..1."""
    grey = picture.mean(1, keepdim=True)
    colourful = picture.amax(1, keepdim=True) - picture.amin(1, keepdim=True)
    planes = torch.cat([picture, grey, colourful], 1)
    is_object = mask > 0.5
    found = [_quantiles(planes, is_object), _quantiles(planes, ~(dilate(mask, 1) > 0.1))]
    light = to_linear(picture).clamp(min=1e-3).log()
    inner = mask * dilate(1 - mask, RIM)
    outer = (1 - mask) * dilate(mask, RIM)
    rims = [(light * rim).sum((2, 3)) / (rim.sum((2, 3)) + 1e-2) for rim in (inner, outer)]
    return torch.cat([*found, (rims[0] + rims[1]) / 4, rims[0] - rims[1]], 1).flatten(1)


def _quantiles(planes: Tensor, chosen: Tensor) -> Tensor:
    """Quantiles (B, P · Q) of planes (B, P, H, W) over the chosen pixels (B, 1, H, W)."""
    planes, chosen = planes[..., ::EVERY, ::EVERY], chosen[..., ::EVERY, ::EVERY]
    values = planes.masked_fill(~chosen, float("inf")).flatten(2).sort(2).values
    count = chosen.flatten(1).sum(1)  # (B,)
    shares = torch.tensor(QUANTILES, device=planes.device)
    places = ((count[:, None] - 1).clamp(min=0) * shares).round().long()  # (B, Q)
    taken = values.gather(2, places[:, None].expand(-1, planes.shape[1], -1))
    return torch.where(torch.isfinite(taken), taken, 0.0).flatten(1)
