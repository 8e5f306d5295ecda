"""The discriminators: one on frozen features, one on raw patches at one or more sizes. None is shipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from models.layers import activate, convolution

SLOPE = 2.5  # of patch discriminators: at 1, spectral normalisation leaves them blunt to fine patterns


class ProjectedDiscriminator(nn.Module):
    """Judges frozen features at several scales, with a class projection at each.

    Sauer et al., "Projected GANs Converge Faster" (2021): a fixed random mix of each feature map, then a
    small trained head. The mask is shown to every head; the class enters as an inner product (Miyato and
    Koyama, "cGANs with Projection Discriminator", 2018). ``normalised``: with spectral normalisation.
    """

    def __init__(
        self,
        feature_channels: Sequence[int],
        class_count: int,
        width: int = 96,
        *,
        normalised: bool = True,
    ) -> None:
        super().__init__()
        limit = _limiter(normalised=normalised)
        mixed = 64
        self.feature_scale: Tensor
        self.register_buffer("feature_scale", torch.ones(len(feature_channels)))
        self.mix = nn.ModuleList(convolution(c, mixed, 1) for c in feature_channels)
        self.mix.requires_grad_(requires_grad=False)
        self.enter = nn.ModuleList(
            limit(convolution(mixed + 1, width, 3, 2 if place < 2 else 1))
            for place in range(len(feature_channels))
        )
        self.inner = nn.ModuleList(limit(convolution(width, width)) for _ in feature_channels)
        self.score = nn.ModuleList(limit(convolution(width, 1, 1)) for _ in feature_channels)
        self.class_code = nn.ModuleList(limit(nn.Embedding(class_count, width)) for _ in feature_channels)

    def is_calibrated(self) -> bool:
        """Whether the feature maps' scales were set, here or in the run that these weights come from."""
        return bool((self.feature_scale != 1).any())

    def calibrate(self, features: Sequence[Tensor]) -> None:
        """Sets each feature map's scale so that the maps of this batch have unit mean square."""
        for place, feature in enumerate(features):
            self.feature_scale[place] = feature.float().square().mean().rsqrt()

    def forward(
        self, features: Sequence[Tensor], mask: Tensor, class_index: Tensor, wrong: Tensor | None = None
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Logits (B, 1, H, W) a scale for the given class and, if ``wrong`` (B,) is given, for that class."""
        return self.judge(self.scaled(features), mask, class_index, wrong)

    def scaled(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The feature maps at the scale that ``calibrate`` has found."""
        return [
            feature * self.feature_scale[place].to(feature.dtype) for place, feature in enumerate(features)
        ]

    def judge(
        self, scaled: Sequence[Tensor], mask: Tensor, class_index: Tensor, wrong: Tensor | None = None
    ) -> tuple[list[Tensor], list[Tensor]]:
        """As ``forward``, for features that are scaled already."""
        right_logits: list[Tensor] = []
        wrong_logits: list[Tensor] = []
        for place, feature in enumerate(scaled):
            rows, columns = feature.shape[-2:]
            small = functional.adaptive_avg_pool2d(mask, (rows, columns)).to(feature.dtype)
            mixed = self.mix[place](feature)
            x = activate(self.enter[place](torch.cat([mixed, small], 1)))
            x = activate(self.inner[place](x))
            plain = self.score[place](x)
            for index, logits in ((class_index, right_logits), (wrong, wrong_logits)):
                if index is not None:
                    code = self.class_code[place](index)[:, :, None, None].to(x.dtype)
                    logits.append((plain + (x * code).sum(1, keepdim=True)).float())
        return right_logits, wrong_logits


class PatchDiscriminator(nn.Module):
    """Judges grain, edges and seams on raw pixels, at one size (Isola et al. 2017) or at several, each half
    the one before (Wang et al. 2018). ``normalised``: with spectral normalisation."""

    def __init__(
        self, class_count: int, width: int = 32, *, scales: int = 2, normalised: bool = True
    ) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            _PatchScale(class_count, width, normalised=normalised) for _ in range(scales)
        )

    def forward(self, picture: Tensor, mask: Tensor, class_index: Tensor) -> list[Tensor]:
        """picture (B, 3, S, S), mask (B, 1, S, S) -> logits (B, 1, h, w) a scale."""
        x = torch.cat([picture, mask], 1)
        logits = []
        for scale in self.scales:
            logits.append(scale(x, class_index))
            x = functional.avg_pool2d(x, 2)
        return logits


def _limiter(*, normalised: bool) -> Callable[[nn.Module], nn.Module]:
    """Spectral normalisation, or nothing: a gradient penalty needs room to find its own slope."""
    return spectral_norm if normalised else lambda layer: layer


class _PatchScale(nn.Module):
    def __init__(self, class_count: int, width: int, *, normalised: bool) -> None:
        super().__init__()
        limit = _limiter(normalised=normalised)
        self.layers = nn.ModuleList(
            limit(layer)
            for layer in (
                convolution(4, width, 4, 2),
                convolution(width, 2 * width, 4, 2),
                convolution(2 * width, 4 * width, 3, 1),
            )
        )
        self.score = limit(convolution(4 * width, 1))
        self.class_code = limit(nn.Embedding(class_count, 4 * width))

    def forward(self, x: Tensor, class_index: Tensor) -> Tensor:
        for layer in self.layers:
            x = activate(layer(x))
        code = self.class_code(class_index)[:, :, None, None].to(x.dtype)
        logits: Tensor = (self.score(x) + (x * code).sum(1, keepdim=True)).float()
        return SLOPE * logits


def augment(picture: Tensor, mask: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Differentiable augmentation of what a discriminator sees (Zhao et al., "DiffAugment", 2020).

    Translation up to 1/8, cut-out of 3/10, brightness ± 0.2: colour stays mild, since strong colour changes
    would hide a wrong light from the discriminator.
    """
    count, _, side, _ = picture.shape
    device = picture.device
    draw = torch.rand(6, count, generator=generator, device=device)
    picture = picture + (draw[0] - 0.5).view(-1, 1, 1, 1) * 0.4
    x = torch.cat([picture, mask], 1)
    reach = side // 8
    shift = ((draw[1:3] * (2 * reach + 1)).long() - reach).view(2, count, 1, 1, 1)
    padded = functional.pad(x, [reach] * 4)
    rows = torch.arange(side, device=device).view(1, 1, -1, 1) + reach + shift[0]
    columns = torch.arange(side, device=device).view(1, 1, 1, -1) + reach + shift[1]
    sample = torch.arange(count, device=device).view(-1, 1, 1, 1)
    channel = torch.arange(4, device=device).view(1, -1, 1, 1)
    x = padded[sample, channel, rows, columns]
    cut = int(side * 0.3)
    top = (draw[3] * (side - cut)).long().view(-1, 1, 1, 1)
    left = (draw[4] * (side - cut)).long().view(-1, 1, 1, 1)
    place = torch.arange(side, device=device)
    inside = ((place.view(1, 1, -1, 1) - top).clamp(0, cut) == place.view(1, 1, -1, 1) - top) & (
        (place.view(1, 1, 1, -1) - left).clamp(0, cut) == place.view(1, 1, 1, -1) - left
    )
    keep = ~(inside & (draw[5] < 0.5).view(-1, 1, 1, 1))
    return x[:, :3] * keep, x[:, 3:]
