"""The keep sheet: insertions as a user gets them, every one shown, for a person to count those worth keeping.

Whether a painter would keep an object is seen by looking at it, at the sizes that people use: every class in
every photo, small, middling and large, several seeds as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps
from tqdm import tqdm

from models.bundle import Bundle

Picture = NDArray[np.uint8]
InsertObject = Callable[[Picture, tuple[int, int, int, int], str, int], Picture]
"""A picture (H, W, 3), a box x, y, width, height, a class and a seed -> the picture with the object in it."""

SIZES = (60, 250, 600)  # pixels of the box's long side
SEEDS = (1, 2, 3, 4)
_TILES = {60: 160, 250: 312, 600: 400}  # pixels of a tile; only the largest is shown smaller than it is
_AROUND = 1.25  # side of what a tile shows over the box's long side, at least
_GROUND = 0.88  # of the photo's height: where the lower edge of a box lies
_PLACES = (0.32, 0.62, 0.45, 0.72)  # of the photo's width: the middle of the box, by seed
_GAP, _LABEL = 4, 18
_PAGE_WIDTH = 1600  # pixels of the page with all classes


def write_keep_sheet(
    bundle: Bundle, insert: InsertObject, photos: Sequence[Picture], folder: Path
) -> tuple[Path, dict[str, Path]]:
    """Inserts every class into every photo at every size with every seed, and writes it all down.

    Args:
        bundle: the weights, for their classes and the usual shapes of their boxes.
        insert: the program's whole way from box to finished picture.
        photos: (H, W, 3) uint8; those too small for the largest box are enlarged.
        folder: gets ``keep-CLASS.jpg`` and ``keep.jpg``; made if need be.

    Returns:
        The paths of the page with all classes, and of each class's larger picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shapes = bundle.masks.shapes
    written, rows = {}, []
    for index, name in enumerate(tqdm(bundle.class_names, desc="keep sheet", unit="class", disable=None)):
        aspect = shapes.log_aspect[shapes.class_index == index].median().exp()  # its boxes are usually so
        picture = _class_rows(name, float(aspect), insert, photos)
        written[name] = folder / f"keep-{name}.jpg"
        picture.save(written[name], quality=90)
        size = (_PAGE_WIDTH, round(picture.height * _PAGE_WIDTH / picture.width))
        rows.append(np.asarray(picture.resize(size, Image.Resampling.LANCZOS)))
    page = folder / "keep.jpg"
    Image.fromarray(np.vstack(rows)).save(page, quality=88)
    return page, written


def _class_rows(name: str, aspect: float, insert: InsertObject, photos: Sequence[Picture]) -> Image.Image:
    """A row a photo: every size, every seed."""
    tall = max(_TILES.values())
    width = sum((_TILES[size] + _GAP) * len(SEEDS) for size in SIZES) + _GAP
    sheet = Image.new("RGB", (width, _LABEL + len(photos) * (tall + _GAP)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    left = _GAP
    for size in SIZES:
        pen.text((left, 1), f"{name}, {size} px", fill="black", font=font)
        for seed in SEEDS:
            for row, photo in enumerate(photos):
                tile = _tile(name, aspect, size, seed, insert, photo)
                sheet.paste(tile, (left, _LABEL + row * (tall + _GAP)))
            left += _TILES[size] + _GAP
    return sheet


def _tile(
    name: str, aspect: float, size: int, seed: int, insert: InsertObject, photo: Picture
) -> Image.Image:
    shown = max(_TILES[size], round(_AROUND * size)) if size < max(SIZES) else round(_AROUND * size)
    scene = photo
    if min(photo.shape[:2]) < shown:
        scene = np.asarray(ImageOps.cover(Image.fromarray(photo), (shown, shown), Image.Resampling.LANCZOS))
    height, width = scene.shape[:2]
    box_width = size if aspect >= 1 else max(8, round(size * aspect))
    box_height = size if aspect < 1 else max(8, round(size / aspect))
    middle = round(_PLACES[seed % len(_PLACES)] * width)
    left = min(max(0, middle - box_width // 2), width - box_width)
    top = min(max(0, round(_GROUND * height) - box_height), height - box_height)
    made = insert(scene, (left, top, box_width, box_height), name, seed)
    x = min(max(0, left + box_width // 2 - shown // 2), width - shown)
    y = min(max(0, top + box_height // 2 - shown // 2), height - shown)
    part = Image.fromarray(made[y : y + shown, x : x + shown])
    return part.resize((_TILES[size], _TILES[size]), Image.Resampling.LANCZOS)
