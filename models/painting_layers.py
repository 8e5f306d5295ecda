"""The layers of the generator's levels that paint: finer parts to features, features to a picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import Size, activate, broad_mean, convolution, in_rows, resized, zero_convolution
from models.painted_region import PaintedRegion

FINE = 24  # channels at the size of the picture itself
FINE_COLOUR = 0.25  # share of a finer level's colour that counts; its brightness counts whole
BROAD = 32  # pixels of a finer level's own size, whose mean it leaves to coarser ones
SHARE = 0.7  # of each of two tensors that are added: unit variance stays about that


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
        smooth, amount = (twice(in_rows(half.float())) for half in self.enter(x).chunk(2, 1))
        grain = amount * noise if torch.is_grad_enabled() else amount.mul_(noise)
        fine = activate(added(grain, smooth).to(x.dtype))
        fine = _residual(fine, self.inner)
        painted: Tensor = twice(_plane(self.coarse(x))) + _plane(self.fine(fine))
        return painted


class FinerParts(nn.Module):
    """A placed finer parts code to features: where eyes, nostrils and windows are."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.enter = convolution(channels, 48)
        self.inner = convolution(48, 48)
        self.out = zero_convolution(48, outputs, 3)

    def forward(self, code: Tensor, size: Size) -> Tensor:
        """code (B, F, P, Q) in -1..1 -> (B, O, *size)."""
        x = _residual(activate(self.enter(in_rows(code))), self.inner)
        return resized(self.out(x), size)


def fine_part(branch: Tensor, mask: Tensor, region: PaintedRegion) -> Tensor:
    """What a finer level adds, without what a coarser one can say as well: its mean over ``BROAD`` pixels of
    the object. Light is read at the base, which is taught to follow it; no finer level may go against it.
    Its colour counts less, or muzzles turn red and blue.

    branch (B, 4, H, W), mask (B, 1, H', W') -> (B, 4, H, W); both show ``region``.
    """
    weight = resized(mask.float(), size_of(branch))
    broad = broad_mean(region.on_grid(branch, BROAD), region.on_grid(weight, BROAD), BROAD)
    fine = branch - region.off_grid(broad, branch, BROAD)
    bright = fine[:, :3].mean(1, keepdim=True)
    return torch.cat([bright + FINE_COLOUR * (fine[:, :3] - bright), fine[:, 3:]], 1)


def size_of(x: Tensor) -> Size:
    return x.shape[-2], x.shape[-1]


def added(x: Tensor, more: Tensor, share: float = 1) -> Tensor:
    """x, which nobody else looks at, and a share of another tensor."""
    return torch.add(x, more, alpha=share) if torch.is_grad_enabled() else x.add_(more, alpha=share)


def joined_branch(x: Tensor, branch: Tensor) -> Tensor:
    """A residual: x and its branch, of which ``SHARE`` is given, at unit variance."""
    return added(branch, x, SHARE)


def _residual(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """x and the activated convolution of it, at unit variance; the weights take the branch's share."""
    bias = None if layer.bias is None else SHARE * layer.bias
    return joined_branch(x, activate(functional.conv2d(x, SHARE * layer.weight, bias, padding=1)))


def grain_for(noise: Tensor, width: int) -> Tensor:
    """Normal variates (B, 1, H, W) for a smaller width, of the same variance."""
    cell = noise.shape[-1] // width
    return pooled(noise, cell) * cell


def pooled(x: Tensor, cell: int) -> Tensor:
    """The means of cells of so many pixels; a single one is left as it is, which takes no time."""
    return x if cell == 1 else functional.avg_pool2d(x, cell)


def _plane(x: Tensor) -> Tensor:
    """A picture in single precision, each channel by itself: four of them are too few to lie side by side."""
    return x.to(torch.float32, memory_format=torch.contiguous_format)


def twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
