"""Reading one safetensors file of a weights folder: judged, hashed and read in one go, nothing executed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from models.files.manifest import damaged
from models.files.plain_files import ModelCorrupt, read_file
from models.files.safetensors_header import Header, TensorKind, check_tensors, header_in, read_header

LARGEST_WEIGHT = 1e4  # trained ones stay below a hundred; far beyond, a network paints no picture


def kinds_of(network: nn.Module, prefix: str = "") -> dict[str, TensorKind]:
    """What a file has to hold for a network, which may be one without memory (device meta)."""
    return {prefix + name: TensorKind(tuple(value.shape)) for name, value in network.state_dict().items()}


@contextmanager
def without_memory() -> Iterator[None]:
    """Networks built in here have no memory and no numbers until ``fill`` gives them those of a file."""
    with torch.device("meta"), _LeaveEmpty():
        yield


class _LeaveEmpty(TorchFunctionMode):
    """Leaves out first values. For networks without memory torch would load its compiler to make them, which
    takes longer than everything else here and 100 MB for good."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True)
class WeightsFile:
    """What a file held when it was read: its tensors and its metadata, from one and the same bytes."""

    tensors: dict[str, Tensor]
    metadata: Mapping[str, str]


def read_tensors(
    path: Path, expected: Mapping[str, TensorKind], sha256: str | None = None
) -> dict[str, Tensor]:
    """The tensors of a file; see ``read_weights``."""
    return read_weights(path, lambda _: expected, sha256).tensors


def fill(network: nn.Module, path: Path, sha256: str | None = None) -> None:
    """Gives a network that was built without memory (device meta) the weights of a file, in float32.

    Raises:
        ModelMissing, ModelCorrupt: as ``read_weights``.
    """
    tensors = read_tensors(path, kinds_of(network), sha256)
    network.load_state_dict({name: value.float() for name, value in tensors.items()}, assign=True)


def read_weights(
    path: Path, expect: Callable[[Header], Mapping[str, TensorKind]], sha256: str | None = None
) -> WeightsFile:
    """The content of a file with exactly the tensors expected.

    The header is looked at before memory is taken for the rest. What counts is the second judgement, of the
    very bytes that were hashed and are used: the file may have been another one at the first look.

    Args:
        path: the file.
        expect: gives names with shapes and dtypes for a header, or raises ModelCorrupt.
        sha256: what the file's hash must be, hexadecimal; None: any.

    Raises:
        ModelMissing, ModelCorrupt: the file is not there, damaged, of another shape, or its numbers are no
            weights.
    """
    header = read_header(path)
    check_tensors(path, header, expect(header))
    data = read_file(path, header.file_bytes)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise damaged(path)
    header = header_in(path, data)
    check_tensors(path, header, expect(header))
    try:
        tensors: dict[str, Tensor] = load(data)
    except SafetensorError as error:
        raise ModelCorrupt(path, f"is not a safetensors file: {error}") from error
    for name, value in tensors.items():
        if value.is_floating_point():
            _check_numbers(path, name, value)
    return WeightsFile(tensors, header.metadata)


def _check_numbers(path: Path, name: str, value: Tensor) -> None:
    if value.numel() == 0:
        return
    low, high = torch.aminmax(value)  # a number that is none goes through
    if not bool(torch.isfinite(low) & torch.isfinite(high)):
        raise ModelCorrupt(path, f"holds numbers that are not finite, in {name}")
    if max(-float(low), float(high)) > LARGEST_WEIGHT:
        raise ModelCorrupt(path, f"holds numbers far too large for weights, in {name}")
