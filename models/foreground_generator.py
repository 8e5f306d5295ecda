"""The foreground generator: scene, mask, class and appearance code in, object colour and soft alpha out.

A co-modulated encoder–decoder (Zhao et al., "Large Scale Image Completion via Co-Modulated GANs", 2021):
the style of every layer joins the mapped appearance code with a code of the scene. The mask enters at
every level. Each level adds to the output through a branch of its own, so a generator trained at one
resolution goes on at the next one exactly where it stood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import (
    ModulatedConvolution,
    activate,
    convolution,
    linear,
    unit_scale,
    zero_convolution,
)
from models.scene_light import lit, scene_gains, under_gains

ALPHA_REACH = 6 / 256  # half width of the soft edge, as a share of the window


@dataclass(frozen=True)
class GeneratorShape:
    """Sizes of a foreground generator. ``channels`` maps each level's side in pixels to its channels."""

    resolution: int
    class_count: int
    channels: Mapping[int, int] = field(
        default_factory=lambda: {8: 256, 16: 320, 32: 256, 64: 128, 128: 64, 256: 32}
    )
    code_size: int = 64
    style_size: int = 256
    mask_channels: int = 16
    standard_light: bool = True  # paint under the standard light of ``scene_light``
    smooth_upsampling: bool = True  # nearest neighbours leave their squares in the picture

    @property
    def levels(self) -> list[int]:
        """Sides of the levels in use, smallest first."""
        return [side for side in sorted(self.channels) if side <= self.resolution]


# For a CPU: an eighth of the operations of the full shape, so that it sees more pictures in the same time.
SMALL_CHANNELS = {4: 256, 8: 256, 16: 128, 32: 64, 64: 48, 128: 32, 256: 16}


