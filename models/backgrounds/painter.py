"""A background from a seed: the shipped background generator, read and run."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from models.backgrounds.generator import LATENT, RESOLUTION, BackgroundGenerator
from models.files.manifest import FILE_NAME, Manifest, ModelCorrupt
from models.files.part_files import BACKGROUND
from models.files.weights_file import fill


class BackgroundPainter:
    """Paints scenes of ``RESOLUTION`` pixels on the CPU."""

    def __init__(self, generator: BackgroundGenerator) -> None:
        self._generator = generator

    @torch.inference_mode()
    def make(self, seed: int) -> Tensor:
        """The scene of a seed, (1, 3, RESOLUTION, RESOLUTION) in -1..1; the same seed gives it again."""
        random = torch.Generator().manual_seed(seed)
        z = torch.randn(1, LATENT, generator=random)
        noise = torch.randn(1, 1, RESOLUTION, RESOLUTION, generator=random)
        scene: Tensor = self._generator(z, noise)
        return scene


def load_background_generator(folder: Path) -> BackgroundPainter:
    """Reads the background generator of a weights folder.

    Raises:
        ModelMissing, ModelCorrupt: the folder has none, or it is damaged.
    """
    manifest = Manifest.read(folder)
    if BACKGROUND not in manifest.files:
        raise ModelCorrupt(folder / FILE_NAME, "lists no background generator")
    with torch.device("meta"):
        generator = BackgroundGenerator()
    fill(generator, folder / BACKGROUND, manifest.files[BACKGROUND])
    return BackgroundPainter(generator.eval().requires_grad_(requires_grad=False))
