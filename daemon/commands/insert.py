"""``insert-object insert``: a photo and wishes in, a finished picture or layers out."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daemon.client import Client, ObjectLayer
from daemon.commands.insert_options import (
    AskedObject,
    WrongOptions,
    asked_objects,
    check_clashes,
    check_outputs,
    numbered,
)
from daemon.commands.progress_bar import ProgressBar
from daemon.packs.names import in_its_pack, named
from daemon.painting.object_shape import ObjectShape
from daemon.painting.pixels import Samples, to_depth
from daemon.painting.reference import fitted_shape, looked_at
from daemon.pictures.atomic_file import check_writable, quoted
from daemon.pictures.composition import Composition, LayerRole, PlacedLayer
from daemon.pictures.file_formats import format_of, is_layered
from daemon.pictures.photo import Photo, read_photo
from daemon.pictures.photo_output import write_object_layer
from wire.protocol import Rect, usable_box

MASK_PRESENT = 64  # a mask without a pixel of this code value inside its box is empty


@dataclass(frozen=True)
class _ReadObject:
    """What was asked with its pictures read: mask uint8 (H, W) of the photo's size, reference (h, w, 3|4)
    sRGB."""

    asked: AskedObject
    mask: NDArray[np.uint8] | None = field(repr=False)
    reference: Samples | None = field(repr=False)


def run(options: argparse.Namespace) -> int:
    """Runs the command; see ``insert-object insert --help``.

    Raises:
        InsertObjectError: for everything the user can mend; nothing is written then, or the files that
            were finished before it.
    """
    started = time.perf_counter()
    asked = asked_objects(options)
    check_outputs(options)
    outputs, layer_files = _file_names(options, len(asked))
    read = [options.photo, *(options.mask or ()), *(options.reference or ())]
    check_clashes([*outputs, *layer_files], read)
    photo = read_photo(options.photo)
    depth = options.depth or photo.depth
    if not (options.layer or format_of(options.output).holds_16_bits):
        depth = 8  # nothing that is written would show more
    height, width = photo.pixels.shape[:2]
    for item in asked:
        usable_box(item.wish.box, width, height)
    read_notes: list[str] = []
    ready = [_read(item, width, height, read_notes) for item in asked]
    for read_object in ready:
        _check_reference(read_object, width, height)
    for path in (*outputs, *layer_files):
        check_writable(path)
    results, notes = _insert(ready, photo, depth, options.variations)
    notes = [*photo.notes, *read_notes, *notes, *_write(results, outputs, layer_files)]
    seconds = time.perf_counter() - started
    if options.json:
        print(json.dumps(_account(results, outputs, layer_files, notes, seconds), ensure_ascii=False))
    else:
        _tell(results, outputs, layer_files)
        for note in dict.fromkeys(notes):
            print(f"insert-object: {note}", file=sys.stderr)
    return 0


def _file_names(options: argparse.Namespace, objects: int) -> tuple[list[Path], list[Path]]:
    """The pictures to write, one per variation (.ora: one), and the files for object layers."""
    variations = range(1, options.variations + 1)
    if options.variations == 1 or is_layered(options.output):
        outputs = [options.output]
    else:
        outputs = [numbered(options.output, variation) for variation in variations]
    if options.layer is None:
        return outputs, []
    layers = []
    for variation in variations:
        for number in range(1, objects + 1):
            numbers = [variation] * (options.variations > 1) + [number] * (objects > 1)
            layers.append(numbered(options.layer, *numbers))
    return outputs, layers


# --- What goes in -----------------------------------------------------------------------------------------


def _read(asked: AskedObject, width: int, height: int, notes: list[str]) -> _ReadObject:
    mask = None if asked.mask is None else _mask(asked.mask, asked.wish.box, width, height, notes)
    reference = None if asked.reference is None else _reference(asked.reference)
    return _ReadObject(asked, mask, reference)


def _check_reference(item: _ReadObject, width: int, height: int) -> None:
    """Finds out before the work what is wrong with a reference; raises InsertObjectError."""
    asked = item.asked
    if item.reference is not None:
        looked_at(item.reference, asked.reference_box)
        if asked.shape is ObjectShape.REFERENCE:
            fitted_shape(item.reference, asked.reference_box, asked.wish.box, (width, height))


def _mask(path: Path, box: Rect, width: int, height: int, notes: list[str]) -> NDArray[np.uint8]:
    """The mask uint8 (height, width), nothing beyond the box: the picture's alpha if it has any, else how
    light it is."""
    pixels = to_depth(read_photo(path, "mask").pixels, 8)
    is_alpha = pixels.shape[2] == 4 and pixels[..., 3].min() < 255
    shape: NDArray[np.uint8] = pixels[..., 3] if is_alpha else pixels[..., :3].max(axis=2)
    inside = box.clipped(width, height)
    if shape.shape == (height, width):
        mask = np.zeros_like(shape)
        part = (slice(inside.y, inside.bottom), slice(inside.x, inside.right))
        mask[part] = shape[part]
        outside = np.count_nonzero(shape >= MASK_PRESENT) - np.count_nonzero(mask >= MASK_PRESENT)
        if outside:
            notes.append(f"The mask {quoted(path)} reaches beyond the box and was cut off there.")
    elif shape.shape == (box.height, box.width):
        mask = np.zeros((height, width), np.uint8)
        left, top = inside.x - box.x, inside.y - box.y
        mask[inside.y : inside.bottom, inside.x : inside.right] = shape[
            top : top + inside.height, left : left + inside.width
        ]
    else:
        raise WrongOptions(
            f"The mask {quoted(path)} is {shape.shape[1]} × {shape.shape[0]} pixels; "
            f"the photo is {width} × {height}, the box {box.width} × {box.height}.",
            "Give a mask of the photo's or the box's size.",
        )
    if mask[inside.y : inside.bottom, inside.x : inside.right].max() < MASK_PRESENT:
        raise WrongOptions(
            f"The mask {quoted(path)} is empty inside the box.", "Mark the object's shape in white."
        )
    return mask


def _reference(path: Path) -> Samples:
    picture = read_photo(path, "reference picture")
    if picture.profile and not picture.profile.is_srgb:
        return picture.profile.to_srgb(picture.pixels)
    return to_depth(picture.pixels, 8)


# --- The work ---------------------------------------------------------------------------------------------


def _insert(
    ready: list[_ReadObject], photo: Photo, depth: int, variations: int
) -> tuple[list[Composition], list[str]]:
    """One composition per variation, and the daemon's notes.

    The first object's variations are one request; each further object is inserted into each variation's
    own picture, with the seed counted up alike.
    """
    start = Composition(photo, depth)
    results: list[Composition] = []
    notes: list[str] = []
    steps = 1 + (len(ready) - 1) * variations
    with Client.connect() as client, ProgressBar(steps) as bar:
        offered = client.classes, client.packs
        wishes = [named(in_its_pack(item.asked.wish, *offered), *offered) for item in ready]

        def insert(number: int, scene: Samples, later: int, count: int) -> list[ObjectLayer]:
            item, wish = ready[number], wishes[number]
            layers = client.fulfil(
                scene,
                replace(wish, seed=wish.seed + later),
                variations=count,
                mask=item.mask,
                reference=item.reference,
                reference_box=item.asked.reference_box,
                shape=item.asked.shape,
                depth=depth,
                on_progress=bar.show,
            )
            bar.next_step()
            notes.extend(layers[0].notes)
            return layers

        for layer in insert(0, start.scene, 0, variations):
            result = start.copy()
            add_layer(result, layer)
            results.append(result)
        for number in range(1, len(ready)):
            for variation, result in enumerate(results):
                add_layer(result, insert(number, result.scene, variation, 1)[0])
    return results, notes


def add_layer(result: Composition, layer: ObjectLayer) -> None:
    """Puts an object on a composition, its shadow below it."""
    if layer.shadow is not None:
        x, y = layer.shadow.offset
        role = LayerRole.SHADOW
        result.add(PlacedLayer(layer.shadow.pixels, layer.class_name, layer.seed, x, y, role))
    x, y = layer.offset
    result.add(PlacedLayer(layer.pixels, layer.class_name, layer.seed, x, y))


# --- What comes out ---------------------------------------------------------------------------------------


def _write(results: list[Composition], outputs: list[Path], layer_files: list[Path]) -> list[str]:
    notes: list[str] = []
    if is_layered(outputs[0]):
        others = [layer for result in results[1:] for layer in result.layers]
        notes += results[0].write_layers(outputs[0], others)
    else:
        for result, path in zip(results, outputs, strict=True):
            notes += result.write(path)
    if layer_files:
        every = [layer for result in results for layer in result.objects]
        for layer, path in zip(every, layer_files, strict=True):
            write_object_layer(path, layer.pixels, (layer.x, layer.y))
    return notes


def _account(
    results: list[Composition], outputs: list[Path], layer_files: list[Path], notes: list[str], seconds: float
) -> dict[str, Any]:
    """Everything that was made, for scripts."""
    height, width = results[0].picture.shape[:2]
    layers: list[dict[str, Any]] = []
    for variation, result in enumerate(results, start=1):
        below: PlacedLayer | None = None
        for layer in result.layers:
            if layer.role is LayerRole.SHADOW:
                below = layer
                continue
            entry: dict[str, Any] = {
                "class": layer.class_name,
                "seed": layer.seed,
                "variation": variation,
                "offset": [layer.x, layer.y],
                "size": [layer.pixels.shape[1], layer.pixels.shape[0]],
            }
            if below is not None:
                size = [below.pixels.shape[1], below.pixels.shape[0]]
                entry["shadow"] = {"offset": [below.x, below.y], "size": size}
                below = None
            if layer_files:
                entry["file"] = str(layer_files[len(layers)])
            layers.append(entry)
    return {
        "outputs": [str(path) for path in outputs],
        "size": [width, height],
        "depth": 8 * int(results[0].picture.itemsize) if format_of(outputs[0]).holds_16_bits else 8,
        "layers": layers,
        "notes": list(dict.fromkeys(notes)),
        "seconds": round(seconds, 3),
    }


def _tell(results: list[Composition], outputs: list[Path], layer_files: list[Path]) -> None:
    """One line per file."""
    if len(outputs) == len(results):
        for result, path in zip(results, outputs, strict=True):
            print(f"{path}: {', '.join(layer.name for layer in result.objects)}")
    else:
        print(f"{outputs[0]}: {', '.join(layer.name for result in results for layer in result.objects)}")
    for path in layer_files:
        print(f"{path}: object layer")
