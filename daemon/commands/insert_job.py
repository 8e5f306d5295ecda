"""One insertion from the command line or a batch: planned, read, painted and written."""

from __future__ import annotations

import argparse
import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daemon.client import Client, LitLayer, ObjectLayer
from daemon.client.herds import herd_of
from daemon.commands.insert_options import (
    AskedObject,
    asked_objects,
    candidates_asked,
    check_needed,
    check_outputs,
)
from daemon.commands.model_pictures import ModelPictures
from daemon.commands.option_values import WrongOptions
from daemon.commands.progress_bar import ProgressBar
from daemon.commands.result_files import numbered
from daemon.packs.names import in_its_pack, named
from daemon.painting.pixels import to_depth
from daemon.painting.scene import MASK_PRESENT, mask_in_box
from daemon.pictures.atomic_file import check_writable, quoted
from daemon.pictures.composition import Composition, LayerRole, PlacedLayer
from daemon.pictures.file_formats import format_of, is_layered
from daemon.pictures.photo import Photo, read_photo
from daemon.pictures.photo_output import write_object_layer
from wire.protocol import Rect, later_seed, usable_box


@dataclass(frozen=True)
class Plan:
    """What is to be made, as far as the options tell: objects in order, the pictures to write, one per
    variation (.ora: one), and the files for object layers. ``candidates``: how many seeds each request is
    for the best of."""

    asked: list[AskedObject]
    photo: Path
    variations: int
    candidates: int
    depth: int | None
    outputs: list[Path]
    layer_files: list[Path]

    @property
    def written(self) -> list[Path]:
        return [*self.outputs, *self.layer_files]

    def files_of(self, results: list[Composition]) -> tuple[list[Path], list[Path]]:
        """The pictures and the object layers that are written: fewer where variations were left out."""
        objects = sum(len(result.objects) for result in results)
        return self.outputs[: len(results)], self.layer_files[:objects]

    @property
    def read(self) -> list[Path]:
        masks = [item.mask for item in self.asked if item.mask]
        return [self.photo, *masks, *(picture for item in self.asked for picture in item.models.pictures)]


@dataclass(frozen=True)
class _ReadObject:
    """What was asked with its pictures read: mask uint8 (H, W) of the photo's size."""

    asked: AskedObject
    mask: NDArray[np.uint8] | None = field(repr=False)
    models: ModelPictures


@dataclass(frozen=True)
class Job:
    """A plan with its pictures read, found good, and ready to be painted."""

    plan: Plan
    ready: list[_ReadObject]
    photo: Photo
    depth: int
    notes: list[str]
    began: float  # seconds of the performance counter

    @property
    def steps(self) -> int:
        """Requests that it takes: the variations of the first object are one, unless it is a herd."""
        requests = sum(item.herd for item in self.plan.asked) * self.plan.variations
        return requests - (self.plan.variations - 1) * (self.plan.asked[0].herd == 1)


def planned(options: argparse.Namespace) -> Plan:
    """What the options of ``insert`` ask for; no file is looked at.

    Raises:
        InsertObjectError: they do not fit together.
    """
    check_needed(options)
    asked = asked_objects(options)
    check_outputs(options)
    outputs, layer_files = _file_names(options, sum(item.herd for item in asked))
    return Plan(
        asked,
        options.photo,
        options.variations,
        candidates_asked(options, options.variations),
        options.depth,
        outputs,
        layer_files,
    )


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


def prepared(plan: Plan) -> Job:
    """Reads what a plan needs and finds out all that can be known before the work.

    Raises:
        InsertObjectError: for everything the user can mend.
    """
    began = time.perf_counter()
    photo = read_photo(plan.photo)
    depth = plan.depth or photo.depth
    if not (plan.layer_files or format_of(plan.outputs[0]).holds_16_bits):
        depth = 8  # nothing that is written would show more
    height, width = photo.pixels.shape[:2]
    for item in plan.asked:
        usable_box(item.wish.box, width, height)
    notes = list(photo.notes)
    ready = [_read(item, width, height, notes) for item in plan.asked]
    for path in plan.written:
        check_writable(path)
    return Job(plan, ready, photo, depth, notes, began)


# --- What goes in -----------------------------------------------------------------------------------------


def _read(asked: AskedObject, width: int, height: int, notes: list[str]) -> _ReadObject:
    mask = None if asked.mask is None else _mask(asked.mask, asked.wish.box, width, height, notes)
    return _ReadObject(asked, mask, ModelPictures.read(asked.models, asked.wish.box, (width, height)))


