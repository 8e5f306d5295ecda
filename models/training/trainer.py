"""One training step of the foreground generator and everything that changes with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from models.appearance_encoder import AppearanceEncoder, sample_code
from models.bundle import HOLE_REACH
from models.features.networks import Lpips
from models.foreground_generator import (
    ForegroundGenerator,
    GeneratorShape,
    composite,
)
from models.hole import dilate, fill_hole, random_dilate, without_rim
from models.mask_edges import covering_alpha
from models.masks.parts_code import placed, summary, with_noise
from models.parts_encoder import PartsEncoder
from models.photos.data import Batch
from models.relight import Relight
from models.training import losses
from models.training.critics import Shown
from models.training.discriminators import augment
from models.training.head_crops import known_heads
from models.training.recipe import Recipe
from models.training.remembered_looks import RememberedLooks
from models.training.settings import TrainingSettings
from models.training.spectrum import SpectrumDistance


@dataclass(frozen=True)
class Stage:
    """What a batch's objects are painted into: scene and real picture (B, 3, S, S), alpha of the real objects
    (B, 1, S, S), and whether the light is that of the photo (B,)."""

    scene: Tensor
    alpha: Tensor
    real: Tensor
    as_photographed: Tensor


@dataclass(frozen=True)
class Codes:
    """Appearance codes (B, code_size) and placed parts codes (B, C, 32, 32) of a batch, and what the encoder
    says of the objects that look as they do: mean and log variance, each (R, code_size)."""

    look: Tensor
    parts: Tensor
    mean: Tensor
    log_variance: Tensor


class Trainer(Recipe):
    """Trains the foreground generator, the appearance and parts encoders and the discriminators together."""

    def __init__(
        self,
        settings: TrainingSettings,
        class_count: int,
        device: torch.device,
        features: Path | None,
        workers: int = 1,
        shape: GeneratorShape | None = None,
    ) -> None:
        """``features`` is the folder of frozen networks (None: train without them); ``workers`` the number
        of processes whose gradients are averaged; ``shape`` that of the generator where it is not the
        settings' own."""
        super().__init__(settings, class_count, device, workers)
        shape = shape or settings.shape(class_count)
        self.code_size = shape.code_size
        self.generator = ForegroundGenerator(shape)
        self.encoder = AppearanceEncoder(shape.code_size)
        self.parts = PartsEncoder(shape.finer_parts)
        self.lpips = Lpips(features) if features is not None else None
        self.spectrum = SpectrumDistance().to(device)
        self.looks = RememberedLooks(class_count, shape.code_size).to(device)
        critics = self._make_critics(features)
        networks = {"generator": self.generator, "encoder": self.encoder, "parts": self.parts}
        self._choose_what_learns()
        self._prepare(networks, critics, [self.lpips])

    def _choose_what_learns(self) -> None:
        """Takes the gradients of what is to stay as it is loaded. Here everything learns."""

    def looks_by_chance(self, batch: Batch, z: Tensor, seed: int) -> Tensor:
        alike = summary(self._averaged_parts(batch))
        return self.looks.draw(batch.class_index, alike, z, torch.Generator(self.device).manual_seed(seed))

    def looks_of(self, batch: Batch) -> Tensor:
        encoder = self.trained_networks()["averaged_encoder"]
        with torch.no_grad(), self._precision():
            mean: Tensor = encoder(batch.photo, batch.mask)[0]
        return mean

    def memory(self) -> dict[str, nn.Module]:
        return {"looks": self.looks}

    def paint(self, batch: Batch, code: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        photo, mask = batch.photo, batch.mask
        scene = fill_hole(photo, dilate(mask, max(1, round(HOLE_REACH * photo.shape[-1]))))
        parts = placed(self._averaged_parts(batch), batch.closeup.placement)
        with torch.no_grad(), self._precision():
            colour, alpha = self.averaged(scene, mask, batch.class_index, code, parts, noise)
        return colour, alpha

    def _averaged_parts(self, batch: Batch) -> Tensor:
        """Parts codes (B, C, 16, 16) of the objects of a batch, by the averaged weights."""
        encoder = self.trained_networks()["averaged_parts"]
        with torch.no_grad(), self._precision():
            parts: Tensor = encoder(batch.closeup.photo, batch.closeup.mask)
        return parts

    def step(self, batch: Batch, images_seen: int) -> dict[str, Tensor]:
        settings, random = self.settings, self.random
        count, side = len(batch.class_index), batch.photo.shape[-1]
        recon = int(count * settings.reconstruction_share)
        self._ramp(images_seen)
        stage = self._stage(batch, recon)
        scene, alpha, real = stage.scene, stage.alpha, stage.real
        lit = max(1, int(count * settings.relight_share))
        change = Relight.random(lit, random, probability=1.0)

        # New discriminators would push trained networks anywhere; they learn alone first.
        learns = images_seen >= 1000 * settings.critic_kimg
        with self._precision(), torch.set_grad_enabled(learns):
            codes = self._codes(batch, recon)
            code, parts = codes.look, codes.parts
            noise = torch.randn(count, 1, side, side, generator=random, device=self.device)
            # One pass for both uses of the generator: the batch, and some of it under another light.
            tail = slice(count - lit, count)
            colour, soft = self.generator(
                torch.cat([scene, change.apply(scene[tail])]),
                torch.cat([batch.mask, batch.mask[tail]]),
                torch.cat([batch.class_index, batch.class_index[tail]]),
                torch.cat([code, code[tail]]),
                torch.cat([parts, parts[tail]]),
                torch.cat([noise, noise[tail]]),
            )
        fake = composite(colour[:count], soft[:count], scene)
        rebuilt = fake[:recon]

        shown_real = self._shown(real.detach(), batch)
        shown_fake = self._shown(fake, batch)
        statistics = self._teach_critics(shown_real, shown_fake, batch.class_index)
        if not learns:
            return statistics

        terms = self._adversarial_terms(shown_real, shown_fake, batch.class_index, images_seen)
        with self._precision():
            found, _ = self.encoder(fake, batch.mask)
        relit = colour[count:]
        terms |= {
            "l1": settings.weight_l1 * losses.masked_l1(rebuilt, real[:recon], batch.mask[:recon]),
            "kl": settings.weight_kl * losses.kl_divergence(codes.mean, codes.log_variance),
            "latent": settings.weight_latent
            * losses.mean_where(stage.as_photographed, (found - code.detach()).abs()),
            "relight": settings.weight_relight
            * losses.masked_l1(relit, change.apply(colour[tail]), alpha[tail]),
            "edge": settings.weight_edge * losses.edge_entropy(soft),
        }
        terms.update(self._surface_terms(fake, real, batch.mask))
        terms.update(self._perceptual_terms(rebuilt, real[:recon]))
        terms.update(self._head_terms(rebuilt, real[:recon], batch.heads[:recon]))
        statistics |= self._teach_generator(terms, images_seen, count)
        statistics["Saturated"] = (colour.detach().abs() > 0.99).float().mean()
        return statistics

    def _codes(self, batch: Batch, recon: int) -> Codes:
        """The codes that a batch's objects are painted with; the first ``recon`` look as they do."""
        random, count = self.random, len(batch.class_index)
        # The look of the object as it was photographed: what the light does to it is up to the scene.
        mean, log_variance = self.encoder(batch.photo[:recon], batch.mask[:recon])
        encoded = sample_code(mean, log_variance, random)
        # Looks by chance are those of other objects, as in use. The first objects are painted with their
        # own: the discriminators judge these too, or they would keep the smooth surface that a
        # reconstruction loss is content with.
        parts = self.parts(batch.closeup.photo, batch.closeup.mask)
        alike = summary(parts)
        look = torch.randn(count, self.code_size, generator=random, device=self.device)
        look = self.looks.draw(batch.class_index, alike, look, random)
        self.looks.keep(encoded, alike[:recon], batch.class_index[:recon])
        look = torch.cat([encoded, look[recon:]])
        return Codes(look, placed(with_noise(parts, random), batch.closeup.placement), mean, log_variance)

    def _stage(self, batch: Batch, recon: int) -> Stage:
        """The scenes that a batch's objects are painted into; the first ``recon`` keep their own."""
        settings, random = self.settings, self.random
        count, side = len(batch.class_index), batch.photo.shape[-1]
        light = Relight.random(count, random)
        photo = light.apply(without_rim(batch.photo, batch.mask, max(1, side // 128)))
        hole = random_dilate(batch.mask, max(1, side // 128), max(2, side * 14 // 256), random)
        own_scene = fill_hole(photo, hole)
        alpha = covering_alpha(batch.mask)
        real = composite(photo, alpha, own_scene)
        # The last samples stand in another photo; reconstruction needs the first ones in their own.
        others = min(count - recon, int(count * settings.other_background_share))
        scene, as_photographed = own_scene.clone(), light.is_none
        if others:
            scene[-others:] = fill_hole(photo.roll(1, 0)[-others:], hole[-others:])
            as_photographed[-others:] = light.is_none.roll(1)[-others:]
        return Stage(scene, alpha, real, as_photographed)

    def _shown(self, picture: Tensor, batch: Batch) -> Shown:
        """What the discriminators see of a batch's pictures (B, 3, S, S), real ones or painted."""
        shown = self.critics.show(*augment(picture, batch.mask, self.random))
        return self.critics.with_heads(shown, picture, batch.mask, batch.heads, self.random)

    def _perceptual_terms(self, rebuilt: Tensor, real: Tensor) -> dict[str, Tensor]:
        """How far reconstructions are from the real pictures, both (R, 3, S, S)."""
        if self.lpips is None:
            return {}
        with self._precision():
            return {"lpips": self.settings.weight_lpips * perceptual_distance(self.lpips, rebuilt, real)}

    def _surface_terms(self, painted: Tensor, real: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """How far the surfaces of all painted objects (B, 3, S, S) are from those of the real ones."""
        weight = self.settings.weight_spectrum
        return {"spectrum": weight * self.spectrum(painted, real, mask)} if weight else {}

    def _head_terms(self, rebuilt: Tensor, real: Tensor, heads: Tensor) -> dict[str, Tensor]:
        """The same of heads (R, 3) by themselves: a face is a small part of a picture."""
        weight = self.settings.weight_lpips_heads
        if self.lpips is None or not weight or not bool((heads[:, 2] > 0).any()):
            return {}
        found, wanted = known_heads(rebuilt, heads), known_heads(real, heads)
        with self._precision():
            return {"lpips_heads": weight * perceptual_distance(self.lpips, found, wanted)}


def perceptual_distance(lpips: Lpips, rebuilt: Tensor, real: Tensor) -> Tensor:
    """Mean LPIPS of two sets of pictures (B, 3, H, W), a scalar; gradients go to the first."""
    with torch.no_grad():
        taps = lpips.features(real)
    distance: Tensor = lpips(rebuilt, real, taps=taps)
    return distance.mean()
