"""The foreground generator's shape as the manifest of its weights keeps it."""

from __future__ import annotations

from typing import Any

from models.files.manifest import Manifest
from models.foreground_generator import GeneratorShape


def describe_shape(shape: GeneratorShape) -> dict[str, Any]:
    """The generator's shape as the manifest keeps it."""
    return {
        "channels": {str(side): channels for side, channels in shape.channels.items()},
        "code_size": shape.code_size,
        "style_size": shape.style_size,
        "base": shape.base,
        "finer_parts": shape.finer_parts,
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
        int(network["base"]),
        int(network.get("finer_parts", 0)),
    )