def _mask(path: Path, box: Rect, width: int, height: int, notes: list[str]) -> NDArray[np.uint8]:
    """The mask uint8 (height, width), nothing beyond the box: the picture's alpha if it has any, else how
    light it is."""
    pixels = to_depth(read_photo(path, "mask").pixels, 8)
    is_alpha = pixels.shape[2] == 4 and pixels[..., 3].min() < 255
    shape: NDArray[np.uint8] = pixels[..., 3] if is_alpha else pixels[..., :3].max(axis=2)
    inside = box.clipped(width, height)
    if shape.shape == (height, width):
        mask, is_cut = mask_in_box(shape, box)
        if is_cut:
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
    if mask[inside.y : inside.bottom, inside.x : inside.right].max() < 255 * MASK_PRESENT:
        raise WrongOptions(
            f"The mask {quoted(path)} is empty inside the box.", "Mark the object's shape in white."
        )
    return mask


# --- The work ---------------------------------------------------------------------------------------------


def painted(job: Job, client: Client, bar: ProgressBar) -> list[Composition]:
    """One composition per variation of which anything shows; the daemon's notes join the job's.

    The first object's variations are one request; each further object is inserted into each variation's
    own picture, with the seed counted up alike, by the number of candidates. So is a herd, each object of it
    by a request of its own.

    Raises:
        InsertObjectError: with the sentence for the user.
    """
    start = Composition(job.photo, job.depth)
    results = [start.copy() for _ in range(job.plan.variations)]
    offered = client.classes, client.packs
    for number, item in enumerate(job.ready):
        wish = named(in_its_pack(item.asked.wish, *offered), *offered)
        choices: dict[str, Any] = {
            "candidates": job.plan.candidates,
            "depth": job.depth,
            "on_progress": bar.show,
            **item.models.look_arguments(),
        }
        shape: dict[str, Any] = {"mask": item.mask, **item.models.shape_arguments()}
        if number == 0 and item.asked.herd == 1:
            layers = client.fulfil(start.scene, wish, variations=len(results), **choices, **shape)
            bar.next_step()
            job.notes.extend(layers[0].notes)
            if empty := len(results) - len(layers):
                job.notes.append(f"Nothing shows of {empty} of the {len(results)} variations; left out.")
                del results[len(layers) :]
            for result, layer in zip(results, layers, strict=True):
                add_layer(result, layer)
            continue
        for later, result in enumerate(results):
            own = replace(wish, seed=later_seed(wish.seed, later * job.plan.candidates))
            if item.asked.herd == 1:
                made = iter(client.fulfil(result.scene, own, **choices, **shape))
            else:
                made = herd_of(client.fulfil, result.scene, own, item.asked.herd, **choices)
            for layer in made:
                bar.next_step()
                job.notes.extend(layer.notes)
                add_layer(result, layer)
    return results


def add_layer(result: Composition, layer: ObjectLayer) -> None:
    """Puts an object on a composition, its shadows below it."""
    add_with_shadows(result, layer, layer.class_name, layer.seed)


def add_with_shadows(
    result: Composition, made: ObjectLayer | LitLayer, name: str, seed: int | None = None
) -> None:
    """Puts what the daemon made on a composition under a name, its shadows below it."""
    for role, below in ((LayerRole.CAST, made.cast), (LayerRole.SHADOW, made.shadow)):
        if below is not None:
            result.add(PlacedLayer(below.pixels, name, seed, *below.offset, role))
    result.add(PlacedLayer(made.pixels, name, seed, *made.offset))


# --- What comes out ---------------------------------------------------------------------------------------


def written(job: Job, results: list[Composition]) -> dict[str, Any]:
    """Writes what was made; returns an account of it, for scripts.

    Raises:
        InsertObjectError: a file cannot be written.
    """
    outputs, layer_files = job.plan.files_of(results)
    job.notes.extend(_write(results, outputs, layer_files))
    return _account(results, outputs, layer_files, job.notes, time.perf_counter() - job.began)


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
    height, width = results[0].picture.shape[:2]
    layers: list[dict[str, Any]] = []
    for variation, result in enumerate(results, start=1):
        below: dict[str, Any] = {}
        for layer in result.layers:
            size = [layer.pixels.shape[1], layer.pixels.shape[0]]
            if layer.role is not LayerRole.OBJECT:
                name = layer.role.value.replace(" ", "_")
                below[name] = {"offset": [layer.x, layer.y], "size": size}
                continue
            entry: dict[str, Any] = {
                "class": layer.class_name,
                "seed": layer.seed,
                "variation": variation,
                "offset": [layer.x, layer.y],
                "size": size,
                **below,
            }
            below = {}
            if layer_files:
                entry["file"] = str(layer_files[len(layers)])
                entry["sha256"] = _hash_of(layer_files[len(layers)])
            layers.append(entry)
    return {
        "outputs": [str(path) for path in outputs],
        "sha256": [_hash_of(path) for path in outputs],
        "size": [width, height],
        "depth": 8 * int(results[0].picture.itemsize) if format_of(outputs[0]).holds_16_bits else 8,
        "layers": layers,
        "notes": list(dict.fromkeys(notes)),
        "seconds": round(seconds, 3),
    }


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
