"""Training the background generator on photos without their object."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from models.appearance_encoder import sample_code
from models.backgrounds.generator import KNOWN, RESOLUTION, BackgroundGenerator
from models.features.networks import Lpips, MobileNetV2Features
from models.photos.data import DataError, ObjectRecord
from models.training import losses
from models.training.background_photos import Scenes, load_backgrounds
from models.training.discriminators import PatchDiscriminator, ProjectedDiscriminator, augment
from models.training.sample_grid import to_picture
from models.training.scene_encoder import SceneEncoder
from models.training.stopping import stop_on_signal
from models.training.updates import descend, move_average

WEIGHTS = "background.safetensors"
_CHECKPOINT = "background.training.safetensors"
_GRADIENT_LIMIT = 20.0  # norm at which gradients are clipped
_BROAD = 8  # pixels over which broad colours are compared
_SHOWN = 16  # scenes in a row of the sheet


@dataclass(frozen=True)
class BackgroundSettings:
    """What shapes the background generator's training."""

    minutes: float
    batch_size: int = 8
    learning_rate: float = 5e-4  # Adam, generator and encoder
    learning_rate_d: float = 2e-4  # Adam, discriminators
    alone: int = 6_500  # images in which scenes are only taken over; then the discriminators join
    joining: int = 1_500  # images over which their word grows to its full weight
    weight_projected: float = 1.0  # adversarial, frozen features
    weight_patch: float = 0.5  # adversarial, raw patches
    weight_l1: float = 5.0  # reconstruction, around the hole
    weight_broad: float = 5.0  # the same of means over 8 pixels, in the hole, too
    weight_lpips: float = 3.0  # the same, perceptual
    weight_kl: float = 0.03  # latents towards a normal distribution
    average: float = 4_000.0  # half-life of the averaged weights, in images; less at the start
    class_names: tuple[str, ...] = ()  # learn from photos of these alone; none: of all
    seed: int = 0


