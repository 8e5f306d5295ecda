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

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import (
    activate,
    broad_mean,
    convolution,
    in_rows,
    linear,
    resized,
    zero_convolution,
)
from models.mask_edges import far_hints, moved_alpha
from models.masks.parts_code import FINER, PARTS_CHANNELS, split
from models.scene_light import lit, scene_gains, under_gains

CHANNELS = {4: 256, 8: 256, 16: 256, 32: 128, 64: 64, 128: 32}
FINE = 24  # channels at the size of the picture itself
FINE_COLOUR = 0.25  # share of a finer level's colour that counts; its brightness counts whole
BROAD = 32  # pixels of a finer level's own size, whose mean it leaves to coarser ones
AT_ONCE = 2  # objects whose large levels are painted together
SHARE = 0.7  # of each of two tensors that are added: unit variance stays about that
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


class Painting(nn.Module):
    """Features to a picture of twice their size: a smooth one, and a fine one on top that is made from grain.

    Nothing here tells the four pixels of a cell apart (pixel shuffle would), so no lattice can be painted by
    the layout alone: what is finer than a cell comes of normal variates, whose amount the features set.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.coarse = zero_convolution(inputs, 4, 3)
        self.enter = convolution(inputs, 2 * FINE, 1)
        self.inner = convolution(FINE, FINE)
        self.fine = zero_convolution(FINE, 4, 3)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """x (B, C, S, S), noise (B, 1, 2S, 2S) normal variates -> (B, 4, 2S, 2S), float32."""
        # In single precision, in which so few channels are enlarged twice as quickly.
        smooth, amount = (_twice(in_rows(half.float())) for half in self.enter(x).chunk(2, 1))
        grain = amount * noise if torch.is_grad_enabled() else amount.mul_(noise)
        fine = activate(_added(grain, smooth).to(x.dtype))
        fine = _residual(fine, self.inner)
        painted: Tensor = _twice(_plane(self.coarse(x))) + _plane(self.fine(fine))
        return painted


class FinerParts(nn.Module):
    """A placed finer parts code to features: where eyes, nostrils and windows are."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.enter = convolution(channels, 48)
        self.inner = convolution(48, 48)
        self.out = zero_convolution(48, outputs, 3)

    def forward(self, code: Tensor, side: int) -> Tensor:
        """code (B, F, P, P) in -1..1 -> (B, O, side, side)."""
        x = _residual(activate(self.enter(in_rows(code))), self.inner)
        return resized(self.out(x), side)


@dataclass(frozen=True)
class _Given:
    """What the levels are given beside the features of the one before, a row a sample."""

    seen: dict[int, Tensor]  # of the scene, by level
    style: Tensor
    coarse: Tensor
    finer: Tensor
    noise: Tensor
    mask: Tensor

    def part(self, rows: slice) -> _Given:
        others = (self.style, self.coarse, self.finer, self.noise, self.mask)
        return _Given({side: x[rows] for side, x in self.seen.items()}, *(x[rows] for x in others))


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
        given = _Given(seen, style, coarse, finer, noise, mask)
        x = seen[levels[0]]
        for side in levels:
            if side not in self.painting:
                x = self._level(side, x, given)
        # What is large is painted a few at a time, so that it stays in a processor's cache.
        few = len(x) if torch.is_grad_enabled() or not x.is_cpu else AT_ONCE
        pictures = [
            self._paint(x[begin : begin + few], given.part(slice(begin, begin + few)))
            for begin in range(0, len(x), few)
        ]
        painted = torch.cat(pictures)
        return lit(within_range(painted[:, :3]), gains), moved_alpha(mask.float(), painted[:, 3:])

    def _level(self, side: int, x: Tensor, given: _Given) -> Tensor:
        """The features of a level (B, C, side, side), of those of the level before."""
        name, is_first = str(side), side == self.shape.levels[0]
        x = self.first[name](x, given.style, 1 if is_first else SHARE)
        if not is_first:
            x = _added(_twice(x), given.seen[side], SHARE)
        if name in self.finer_parts:
            x = _added(x, self.finer_parts[name](given.finer.to(x.dtype), side))
        x = activate(self._with_parts_and_grain(x, given.coarse, given.noise))
        for more in (self.second, self.third):
            if name in more:
                x = _joined(x, activate(more[name](x, given.style)))
        return x

    def _paint(self, x: Tensor, given: _Given) -> Tensor:
        """The picture (B, 4, S, S) that the painting levels make of the features before them."""
        painted: Tensor | None = None
        for side in self.painting:
            if side not in given.seen:
                break
            x = self._level(side, x, given)
            branch: Tensor = self.paint[str(side)](x, _grain(given.noise, 2 * side))
            painted = branch if painted is None else _fine(branch, given.mask) + _twice(painted)
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
                cells = functional.pixel_unshuffle(_pooled(picture, larger), 2)
                cells = in_rows(torch.cat([cells, _pooled(hints, larger)], 1))
                if above is None:
                    above = activate(self.read[name](cells))
                else:
                    above = activate(_added(self.read[name](cells), self.down[name](above)))
            elif above is None:
                raise ValueError("the finest level of this generator reads nothing")
            else:
                above = activate(self.down[name](above))
            seen[side] = above
        return seen

    def _with_parts_and_grain(self, x: Tensor, coarse: Tensor, noise: Tensor) -> Tensor:
        """Features (B, C, s, s), which nobody else looks at, with what the coarse parts code and the grain
        add to a level that takes them: both by one convolution."""
        side, name = x.shape[-1], str(x.shape[-1])
        seen: list[Tensor] = []
        weights: list[Tensor] = []
        bias: Tensor | None = None
        if name in self.parts:
            weight, bias = self.parts[name].parameters()
            seen.append(resized(coarse, side).to(x.dtype))
            weights.append(weight)
        if name in self.grain:
            seen.append(_grain(noise, side).to(x.dtype))
            weights.append(functional.pad(self.grain[name][:, None], (1, 1, 1, 1)))
        if not seen:
            return x
        told = functional.conv2d(in_rows(torch.cat(seen, 1)), torch.cat(weights, 1), bias, padding=1)
        return _added(x, told)

    def _style(self, coarsest: Tensor, class_index: Tensor, code: Tensor) -> Tensor:
        look = torch.cat([code, self.class_code(class_index)], 1)
        for layer in self.mapping:
            look = activate(layer(look))
        return torch.cat([look, self.scene_code(coarsest.flatten(1))], 1)


