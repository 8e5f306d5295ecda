"""``insert-object scene``: a whole picture from nothing, a generated background with objects in order."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daemon.client import Client
from daemon.commands.insert_job import add_layer
from daemon.commands.insert_options import WrongOptions, check_outputs
from daemon.commands.progress_bar import ProgressBar
from daemon.home.folders import Folders
from daemon.packs.names import known_class
from daemon.packs.shelf import weights_error
from daemon.pictures.atomic_file import check_writable
from daemon.pictures.composition import Composition
from daemon.pictures.file_formats import is_layered
from daemon.pictures.photo import Photo
from wire.protocol import MAX_SEED, ErrorCode, InsertObjectError, Rect, usable_box

_FARTHEST, _NEAREST = 0.62, 0.97  # where feet stand, as a share of the picture's height
_SMALLEST, _LARGEST = 0.16, 0.42  # an object's box there, as a share of the picture's width


def run(options: argparse.Namespace) -> int:
    """Runs the command; see ``insert-object scene --help``.

    Raises:
        InsertObjectError: for everything the user can mend; nothing is written then.
    """
    if options.box and options.objects is not None:
        raise WrongOptions("--objects and --box both say what is inserted.", "Leave one of them out.")
    if options.box and len(options.box) != len(options.class_name):
        raise WrongOptions(
            f"--box is given {len(options.box)} times and --class {len(options.class_name)} times.",
            "Give one --class for each --box.",
        )
    check_outputs(options)
    check_writable(options.output)
    for box in options.box:
        usable_box(box, options.size, options.size)
    background = paint_background(Folders.default().weights, options.seed, options.size)
    result = Composition(Photo(background), 8)
    with Client.connect() as client:
        names = [known_class(name, client.classes).name for name in options.class_name]
        if options.box:
            places = list(zip(options.box, names, strict=True))
        else:
            count = 3 if options.objects is None else options.objects
            names = names or [info.name for info in client.classes]
            places = lay_out(names, count, options.size, options.seed)
        if places:
            _insert(client, result, places, options)
    notes = (
        result.write_layers(options.output, [])
        if is_layered(options.output)
        else result.write(options.output)
    )
    _tell(options, places, notes)
    return 0


def _insert(
    client: Client, result: Composition, places: Sequence[tuple[Rect, str]], options: argparse.Namespace
) -> None:
    with ProgressBar(len(places)) as bar:
        for number, (box, name) in enumerate(places):
            layer = client.insert_variations(
                result.scene,
                box=(box.x, box.y, box.width, box.height),
                class_name=name,
                seed=(options.seed + number) % (MAX_SEED + 1),
                shadow=options.shadow,
                on_progress=bar.show,
            )[0]
            add_layer(result, layer)
            bar.next_step()


def _tell(options: argparse.Namespace, places: Sequence[tuple[Rect, str]], notes: Sequence[str]) -> None:
    if options.json:
        objects: list[dict[str, Any]] = [
            {"class": name, "box": [box.x, box.y, box.width, box.height]} for box, name in places
        ]
        print(json.dumps({"output": str(options.output), "seed": options.seed, "objects": objects}))
        return
    inserted = ", ".join(name for _, name in places) or "no objects"
    print(f"{options.output}: seed {options.seed}, {inserted}")
    for note in notes:
        print(f"insert-object: {note}", file=sys.stderr)


def paint_background(weights: Path, seed: int, size: int) -> NDArray[np.uint8]:
    """The background of a seed, uint8 (size, size, 3).

    Raises:
        InsertObjectError: these weights paint no backgrounds, or are damaged.
    """
    from models.backgrounds.painter import load_background_generator  # imports torch
    from models.files.manifest import Manifest
    from models.files.part_files import BACKGROUND
    from models.files.plain_files import ModelCorrupt, ModelMissing

    try:
        if BACKGROUND not in Manifest.read(weights).files:
            raise InsertObjectError(
                ErrorCode.MODEL_MISSING,
                "These networks cannot paint backgrounds.",
                "Choose a weights folder with a background generator, or insert into a photo.",
            )
        painted = load_background_generator(weights).make(seed)
    except (ModelMissing, ModelCorrupt) as error:
        raise weights_error(error) from error
    codes = ((painted[0].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy()
    return np.asarray(Image.fromarray(codes).resize((size, size), Image.Resampling.BICUBIC))


def lay_out(names: Sequence[str], count: int, size: int, seed: int) -> list[tuple[Rect, str]]:
    """``count`` boxes with classes, the same for the same seed, from the far ones to the near ones.

    On flat ground what stands lower in the picture is nearer, and larger in proportion.
    """
    draw = random.Random(seed)
    places = []
    for depth in sorted(draw.random() for _ in range(count)):
        side = round(size * (_SMALLEST + (_LARGEST - _SMALLEST) * depth))
        foot = round(size * (_FARTHEST + (_NEAREST - _FARTHEST) * depth))
        x = draw.randint(0, max(0, size - side))
        height = round(side * draw.uniform(0.7, 0.95))
        places.append((Rect(x, foot - height, side, height), draw.choice(list(names))))
    return places
