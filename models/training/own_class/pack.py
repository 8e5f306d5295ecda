"""Writing a model pack: weights in half precision, a manifest with their hashes, and a card to read."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.appearance_encoder import AppearanceEncoder
from models.described_shape import describe_shape
from models.files.labels import LABELS_NAME
from models.files.manifest import CARD_NAME, FILE_NAME, Manifest, ModelClass, file_hash
from models.files.manifest_rules import BrokenRule, check_classes
from models.files.part_files import LOOKS, MASKS, QUALITY
from models.foreground_generator import GeneratorShape
from models.looks import Looks
from models.masks.shape_library import ShapeLibrary
from models.masks.weights import load_mask_weights, save_mask_weights
from models.photos.data import DataError, ObjectRecord
from models.quality import QualityNetwork
from models.training.export import AVERAGED
from models.training.outlines import library_of, load_parts_encoder
from models.training.styles import Encoders, looks_and_styles

_MEMBERS = {*AVERAGED.values(), LOOKS, MASKS, QUALITY, FILE_NAME, LABELS_NAME, CARD_NAME}


@dataclass(frozen=True)
class Choices:
    """What the new class's seeds choose from: outlines with their parts, looks, style presets (none of these
    if it has too few objects)."""

    library: ShapeLibrary
    looks: Looks
    styles: Mapping[str, list[float]]


@dataclass(frozen=True)
class PackContent:
    """What goes into a pack. ``weights``: averaged generator and encoder by name; ``ranking``: what chooses
    the best of a dozen, if the pack has it; ``card``: its text."""

    class_name: str
    shape: GeneratorShape
    weights: Mapping[str, Mapping[str, Tensor]]
    masks: Path
    choices: Choices
    ranking: QualityNetwork | None
    provenance: Mapping[str, Any]
    card: str


def check_class_name(name: str) -> str:
    """The name without spaces around it, if a class may have it; raises DataError."""
    name = name.strip()
    try:
        check_classes([(name, label_of(name))])
    except BrokenRule as error:
        raise DataError(f"--class {name!r} {error}.") from error
    return name


def label_of(name: str) -> str:
    """How a class is shown in menus."""
    return name[:1].upper() + name[1:]


def check_place(folder: Path) -> None:
    """Refuses a folder that holds anything but a pack; raises DataError."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file: name a folder with --pack.")
    if folder.is_dir():
        other = sorted(path.name for path in folder.iterdir() if path.name not in _MEMBERS)
        if other:
            raise DataError(f"{folder} holds something else ({other[0]}): name another folder with --pack.")


def choices_of(
    weights: Mapping[str, Mapping[str, Tensor]],
    shape: GeneratorShape,
    records: Sequence[ObjectRecord],
    class_name: str,
) -> Choices:
    """What the objects of ``records`` give, read by the run's encoders."""
    appearance = AppearanceEncoder(shape.code_size)
    appearance.load_state_dict(dict(weights["averaged_encoder"]))
    encoders = Encoders(appearance, load_parts_encoder(weights["averaged_parts"]))
    library, shaped = library_of(records, (class_name,), encoders.parts)
    looks, styles = looks_and_styles(encoders, records, (class_name,), shaped=shaped)
    return Choices(library, looks, styles[0])


def write_pack(folder: Path, content: PackContent) -> Manifest:
    """Writes the pack beside its place first, so that a crash leaves the earlier one or none."""
    check_place(folder)
    fresh = beside(folder)
    fresh.mkdir(parents=True)
    for name, file in AVERAGED.items():
        halves = {key: value.to(torch.float16).contiguous() for key, value in content.weights[name].items()}
        save_file(halves, fresh / file)
    mask_generator, _, names = load_mask_weights(content.masks)
    save_mask_weights(fresh / MASKS, mask_generator, content.choices.library, names)
    content.choices.looks.save(fresh / LOOKS)
    files = [*AVERAGED.values(), LOOKS, MASKS]
    if content.ranking is not None:
        content.ranking.save(fresh / QUALITY)
        files.append(QUALITY)
    for file in files:
        (fresh / file).chmod(0o644)  # safetensors makes files that only their owner can read
    shape = replace(content.shape, class_count=1)
    label = label_of(content.class_name)
    manifest = Manifest(
        name=f"{content.class_name}, {shape.resolution} px",
        resolution=shape.resolution,
        network=describe_shape(shape),
        classes=(ModelClass(content.class_name, label, dict(content.choices.styles)),),
        files={file: file_hash(fresh / file) for file in files},
        provenance=content.provenance,
        label=label,
    )
    manifest.write(fresh)
    (fresh / CARD_NAME).write_text(content.card, "utf-8")
    put_in_place(fresh, folder)
    return manifest


def beside(folder: Path) -> Path:
    """Where a pack is written before it takes the folder's place; nothing is there."""
    fresh = folder.with_name(f".{folder.name}.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    return fresh


def put_in_place(fresh: Path, folder: Path) -> None:
    """Puts a pack that was written beside it into its place."""
    if folder.exists():
        shutil.rmtree(folder)
    fresh.replace(folder)


def adding_command(folder: Path) -> str:
    """The command that makes a pack known to the program; packs have plain names."""
    command = f"insert-object packs add {shlex.quote(str(folder))}"
    plain = re.sub(r"[^a-z0-9_-]+", "-", folder.name.casefold()).strip("-_")[:64] or "own-class"
    return command if plain == folder.name else f"{command} --name {plain}"
