"""The file of the mask generator: half-precision networks and the shape library in one safetensors file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.masks.generator import MaskGenerator
from models.masks.shape_library import ShapeLibrary


def save_mask_weights(
    file: Path, generator: MaskGenerator, library: ShapeLibrary, class_names: Sequence[str]
) -> None:
    """Writes generator (fp16) and library; the class names go into the file's metadata."""
    tensors = {f"generator.{key}": value.half() for key, value in generator.state_dict().items()}
    tensors |= library.to_tensors()
    metadata = {"classes": ",".join(class_names)}  # one entry: the order of several is not fixed
    save_file({key: value.contiguous() for key, value in tensors.items()}, file, metadata)
    file.chmod(0o644)  # the library writes for the owner alone; weights are for everyone


def load_mask_weights(
    file: Path, *, device: torch.device | str = "cpu"
) -> tuple[MaskGenerator, ShapeLibrary, tuple[str, ...]]:
    """Reads what :func:`save_mask_weights` wrote; the generator is fp32 and in evaluation mode.

    Raises:
        OSError: the file cannot be read.
        safetensors.SafetensorError: it is no safetensors file.
        KeyError, RuntimeError, ValueError: a tensor is missing or of another shape.
    """
    with safe_open(file, "pt") as stored:
        class_names = tuple((stored.metadata() or {}).get("classes", "").split(","))
        tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
    library = ShapeLibrary.from_tensors(tensors)
    generator = MaskGenerator(len(class_names))
    prefix = "generator."
    generator.load_state_dict(
        {key[len(prefix) :]: value.float() for key, value in tensors.items() if key.startswith(prefix)}
    )
    return generator.to(device).eval().requires_grad_(False), library, class_names
