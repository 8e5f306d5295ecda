"""From a training run to the weights that are shipped: averaged, half precision, with a manifest."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.appearance_encoder import AppearanceEncoder
from models.described_shape import describe_shape
from models.files.manifest import Manifest, ModelClass, file_hash
from models.files.manifest_rules import MAX_TEXT
from models.files.part_files import (
    BACKGROUND,
    ENCODER,
    FOREGROUND,
    LIGHT,
    LOOKS,
    MASKS,
    PARTS,
    QUALITY,
)
from models.masks.weights import load_mask_weights, save_mask_weights
from models.photos.data import DataError, ObjectRecord, check_classes
from models.training import checkpoint
from models.training.checkpoint import CheckpointError, RunState
from models.training.outlines import library_of, load_parts_encoder
from models.training.styles import Encoders, looks_and_styles

AVERAGED = {"averaged_generator": FOREGROUND, "averaged_encoder": ENCODER, "averaged_parts": PARTS}
"""The networks of a run that are shipped, and the names of their files."""
_NAMED = 3  # classes at most that the name of exported weights tells one by one


@dataclass(frozen=True)
class OtherParts:
    """Files of networks that are trained apart, to ship with a run's; None: as the folder has it."""

    masks: Path | None = None
    background: Path | None = None
    light: Path | None = None
    quality: Path | None = None

    def copy(self, folder: Path) -> list[str]:
        """Copies what is named; returns the names of all that are there then."""
        present = []
        others = (
            (MASKS, self.masks),
            (BACKGROUND, self.background),
            (LIGHT, self.light),
            (QUALITY, self.quality),
        )
        for name, given in others:
            if given is not None and given.resolve() != (folder / name).resolve():
                shutil.copyfile(given, folder / name)
            if (folder / name).is_file():
                present.append(name)
        return present


def export_run(
    run: Path,
    folder: Path,
    others: OtherParts,
    records: Sequence[ObjectRecord],
    choice: frozenset[Path] | None = None,
    best_class: str = "",
) -> Manifest:
    """Writes the averaged weights of a run, the other networks and a manifest with their hashes.

    Args:
        run: folder of a training run.
        folder: where to write; made if need be.
        others: the networks that are trained apart; the mask generator must be among them or in the folder.
        records: training objects, for the outlines with their parts codes, the looks and the style presets.
        choice: the objects whose outlines were chosen by eye (``outlines.read_choice``).
        best_class: the class that comes first where one is preselected.

    Raises:
        CheckpointError: no readable run, a baseline's, or no mask generator.
        DataError: a class without an outline, or a record of a class that the run has not learnt.
    """
    state = checkpoint.read_state(run)
    if best_class and best_class not in state.class_names:
        raise DataError(f"The run has no class {best_class}; it has {', '.join(state.class_names)}.")
    if state.settings.is_baseline:
        raise CheckpointError(
            f"{run} is a run of {state.settings.network}, a rival to compare with; it is not exported."
        )
    check_classes(records, state.class_names)
    tensors = checkpoint.read_tensors(run)
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in AVERAGED.items():
        save_file(_half(checkpoint.part(tensors, name)), folder / file)
        (folder / file).chmod(0o644)  # safetensors makes files that only their owner can read
    present = others.copy(folder)
    if MASKS not in present:
        raise CheckpointError(f"{folder / MASKS} is missing: name one with --masks.")
    shape = state.settings.shape(len(state.class_names))
    appearance = AppearanceEncoder(shape.code_size)
    appearance.load_state_dict(checkpoint.part(tensors, "averaged_encoder"))
    encoders = Encoders(appearance, load_parts_encoder(checkpoint.part(tensors, "averaged_parts")))
    library, shaped = library_of(records, state.class_names, encoders.parts, choice)
    mask_generator, _, _ = load_mask_weights(folder / MASKS)
    save_mask_weights(folder / MASKS, mask_generator, library, state.class_names)
    looks, styles = looks_and_styles(encoders, records, state.class_names, shaped=shaped)
    looks.save(folder / LOOKS)
    manifest = Manifest(
        name=title_of(state.class_names, state.settings.resolution),
        resolution=state.settings.resolution,
        network=describe_shape(shape),
        classes=tuple(
            ModelClass(name, name.capitalize(), presets)
            for name, presets in zip(state.class_names, styles, strict=True)
        ),
        files={file: file_hash(folder / file) for file in (*AVERAGED.values(), LOOKS, *present)},
        provenance=_provenance(state),
        best_class=best_class,
    )
    manifest.write(folder)
    return manifest


def title_of(class_names: Sequence[str], resolution: int) -> str:
    """What exported weights are called: after a few classes, or by the number of many or long-named ones."""
    *others, last = class_names
    words = f"{', '.join(others)} and {last}" if others else last
    is_short = len(class_names) <= _NAMED and len(words) <= MAX_TEXT
    return f"{words if is_short else f'{len(class_names)} classes'}, {resolution} px"


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
