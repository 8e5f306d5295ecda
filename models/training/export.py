"""From a training run to the weights that are shipped: averaged, half precision, with a manifest."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.appearance_encoder import AppearanceEncoder
from models.data import ObjectRecord
from models.foreground_generator import GeneratorShape
from models.manifest import Manifest, ModelClass, file_hash
from models.training import checkpoint
from models.training.checkpoint import CheckpointError, RunState
from models.training.styles import style_presets
from models.weights_folder import ENCODER, FOREGROUND, MASKS, describe_shape


def export_run(
    run: Path, folder: Path, masks: Path | None = None, records: Sequence[ObjectRecord] = ()
) -> Manifest:
    """Writes the averaged weights of a run, the mask generator and a manifest with their hashes.

    Args:
        run: folder of a training run.
        folder: where to write; made if need be. Its mask generator is kept when ``masks`` is None.
        masks: a mask generator's file to ship with them.
        records: training objects, for the classes' style presets; none without them.

    Raises:
        CheckpointError: no readable run, or no mask generator.
    """
    state = checkpoint.read_state(run)
    tensors = checkpoint.read_tensors(run)
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in (("averaged_generator", FOREGROUND), ("averaged_encoder", ENCODER)):
        save_file(_half(checkpoint.part(tensors, name)), folder / file)
        (folder / file).chmod(0o644)  # safetensors makes files that only their owner can read
    if masks is not None and masks.resolve() != (folder / MASKS).resolve():
        shutil.copyfile(masks, folder / MASKS)
    if not (folder / MASKS).is_file():
        raise CheckpointError(f"{folder / MASKS} is missing: name one with --masks.")
    shape = GeneratorShape(state.settings.resolution, len(state.class_names), state.settings.channels)
    encoder = AppearanceEncoder(shape.code_size)
    encoder.load_state_dict(checkpoint.part(tensors, "averaged_encoder"))
    styles = style_presets(encoder, records, state.class_names) if records else [{}] * len(state.class_names)
    manifest = Manifest(
        name=f"animals and flowers, {state.settings.resolution} px",
        resolution=state.settings.resolution,
        network=describe_shape(shape),
        classes=tuple(
            ModelClass(name, name.capitalize(), presets)
            for name, presets in zip(state.class_names, styles, strict=True)
        ),
        files={file: file_hash(folder / file) for file in (FOREGROUND, ENCODER, MASKS)},
        provenance=_provenance(state),
    )
    manifest.write(folder)
    return manifest


def _half(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.to(torch.float16).contiguous() for name, value in tensors.items()}


def _provenance(state: RunState) -> dict[str, Any]:
    return {
        "trained_with": "insert-object train",
        "settings": state.settings.to_json(),
        "images_seen": state.images_seen,
        "seconds": round(state.seconds),
        "earlier_stages": [dict(entry) for entry in state.history],
    }
