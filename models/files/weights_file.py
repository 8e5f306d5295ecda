"""Reading one safetensors file of a weights folder: judged, hashed and read in one go, nothing executed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from models.files.manifest import damaged
from models.files.plain_files import ModelCorrupt, read_file
from models.files.safetensors_header import TensorKind, check_tensors, read_header

LARGEST_WEIGHT = 1e4  # trained ones stay below a hundred; far beyond, a network paints no picture


def kinds_of(network: nn.Module, prefix: str = "") -> dict[str, TensorKind]:
    """What a file has to hold for a network, which may be one without memory (device meta)."""
    return {prefix + name: TensorKind(tuple(value.shape)) for name, value in network.state_dict().items()}


def read_tensors(
    path: Path, expected: Mapping[str, TensorKind], sha256: str | None = None
) -> dict[str, Tensor]:
    """The tensors of a file, exactly those expected; its content is read once and cannot change meanwhile.

    Args:
        path: the file.
        expected: names with shapes and dtypes; compared with the header before memory is taken.
        sha256: what the file's hash must be, hexadecimal; None: any.

    Raises:
        ModelMissing, ModelCorrupt: the file is not there, damaged, of another shape, or its numbers are no
            weights.
    """
    header = read_header(path)
    check_tensors(path, header, expected)
    data = read_file(path, header.file_bytes)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise damaged(path)
    try:
        tensors: dict[str, Tensor] = load(data)
    except SafetensorError as error:
        raise ModelCorrupt(path, f"is no safetensors file: {error}") from error
    for name, value in tensors.items():
        if value.is_floating_point():
            _check_numbers(path, name, value)
    return tensors


def _check_numbers(path: Path, name: str, value: Tensor) -> None:
    if value.numel() == 0:
        return
    low, high = torch.aminmax(value)  # a number that is none goes through
    if not bool(torch.isfinite(low) & torch.isfinite(high)):
        raise ModelCorrupt(path, f"holds numbers that are not finite, in {name}")
    if max(-float(low), float(high)) > LARGEST_WEIGHT:
        raise ModelCorrupt(path, f"holds numbers far too large for weights, in {name}")