def mask_features(mask: Tensor) -> Tensor:
    """The mask with two blurred copies that tell how far the contour is: (B, 1, S, S) -> (B, 3, S, S)."""
    side = mask.shape[-1]
    near = _box_blur(mask, side // 32)
    far = _box_blur(near, side // 8)
    return torch.cat([mask, near, far], 1)


def _box_blur(mask: Tensor, radius: int) -> Tensor:
    radius = max(1, radius)
    size = 2 * radius + 1
    rows = functional.avg_pool2d(mask, (size, 1), 1, (radius, 0), count_include_pad=False)
    return functional.avg_pool2d(rows, (1, size), 1, (0, radius), count_include_pad=False)


def soft_edge(mask: Tensor) -> Tensor:
    """The mask with a ramp across its contour, ``ALPHA_REACH`` of the window to either side; exactly 0 and
    1 beyond it. (B, 1, S, S) in 0..1."""
    radius = max(1, round(ALPHA_REACH * mask.shape[-1] / 2))
    return _box_blur(_box_blur(mask, radius), radius)


def covering_alpha(mask: Tensor) -> Tensor:
    """Alpha of a real object: full inside its mask, however thin a leg is, soft outside. (B, 1, S, S)."""
    return torch.maximum(mask, _steep(soft_edge(mask)))


def _steep(soft: Tensor) -> Tensor:
    return ((soft - 0.5) * 2 + 0.5).clamp(0, 1)


class ForegroundGenerator(nn.Module):
    """Paints an object of a class into the masked part of a scene."""

    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        channels, levels = shape.channels, shape.levels
        width = shape.style_size
        # Scene: each level reads the picture at its own size; a coarser level joins the finer one's result.
        self.read = nn.ModuleDict({str(s): convolution(6, channels[s]) for s in levels})
        self.down = nn.ModuleDict(
            {str(s): zero_convolution(channels[2 * s], channels[s], 3, 2) for s in levels[:-1]}
        )
        self.scene_code = linear(channels[levels[0]] * levels[0] ** 2, width)
        self.class_code = nn.Embedding(shape.class_count, 32)
        self.mapping = nn.ModuleList([linear(shape.code_size + 32, width), linear(width, width)])
        # Object.
        style = 2 * width
        self.first = nn.ModuleDict()
        self.second = nn.ModuleDict()
        self.skip = nn.ModuleDict()
        self.mask_scale = nn.ModuleDict()
        self.paint = nn.ModuleDict()
        before = channels[levels[0]]
        for side in levels:
            width_here = channels[side]
            self.first[str(side)] = ModulatedConvolution(before, width_here, style)
            self.second[str(side)] = ModulatedConvolution(width_here, width_here, style)
            self.skip[str(side)] = convolution(width_here, width_here, 1)
            self.mask_scale[str(side)] = zero_convolution(shape.mask_channels, 2 * width_here)
            self.paint[str(side)] = zero_convolution(width_here, 4)
            before = width_here
        self.read_mask = convolution(3, shape.mask_channels)
        nn.init.normal_(self.paint[str(levels[0])].weight, 0, 0.03)  # type: ignore[arg-type]

    def forward(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One object a sample.

        Args:
            scene: (B, 3, S, S) in -1..1, the object's place already filled (see ``hole.fill_hole``).
            mask: (B, 1, S, S) in 0..1.
            class_index: (B,) int64.
            code: (B, code_size) appearance, a normal variate or an encoded picture.
            noise: (B, 1, S, S) normal variates for fine grain.

        Returns:
            colour (B, 3, S, S) in -1..1 and alpha (B, 1, S, S) in 0..1, both float32. S may be any level
            of the shape: smaller ones run the same network without its finer levels.
        """
        levels = [side for side in self.shape.levels if side <= scene.shape[-1]]
        gains: Tensor | None = None
        if self.shape.standard_light:
            gains = scene_gains(scene)
            scene = under_gains(scene, 1 / gains).to(scene.dtype)
        hints = mask_features(mask)
        seen = self._read_scene(torch.cat([scene, hints], 1), levels)
        style = self._style(seen[levels[0]], class_index, code)
        shape_hints = activate(self.read_mask(hints))
        x = seen[levels[0]]
        painted: Tensor | None = None
        for side in levels:
            name = str(side)
            grain = noise if side == noise.shape[-1] else functional.interpolate(noise, size=(side, side))
            if side != levels[0]:
                x = self._enlarge(x)
            x = activate(self.first[name](unit_scale(x), style, grain))
            if side != levels[0]:
                x = (x + self.skip[name](seen[side])) * 0.7
            gain, offset = self.mask_scale[name](
                functional.adaptive_avg_pool2d(shape_hints, side) if side != mask.shape[-1] else shape_hints
            ).chunk(2, 1)
            x = activate(self.second[name](x * (1 + gain) + offset, style, grain))
            branch = self.paint[name](x).float()
            if painted is None:
                painted = branch
            else:
                painted = branch + functional.interpolate(
                    painted, scale_factor=2.0, mode="bilinear", align_corners=False
                )
        if painted is None:
            raise ValueError(f"a scene of {scene.shape[-1]} pixels is smaller than the smallest level")
        colour = torch.tanh(painted[:, :3])
        if gains is not None:
            colour = lit(colour, gains)
        return colour, _alpha(mask.float(), painted[:, 3:])

    def _enlarge(self, x: Tensor) -> Tensor:
        if self.shape.smooth_upsampling:
            return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")

    def _read_scene(self, picture: Tensor, levels: list[int]) -> dict[int, Tensor]:
        """Features of the scene at every level."""
        seen: dict[int, Tensor] = {}
        above: Tensor | None = None
        for side in reversed(levels):
            small = picture if side == picture.shape[-1] else functional.adaptive_avg_pool2d(picture, side)
            x = self.read[str(side)](small)
            if above is not None:
                x = x + self.down[str(side)](above)
            above = seen[side] = activate(x)
        return seen

    def _style(self, coarsest: Tensor, class_index: Tensor, code: Tensor) -> Tensor:
        look = torch.cat([code, self.class_code(class_index)], 1)
        for layer in self.mapping:
            look = activate(layer(look))
        return torch.cat([look, self.scene_code(coarsest.flatten(1))], 1)


def _alpha(mask: Tensor, change: Tensor) -> Tensor:
    """The soft mask, sharpened or moved by the network inside its ramp only; never less than the mask, or
    legs as thin as the ramp would fade."""
    soft = soft_edge(mask)
    ramp = 4 * soft * (1 - soft)
    moved = ((soft - 0.5) * 2 + 0.5 + 0.5 * torch.tanh(change) * ramp).clamp(0, 1)
    return torch.maximum(moved, mask)


def composite(colour: Tensor, alpha: Tensor, scene: Tensor) -> Tensor:
    """The object over the scene, (B, 3, S, S)."""
    return alpha * colour + (1 - alpha) * scene
