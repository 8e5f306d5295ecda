"""The mask networks: the generator, which morphs one outline towards another, and its critic."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from models.masks.geometry import TRUNCATION, bends, warped

LATENT = 32  # standard normal numbers that choose an outline
_WIDTHS = (32, 64, 96)  # channels at 32, 16 and 8 cells
_REACH = 0.4  # how far a part of a shape may move, in halves of the frame
_SLOPE = 0.2


def _activate(x: Tensor) -> Tensor:
    activated: Tensor = functional.leaky_relu(x, _SLOPE)
    return activated


class MaskGenerator(nn.Module):
    """Two outlines to one between them: where each part of the first must come from to lie as in the second.

    A network that looks at two shapes and tells the movement from one to the other (as in Balakrishnan et
    al., "VoxelMorph: A Learning Framework for Deformable Medical Image Registration", 2019) draws what lies
    between by going part of the way. Legs stay legs on the way, where a mixture of codes would dissolve them.
    It knows no class: the outlines given to it belong to one. About 0.3 million parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third = _WIDTHS
        self.down = nn.ModuleList(
            [
                nn.Conv2d(2, first, 4, 2, 1),
                nn.Conv2d(first, second, 4, 2, 1),
                nn.Conv2d(second, third, 4, 2, 1),
            ]
        )
        self.middle = nn.Conv2d(third, third, 3, 1, 1)
        self.up = nn.ModuleList(
            [nn.Conv2d(third + second, second, 3, 1, 1), nn.Conv2d(second + first, first, 3, 1, 1)]
        )
        self.output = nn.Conv2d(first, 2, 3, 1, 1)
        for parameter in self.output.parameters():
            nn.init.zeros_(parameter)  # at first nothing moves

    def movement(self, outline: Tensor, other: Tensor) -> Tensor:
        """From where each cell of ``outline`` is taken to make it ``other``.

        Args:
            outline, other: (B, 1, 64, 64) fields in -1..1.

        Returns:
            (B, 2, 64, 64) movement along x and y, in halves of the frame.
        """
        x = torch.cat([outline, other], 1)
        levels = []
        for layer in self.down:
            x = _activate(layer(x))
            levels.append(x)
        x = x + _activate(self.middle(x))
        for layer, level in zip(self.up, levels[-2::-1], strict=True):
            larger = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = _activate(layer(torch.cat([larger, level], 1)))
        moved = _REACH * torch.tanh(self.output(x).float())
        return functional.interpolate(moved, scale_factor=2, mode="bilinear", align_corners=False)

    def forward(self, outline: Tensor, other: Tensor, amount: Tensor, bend: Tensor) -> tuple[Tensor, Tensor]:
        """One outline for each row, and how it was made.

        Args:
            outline, other: (B, 1, 64, 64) fields in -1..1 (see ``models.masks.geometry``).
            amount: (B,) how far to go from the first to the second, 0..1.
            bend: (B, 4) in -1..1, by how much to bend the whole as well, see ``bends``.

        Returns:
            (B, 1, 64, 64) field in -1..1, positive inside, and the movement (B, 2, 64, 64) that made it of
            the first.
        """
        moved = self.movement(outline, other) * amount.float()[:, None, None, None] + bends(bend.float())
        return warped(outline.float(), moved), moved


class ShapeCritic(nn.Module):
    """How real an outline of that class and box shape looks; higher is more real.

    A spectrally normalised discriminator (Miyato et al., ICLR 2018) with a class projection (Miyato and
    Koyama, ICLR 2018). It sees the field and the coverage, in which thin parts count as much as thick ones.
    """

    def __init__(self, class_count: int) -> None:
        super().__init__()

        def convolution(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Module:
            return spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, 1))

        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            convolution(8, 48, 3, 1),
            nn.LeakyReLU(_SLOPE),
            convolution(48, 64, 4, 2),
            nn.LeakyReLU(_SLOPE),
            convolution(64, 96, 4, 2),
            nn.LeakyReLU(_SLOPE),
            convolution(96, 160, 4, 2),
            nn.LeakyReLU(_SLOPE),
        )
        self.score = spectral_norm(nn.Linear(160 * 16, 1))
        self.local_score = spectral_norm(nn.Conv2d(160, 1, 1))
        self.features = spectral_norm(nn.Linear(160 * 16, 96))
        self.class_code = spectral_norm(nn.Embedding(class_count, 96))
        self.aspect_code = spectral_norm(nn.Linear(4, 96))

    def forward(self, field: Tensor, class_index: Tensor, log_aspect: Tensor) -> Tensor:
        """``field`` (B, 1, 64, 64), ``class_index`` (B,), ``log_aspect`` (B,) -> (B,) scores."""
        x = self.layers(torch.cat([field, coverage(field) * 2 - 1], 1))
        flat = x.flatten(1)
        features = self.features(flat)
        named = (
            features * (self.class_code(class_index) + self.aspect_code(aspect_features(log_aspect)))
        ).sum(1)
        score: Tensor = self.score(flat).squeeze(1) + named + self.local_score(x).mean((1, 2, 3))
        return score.float()


def aspect_features(log_aspect: Tensor) -> Tensor:
    """Smooth features of log(width / height), (B,) -> (B, 4), each of about unit size."""
    a = log_aspect.float().clamp(-2.5, 2.5)
    return torch.stack([a, a.abs(), torch.tanh(3 * a), torch.cos(2 * a)], 1)


def coverage(field: Tensor) -> Tensor:
    """Soft occupancy of each cell in 0..1; logits for a cross entropy are ``occupancy_logits``."""
    return torch.sigmoid(occupancy_logits(field))


def occupancy_logits(field: Tensor) -> Tensor:
    """Logits whose sigmoid goes from 0.1 to 0.9 within about a cell and a half around the contour."""
    return field * (3.0 * TRUNCATION)
