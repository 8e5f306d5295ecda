"""One training step of the foreground generator and everything that changes with it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from models.appearance_encoder import AppearanceEncoder, sample_code
from models.data import Batch
from models.features.networks import Lpips, MobileNetV2Features
from models.foreground_generator import (
    ForegroundGenerator,
    GeneratorShape,
    composite,
    covering_alpha,
)
from models.hole import fill_hole, random_dilate
from models.relight import Relight
from models.training import losses
from models.training.discriminators import PatchDiscriminator, ProjectedDiscriminator, augment
from models.training.settings import TrainingSettings

FEATURE_SIDE = 128  # smallest picture that the frozen features say anything about


class Trainer:
    """Networks, optimisers and the step. Holds no data, no clock and no files."""

    def __init__(
        self,
        settings: TrainingSettings,
        class_count: int,
        device: torch.device,
        features: Path | None,
        workers: int = 1,
    ) -> None:
        """``features`` is the folder of frozen networks (None: train without them); ``workers`` the number
        of processes whose gradients are averaged."""
        self.settings = settings
        self.device = device
        self.workers = workers
        self.random = torch.Generator(device)
        shape = GeneratorShape(settings.resolution, class_count, settings.channels)
        self.generator = ForegroundGenerator(shape)
        self.encoder = AppearanceEncoder(shape.code_size)
        self.patch = PatchDiscriminator(class_count)
        self.projected: ProjectedDiscriminator | None = None
        self.features: MobileNetV2Features | None = None
        self.lpips: Lpips | None = None
        if features is not None:
            self.features = MobileNetV2Features(features)
            self.lpips = Lpips(features)
            self.projected = ProjectedDiscriminator(self.features.channels, class_count)
        self.averaged = copy.deepcopy(self.generator).requires_grad_(requires_grad=False)
        self.averaged_encoder = copy.deepcopy(self.encoder).requires_grad_(requires_grad=False)
        self._calibrated = False
        frozen = (self.features, self.lpips, self.averaged, self.averaged_encoder)
        for network in (*self.trained_networks().values(), *frozen):
            if network is not None:
                network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.adversarial = losses.AdversarialLoss(settings.adversarial)
        self._g_parameters = [*self.generator.parameters(), *self.encoder.parameters()]
        critics: list[nn.Module] = [n for n in (self.patch, self.projected) if n is not None]
        self._d_parameters = [p for n in critics for p in n.parameters() if p.requires_grad]
        betas = (0.0, 0.99)
        self.optimiser_g = torch.optim.Adam(self._g_parameters, settings.learning_rate, betas)
        self.optimiser_d = torch.optim.Adam(self._d_parameters, settings.learning_rate_d, betas)

    def trained_networks(self) -> dict[str, nn.Module]:
        """The networks whose weights change, by name."""
        networks: dict[str, nn.Module | None] = {
            "generator": self.generator,
            "encoder": self.encoder,
            "averaged_generator": self.averaged,
            "averaged_encoder": self.averaged_encoder,
            "patch_discriminator": self.patch,
            "projected_discriminator": self.projected,
        }
        return {name: network for name, network in networks.items() if network is not None}

    def mark_calibrated(self) -> None:
        """The discriminators' feature scales came with loaded weights and stay as they are."""
        self._calibrated = True

    def step(self, batch: Batch, images_seen: int) -> dict[str, Tensor]:
        """Trains on one batch; returns the statistics of the step, scalars by path-like name."""
        settings, random = self.settings, self.random
        count, side = len(batch.class_index), batch.photo.shape[-1]
        photo = Relight.random(count, random).apply(batch.photo)
        hole = random_dilate(batch.mask, max(1, side // 128), max(2, side * 14 // 256), random)
        own_scene = fill_hole(photo, hole)
        alpha = covering_alpha(batch.mask)
        real = composite(photo, alpha, own_scene)
        recon = int(count * settings.reconstruction_share)
        # The last samples stand in another photo; reconstruction needs the first ones in their own.
        others = min(count - recon, int(count * settings.other_background_share))
        scene = own_scene.clone()
        if others:
            scene[-others:] = fill_hole(photo.roll(1, 0)[-others:], hole[-others:])
        lit = max(1, int(count * settings.relight_share))
        change = Relight.random(lit, random, probability=1.0)

        with self._precision():
            mean, log_variance = self.encoder(real[:recon], batch.mask[:recon])
            code = torch.randn(count, self.generator.shape.code_size, generator=random, device=self.device)
            encoded = sample_code(mean, log_variance, random)
            # References and styles are encoded looks: the discriminators judge some of them too, or they
            # would keep the smooth surface that a reconstruction loss is content with.
            code[: recon // 2] = encoded[: recon // 2].detach()
            noise = torch.randn(count, 1, side, side, generator=random, device=self.device)
            # One pass for the three uses of the generator: new looks, reconstructions, another light.
            tail = slice(count - lit, count)
            colour, soft = self.generator(
                torch.cat([scene, scene[:recon], change.apply(scene[tail])]),
                torch.cat([batch.mask, batch.mask[:recon], batch.mask[tail]]),
                torch.cat([batch.class_index, batch.class_index[:recon], batch.class_index[tail]]),
                torch.cat([code, encoded, code[tail]]),
                torch.cat([noise, noise[:recon], noise[tail]]),
            )
        fake = composite(colour[:count], soft[:count], scene)
        rebuilt = composite(colour[count : count + recon], soft[count : count + recon], scene[:recon])

        real_seen, real_mask = augment(real, batch.mask, random)
        fake_seen, fake_mask = augment(fake, batch.mask, random)
        real_features, fake_features = self._features(real_seen.detach()), self._features(fake_seen)
        if not self._calibrated and self.projected is not None:
            self.projected.calibrate(real_features)
        self._calibrated = True

        loss_d = self._discriminator_loss(
            batch.class_index,
            (real_seen, real_mask, real_features),
            (fake_seen.detach(), fake_mask, [f.detach() for f in fake_features]),
        )
        self._update(self.optimiser_d, loss_d, self._d_parameters)

        fade = min(1.0, images_seen / (1000 * settings.warmup_kimg))
        projected, patch = self._adversarial_terms(fake_seen, fake_mask, fake_features, batch.class_index)
        with self._precision():
            found, _ = self.encoder(fake, batch.mask)
        relit = colour[count + recon :]
        terms = {
            "adversarial_projected": fade * settings.weight_projected * projected,
            "adversarial_patch": fade * settings.weight_patch * patch,
            "l1": settings.weight_l1 * losses.masked_l1(rebuilt, real[:recon], batch.mask[:recon]),
            "kl": settings.weight_kl * losses.kl_divergence(mean, log_variance),
            "latent": settings.weight_latent * (found - code).abs().mean(),
            "relight": settings.weight_relight
            * losses.masked_l1(relit, change.apply(colour[tail]), alpha[tail]),
            "edge": settings.weight_edge * losses.edge_entropy(soft),
        }
        terms.update(self._perceptual_terms(rebuilt, real[:recon]))
        loss_g = torch.stack([term.float() for term in terms.values()]).sum()
        norm = self._update(self.optimiser_g, loss_g, self._g_parameters)
        self._average(images_seen, count * self.workers)
        statistics = {f"Loss/G/{name}": term.detach() for name, term in terms.items()}
        statistics["Loss/D"] = loss_d.detach()
        statistics["Gradient/G"] = norm
        statistics["Saturated"] = (colour.detach().abs() > 0.99).float().mean()
        return statistics

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16)

    def _features(self, picture: Tensor) -> list[Tensor]:
        if self.features is None:
            return []
        if picture.shape[-1] < FEATURE_SIDE:
            picture = nn.functional.interpolate(
                picture, size=FEATURE_SIDE, mode="bilinear", align_corners=False
            )
        with self._precision(), torch.set_grad_enabled(picture.requires_grad):
            taps: list[Tensor] = self.features(picture.contiguous(memory_format=torch.channels_last))
        return taps

    def _discriminator_loss(
        self,
        class_index: Tensor,
        real: tuple[Tensor, Tensor, list[Tensor]],
        fake: tuple[Tensor, Tensor, list[Tensor]],
    ) -> Tensor:
        with self._precision():
            loss = self.adversarial.discriminator(
                self.patch(real[0], real[1], class_index), self.patch(fake[0], fake[1], class_index)
            )
            if self.projected is not None:
                # A shift of 1 … classes - 1 never gives the right class.
                classes = self.generator.shape.class_count
                step = torch.randint(
                    1, max(2, classes), class_index.shape, generator=self.random, device=self.device
                )
                wrong = (class_index + step) % classes
                right, mistaken = self.projected(real[2], real[1], class_index, wrong)
                generated, _ = self.projected(fake[2], fake[1], class_index)
                loss = loss + self.adversarial.discriminator(right, generated)
                if classes > 1:
                    loss = loss + self.settings.weight_wrong_class * self.adversarial.discriminator(
                        right, mistaken
                    )
        return loss

    def _adversarial_terms(
        self, fake: Tensor, mask: Tensor, features: list[Tensor], class_index: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The generator's loss against each discriminator: projected, patch."""
        with self._precision():
            patch = self.adversarial.generator(self.patch(fake, mask, class_index))
            if self.projected is None:
                return torch.zeros_like(patch), patch
            logits, _ = self.projected(features, mask, class_index)
            return self.adversarial.generator(logits), patch

    def _perceptual_terms(self, rebuilt: Tensor, real: Tensor) -> dict[str, Tensor]:
        if self.lpips is None:
            return {}
        with self._precision():
            with torch.no_grad():
                taps = self.lpips.features(real)
            distance: Tensor = self.lpips(rebuilt, real, taps=taps)
        return {"lpips": self.settings.weight_lpips * distance.mean()}

    def _update(
        self, optimiser: torch.optim.Optimizer, loss: Tensor, parameters: Iterable[nn.Parameter]
    ) -> Tensor:
        """A step of the optimiser; returns the gradient's norm before clipping."""
        parameters = list(parameters)
        optimiser.zero_grad(set_to_none=True)
        # The generator's graph runs through the discriminators; only the named parameters take part.
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True, retain_graph=False)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = torch.zeros_like(parameter) if gradient is None else gradient
        if self.workers > 1:
            for parameter in parameters:
                torch.distributed.all_reduce(parameter.grad)
                if parameter.grad is not None:
                    parameter.grad /= self.workers
        norm = nn.utils.clip_grad_norm_(parameters, self.settings.gradient_limit)
        optimiser.step()
        return norm

    @torch.no_grad()
    def _average(self, images_seen: int, images: int) -> None:
        """Moves the averaged weights; their half-life grows with the run so that it starts from what is
        learnt, not from what was drawn."""
        half_life = min(1000 * self.settings.ema_kimg, max(1, images_seen) * 0.1)
        keep = 0.5 ** (images / max(half_life, 1e-8))
        for average, network in (
            (self.averaged, self.generator),
            (self.averaged_encoder, self.encoder),
        ):
            for target, source in zip(average.parameters(), network.parameters(), strict=True):
                target.lerp_(source, 1 - keep)