def _fine(branch: Tensor, mask: Tensor) -> Tensor:
    """What a finer level adds, without what a coarser one can say as well: its mean over ``BROAD`` pixels of
    the object. Light is read at the base, which is taught to follow it; no finer level may go against it.
    Its colour counts less, or muzzles turn red and blue.

    branch (B, 4, S, S), mask (B, 1, S', S') -> (B, 4, S, S).
    """
    weight = functional.adaptive_avg_pool2d(mask.float(), branch.shape[-1])
    fine = branch - broad_mean(branch, weight, BROAD)
    bright = fine[:, :3].mean(1, keepdim=True)
    return torch.cat([bright + FINE_COLOUR * (fine[:, :3] - bright), fine[:, 3:]], 1)


def within_range(x: Tensor) -> Tensor:
    """Any numbers to -1..1. Unlike tanh's, its gradient never vanishes, wherever first steps lead."""
    return x * torch.rsqrt(1 + x.square())


def _added(x: Tensor, more: Tensor, share: float = 1) -> Tensor:
    """x, which nobody else looks at, and a share of another tensor."""
    return torch.add(x, more, alpha=share) if torch.is_grad_enabled() else x.add_(more, alpha=share)


def _joined(x: Tensor, branch: Tensor) -> Tensor:
    """A residual: x and its branch, of which ``SHARE`` is given, at unit variance."""
    return _added(branch, x, SHARE)


def _residual(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """x and the activated convolution of it, at unit variance; the weights take the branch's share."""
    bias = None if layer.bias is None else SHARE * layer.bias
    return _joined(x, activate(functional.conv2d(x, SHARE * layer.weight, bias, padding=1)))


def _grain(noise: Tensor, side: int) -> Tensor:
    """Normal variates (B, 1, S, S) for a smaller size, of the same variance."""
    cell = noise.shape[-1] // side
    return _pooled(noise, cell) * cell


def _pooled(x: Tensor, cell: int) -> Tensor:
    """The means of cells of so many pixels; a single one is left as it is, which takes no time."""
    return x if cell == 1 else functional.avg_pool2d(x, cell)


def _plane(x: Tensor) -> Tensor:
    """A picture in single precision, each channel by itself: four of them are too few to lie side by side."""
    return x.to(torch.float32, memory_format=torch.contiguous_format)


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def composite(colour: Tensor, alpha: Tensor, scene: Tensor) -> Tensor:
    """The object over the scene, (B, 3, S, S)."""
    return alpha * colour + (1 - alpha) * scene
