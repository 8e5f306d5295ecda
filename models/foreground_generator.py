"""The foreground generator: scene, mask, class, parts and look in, object colour and soft alpha out.

A co-modulated encoder–decoder (Zhao et al., "Large Scale Image Completion via Co-Modulated GANs", 2021):
the style of every layer joins the mapped appearance code with a code of the scene. A spatial code of where
the object's parts are enters at three levels, a finer one wherever it paints (see ``parts_code``). Made for a
processor's convolutions: its capacity is in small, wide levels, style costs one scale-and-shift a
convolution, and pictures enter at half their size. They leave through a few channels at their own size,
which turn normal variates into grain (compare Karras et al., "Analyzing and Improving the Image Quality of
StyleGAN", 2020). A level finer than ``base`` adds to the picture through a branch of its own that starts as
nothing, so a generator trained at one resolution goes on at the next one exactly where it stood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import activate, convolution, in_rows, linear, resized, zero_convolution
from models.mask_edges import far_hints, moved_alpha
from models.masks.parts_code import FINER, PARTS_CHANNELS, split
from models.painted_region import PaintedRegion, painted_regions, whole
from models.painting_layers import (
    SHARE,
    FinerParts,
    Painting,
    added,
    fine_part,
    grain_for,
    joined_branch,
    pooled,
    size_of,
    twice,
)
from models.scene_light import lit, scene_gains, under_gains

CHANNELS = {4: 256, 8: 256, 16: 256, 32: 128, 64: 64, 128: 32}
AT_ONCE = 2  # objects whose large levels are painted together
TWICE = (16, 32)  # levels with a second residual convolution: where faces and limbs are made out


@dataclass(frozen=True)
class GeneratorShape:
    """Sizes of a foreground generator.

    ``channels`` maps each level's side in pixels to its channels; a level paints a picture of twice its side.
    ``base`` is the first level that paints.
    """

    resolution: int
    class_count: int
    channels: Mapping[int, int] = field(default_factory=lambda: dict(CHANNELS))
    code_size: int = 64
    style_size: int = 256
    base: int = 64
    finer_parts: int = FINER  # channels of the finer parts code, for levels that paint; 0: none

    @property
    def levels(self) -> list[int]:
        """Sides of the levels in use, smallest first."""
        return [side for side in sorted(self.channels) if 2 * side <= self.resolution]


class StyledConvolution(nn.Module):
    """3 × 3 convolution, then each channel scaled and shifted by the style."""

    def __init__(self, inputs: int, outputs: int, style_size: int) -> None:
        super().__init__()
        self.convolution = convolution(inputs, outputs)
        self.convolution.bias = None  # the style shifts
        self.style = nn.Linear(style_size, 2 * outputs)
        nn.init.normal_(self.style.weight, 0, 0.02)
        nn.init.zeros_(self.style.bias)

    def forward(self, x: Tensor, style: Tensor, share: float = SHARE) -> Tensor:
        """x (B, C, H, W), style (B, W) -> (B, O, H, W), of which ``share`` is given, to be added."""
        gain, shift = self.style(style)[:, :, None, None].chunk(2, 1)  # (B, O, 1, 1)
        x = self.convolution(x)
        return torch.addcmul((share * shift).to(x.dtype), x, (share * (1 + gain)).to(x.dtype))


@dataclass(frozen=True)
class _Given:
    """What the levels are given beside the features of the one before, a row a sample."""

    seen: dict[int, Tensor]  # of the scene, by level
    style: Tensor
    coarse: Tensor
    finer: Tensor
    noise: Tensor
    mask: Tensor
    region: PaintedRegion  # of the window: all but the style shows it alone

    def part(self, rows: slice, region: PaintedRegion) -> _Given:
        places = (self.coarse, self.finer, self.noise, self.mask)
        seen = {side: region.of(x[rows]) for side, x in self.seen.items() if x.shape[-1] >= region.cells}
        coarse, finer, noise, mask = (region.of(x[rows]) for x in places)
        return _Given(seen, self.style[rows], coarse, finer, noise, mask, region)


class ForegroundGenerator(nn.Module):
    """Paints an object of a class into the masked part of a scene."""

    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        channels, levels = shape.channels, shape.levels
        if shape.base not in levels:
            raise ValueError(f"a picture of {shape.resolution} pixels is too small for level {shape.base}")
        width = shape.style_size
        self.painting = [side for side in levels if side >= shape.base]
        # Scene: painting levels read the picture at twice their size; finer ones add to coarser ones.
        self.read = nn.ModuleDict({str(s): convolution(4 * 4 + 2, channels[s]) for s in self.painting})
        self.down = nn.ModuleDict()
        for side in levels[:-1]:
            make = zero_convolution if side >= shape.base else convolution
            self.down[str(side)] = make(channels[2 * side], channels[side], 3, 2)
        self.scene_code = linear(channels[levels[0]] * levels[0] ** 2, width)
        self.class_code = nn.Embedding(shape.class_count, 32)
        self.mapping = nn.ModuleList([linear(shape.code_size + 32, width), linear(width, width)])
        # Object.
        self.first, self.second, self.third = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        self.parts, self.paint = nn.ModuleDict(), nn.ModuleDict()
        self.grain = nn.ParameterDict()
        before = channels[levels[0]]
        for side in levels:
            here = channels[side]
            self.first[str(side)] = StyledConvolution(before, here, 2 * width)
            self.second[str(side)] = StyledConvolution(here, here, 2 * width)
            if side in TWICE:
                self.third[str(side)] = StyledConvolution(here, here, 2 * width)
            if shape.base // 4 <= side <= shape.base:
                self.parts[str(side)] = convolution(PARTS_CHANNELS, here)
            if side >= shape.base // 2:
                self.grain[str(side)] = nn.Parameter(torch.zeros(here, 1, 1))
            if side in self.painting:
                painting = Painting(here)
                if side == shape.base:  # the others start as nothing
                    nn.init.normal_(painting.coarse.weight, 0, 0.02)
                self.paint[str(side)] = painting
            before = here
        self.finer_parts = nn.ModuleDict(
            {
                str(side): FinerParts(shape.finer_parts, channels[side])
                for side in self.painting
                if shape.finer_parts
            }
        )
        self.base_learns = True  # False: no gradient goes to levels that stay as they are

    def finest(self) -> list[nn.Parameter]:
        """The parameters of the finest level, without which the coarser ones paint what they did before."""
        name = str(self.shape.levels[-1])
        layers = (
            self.read,
            self.first,
            self.second,
            self.third,
            self.parts,
            self.paint,
            self.finer_parts,
        )
        found = [parameter for kind in layers if name in kind for parameter in kind[name].parameters()]
        return [*found, self.grain[name]]

    def forward(
        self,
        scene: Tensor,
        mask: Tensor,
        class_index: Tensor,
        code: Tensor,
        parts: Tensor,
        noise: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """One object a sample.

        Args:
            scene: (B, 3, S, S) in -1..1, the object's place already filled (see ``hole.fill_hole``).
            mask: (B, 1, S, S) in 0..1.
            class_index: (B,) int64.
            code: (B, code_size) appearance, a normal variate or an encoded picture.
            parts: (B, 8 + 4 F, P, P) in -1..1, the parts code placed in the window (``parts_code.placed``).
            noise: (B, 1, S, S) normal variates for fine grain.

        Returns:
            colour (B, 3, S, S) in -1..1 and alpha (B, 1, S, S) in 0..1, both float32. S may be twice any
            painting level: smaller ones run the same network without its finer levels.

        Raises:
            ValueError: S is smaller than that.
        """
        full = scene.shape[-1]
        levels = [side for side in self.shape.levels if 2 * side <= full]
        if self.shape.base not in levels:
            raise ValueError(f"a scene of {full} pixels is smaller than twice level {self.shape.base}")
        if not self.base_learns:
            parts = parts.detach()
        coarse, finer = split(parts)
        gains = scene_gains(scene)
        scene = under_gains(scene, 1 / gains).to(scene.dtype)
        seen = self._read_scene(torch.cat([scene, mask], 1), far_hints(mask), levels)
        style = self._style(seen[levels[0]], class_index, code)
        given = _Given(seen, style, coarse, finer, noise, mask, whole(coarse.shape[-1]))
        x = seen[levels[0]]
        for side in levels:
            if side not in self.painting:
                x = self._level(side, x, given)
        pictures = [
            region.back(self._paint(region.of(x[rows]), given.part(rows, region)), full)
            for rows, region in _painted_together(mask, min(x.shape[-1], coarse.shape[-1]))
        ]
        painted = torch.cat(pictures)
        return lit(within_range(painted[:, :3]), gains), moved_alpha(mask.float(), painted[:, 3:])

    def _level(self, side: int, x: Tensor, given: _Given) -> Tensor:
        """The features of a level (B, C, side, side) or of a region of it, of those of the level before."""
        name, is_first = str(side), side == self.shape.levels[0]
        x = self.first[name](x, given.style, 1 if is_first else SHARE)
        if not is_first:
            x = added(twice(x), given.seen[side], SHARE)
        if name in self.finer_parts:
            x = added(x, self.finer_parts[name](given.finer.to(x.dtype), size_of(x)))
        x = activate(self._with_parts_and_grain(side, x, given))
        for more in (self.second, self.third):
            if name in more:
                x = joined_branch(x, activate(more[name](x, given.style)))
        return x

    def _paint(self, x: Tensor, given: _Given) -> Tensor:
        """The picture (B, 4, H, W) that the painting levels make of the features before them."""
        painted: Tensor | None = None
        for side in self.painting:
            if side not in given.seen:
                break
            x = self._level(side, x, given)
            branch: Tensor = self.paint[str(side)](x, grain_for(given.noise, 2 * x.shape[-1]))
            painted = (
                branch if painted is None else fine_part(branch, given.mask, given.region) + twice(painted)
            )
        if painted is None:
            raise ValueError("no level of this generator paints")
        return painted

    def _read_scene(self, picture: Tensor, hints: Tensor, levels: list[int]) -> dict[int, Tensor]:
        """Features at every level of a picture with its mask (B, 4, S, S) and hints (B, 2, S/2, S/2)."""
        seen: dict[int, Tensor] = {}
        above: Tensor | None = None
        for side in reversed(levels):
            name = str(side)
            if above is not None and not self.base_learns:
                above = above.detach()
            if name in self.read:
                larger = hints.shape[-1] // side
                cells = functional.pixel_unshuffle(pooled(picture, larger), 2)
                cells = in_rows(torch.cat([cells, pooled(hints, larger)], 1))
                if above is None:
                    above = activate(self.read[name](cells))
                else:
                    above = activate(added(self.read[name](cells), self.down[name](above)))
            elif above is None:
                raise ValueError("the finest level of this generator reads nothing")
            else:
                above = activate(self.down[name](above))
            seen[side] = above
        return seen

    def _with_parts_and_grain(self, side: int, x: Tensor, given: _Given) -> Tensor:
        """Features of a level, which nobody else looks at, with what the coarse parts code and the grain
        add to a level that takes them: both by one convolution."""
        name = str(side)
        seen: list[Tensor] = []
        weights: list[Tensor] = []
        bias: Tensor | None = None
        if name in self.parts:
            weight, bias = self.parts[name].parameters()
            seen.append(resized(given.coarse, size_of(x)).to(x.dtype))
            weights.append(weight)
        if name in self.grain:
            seen.append(grain_for(given.noise, x.shape[-1]).to(x.dtype))
            weights.append(functional.pad(self.grain[name][:, None], (1, 1, 1, 1)))
        if not seen:
            return x
        told = functional.conv2d(in_rows(torch.cat(seen, 1)), torch.cat(weights, 1), bias, padding=1)
        return added(x, told)

    def _style(self, coarsest: Tensor, class_index: Tensor, code: Tensor) -> Tensor:
        look = torch.cat([code, self.class_code(class_index)], 1)
        for layer in self.mapping:
            look = activate(layer(look))
        return torch.cat([look, self.scene_code(coarsest.flatten(1))], 1)


def within_range(x: Tensor) -> Tensor:
    """Any numbers to -1..1. Unlike tanh's, its gradient never vanishes, wherever first steps lead."""
    return x * torch.rsqrt(1 + x.square())


def _painted_together(mask: Tensor, cells: int) -> Iterator[tuple[slice, PaintedRegion]]:
    """Which samples of masks (B, 1, S, S) the painting levels paint at once, and which part of the window:
    what is large is painted a few at a time, so that it stays in a processor's cache, and only where the
    object is. Training paints all of it, a GPU all at once."""
    if torch.is_grad_enabled() or not mask.is_cpu:
        yield slice(0, len(mask)), whole(cells)
        return
    regions = painted_regions(mask, cells)
    begin = 0
    for end in range(1, len(regions) + 1):
        is_full = end == len(regions) or end - begin == AT_ONCE
        if is_full or regions[end] != regions[begin]:
            yield slice(begin, end), regions[begin]
            begin = end


def composite(colour: Tensor, alpha: Tensor, scene: Tensor) -> Tensor:
    """The object over the scene, (B, 3, S, S)."""
    return alpha * colour + (1 - alpha) * scene
