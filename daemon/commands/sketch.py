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
from daemon.commands.insert_options import candidates_asked, check_outputs
from daemon.commands.mixing_options import models_of
from daemon.commands.model_pictures import ModelPictures, srgb_pixels
from daemon.commands.option_values import WrongOptions
from daemon.commands.progress_bar import ProgressBar
from daemon.commands.result_files import check_clashes
from daemon.home.folders import Folders
from daemon.packs.names import known_class
from daemon.packs.shelf import weights_error
from daemon.painting.pixels import to_depth
from daemon.pictures.atomic_file import check_writable
from daemon.pictures.composition import Composition, PlacedLayer
from daemon.pictures.file_formats import is_layered
from daemon.pictures.photo import Photo
from wire.protocol import ErrorCode, InsertObjectError, Rect, Wish, later_seed, usable_box

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
    if options.own_background and options.background is None:
        raise WrongOptions("--own-background is given without a picture.", "Name one with --background.")
    named = models_of(options, len(options.box or options.look or options.shape or [None]))
    pictures = [picture for models in named for picture in models.pictures]
    check_clashes([options.output], pictures + ([options.background] if options.background else []))
    check_writable(options.output)
    for box in options.box:
        usable_box(box, options.size, options.size)
    seed, candidates = options.seed or 0, candidates_asked(options, 1)
    background = background_of(options, seed, Folders.default().weights)
    result = Composition(Photo(background), 8)
    with Client.connect() as client:
        names = [known_class(name, client.classes).name for name in options.class_name]
        if options.box:
            places = list(zip(options.box, names, strict=True))
        else:
            count = 3 if options.objects is None else options.objects
            names = names or [info.name for info in client.classes]
            places = lay_out(names, count, options.size, seed)
        if places:
            seeds = [later_seed(seed, number * candidates) for number in range(len(places))]
            wishes = [
                Wish(name, box, own, shadow=options.shadow)
                for (box, name), own in zip(places, seeds, strict=True)
            ]
            _insert(client, result, wishes, candidates, options)
    notes = (
        result.write_layers(options.output, [])
        if is_layered(options.output)
        else result.write(options.output)
    )
    _tell(options, seed, [box for box, _ in places], result.objects, notes)
    return 0


def _insert(
    client: Client,
    result: Composition,
    wishes: Sequence[Wish],
    candidates: int,
    options: argparse.Namespace,
) -> None:
    size = (options.size, options.size)
    given = zip(wishes, models_of(options, len(wishes)), strict=True)
    pictures = [ModelPictures.read(models, wish.box, size) for wish, models in given]
    with ProgressBar(len(wishes)) as bar:
        for wish, picture in zip(wishes, pictures, strict=True):
            layer = client.fulfil(
                result.scene,
                wish,
                candidates=candidates,
                on_progress=bar.show,
                **picture.look_arguments(),
                **picture.shape_arguments(),
            )[0]
            add_layer(result, layer)
            bar.next_step()


def _tell(
    options: argparse.Namespace,
    seed: int,
    boxes: Sequence[Rect],
    objects: Sequence[PlacedLayer],
    notes: Sequence[str],
) -> None:
    if options.json:
        told: list[dict[str, Any]] = [
            {"class": made.class_name, "seed": made.seed, "box": [box.x, box.y, box.width, box.height]}
            for made, box in zip(objects, boxes, strict=True)
        ]
        print(json.dumps({"output": str(options.output), "seed": seed, "objects": told}))
        return
    inserted = ", ".join(made.name for made in objects) or "no objects"
    print(f"{options.output}: scene of seed {seed}, {inserted}")
    for note in notes:
        print(f"insert-object: {note}", file=sys.stderr)


def background_of(options: argparse.Namespace, seed: int, weights: Path) -> NDArray[np.uint8]:
    """The background that the options ask for, uint8 (size, size, 3): painted, by chance or like a picture,
    or that picture's own middle.

    Raises:
        InsertObjectError: the picture cannot be read; these weights paint no backgrounds, or are damaged.
    """
    given = None if options.background is None else _middle_of(options.background)
    if given is not None and options.own_background:
        return np.asarray(given.resize((options.size, options.size), Image.Resampling.LANCZOS))
    return paint_background(weights, seed, options.size, given)


def _middle_of(path: Path) -> Image.Image:
    """The largest square in the middle of a picture, 8 bits, sRGB."""
    pixels = srgb_pixels(path, "picture of the background")[..., :3]
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side]
    return Image.fromarray(np.ascontiguousarray(to_depth(square, 8)))


def paint_background(
    weights: Path, seed: int, size: int, like: Image.Image | None = None
) -> NDArray[np.uint8]:
    """The background of a seed, uint8 (size, size, 3), or the one most like a square picture.

    Raises:
        InsertObjectError: these weights paint no backgrounds, or are damaged.
    """
    from models.backgrounds.painter import load_background_generator, picture_planes  # imports torch
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
        painter = load_background_generator(weights)
        painted = painter.make(seed) if like is None else painter.like(picture_planes(like), seed)
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
