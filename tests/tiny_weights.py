"""A weights folder with small random networks, for tests that need real code but no trained pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file

from models.appearance_encoder import AppearanceEncoder
from models.described_shape import describe_shape
from models.files.manifest import Manifest, ModelClass, file_hash
from models.files.part_files import ENCODER, FOREGROUND, MASKS, PARTS, QUALITY
from models.foreground_generator import ForegroundGenerator, GeneratorShape
from models.masks.generator import MaskGenerator
from models.masks.weights import save_mask_weights
from models.parts_encoder import PartsEncoder
from models.quality import QualityNetwork
from tests.models.shapes_made_in_code import CLASSES, made_library

STYLE = [2.0] * 8


def write_tiny_weights(
    folder: Path,
    class_names: Sequence[str] = CLASSES,
    *,
    resolution: int = 32,
    levels: int = 1,
    judging: bool = False,
) -> Manifest:
    """Writes the files of a weights folder for two classes; the first has a style, "bold". ``levels``: how
    many of the generator's levels paint; ``judging``: with the network that ranks objects."""
    torch.manual_seed(0)
    channels = {side: 16 for side in (8, 16, 32, 64) if 2 * side <= resolution}
    shape = GeneratorShape(resolution, len(class_names), channels, 8, 16, resolution >> levels)
    folder.mkdir(parents=True, exist_ok=True)
    generator = ForegroundGenerator(shape)
    with torch.no_grad():
        for paint in generator.paint.values():
            torch.nn.init.normal_(paint.coarse.weight, 0, 0.3)  # type: ignore[union-attr,arg-type]
    save_file(_half(generator), folder / FOREGROUND)
    save_file(_half(AppearanceEncoder(shape.code_size)), folder / ENCODER)
    save_file(_half(PartsEncoder()), folder / PARTS)
    save_mask_weights(folder / MASKS, MaskGenerator(), made_library(), class_names)
    names = [FOREGROUND, ENCODER, PARTS, MASKS]
    if judging:
        judge = QualityNetwork(len(class_names))
        with torch.no_grad():
            judge.answer.weight.mul_(0.1)  # marks about 0, which is nowhere near good enough
        judge.save(folder / QUALITY)
        names.append(QUALITY)
    manifest = Manifest(
        "untrained",
        shape.resolution,
        describe_shape(shape),
        tuple(
            ModelClass(name, name.capitalize(), {"bold": STYLE} if place == 0 else {})
            for place, name in enumerate(class_names)
        ),
        {name: file_hash(folder / name) for name in names},
        {},
    )
    manifest.write(folder)
    return manifest


def _half(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.half().contiguous() for name, value in network.state_dict().items()}
