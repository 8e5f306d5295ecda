"""``insert-object light``: a photo and a cut-out in, a picture of both in one light out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from daemon.client import Client
from daemon.commands.insert_job import add_with_shadows
from daemon.commands.insert_options import check_cast_shadow, check_outputs
from daemon.commands.progress_bar import ProgressBar
from daemon.commands.result_files import check_clashes
from daemon.painting.cut_out import scaled, visible_part
from daemon.painting.pixels import Samples
from daemon.pictures.atomic_file import check_writable
from daemon.pictures.composition import Composition
from daemon.pictures.file_formats import is_layered
from daemon.pictures.photo import memory_left, read_photo
from daemon.pictures.photo_output import write_object_layer
from wire.protocol import OF_A_CAST_SHADOW, Rect, usable_box


def run(options: argparse.Namespace) -> int:
    """Runs the command; see ``insert-object light --help``.

    Raises:
        InsertObjectError: for everything the user can mend; nothing is written then.
    """
    check_outputs(options)
    check_cast_shadow(options)
    written = [options.output, *([options.layer] if options.layer else [])]
    check_clashes(written, [options.photo, options.object])
    photo = read_photo(options.photo)
    notes = list(photo.notes)
    cut_out = _cut_out(options.object, options.scale, notes)
    height, width = photo.pixels.shape[:2]
    shown, (x, y) = visible_part(cut_out), options.at
    usable_box(Rect(x + shown.x, y + shown.y, shown.width, shown.height), width, height, "object")
    for path in written:
        check_writable(path)
    result = Composition(photo, photo.depth)
    with Client.connect() as client, ProgressBar(1) as bar:
        lit = client.light(
            result.scene,
            cut_out,
            options.at,
            strength=options.strength,
            **_shadows(options),
            on_progress=bar.show,
        )
        bar.next_step()
    name = options.object.stem
    add_with_shadows(result, lit, name)
    if is_layered(options.output):
        notes += result.write_layers(options.output, [])
    else:
        notes += result.write(options.output)
    if options.layer:
        write_object_layer(options.layer, lit.pixels, options.at)
    notes += lit.notes
    if not any(lit.adjustments.values()):
        notes.append("The object has the photo's light already; it was left as it is.")
    if options.json:
        account = {
            "outputs": [str(path) for path in written],
            "strength": options.strength,
            "adjustments": {name: round(value, 4) for name, value in lit.adjustments.items()},
            "notes": notes,
        }
        print(json.dumps(account))
        return 0
    print(f"{options.output}: {name}")
    for note in dict.fromkeys(notes):
        print(f"insert-object: {note}", file=sys.stderr)
    return 0


def _shadows(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of shadows, by the names that the client has for it."""
    given = {name: getattr(options, name) for name in OF_A_CAST_SHADOW}
    numbers = {name: number for name, number in given.items() if number is not None}
    return {"shadow": options.shadow, "cast_shadow": options.cast_shadow, **numbers}


def _cut_out(path: Path, scale: float, notes: list[str]) -> Samples:
    """The cut-out in sRGB, at the size it is put in."""
    picture = read_photo(path, "object")
    notes += picture.notes
    visible_part(picture.pixels)
    pixels = picture.pixels
    if picture.profile and not picture.profile.is_srgb:
        pixels = picture.profile.to_srgb(pixels)
        notes.append("The object's colours were converted from its own profile to sRGB, with 8 bits.")
    return scaled(pixels, scale, memory_left())