def train_backgrounds(
    records: Sequence[ObjectRecord], out: Path, settings: BackgroundSettings, features: Path | None
) -> dict[str, float]:
    """Trains until the time is up or Ctrl+C; an earlier run in ``out`` goes on, with fresh optimisers.

    Writes ``background.safetensors`` (averaged, half precision), ``background.json`` (figures),
    ``background.png`` (real scenes above, the same taken over and scenes by chance below) and what a next run
    needs.

    Raises:
        DataError: no photo shows enough scenery, or the run in ``out`` is none to go on with.
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
            run.step(int(before["images"]) + images)
            images += settings.batch_size
            bar.update(settings.batch_size)
    figures = {
        "images": before["images"] + images,
        "seconds": round(before["seconds"] + time.monotonic() - begun, 1),
        "scenes": float(len(scenes)),
    }
    run.remember()
    weights = {name: value.half().contiguous() for name, value in run.averaged.state_dict().items()}
    save_file(weights, out / WEIGHTS)
    (out / WEIGHTS).chmod(0o644)  # safetensors makes files that only their owner can read
    save_file(_tensors(run), out / _CHECKPOINT, {k: str(v) for k, v in figures.items()})
    (out / "background.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    run.sheet().save(out / "background.png")
    return figures


class _Run:
    """Networks and optimisers of one run."""

    def __init__(
        self, settings: BackgroundSettings, features: Path | None, scenes: Scenes, random: torch.Generator
    ) -> None:
        self.settings, self.scenes, self.random = settings, scenes, random
        self.generator = BackgroundGenerator().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.encoder = SceneEncoder().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged, self.averaged_encoder = (
            copy.deepcopy(network).requires_grad_(requires_grad=False)
            for network in (self.generator, self.encoder)
        )
        self.patch = PatchDiscriminator(1)
        self.features = MobileNetV2Features(features) if features is not None else None
        self.lpips = Lpips(features) if features is not None else None
        self.projected = ProjectedDiscriminator(self.features.channels, 1) if self.features else None
        critics: list[nn.Module] = [n for n in (self.patch, self.projected) if n is not None]
        self._d_parameters = [p for n in critics for p in n.parameters() if p.requires_grad]
        self._g_parameters = [*self.generator.parameters(), *self.encoder.parameters()]
        betas = (0.0, 0.99)
        self.optimiser_g = torch.optim.Adam(self._g_parameters, settings.learning_rate, betas)
        self.optimiser_d = torch.optim.Adam(self._d_parameters, settings.learning_rate_d, betas)

    def step(self, seen: int) -> None:
        """One batch: scenes taken over, and after ``alone`` images scenes by chance beside them, which the
        discriminators judge."""
        settings, random, count = self.settings, self.random, self.settings.batch_size
        real, hole = self.scenes.drawn(count, random)
        is_judged = seen >= settings.alone
        noise = torch.randn(2 * count, 1, RESOLUTION, RESOLUTION, generator=random)
        with torch.autocast("cpu", torch.bfloat16):
            mean, log_variance = self.encoder(real, hole)
            z = sample_code(mean, log_variance, random)
            between = torch.lerp(mean, mean.roll(1, 0), torch.rand(count, 1, generator=random))
            latents = torch.cat([z, between]) if is_judged else z
            painted = self.generator(latents, noise[: len(latents)])
        terms = self._taken_over(painted[:count], real, hole)
        terms["kl"] = settings.weight_kl * losses.kl_divergence(mean, log_variance)
        if is_judged:
            # What fills a hole is no scenery: the discriminators see grey there. Painted scenes have the
            # holes of others, so that what is in their own is judged, too.
            others = torch.cat([hole.roll(1, 0), hole.roll(2, 0)])
            judged = self._judged(real * (1 - hole), painted * (1 - others))
            share = min(1.0, (seen - settings.alone) / settings.joining)
            terms |= {name: share * term for name, term in judged.items()}
        descend(self.optimiser_g, _sum_of(terms), self._g_parameters, limit=_GRADIENT_LIMIT)
        half_life = min(settings.average, max(200.0, 0.1 * seen))
        keep = 0.5 ** (count / half_life) if seen else 0.0
        move_average(self.averaged, self.generator, keep)
        move_average(self.averaged_encoder, self.encoder, keep)

    def _taken_over(self, painted: Tensor, real: Tensor, hole: Tensor) -> dict[str, Tensor]:
        """How far scenes (B, 3, S, S) are from the photos that they were taken from, around the hole and, in
        broad colours, in it."""
        settings = self.settings
        broad = functional.avg_pool2d(painted - real, _BROAD).abs().mean()
        shown = torch.where(hole > 0, real, painted)
        terms = {
            "l1": settings.weight_l1 * losses.masked_l1(shown, real, 1 - hole),
            "broad": settings.weight_broad * broad,
        }
        if self.lpips is not None:
            with torch.autocast("cpu", torch.bfloat16):
                terms["lpips"] = settings.weight_lpips * self.lpips(shown, real).mean()
        return terms

    def _judged(self, real: Tensor, shown: Tensor) -> dict[str, Tensor]:
        """A step of the discriminators, and what they say to the generator of scenes (N, 3, S, S)."""
        settings, loss = self.settings, losses.AdversarialLoss.HINGE
        real_seen, real_whole = augment(real, torch.ones_like(real[:, :1]), self.random)
        fake_seen, fake_whole = augment(shown, torch.ones_like(shown[:, :1]), self.random)
        real_index, index = (torch.zeros(len(x), dtype=torch.long) for x in (real, shown))
        real_features, fake_features = self._look(real_seen), self._look(fake_seen)
        if self.projected is not None and not self.projected.is_calibrated():
            self.projected.calibrate(real_features)
        with torch.autocast("cpu", torch.bfloat16):
            loss_d = loss.discriminator(
                self.patch(real_seen, real_whole, real_index),
                self.patch(fake_seen.detach(), fake_whole, index),
            )
            if self.projected is not None:
                right, _ = self.projected(real_features, real_whole, real_index)
                wrong, _ = self.projected([f.detach() for f in fake_features], fake_whole, index)
                loss_d = loss_d + loss.discriminator(right, wrong)
        descend(self.optimiser_d, loss_d, self._d_parameters, limit=_GRADIENT_LIMIT)
        with torch.autocast("cpu", torch.bfloat16):
            judged = {
                "patch": settings.weight_patch * loss.generator(self.patch(fake_seen, fake_whole, index))
            }
            if self.projected is not None:
                logits, _ = self.projected(fake_features, fake_whole, index)
                judged["projected"] = settings.weight_projected * loss.generator(logits)
        return judged

    def _look(self, picture: Tensor) -> list[Tensor]:
        if self.features is None:
            return []
        with torch.autocast("cpu", torch.bfloat16), torch.set_grad_enabled(picture.requires_grad):
            taps: list[Tensor] = self.features(picture.contiguous(memory_format=torch.channels_last))
        return taps

    @torch.no_grad()
    def remember(self) -> None:
        """Gives the averaged generator the latents of photos, some of many, or all, and some again."""
        places = torch.linspace(0, len(self.scenes) - 1, KNOWN).long()
        means = []
        for part in places.chunk(KNOWN // 64):
            real = self.scenes.pictures[part].float() / 127.5 - 1
            means.append(self.averaged_encoder(real, self.scenes.holes[part].float())[0])
        self.averaged.known.copy_(torch.cat(means))

    @torch.no_grad()
    def sheet(self) -> Image.Image:
        """Photos, the same taken over, and two rows of scenes by chance."""
        random = torch.Generator().manual_seed(0)
        places = torch.linspace(0, len(self.scenes) - 1, _SHOWN).long()
        real = self.scenes.pictures[places].float() / 127.5 - 1
        mean, _ = self.averaged_encoder(real, self.scenes.holes[places].float())
        noise = torch.randn(2 * _SHOWN, 1, RESOLUTION, RESOLUTION, generator=random)
        by_chance = self.averaged(self.averaged.mixed(2 * _SHOWN, random), noise)
        taken = self.averaged(mean, noise[:_SHOWN])
        return to_picture([real, taken, by_chance[:_SHOWN], by_chance[_SHOWN:]])


def _sum_of(terms: dict[str, Tensor]) -> Tensor:
    """The sum of scalars, in single precision."""
    return torch.stack([term.float() for term in terms.values()]).sum()


def _networks(run: _Run) -> dict[str, nn.Module]:
    networks: dict[str, nn.Module | None] = {
        "generator": run.generator,
        "encoder": run.encoder,
        "averaged": run.averaged,
        "averaged_encoder": run.averaged_encoder,
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
    try:
        for name, network in _networks(run).items():
            prefix = f"{name}/"
            network.load_state_dict(
                {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
            )
    except RuntimeError as error:  # other names or shapes
        raise DataError(
            f"{file} is of another version of this program, or was learnt with other features: name another "
            "folder with --out, or remove it."
        ) from error
    figures: dict[str, float] = json.loads((file.parent / "background.json").read_text("utf-8"))
    return figures
