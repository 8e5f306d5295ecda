"""Reading the network that judges light."""

from __future__ import annotations

from pathlib import Path

import torch

from models.files.manifest import FILE_NAME, Manifest, ModelCorrupt
from models.files.part_files import LIGHT
from models.files.weights_file import fill, without_memory
from models.light.network import LightNetwork


def load_light_network(folder: Path) -> LightNetwork:
    """The network of a weights folder, in float32, on the CPU.

    Raises:
        ModelMissing, ModelCorrupt: the folder has none, or it is damaged.
    """
    manifest = Manifest.read(folder)
    if LIGHT not in manifest.files:
        raise ModelCorrupt(folder / FILE_NAME, "lists no network that judges light")
    return read_light_network(folder / LIGHT, manifest.files[LIGHT])


def read_light_network(file: Path, sha256: str | None = None) -> LightNetwork:
    """The network of a file; ``sha256``: what its hash must be. Raises as ``load_light_network``."""
    with without_memory():
        network = LightNetwork()
    fill(network, file, sha256)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(requires_grad=False)
