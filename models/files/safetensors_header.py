"""The header of a safetensors file, judged before any of its numbers are read (no torch).

Source: the format's description at https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.files.manifest_rules import BrokenRule, read_json
from models.files.plain_files import ModelCorrupt, file_size, read_start

MAX_HEADER_BYTES = 1 << 20
BYTES = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1, "I32": 4}  # the kinds of numbers that weights are made of
NUMBERS = ("F16", "BF16", "F32")
ANY = -1  # in an expected shape: any length


@dataclass(frozen=True)
class TensorKind:
    """What a tensor has to be: its shape, ``ANY`` for a length that is free, and the dtypes allowed."""

    shape: tuple[int, ...]
    dtypes: tuple[str, ...] = NUMBERS


@dataclass(frozen=True)
class Header:
    """What a safetensors file says of itself."""

    tensors: Mapping[str, TensorKind]  # each with one dtype
    metadata: Mapping[str, str]
    file_bytes: int  # what the whole file must hold


def read_header(path: Path) -> Header:
    """The header of a file, which was checked to describe exactly that file.

    Raises:
        ModelMissing, ModelCorrupt: the file is not there, or is not such a safetensors file.
    """
    size = file_size(path)
    start = read_start(path, 8)
    length = min(int.from_bytes(start, "little"), MAX_HEADER_BYTES)
    return header_in(path, start if size < 8 else read_start(path, 8 + length), size)


def header_in(path: Path, data: bytes, size: int | None = None) -> Header:
    """The header of a file whose content, or the beginning of it, was read already.

    Args:
        path: what the content was read from; only for words.
        data: all of it, or its beginning with the whole header.
        size: bytes of the whole file; None: ``data`` is all of it.

    Raises:
        ModelCorrupt: this is no content of such a file.
    """
    size = len(data) if size is None else size
    length = int.from_bytes(data[:8], "little")
    if size < 8 or length > min(MAX_HEADER_BYTES, size - 8):
        raise ModelCorrupt(path, "is not a safetensors file: its header is cut short or too long")
    try:
        header = _header(read_json(data[8 : 8 + length].decode("utf-8")), 8 + length)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelCorrupt(path, f"is not a safetensors file: its header {_reason(error)}") from error
    if header.file_bytes != size:
        raise ModelCorrupt(path, f"holds {size} bytes, its header speaks of {header.file_bytes}")
    return header


def check_tensors(path: Path, header: Header, expected: Mapping[str, TensorKind]) -> None:
    """Compares a header with the network that the file is for; raises ModelCorrupt, naming a difference."""
    for name, kind in expected.items():
        found = header.tensors.get(name)
        if found is None:
            raise ModelCorrupt(path, f"holds weights of another shape: it lacks {name}")
        fits = len(found.shape) == len(kind.shape) and all(
            wanted in (ANY, length) for wanted, length in zip(kind.shape, found.shape, strict=False)
        )
        if not fits:
            raise ModelCorrupt(
                path,
                f"holds weights of another shape: {name} is {_product(found.shape)}, "
                f"not {_product(kind.shape)}",
            )
        if found.dtypes[0] not in kind.dtypes:
            allowed = " or ".join(kind.dtypes)
            raise ModelCorrupt(path, f"holds {name} as {found.dtypes[0]}, it must be {allowed}")
    extra = next((name for name in header.tensors if name not in expected), None)
    if extra is not None:
        raise ModelCorrupt(
            path, f"holds weights of another shape: {extra[:80]!a} belongs to no network of this program"
        )


def _header(content: Any, start: int) -> Header:
    if not isinstance(content, dict):
        raise BrokenRule("is not a map")
    metadata = content.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise BrokenRule("garbles its metadata")
    tensors: dict[str, TensorKind] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in content.items():
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in BYTES:
            raise BrokenRule(f"names a kind of numbers that is not read: {ascii(dtype)[:40]}")
        whole = [*shape, begin, end]
        if len(shape) > 8 or not all(type(number) is int and number >= 0 for number in whole):
            raise BrokenRule(f"garbles the shape of {name[:80]!a}")
        if end - begin != math.prod(shape) * BYTES[dtype]:
            raise BrokenRule(f"gives {name[:80]!a} another size than its shape")
        tensors[name] = TensorKind(tuple(shape), (dtype,))
        spans.append((begin, end))
    spans.sort()
    place = 0
    for begin, end in spans:
        if begin != place:
            raise BrokenRule("leaves gaps between its tensors or lets them overlap")
        place = end
    return Header(tensors, metadata, start + place)


def _product(shape: tuple[int, ...]) -> str:
    return " × ".join("any" if length == ANY else str(length) for length in shape) or "a single number"


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, BrokenRule) else "is garbled"
