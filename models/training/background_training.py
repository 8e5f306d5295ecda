"""Training the background generator on photos without their object."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from models.backgrounds.generator import LATENT, RESOLUTION, BackgroundGenerator
from models.features.networks import MobileNetV2Features
from models.photos.data import ObjectRecord
from models.training.background_photos import load_backgrounds
from models.training.discriminators import PatchDiscriminator, ProjectedDiscriminator, augment
from models.training.losses import AdversarialLoss
from models.training.sample_grid import to_picture
from models.training.stopping import stop_on_signal
from models.training.updates import descend, move_average

WEIGHTS = "background.safetensors"
_CHECKPOINT = "background.training.safetensors"
_GRADIENT_LIMIT = 20.0  # norm at which gradients are clipped
_FEATURE_SIDE = 128  # smallest picture that the frozen features say anything about


@dataclass(frozen=True)
class BackgroundSettings:
    """What shapes the background generator's training."""

    minutes: float
    batch_size: int = 16
    learning_rate: float = 2e-4
    weight_projected: float = 1.0  # adversarial, frozen features
    weight_patch: float = 0.5  # adversarial, raw patches
    weight_variety: float = 1.0  # two latents, two pictures
    average: float = 0.9985  # share of the averaged weights kept at each step
    class_names: tuple[str, ...] = ()  # learn from photos of these alone; none: of all
    seed: int = 0


def train_backgrounds(
    records: Sequence[ObjectRecord], out: Path, settings: BackgroundSettings, features: Path | None
) -> dict[str, float]:
    """Trains until the time is up or Ctrl+C; an earlier run in ``out`` goes on, with fresh optimisers.

    Writes ``background.safetensors`` (averaged, half precision), ``background.json`` (figures),
    ``background.png`` (real scenes above, painted ones below) and what a next run needs.

    Raises:
        DataError: no photo shows enough scenery.
        FeatureNetworkMissing, FeatureNetworkUnreadable: from reading the frozen networks.
    """
    torch.manual_seed(settings.seed)
    random = torch.Generator().manual_seed(settings.seed)
    scenes = load_backgrounds(records, RESOLUTION, settings.class_names)
    run = _Run(settings, features, scenes, random)
    before = _resume(run, out / _CHECKPOINT)
    out.mkdir(parents=True, exist_ok=True)
    begun, images = time.monotonic(), 0
    with (
        stop_on_signal() as stop,
        tqdm(unit="img", desc=f"training backgrounds at {RESOLUTION} px", disable=None) as bar,
    ):
        while not stop.wanted and time.monotonic() - begun < 60 * settings.minutes:
            run.step(warm=images >= 100 * settings.batch_size or before["images"] > 0)
            images += settings.batch_size
            bar.update(settings.batch_size)
    figures = {
        "images": before["images"] + images,
        "seconds": round(before["seconds"] + time.monotonic() - begun, 1),
        "scenes": float(len(scenes)),
    }
    weights = {name: value.half().contiguous() for name, value in run.averaged.state_dict().items()}
    save_file(weights, out / WEIGHTS)
    (out / WEIGHTS).chmod(0o644)  # safetensors makes files that only their owner can read
    save_file(_tensors(run), out / _CHECKPOINT, {k: str(v) for k, v in figures.items()})
    (out / "background.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    with torch.no_grad():
        painted = run.averaged(*_drawn(32, torch.Generator().manual_seed(0)))
    shown = scenes[torch.randint(len(scenes), (16,), generator=random)].float() / 127.5 - 1
    to_picture([shown, painted[:16], painted[16:]]).save(out / "background.png")
    return figures


class _Run:
    """Networks and optimisers of one run."""

    def __init__(
        self,
        settings: BackgroundSettings,
        features: Path | None,
        scenes: Tensor,
        random: torch.Generator,
    ) -> None:
        self.settings, self.scenes, self.random = settings, scenes, random
        self.generator = BackgroundGenerator().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.generator).requires_grad_(requires_grad=False)
        self.patch = PatchDiscriminator(1)
        self.features = MobileNetV2Features(features) if features is not None else None
        self.projected = ProjectedDiscriminator(self.features.channels, 1) if self.features else None
        self.calibrated = False
        self.critics: list[nn.Module] = [n for n in (self.patch, self.projected) if n is not None]
        self._d_parameters = [p for n in self.critics for p in n.parameters() if p.requires_grad]
        self._g_parameters = list(self.generator.parameters())
        betas = (0.0, 0.99)
        self.optimiser_g = torch.optim.Adam(self._g_parameters, settings.learning_rate, betas)
        self.optimiser_d = torch.optim.Adam(self._d_parameters, settings.learning_rate, betas)

    def step(self, *, warm: bool) -> None:
        """One batch for both sides; the averaged weights follow once it is ``warm``."""
        settings, random, count = self.settings, self.random, self.settings.batch_size
        pick = torch.randint(len(self.scenes), (count,), generator=random)
        real = self.scenes[pick].float() / 127.5 - 1
        flip = torch.rand(count, 1, 1, 1, generator=random) < 0.5
        real = torch.where(flip, real.flip(3), real)
        z, noise = _drawn(count, random)
        with torch.autocast("cpu", torch.bfloat16):
            fake = self.generator(z, noise)
        whole = torch.ones(count, 1, RESOLUTION, RESOLUTION)
        index = torch.zeros(count, dtype=torch.long)
        real_seen, real_whole = augment(real, whole, random)
        fake_seen, fake_whole = augment(fake, whole, random)
        real_features, fake_features = self._look(real_seen), self._look(fake_seen)
        if self.projected is not None and not self.calibrated:
            self.projected.calibrate(real_features)
        self.calibrated = True
        loss = AdversarialLoss.HINGE
        with torch.autocast("cpu", torch.bfloat16):
            loss_d = loss.discriminator(
                self.patch(real_seen, real_whole, index), self.patch(fake_seen.detach(), fake_whole, index)
            )
            if self.projected is not None:
                right, _ = self.projected(real_features, real_whole, index)
                wrong, _ = self.projected([f.detach() for f in fake_features], fake_whole, index)
                loss_d = loss_d + loss.discriminator(right, wrong)
        descend(self.optimiser_d, loss_d, self._d_parameters, limit=_GRADIENT_LIMIT)
        with torch.autocast("cpu", torch.bfloat16):
            loss_g = settings.weight_patch * loss.generator(self.patch(fake_seen, fake_whole, index))
            if self.projected is not None:
                logits, _ = self.projected(fake_features, fake_whole, index)
                loss_g = loss_g + settings.weight_projected * loss.generator(logits)
        loss_g = loss_g + settings.weight_variety * _sameness(fake, z)
        descend(self.optimiser_g, loss_g, self._g_parameters, limit=_GRADIENT_LIMIT)
        keep = settings.average if warm else 0.0
        move_average(self.averaged, self.generator, keep)

    def _look(self, picture: Tensor) -> list[Tensor]:
        if self.features is None:
            return []
        large = functional.interpolate(picture, size=_FEATURE_SIDE, mode="bilinear", align_corners=False)
        with torch.autocast("cpu", torch.bfloat16), torch.set_grad_enabled(picture.requires_grad):
            taps: list[Tensor] = self.features(large.contiguous(memory_format=torch.channels_last))
        return taps


