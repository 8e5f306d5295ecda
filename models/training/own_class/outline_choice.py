"""The outlines of a finished pack: painted with their numbers, for a person to leave out what looks wrong."""

from __future__ import annotations

import shutil
from collections.abc import Set
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from models.bundle import Bundle
from models.files.manifest import CARD_NAME, Manifest, file_hash
from models.files.part_files import MASKS
from models.foreground_generator import composite
from models.masks.geometry import masks_in_window
from models.masks.weights import load_mask_weights, save_mask_weights
from models.photos.data import DataError
from models.training.own_class.pack import beside, put_in_place
from models.training.sample_grid import to_picture

_COLUMNS = 6
_LOOKS = 2  # that each outline is painted in
_LARGEST = 0.85  # of a tile's side that the longer side of an outline takes
_GREY = 0.1  # the scene, in -1..1
_MARGIN, _LABEL = 6, 18  # pixels around a tile's number and above the next row


def outline_sheet(bundle: Bundle, path: Path) -> int:
    """Writes a PNG picture of all outlines in the order of their numbers, which begin with 1, each painted in
    two looks on grey; returns how many there are."""
    count = len(bundle.masks.shapes)
    tiles = [to_picture([_painted(bundle, place)]) for place in range(count)]
    width, height = tiles[0].width + _MARGIN, tiles[0].height + _LABEL
    rows = -(-count // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * width, rows * height), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for place, tile in enumerate(tiles):
        left, top = place % _COLUMNS * width, place // _COLUMNS * height
        pen.text((left + _MARGIN, top), str(place + 1), fill="black", font=font)
        sheet.paste(tile, (left, top + _LABEL))
    sheet.save(path, "PNG")  # whatever its name says
    return count


@torch.inference_mode()
def _painted(bundle: Bundle, place: int) -> Tensor:
    """The outline in its looks, (_LOOKS, 3, S, S) in -1..1."""
    library, side = bundle.masks.shapes, bundle.sides[0]
    aspect = float(library.log_aspect[place].exp())
    width, height = _LARGEST * min(1.0, aspect), _LARGEST * min(1.0, 1 / aspect)
    box = torch.tensor([[0.5 - width / 2, 0.5 - height / 2, 0.5 + width / 2, 0.5 + height / 2]])
    index = library.class_index[place].repeat(_LOOKS)
    mask = masks_in_window(library.fields(torch.tensor([place])), box, side)
    parts = bundle.parts_for(index[:1], mask).repeated(_LOOKS)
    random = torch.Generator().manual_seed(place)
    looks = bundle.draw_looks(index, torch.randn(_LOOKS, bundle.code_size, generator=random), parts)
    scene = torch.full((_LOOKS, 3, side, side), _GREY)
    masks = mask.expand(_LOOKS, -1, -1, -1)
    colour, alpha = bundle.make_objects(scene, masks, index, looks, parts=parts.placed)
    return composite(colour.cpu(), alpha.cpu(), scene)


def leave_out(folder: Path, numbers: Set[int], *, others: bool = False) -> int:
    """Takes the outlines with these numbers out of a pack, or all ``others``, and says how many went.

    All that are to go do, or none. Those that stay get new numbers.

    Raises:
        DataError: there is no such number, or none of a class would be left.
        ModelMissing, ModelCorrupt: it is no pack that can be used.
    """
    manifest = Manifest.read(folder)
    generator, library, names = load_mask_weights(folder / MASKS, sha256=manifest.files.get(MASKS))
    all_of_them = range(1, len(library) + 1)
    for number in sorted(numbers):
        if number not in all_of_them:
            raise DataError(f"There is no outline {number}: they are numbered from 1 to {len(library)}.")
    going = {number for number in all_of_them if (number in numbers) is not others}
    try:
        left = library.without(number - 1 for number in going)
    except ValueError as error:
        raise DataError(f"Not all outlines of a class can go: {error}.") from error
    fresh = beside(folder)
    shutil.copytree(folder, fresh)
    save_mask_weights(fresh / MASKS, generator, left, names)
    replace(manifest, files={**manifest.files, MASKS: file_hash(fresh / MASKS)}).write(fresh)
    if (fresh / CARD_NAME).is_file():
        with (fresh / CARD_NAME).open("a", encoding="utf-8") as card:
            card.write(f"\nOf the outlines {len(going)} were left out by hand; {len(left)} are left.\n")
    put_in_place(fresh, folder)
    return len(going)
