"""The mask networks: class, box shape and code to an object's outline, the encoder and the critic."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from models.hole import fill_hole
from models.masks.geometry import FRAME, TRUNCATION

LATENT = 32  # standard normal numbers that choose an outline
CODE = 192  # numbers of a code, which says what outline to draw
_COARSE = 32  # cells along a side of the field that principal components describe
CONTEXT = 32  # pixels along a side of the coarse scene
_STYLE = 128
_WIDTHS = (192, 144, 96, 48)  # channels that enter the blocks at 4, 8, 16 and 32 cells
_LAST_WIDTH = 32
_SLOPE = 0.2
_GAIN = (2 / (1 + _SLOPE**2)) ** 0.5  # keeps the variance through a leaky ReLU


def _activate(x: Tensor) -> Tensor:
    activated: Tensor = functional.leaky_relu(x, _SLOPE) * _GAIN
    return activated


def aspect_features(log_aspect: Tensor) -> Tensor:
    """Smooth features of log(width / height), (B,) -> (B, 4), each of about unit size."""
    a = log_aspect.float().clamp(-2.5, 2.5)
    return torch.stack([a, a.abs(), torch.tanh(3 * a), torch.cos(2 * a)], 1)


class _Block(nn.Module):
    """Convolution, normalisation over channels, then scale and shift by the style."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.style = nn.Linear(_STYLE, 2 * outputs)
        nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="linear")
        nn.init.zeros_(self.style.weight)
        nn.init.zeros_(self.style.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        x = self.convolution(x)
        x = x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-4)
        gain, shift = self.style(style)[:, :, None, None].chunk(2, 1)
        return _activate(x * (1 + gain) + shift)


class MaskGenerator(nn.Module):
    """Class, box shape, coarse scene and code to an outline; about 1.2 million parameters.

    The field is a linear function of the code, which starts as the principal components of real outlines,
    plus what convolutions add to it: so it is never worse than a linear shape model, and learns quickly.
    """

    def __init__(self, class_count: int) -> None:
        super().__init__()
        self.class_count = class_count
        self.class_code = nn.Embedding(class_count, 32)
        self.context = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, 1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(24, 48, 3, 2, 1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(48, 48, 3, 2, 1),
            nn.LeakyReLU(_SLOPE),
            nn.Flatten(),
            nn.Linear(48 * 16, 16),
        )
        mapping = [nn.Linear(32 + 4 + 16 + CODE, _STYLE), nn.Linear(_STYLE, _STYLE)]
        self.mapping = nn.ModuleList(mapping)
        self.start = nn.Linear(_STYLE, _WIDTHS[0] * 16)
        widths = zip(_WIDTHS, (*_WIDTHS[1:], _LAST_WIDTH), strict=True)
        self.blocks = nn.ModuleList(_Block(inputs, outputs) for inputs, outputs in widths)
        self.output = nn.Conv2d(_LAST_WIDTH, 4, 3, 1, 1)
        self.linear = nn.Linear(CODE, _COARSE * _COARSE)
        for layer in (*mapping, self.start):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.output.weight, std=0.005)
        nn.init.normal_(self.linear.weight, std=0.1)

    def forward(self, class_index: Tensor, log_aspect: Tensor, context: Tensor, code: Tensor) -> Tensor:
        """One outline for each row.

        Args:
            class_index: (B,) int64.
            log_aspect: (B,) log(box width / box height), both in pixels of the square window.
            context: (B, 3, 32, 32) in -1..1, from :func:`coarse_context`.
            code: (B, 192), from ``ShapeEncoder`` or ``CodePrior``; each number of about unit variance.

        Returns:
            (B, 1, 64, 64) field in -1..1, positive inside (see ``mask_geometry``).
        """
        # Bounded, so that a scene unlike any in training cannot outweigh the code.
        scene = torch.tanh(self.context(context))
        parts = [self.class_code(class_index), aspect_features(log_aspect).to(scene), scene, code.to(scene)]
        style = torch.cat(parts, 1)
        for layer in self.mapping:
            style = _activate(layer(style))
        x = _activate(self.start(style)).view(-1, _WIDTHS[0], 4, 4)
        for level, block in enumerate(self.blocks):
            if level > 0:
                x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = block(x, style)
        coarse = self.linear(code).view(-1, 1, _COARSE, _COARSE).float()
        coarse = functional.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        return torch.tanh(coarse + functional.pixel_shuffle(self.output(x).float(), 2))


