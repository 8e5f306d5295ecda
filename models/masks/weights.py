"""The file of the mask generator: half-precision networks and the shape library in one safetensors file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.files.manifest_rules import MAX_CLASSES
from models.files.plain_files import ModelCorrupt
from models.files.safetensors_header import ANY, Header, TensorKind
from models.files.weights_file import kinds_of, read_weights, without_memory
from models.masks.generator import MaskGenerator
from models.masks.parts_code import PARTS_CELLS
from models.masks.shape_library import BYTES, WORTH, ShapeLibrary

MAX_LIBRARY_NUMBERS = 64_000_000
_PREFIX = "generator."


def save_mask_weights(
    file: Path, generator: MaskGenerator, library: ShapeLibrary, class_names: Sequence[str]
) -> None:
    """Writes generator (fp16) and library; the class names go into the file's metadata."""
    tensors = {_PREFIX + key: value.half() for key, value in generator.state_dict().items()}
    tensors |= library.to_tensors()
    metadata = {"classes": ",".join(class_names)}  # one entry: the order of several is not fixed
    save_file({key: value.contiguous() for key, value in tensors.items()}, file, metadata)
    file.chmod(0o644)  # the library writes for the owner alone; weights are for everyone


def load_mask_weights(
    file: Path, *, device: torch.device | str = "cpu", sha256: str | None = None
) -> tuple[MaskGenerator, ShapeLibrary, tuple[str, ...]]:
    """Reads what :func:`save_mask_weights` wrote; the generator is fp32 and in evaluation mode.

    ``sha256`` is what the file's hash must be; None: any.

    Raises:
        ModelMissing, ModelCorrupt: the file is not there, damaged, or not what such a file holds.
    """
    with without_memory():
        generator = MaskGenerator()

    def expect(header: Header) -> dict[str, TensorKind]:
        classes = len(_class_names(header.metadata))
        if classes > MAX_CLASSES:
            raise ModelCorrupt(file, f"is for {classes} classes, at most {MAX_CLASSES} are allowed")
        optional = {WORTH: TensorKind((ANY,))} if WORTH in header.tensors else {}
        return _kinds(generator, classes) | optional

    read = read_weights(file, expect, sha256)
    tensors, class_names = read.tensors, _class_names(read.metadata)
    _check_library(file, tensors)
    try:
        library = ShapeLibrary.from_tensors(tensors)
    except ValueError as error:
        raise ModelCorrupt(file, f"cannot be used: {error}") from error
    generator.load_state_dict(
        {key[len(_PREFIX) :]: value.float() for key, value in tensors.items() if key.startswith(_PREFIX)},
        assign=True,
    )
    generator.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return generator.eval().requires_grad_(requires_grad=False), library, class_names


def _class_names(metadata: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(metadata.get("classes", "").split(","))


def _kinds(generator: MaskGenerator, classes: int) -> dict[str, TensorKind]:
    """What the file holds for a generator and so many classes."""
    return kinds_of(generator, _PREFIX) | {
        "library.bits": TensorKind((ANY, BYTES), ("U8",)),
        "library.parts": TensorKind((ANY, 2, ANY, PARTS_CELLS, PARTS_CELLS), ("U8",)),
        "library.class_index": TensorKind((ANY,), ("U8",)),
        "library.log_aspect": TensorKind((ANY,)),
        "library.neighbours": TensorKind((ANY, ANY), ("I32",)),
        "library.fill_range": TensorKind((classes, 2)),
        "library.aspect_range": TensorKind((classes, 2)),
    }


def _check_library(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Lengths that no training run reaches, or none at all, are refused before anything is computed."""
    for name in ("library.bits", "library.parts", "library.neighbours"):
        if not 0 < tensors[name].numel() <= MAX_LIBRARY_NUMBERS:
            raise ModelCorrupt(file, f"holds {tensors[name].numel()} numbers in {name}")
