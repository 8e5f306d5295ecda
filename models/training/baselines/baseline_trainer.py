"""One training step of a baseline: reconstruct the photo it was cut from, and fool the discriminator."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from models.bundle import HOLE_REACH
from models.features.networks import Lpips
from models.hole import dilate, random_dilate
from models.photos.data import Batch
from models.relight import Relight
from models.training.baselines.baseline_painter import CODE_SIZE, WindowPainter
from models.training.baselines.pix2pix import Pix2PixGenerator
from models.training.baselines.source import SourceGenerator
from models.training.discriminators import augment
from models.training.recipe import Recipe
from models.training.settings import TrainingSettings


def make_painter(settings: TrainingSettings, class_count: int) -> WindowPainter:
    """The baseline that the settings name, untrained."""
    kind = {"pix2pix": Pix2PixGenerator, "source": SourceGenerator}[settings.network]
    return kind(settings.resolution, class_count, settings.width)


class BaselineTrainer(Recipe):
    """Trains pix2pix or the source system's generator on the same windows as ours, relit in the same way."""

    betas = (0.5, 0.999)
    code_size = CODE_SIZE

    def __init__(
        self,
        settings: TrainingSettings,
        class_count: int,
        device: torch.device,
        features: Path | None,
        workers: int = 1,
    ) -> None:
        """Arguments as for ``models.training.trainer.Trainer``."""
        super().__init__(settings, class_count, device, workers)
        self.generator = make_painter(settings, class_count)
        self.lpips = Lpips(features) if features is not None and settings.network == "source" else None
        self._prepare({"generator": self.generator}, self._make_critics(features), [self.lpips])
        self.averaged.eval()

    def paint(
        self,
        batch: Batch,
        code: Tensor,
        noise: Tensor,  # noqa: ARG002 - the baselines have no grain
    ) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            window = repaint(self.averaged, batch.photo, batch.mask, batch.class_index, code)
        return window, torch.ones_like(batch.mask)

    def step(self, batch: Batch, images_seen: int) -> dict[str, Tensor]:
        random = self.random
        count, side = len(batch.class_index), batch.photo.shape[-1]
        photo = Relight.random(count, random).apply(batch.photo)
        hole = random_dilate(batch.mask, max(1, side // 128), max(2, side * 14 // 256), random)
        code = torch.randn(count, CODE_SIZE, generator=random, device=self.device)
        with self._precision():
            scene = self.generator.condition(photo, batch.mask, hole)
            window = self.generator(scene, batch.mask, batch.class_index, code)
        real = self.critics.show(*augment(photo, batch.mask, random))
        fake = self.critics.show(*augment(window, batch.mask, random))
        statistics = self._teach_critics(real, fake, batch.class_index)
        terms = self._adversarial_terms(real, fake, batch.class_index, images_seen)
        terms |= self._reconstruction_terms(window, photo)
        statistics |= self._teach_generator(terms, images_seen, count)
        statistics["Saturated"] = (window.detach().abs() > 0.99).float().mean()
        return statistics

    def _reconstruction_terms(self, window: Tensor, photo: Tensor) -> dict[str, Tensor]:
        """Over the whole frame: L1, and for the source system its perceptual loss, given features."""
        terms = {"l1": self.settings.weight_l1 * (window - photo).abs().mean()}
        if self.lpips is not None:
            with self._precision():
                with torch.no_grad():
                    taps = self.lpips.features(photo)
                distance: Tensor = self.lpips(window, photo, taps=taps)
            terms["lpips"] = self.settings.weight_lpips * distance.mean()
        return terms


def repaint(
    painter: torch.nn.Module, photo: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
) -> Tensor:
    """What a baseline makes of a photo as it is, in float32: the window (B, 3, S, S) in -1..1."""
    if not isinstance(painter, WindowPainter):
        raise TypeError(f"{type(painter).__name__} does not paint windows.")
    hole = dilate(mask, max(1, round(HOLE_REACH * photo.shape[-1])))
    window: Tensor = painter(painter.condition(photo, mask, hole), mask, class_index, code)
    return window
