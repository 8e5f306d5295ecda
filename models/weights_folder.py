"""A folder of weights: the names of its files and the generator's shape in its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from models.foreground_generator import GeneratorShape
from models.manifest import Manifest

FOREGROUND = "foreground.safetensors"
ENCODER = "encoder.safetensors"
MASKS = "mask_generator.safetensors"


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a shipped file; safetensors holds numbers only, nothing in it is executed."""
    return load_file(path)


def describe_shape(shape: GeneratorShape) -> dict[str, Any]:
    """The generator's shape as the manifest keeps it."""
    return {
        "channels": {str(side): channels for side, channels in shape.channels.items()},
        "code_size": shape.code_size,
        "style_size": shape.style_size,
        "mask_channels": shape.mask_channels,
    }


def read_shape(manifest: Manifest) -> GeneratorShape:
    """The generator's shape from its manifest; raises KeyError, TypeError or ValueError if garbled."""
    network = manifest.network
    return GeneratorShape(
        manifest.resolution,
        len(manifest.classes),
        {int(side): int(channels) for side, channels in network["channels"].items()},
        int(network["code_size"]),
        int(network["style_size"]),
        int(network["mask_channels"]),
    )