class ShapeEncoder(nn.Module):
    """An outline to the code that draws it again: mean and log variance, (B, 192) each. Training only.

    Linear on purpose: codes of similar outlines are close together, and what lies between two codes is
    drawn as something between two outlines.
    """

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(_COARSE * _COARSE, CODE)
        self.log_variance = nn.Parameter(torch.full((CODE,), -6.0))

    def forward(self, field: Tensor) -> tuple[Tensor, Tensor]:
        """``field`` (B, 1, 64, 64)."""
        mean = self.linear(coarse_logits(field)).float()
        return mean, self.log_variance.float().expand_as(mean)


def coarse_logits(field: Tensor) -> Tensor:
    """The field at 32 × 32 before its tanh, (B, 1, 64, 64) -> (B, 1024)."""
    return torch.atanh(functional.avg_pool2d(field.float(), FRAME // _COARSE).flatten(1) * 0.97)


@torch.no_grad()
def start_from_components(generator: MaskGenerator, encoder: ShapeEncoder, fields: Tensor) -> None:
    """Sets the linear parts to the principal components of ``fields`` (N, 1, 64, 64) and their mirror images.

    Codes then have unit variance. Fewer outlines than components leave the rest of the components at 0.
    """
    rows = torch.cat([coarse_logits(fields), coarse_logits(fields.flip(3))]).double().cpu()
    middle = rows.mean(0)
    covariance = (rows - middle).T @ (rows - middle) / len(rows)
    values, vectors = torch.linalg.eigh(covariance)
    deviation = values.flip(0)[:CODE].clamp(min=1e-8).sqrt()  # (192,)
    components = vectors.flip(1)[:, :CODE] * (deviation > 1e-3)  # (1024, 192)
    generator.linear.weight.copy_(components * deviation)
    generator.linear.bias.copy_(middle)
    encoder.linear.weight.copy_((components / deviation).T)
    encoder.linear.bias.copy_(-(middle @ components) / deviation)


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


def coverage(field: Tensor) -> Tensor:
    """Soft occupancy of each cell in 0..1; logits for a cross entropy are ``occupancy_logits``."""
    return torch.sigmoid(occupancy_logits(field))


def occupancy_logits(field: Tensor) -> Tensor:
    """Logits whose sigmoid goes from 0.1 to 0.9 within about a cell and a half around the contour."""
    return field * (3.0 * TRUNCATION)


def coarse_context(scene: Tensor, boxes: Tensor) -> Tensor:
    """The scene around the box at 32 × 32, the box itself filled from around it.

    Nothing inside the box has any influence: cells that the box touches are filled.

    Args:
        scene: (B, 3, S, S) in -1..1, S a multiple of 32.
        boxes: (B, 4) x0, y0, x1, y1 as fractions of the window.

    Returns:
        (B, 3, 32, 32) in -1..1.
    """
    small = functional.adaptive_avg_pool2d(scene.float(), CONTEXT)
    cell = torch.arange(CONTEXT, device=scene.device, dtype=torch.float32)
    boxes = boxes.to(small) * CONTEXT
    across = (cell + 1 > boxes[:, 0, None]) & (cell < boxes[:, 2, None])  # (B, 32)
    down = (cell + 1 > boxes[:, 1, None]) & (cell < boxes[:, 3, None])
    hole = (down[:, :, None] & across[:, None, :])[:, None].to(small)
    return fill_hole(small, hole)
