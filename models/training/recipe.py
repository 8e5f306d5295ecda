"""What every kind of network needs to be trained: optimisers, an update, averaged weights, a painter."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from models.photos.data import Batch
from models.training import losses
from models.training.critics import Critics, Kind, Penalties, Shown
from models.training.settings import TrainingSettings
from models.training.updates import descend, move_average, set_rate
from models.training.workers import share


class Recipe(ABC):
    """Networks, optimisers and the step. Holds no data, no clock and no files.

    A subclass makes its networks in ``__init__``, hands them to ``_prepare`` and says in ``step`` what a
    batch teaches them.
    """

    betas = (0.0, 0.99)  # Adam's
    code_size: int  # numbers of an appearance code

    averaged: nn.Module
    optimiser_g: torch.optim.Optimizer
    optimiser_d: torch.optim.Optimizer

    def __init__(
        self, settings: TrainingSettings, class_count: int, device: torch.device, workers: int
    ) -> None:
        self.settings = settings
        self.class_count = class_count
        self.device = device
        self.workers = workers
        self.random = torch.Generator(device)
        self._pairs: list[tuple[nn.Module, nn.Module]] = []
        self._trained: dict[str, nn.Module] = {}

    @abstractmethod
    def step(self, batch: Batch, images_seen: int) -> dict[str, Tensor]:
        """Trains on one batch; returns the statistics of the step, scalars by path-like name."""

    @abstractmethod
    def paint(self, batch: Batch, code: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """What the averaged weights put in place of a batch's objects: colour (B, 3, S, S) in -1..1, alpha
        (B, 1, S, S). ``code`` (B, code_size), ``noise`` (B, 1, S, S)."""

    def trained_networks(self) -> dict[str, nn.Module]:
        """The networks whose weights change, by name."""
        return dict(self._trained)

    def looks_by_chance(self, batch: Batch, z: Tensor, seed: int) -> Tensor:  # noqa: ARG002
        """Appearance codes (B, code_size) for the objects of a batch, from standard normal ``z`` of that
        shape."""
        return z

    def looks_of(self, batch: Batch) -> Tensor:
        """The objects' own appearance codes (B, code_size); all 0 for networks without an encoder."""
        return torch.zeros(len(batch.class_index), self.code_size, device=self.device)

    def memory(self) -> dict[str, nn.Module]:
        """What else a run goes on from, by name, and another run does not start from."""
        return {}

    def _calibrate(self, real: Shown) -> None:
        """Fits the discriminators to the first real pictures, in all processes to those of the first one."""
        if self.critics.calibrate(real) and self.workers > 1:
            share([critic.feature_scale for critic in self.critics.judges_of_features()])

    def _make_critics(self, features: Path | None) -> Critics:
        settings = self.settings
        return Critics(
            Kind.several(settings.discriminators),
            losses.AdversarialLoss(settings.adversarial),
            self.class_count,
            features,
            penalties=Penalties(settings.r1, settings.r2, settings.gradient_penalty),
            wrong_class=settings.weight_wrong_class,
        )

    def _prepare(
        self, networks: Mapping[str, nn.Module], critics: Critics, frozen: Iterable[nn.Module | None]
    ) -> None:
        """Makes the averaged copies (``averaged_NAME``) and the optimisers and moves all to the device."""
        self.critics = critics
        averages = {
            f"averaged_{name}": copy.deepcopy(network).requires_grad_(requires_grad=False)
            for name, network in networks.items()
        }
        self._pairs = [(averages[f"averaged_{name}"], network) for name, network in networks.items()]
        self._trained = {**networks, **averages, **critics.networks()}
        for network in (*self._trained.values(), critics.features, *frozen):
            if network is not None:
                network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = averages["averaged_generator"]
        self._g_parameters = [
            p for network in networks.values() for p in network.parameters() if p.requires_grad
        ]
        self._d_parameters = [
            p for critic in critics.networks().values() for p in critic.parameters() if p.requires_grad
        ]
        settings = self.settings
        self.optimiser_g = torch.optim.Adam(
            self._g_parameters, settings.learning_rate, self.betas, fused=True
        )
        self.optimiser_d = torch.optim.Adam(
            self._d_parameters, settings.learning_rate_d, self.betas, fused=True
        )

    def _teach_critics(self, real: Shown, fake: Shown, class_index: Tensor) -> dict[str, Tensor]:
        """A step of the discriminators; returns its statistics."""
        self._calibrate(real)
        terms = self.critics.discriminator_loss(real, fake.detached(), class_index, self.random)
        self._update(self.optimiser_d, torch.stack(list(terms.values())).sum(), self._d_parameters)
        statistics = {"Loss/D": terms["judgement"].detach()}
        if "penalty" in terms:
            statistics["Loss/D/penalty"] = terms["penalty"].detach()
        return statistics

    def _adversarial_terms(
        self, real: Shown, fake: Shown, class_index: Tensor, images_seen: int
    ) -> dict[str, Tensor]:
        """What the discriminators teach the generator, weighted, by name."""
        settings = self.settings
        weights = {
            "projected": settings.weight_projected,
            "patch": settings.weight_patch,
            "heads": settings.weight_heads,
        }
        fade = self._fade(images_seen)
        fooled = self.critics.generator_losses(fake, real, class_index)
        return {f"adversarial_{name}": fade * weights[name] * loss for name, loss in fooled.items()}

    def _teach_generator(
        self, terms: Mapping[str, Tensor], images_seen: int, count: int
    ) -> dict[str, Tensor]:
        """A step of the generator down the sum of the terms, on ``count`` samples; returns its statistics."""
        loss = torch.stack([term.float() for term in terms.values()]).sum()
        norm = self._update(self.optimiser_g, loss, self._g_parameters)
        self._average(images_seen, count * self.workers)
        statistics = {f"Loss/G/{name}": term.detach() for name, term in terms.items()}
        return {**statistics, "Gradient/G": norm}

    def _fade(self, images_seen: int) -> float:
        """Share of the adversarial terms, which grows to 1 over the warm-up."""
        warmup = 1000 * self.settings.warmup_kimg
        return min(1.0, images_seen / warmup) if warmup > 0 else 1.0

    def _ramp(self, images_seen: int) -> None:
        """Sets the optimisers' steps, which grow at the start: the first gradients are steep and erratic."""
        ramp = 1000 * self.settings.ramp_kimg
        share = min(1.0, (images_seen + self.settings.batch_size) / ramp) if ramp > 0 else 1.0
        rates = (self.settings.learning_rate, self.settings.learning_rate_d)
        for optimiser, rate in zip((self.optimiser_g, self.optimiser_d), rates, strict=True):
            set_rate(optimiser, share * rate)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16)

    def _update(
        self, optimiser: torch.optim.Optimizer, loss: Tensor, parameters: Iterable[nn.Parameter]
    ) -> Tensor:
        """A step of the optimiser; returns the gradient's norm before clipping."""
        return descend(optimiser, loss, parameters, limit=self.settings.gradient_limit, workers=self.workers)

    def _average(self, images_seen: int, images: int) -> None:
        """Moves the averaged weights; their half-life grows with the run so that it starts from what is
        learnt, not from what was drawn."""
        half_life = min(1000 * self.settings.ema_kimg, max(1, images_seen) * 0.1)
        keep = 0.5 ** (images / max(half_life, 1e-8))
        for average, network in self._pairs:
            move_average(average, network, keep)
