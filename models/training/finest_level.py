"""Training of the finest level alone, on cuts: detail for a generator that knows its objects already.

At twice the size, whole pictures cost four times as much, and what is new in them is local: hair, lacquer,
the corners of an eye. So the coarser levels stay as another run has left them, the picture is painted whole,
and the losses look at a cut of it and at the head.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.foreground_generator import composite
from models.photos.data import Batch
from models.training import losses
from models.training.critics import Shown
from models.training.discriminators import augment
from models.training.trainer import Trainer

_AT_HEADS = 0.4  # share of cuts around a head: the smallest part that is looked at the longest


class FinestLevelTrainer(Trainer):
    """Trains the finest level of the generator and the discriminators; all else stays as it was loaded."""

    def _choose_what_learns(self) -> None:
        for network in (self.generator, self.encoder, self.parts):
            network.requires_grad_(requires_grad=False)
        for parameter in self.generator.finest():
            parameter.requires_grad_()
        self.generator.base_learns = False

    def step(self, batch: Batch, images_seen: int) -> dict[str, Tensor]:
        settings, random = self.settings, self.random
        count, side = len(batch.class_index), batch.photo.shape[-1]
        recon = int(count * settings.reconstruction_share)
        self._ramp(images_seen)
        stage = self._stage(batch, recon)
        with self._precision():
            codes = self._codes(batch, recon)
            noise = torch.randn(count, 1, side, side, generator=random, device=self.device)
            colour, soft = self.generator(
                stage.scene, batch.mask, batch.class_index, codes.look, codes.parts, noise
            )
        fake = composite(colour, soft, stage.scene)
        corners = cut_corners(batch.mask, batch.heads, settings.finest_crop, random)

        def cut(picture: Tensor) -> Tensor:
            return cuts(picture, corners, settings.finest_crop)

        mask = cut(batch.mask)
        shown_real = self._shown_cut(stage.real, batch, cut(stage.real), mask)
        shown_fake = self._shown_cut(fake, batch, cut(fake), mask)
        statistics = self._teach_critics(shown_real, shown_fake, batch.class_index)

        terms = self._adversarial_terms(shown_real, shown_fake, batch.class_index, images_seen)
        rebuilt, real = cut(fake)[:recon], cut(stage.real)[:recon]
        terms |= {
            "l1": settings.weight_l1 * losses.masked_l1(rebuilt, real, mask[:recon]),
            "edge": settings.weight_edge * losses.edge_entropy(soft),
        }
        terms.update(self._surface_terms(cut(fake), cut(stage.real), mask))
        terms.update(self._perceptual_terms(rebuilt, real))
        terms.update(self._head_terms(fake[:recon], stage.real[:recon], batch.heads[:recon]))
        return {**statistics, **self._teach_generator(terms, images_seen, count)}

    def _shown_cut(self, picture: Tensor, batch: Batch, cut: Tensor, mask: Tensor) -> Shown:
        """A cut (B, 3, C, C) with its mask as the discriminators see it, and the whole picture's heads."""
        shown = self.critics.show(*augment(cut, mask, self.random))
        return self.critics.with_heads(shown, picture, batch.mask, batch.heads, self.random)


def cut_corners(mask: Tensor, heads: Tensor, size: int, random: torch.Generator) -> Tensor:
    """The upper left corners (B, 2) as row, column of cuts whose middle lies on a pixel of the object, where
    the picture is large enough; in ``_AT_HEADS`` of those whose head is known, on the middle of that.

    ``mask``: (B, 1, S, S); ``heads``: (B, 3) middle x, y and half side in -1..1, that 0 where none is known.
    """
    side = mask.shape[-1]
    weight = functional.avg_pool2d(mask, 4).flatten(1) + 1e-6  # cells of 4 pixels
    cell = torch.multinomial(weight.float(), 1, generator=random)[:, 0]
    middle = torch.stack([cell // (side // 4), cell % (side // 4)], 1) * 4
    head = ((heads[:, [1, 0]] + 1) / 2 * side).long()
    chance = torch.rand(len(heads), generator=random, device=heads.device)
    at_head = (heads[:, 2] > 0) & (chance < _AT_HEADS)
    middle = torch.where(at_head[:, None], head, middle)
    return (middle - size // 2).clamp(0, side - size)


def cuts(picture: Tensor, corners: Tensor, size: int) -> Tensor:
    """The squares of ``size`` pixels at corners (B, 2) of pictures (B, C, S, S): (B, C, size, size)."""
    places = torch.arange(size, device=picture.device)
    rows = (corners[:, :1] + places)[:, None, :, None]
    columns = (corners[:, 1:] + places)[:, None, None, :]
    sample = torch.arange(len(picture), device=picture.device).view(-1, 1, 1, 1)
    channel = torch.arange(picture.shape[1], device=picture.device).view(1, -1, 1, 1)
    return picture[sample, channel, rows, columns]