def _sameness(picture: Tensor, z: Tensor) -> Tensor:
    """Falls as pictures of different latents differ (Mao et al., "Mode Seeking GANs", 2019)."""
    half = len(z) // 2
    apart = (picture[:half] - picture[half : 2 * half]).abs().mean((1, 2, 3))
    given = (z[:half] - z[half : 2 * half]).abs().mean(1)
    return functional.relu(0.4 - apart / given.clamp(min=1e-3)).mean()


def _drawn(count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    return (
        torch.randn(count, LATENT, generator=random),
        torch.randn(count, 1, RESOLUTION, RESOLUTION, generator=random),
    )


def _networks(run: _Run) -> dict[str, nn.Module]:
    networks: dict[str, nn.Module | None] = {
        "generator": run.generator,
        "averaged": run.averaged,
        "patch": run.patch,
        "projected": run.projected,
    }
    return {name: network for name, network in networks.items() if network is not None}


def _tensors(run: _Run) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": value.contiguous().clone()
        for name, network in _networks(run).items()
        for key, value in network.state_dict().items()
    }


def _resume(run: _Run, file: Path) -> dict[str, float]:
    """Takes the networks of an earlier run if there is one; returns its figures."""
    if not file.is_file():
        return {"images": 0.0, "seconds": 0.0}
    tensors = load_file(file)
    for name, network in _networks(run).items():
        prefix = f"{name}/"
        network.load_state_dict(
            {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
        )
    run.calibrated = True
    figures: dict[str, float] = json.loads((file.parent / "background.json").read_text("utf-8"))
    return figures
