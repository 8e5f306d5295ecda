"""A background from a seed: the shipped background generator, read and run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from models.backgrounds.generator import RESOLUTION, BackgroundGenerator
from models.files.manifest import FILE_NAME, Manifest, ModelCorrupt
from models.files.part_files import BACKGROUND
from models.files.weights_file import fill, without_memory

_CANDIDATES = 64  # scenes by chance
_STEPS, _STEP = 40, 0.08  # of the optimiser, the latter in deviations of latents
_PRIOR = 0.01  # weight of how far a latent is led
_SEEN = (32, 16, 8, 4)  # sides at which scenes are compared, in pixels


class BackgroundPainter:
    """Paints scenes of ``RESOLUTION`` pixels on the CPU."""

    def __init__(self, generator: BackgroundGenerator) -> None:
        self._generator = generator

    @torch.inference_mode()
    def make(self, seed: int) -> Tensor:
        """The scene of a seed, (1, 3, RESOLUTION, RESOLUTION) in -1..1; the same seed gives it again."""
        random = torch.Generator().manual_seed(seed)
        z = self._generator.mixed(1, random)
        noise = torch.randn(1, 1, RESOLUTION, RESOLUTION, generator=random)
        scene: Tensor = self._generator(z, noise)
        return scene

    def like(self, picture: Tensor, seed: int) -> Tensor:
        """The scene nearest to a picture (1, 3, RESOLUTION, RESOLUTION) in -1..1, of the same shape.

        Of some scenes by chance the nearest is taken, and its latent led nearer still, not far away (Abdal et
        al., "Image2StyleGAN", 2019, with a prior in place of a free latent). The same picture and seed give
        it again.
        """
        random = torch.Generator().manual_seed(seed)
        drawn = self._generator.mixed(_CANDIDATES, random)
        noise = torch.randn(1, 1, RESOLUTION, RESOLUTION, generator=random)
        with torch.no_grad():
            away = torch.cat([_distance(self._generator(z[None], noise), picture) for z in drawn])
        begun = drawn[away.argmin()][None]
        z = begun.clone().requires_grad_()
        spread = drawn.var(0).mean()
        optimiser = torch.optim.Adam([z], _STEP * float(spread.sqrt()))
        for _ in range(_STEPS):
            optimiser.zero_grad()
            beyond = (z - begun).square().mean() / spread
            loss = _distance(self._generator(z, noise), picture).sum() + _PRIOR * beyond
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            scene: Tensor = self._generator(z, noise)
        return scene


def _distance(scene: Tensor, picture: Tensor) -> Tensor:
    """How far scenes (B, 3, S, S) are from a picture (1, 3, S, S) in colours and layout, not grain: (B,)."""
    difference = scene - picture
    means = [functional.adaptive_avg_pool2d(difference, side) for side in _SEEN]
    return torch.stack([mean.square().mean((1, 2, 3)) for mean in means]).sum(0)


def picture_planes(picture: Image.Image) -> Tensor:
    """A square picture as ``BackgroundPainter.like`` takes it: (1, 3, RESOLUTION, RESOLUTION) in -1..1."""
    small = picture.convert("RGB").resize((RESOLUTION, RESOLUTION), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 127.5 - 1


def load_background_generator(folder: Path) -> BackgroundPainter:
    """Reads the background generator of a weights folder.

    Raises:
        ModelMissing, ModelCorrupt: the folder has none, or it is damaged.
    """
    manifest = Manifest.read(folder)
    if BACKGROUND not in manifest.files:
        raise ModelCorrupt(folder / FILE_NAME, "lists no background generator")
    with without_memory():
        generator = BackgroundGenerator()
    fill(generator, folder / BACKGROUND, manifest.files[BACKGROUND])
    return BackgroundPainter(generator.eval().requires_grad_(requires_grad=False))
