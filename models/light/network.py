"""The network that judges light: a small copy of an object in its scene in, what to do to the object out."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from models.hole import dilate
from models.layers import activate, bias_of, convolution, in_rows, linear, resized
from models.light.adjustments import JUDGED
from models.light.figures import FIGURES, HISTOGRAMS, figures_of, mean_over, steps_at_edge
from models.relight import to_linear

SIDE = 80  # pixels along a side of the copy
WIDTHS = (24, 48, 96, 160, 224)  # channels at full size and after each halving
HEADS = 4  # the first half of them look along the edge, the others all over the object
LOOKED_AT = 3  # levels at which they look, from full size on
VOTES = 12  # numbers of each
MIXED = 320
STEPS_MIXED = 96
NEAR = 2  # pixels on either side of the object's edge that are near it
_STEPS = (1.2, 0.6, 0.25, 0.4, 0.5, 0.6, 0.6, 1.0)  # about the largest answers, in the order of ``JUDGED``
_INPUTS = 10  # colours, logarithms of light, mask, and these where the object is


class LightNetwork(nn.Module):
    """A convolutional trunk, of which the places that tell most give their votes (as in Hu et al., "FC4",
    2017), the features of its last levels averaged over the object, around its edge and over the scene, and
    figures that say it exactly: quantiles of object and scene, and steps of light across the edge."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = convolution(_INPUTS, WIDTHS[0], 3)
        self.halve = nn.ModuleList(
            convolution(inputs, outputs, 3, 2) for inputs, outputs in itertools.pairwise(WIDTHS)
        )
        self.refine = nn.ModuleList(convolution(width, width, 3) for width in WIDTHS[1:])
        self.heads = nn.ModuleList(_Heads(width) for width in WIDTHS[:LOOKED_AT])
        pooled = LOOKED_AT * HEADS * VOTES + 3 * sum(WIDTHS[-2:])
        self.mix = linear(pooled + FIGURES, MIXED)
        self.steps = linear(HISTOGRAMS, STEPS_MIXED)
        self.mix_steps = linear(STEPS_MIXED, MIXED)
        self.mix_again = linear(MIXED, MIXED)
        self.answer = linear(MIXED, len(JUDGED) + 1)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.mix_steps.weight)

    def forward(self, picture: Tensor, mask: Tensor) -> Tensor:
        """picture (B, 3, S, S) in -1..1, the object in its scene, mask (B, 1, S, S) in 0..1 -> what to add to
        its adjustments (B, 8), in the order of ``JUDGED``."""
        dtype = self.answer.weight.dtype
        light = to_linear(picture)
        brightness = (light + 0.01).log() / 4 + 0.5
        x = in_rows(torch.cat([picture, brightness, mask, brightness * mask], 1).to(dtype))
        levels = [activate(self.stem(x))]
        for halve, refine in zip(self.halve, self.refine, strict=True):
            x = activate(halve(levels[-1]))
            levels.append(x + activate(refine(x)))
        pooled = [part.to(dtype) for part in (*self._votes(levels, mask), *_means(levels[-2:], mask))]
        figures = figures_of(picture, light, mask).to(dtype)
        steps = activate(self.steps(steps_at_edge(light, mask).to(dtype)))
        mixed = activate(self.mix(torch.cat([*pooled, figures], 1)) + self.mix_steps(steps))
        answer = self.answer(mixed + activate(self.mix_again(mixed))).float()
        largest = answer.new_tensor(_STEPS)
        given: Tensor = torch.sigmoid(answer[:, -1:]) * largest * torch.tanh(2 * answer[:, :-1] / largest)
        return given

    def _votes(self, levels: list[Tensor], mask: Tensor) -> list[Tensor]:
        """What the heads found at each level that they look at, (B, ``HEADS`` · ``VOTES``) of each."""
        edge = dilate(mask, NEAR) + dilate(1 - mask, NEAR) - 1
        regions = torch.cat([edge] * (HEADS // 2) + [mask] * (HEADS - HEADS // 2), 1)
        return [
            heads(level, resized(regions, level.shape[-1]))
            for level, heads in zip(levels, self.heads, strict=False)
        ]


class _Heads(nn.Module):
    """Each looks where it will in a region of its own, and says what it found there."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attend = convolution(width, HEADS, 1)
        self.vote = convolution(width, HEADS * VOTES, 1)

    def forward(self, level: Tensor, regions: Tensor) -> Tensor:
        """level (B, C, S, S), regions (B, ``HEADS``, S, S) in 0..1 -> (B, ``HEADS`` · ``VOTES``)."""
        weights = self.attend(level).float().clamp(-8, 8).exp() * regions
        weights = weights / (weights.sum((2, 3), keepdim=True) + 1e-3)
        # the mean of votes is the vote of the mean, and that is cheaper
        places = level.permute(0, 2, 3, 1).flatten(1, 2)  # (B, S · S, C), as they lie in memory
        seen = torch.bmm(weights.flatten(2).to(level.dtype), places).float()
        matrix = self.vote.weight.view(HEADS, VOTES, -1).float()
        bias = bias_of(self.vote).view(HEADS, VOTES).float()
        said: Tensor = torch.einsum("bhc,hvc->bhv", seen, matrix) + bias * weights.sum((2, 3)).unsqueeze(2)
        return said.flatten(1)


def _means(levels: list[Tensor], mask: Tensor) -> list[Tensor]:
    """Each level (B, C, S, S) averaged over the object, around its edge and over the scene, (B, C) each."""
    found = []
    for level in levels:
        inside = resized(mask, level.shape[-1]).to(level.dtype)
        edge = 4 * inside * (1 - inside)
        found += [mean_over(level, weight) for weight in (inside, edge, 1 - inside)]
    return found
