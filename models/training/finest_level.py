"""Training of the finest level alone, on cuts: detail for a generator that knows its objects already.

At twice the size, whole pictures cost four times as much, and what is new in them is local: hair, lacquer,
the corners of an eye. So the coarser levels stay as another run has left them, the picture is painted whole,
and the losses look at a cut of it and at the head.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from models.appearance_encoder import sample_code
from models.foreground_generator import GeneratorShape, composite
from models.masks.parts_code import placed, summary, with_noise
from models.photos.data import Batch
from models.training import losses
from models.training.critics import Shown
from models.training.discriminators import augment
from models.training.settings import TrainingSettings
from models.training.trainer import Trainer


class FinestLevelTrainer(Trainer):
    """Trains the finest level of the generator and the discriminators; all else stays as it was loaded."""

    def __init__(
        self,
        settings: TrainingSettings,
        class_count: int,
        device: torch.device,
        features: Path | None,
        workers: int = 1,
        shape: GeneratorShape | None = None,
    ) -> None:
        """As for ``Trainer``."""
        super().__init__(settings, class_count, device, features, workers, shape)
        for network in (self.generator, self.encoder, self.parts):
            network.requires_grad_(requires_grad=False)
        self._g_parameters = self.generator.finest()
        for parameter in self._g_parameters:
            parameter.requires_grad_()
        self.optimiser_g = torch.optim.Adam(
            self._g_parameters, settings.learning_rate, self.betas, fused=True
        )

    def step(self, batch: Batch, images_seen: int) -> dict[str, Tensor]:
        settings, random = self.settings, self.random
        count, side = len(batch.class_index), batch.photo.shape[-1]
        recon = int(count * settings.reconstruction_share)
        self._ramp(images_seen)
        stage = self._stage(batch, recon)
        with self._precision():
            code, parts = self._codes(batch, recon)
            noise = torch.randn(count, 1, side, side, generator=random, device=self.device)
            colour, soft = self.generator(stage.scene, batch.mask, batch.class_index, code, parts, noise)
        fake = composite(colour, soft, stage.scene)
        corners = cut_corners(batch.mask, settings.finest_crop, random)

        def cut(picture: Tensor) -> Tensor:
            return cuts(picture, corners, settings.finest_crop)

        mask = cut(batch.mask)
        shown_real = self._shown_cut(stage.real, batch, cut(stage.real), mask)
        shown_fake = self._shown_cut(fake, batch, cut(fake), mask)
        self._calibrate(shown_real)
        terms_d = self.critics.discriminator_loss(
            shown_real, shown_fake.detached(), batch.class_index, random
        )
        self._update(self.optimiser_d, torch.stack(list(terms_d.values())).sum(), self._d_parameters)

        fade = self._fade(images_seen)
        fooled = self.critics.generator_losses(shown_fake, shown_real, batch.class_index)
        weights = self._adversarial_weights()
        rebuilt, real = cut(fake)[:recon], cut(stage.real)[:recon]
        terms = {f"adversarial_{name}": fade * weights[name] * loss for name, loss in fooled.items()}
        terms |= {
            "l1": settings.weight_l1 * losses.masked_l1(rebuilt, real, mask[:recon]),
            "edge": settings.weight_edge * losses.edge_entropy(soft),
        }
        terms.update(self._perceptual_terms(rebuilt, real))
        loss_g = torch.stack([term.float() for term in terms.values()]).sum()
        norm = self._update(self.optimiser_g, loss_g, self._g_parameters)
        self._average(images_seen, count * self.workers)
        statistics = {"Loss/D": terms_d["judgement"].detach()}
        statistics |= {f"Loss/G/{name}": term.detach() for name, term in terms.items()}
        statistics["Gradient/G"] = norm
        return statistics

    @torch.no_grad()
    def _codes(self, batch: Batch, recon: int) -> tuple[Tensor, Tensor]:
        """Appearance codes (B, code_size), the first ``recon`` the objects' own, and placed parts codes."""
        random, count = self.random, len(batch.class_index)
        mean, log_variance = self.encoder(batch.photo[:recon], batch.mask[:recon])
        encoded = sample_code(mean, log_variance, random)
        parts = self.parts(batch.closeup.photo, batch.closeup.mask)
        alike = summary(parts)
        code = torch.randn(count, self.code_size, generator=random, device=self.device)
        code = self.looks.draw(batch.class_index, alike, code, random)
        self.looks.keep(encoded, alike[:recon], batch.class_index[:recon])
        return torch.cat([encoded, code[recon:]]), placed(with_noise(parts, random), batch.closeup.placement)

    def _shown_cut(self, picture: Tensor, batch: Batch, cut: Tensor, mask: Tensor) -> Shown:
        """A cut (B, 3, C, C) with its mask as the discriminators see it, and the whole picture's heads."""
        shown = self.critics.show(*augment(cut, mask, self.random))
        return self.critics.with_heads(shown, picture, batch.mask, batch.heads, self.random)


def cut_corners(mask: Tensor, size: int, random: torch.Generator) -> Tensor:
    """The upper left corners (B, 2) as row, column of cuts whose middle lies on a pixel of the object, where
    the picture is large enough. ``mask``: (B, 1, S, S)."""
    side = mask.shape[-1]
    weight = functional.avg_pool2d(mask, 4).flatten(1) + 1e-6  # cells of 4 pixels
    cell = torch.multinomial(weight.float(), 1, generator=random)[:, 0]
    middle = torch.stack([cell // (side // 4), cell % (side // 4)], 1) * 4
    return (middle - size // 2).clamp(0, side - size)


def cuts(picture: Tensor, corners: Tensor, size: int) -> Tensor:
    """The squares of ``size`` pixels at corners (B, 2) of pictures (B, C, S, S): (B, C, size, size)."""
    places = torch.arange(size, device=picture.device)
    rows = (corners[:, :1] + places)[:, None, :, None]
    columns = (corners[:, 1:] + places)[:, None, None, :]
    sample = torch.arange(len(picture), device=picture.device).view(-1, 1, 1, 1)
    channel = torch.arange(picture.shape[1], device=picture.device).view(1, -1, 1, 1)
    return picture[sample, channel, rows, columns]
