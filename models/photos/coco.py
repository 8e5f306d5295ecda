"""Photos with annotations in one JSON file, in the form of the COCO data set (cocodataset.org)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from models.photos.data import DataError
from models.photos.found import MOST_PIXELS, Found, FoundPhoto, MaskSource, sizes_of
from models.photos.run_length import RunLengthError, decode_runs, unpack_runs

_LARGEST_FILE = 2 << 30  # bytes


@dataclass(frozen=True)
class PolygonMask:
    """An object's outline as polygons of x, y pairs in pixels of the photo."""

    polygons: tuple[tuple[float, ...], ...]

    def read(self, size: tuple[int, int]) -> Image.Image:
        mask = Image.new("L", size)
        pen = ImageDraw.Draw(mask)
        for polygon in self.polygons:
            # COCO counts from the corner of a pixel, the drawing from its middle.
            pen.polygon([value - 0.5 for value in polygon], fill=255)
        return mask


@dataclass(frozen=True)
class RunLengthMask:
    """An object's mask as run lengths, plain or packed. ``where`` names it in messages."""

    runs: tuple[int, ...] | str
    size: tuple[int, int]  # width, height
    where: str

    def read(self, size: tuple[int, int]) -> Image.Image:
        if size != self.size:
            raise DataError(f"{self.where} is for a photo of {self.size}, and the photo has {size} pixels.")
        try:
            runs = unpack_runs(self.runs) if isinstance(self.runs, str) else self.runs
            return Image.fromarray(decode_runs(runs, *size))
        except RunLengthError as error:
            raise DataError(f"{self.where} {error}.") from error


def coco_file(place: Path) -> Path | None:
    """The annotation file: ``place`` itself, or the only such JSON file in it or in its ``annotations``.

    Raises:
        DataError: there are several.
    """
    if place.is_file():
        return place if place.suffix.lower() == ".json" else None
    found = [
        path
        for folder in (place, place / "annotations")
        if folder.is_dir()
        for path in sorted(folder.glob("*.json"))
        if _looks_like_coco(path)
    ]
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(place)) for path in found)
        raise DataError(f"{place} holds several annotation files ({names}): name the one to use with --data.")
    return found[0] if found else None


def _looks_like_coco(path: Path) -> bool:
    try:
        content = _read_json(path)
    except DataError:
        return False
    return isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys()


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise DataError(f"{path} is larger than 2 GB.")
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON that can be read: {error}.") from error


def find_coco(file: Path, class_name: str) -> Found:
    """The photos of an annotation file that show the class, with its objects.

    The class is the category of that name; a file with one category only may call it otherwise. Crowds and
    objects without an outline are left out.

    Raises:
        DataError: not of COCO's form, no such category, or no photo to be found.
    """
    content = _read_json(file)
    try:
        category = _category(file, content["categories"], class_name)
        named = {entry["id"]: entry for entry in content["images"]}
        masks: dict[Any, list[MaskSource]] = {}
        crowds = bare = 0
        for note in content["annotations"]:
            if note["category_id"] != category:
                continue
            if note.get("iscrowd"):
                crowds += 1
                continue
            mask = _mask(file, note, named[note["image_id"]])
            if mask is None:
                bare += 1
            else:
                masks.setdefault(note["image_id"], []).append(mask)
        photos, missing = [], []
        for number, of_photo in masks.items():
            entry = named[number]
            path = _photo(file, str(entry["file_name"]))
            if path is None:
                missing.append(str(entry["file_name"]))
            else:
                photos.append(FoundPhoto(path, tuple(of_photo), upright=_is_upright(path, entry)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(
            f"{file} is not in COCO's form: {type(error).__name__} {error}. It has images, annotations and "
            "categories, each a list."
        ) from error
    if not photos:
        lacking = f" Photos that it names are not there, {missing[0]} first." if missing else ""
        raise DataError(f"{file} outlines no {class_name} in a photo that can be found.{lacking}")
    told = ((crowds, "are crowds"), (bare, "have no outline"), (len(missing), "lack their photo's file"))
    return Found(photos, [f"{count} entries {what} and were left out" for count, what in told if count])


def _category(file: Path, categories: list[Mapping[str, Any]], class_name: str) -> Any:
    by_name = {str(entry["name"]).casefold(): entry["id"] for entry in categories}
    if class_name.casefold() in by_name:
        return by_name[class_name.casefold()]
    if len(by_name) == 1:
        return next(iter(by_name.values()))
    raise DataError(f"{file} has no category {class_name!r}; it has {', '.join(sorted(by_name))}.")


def _mask(file: Path, note: Mapping[str, Any], image: Mapping[str, Any]) -> MaskSource | None:
    """The outline of an annotation, None where it has none."""
    outline = note.get("segmentation")
    if isinstance(outline, list):
        polygons = tuple(
            tuple(float(v) for v in polygon)
            for polygon in outline
            if len(polygon) >= 6 and len(polygon) % 2 == 0
        )
        return PolygonMask(polygons) if polygons else None
    if isinstance(outline, dict):
        height, width = (int(v) for v in outline["size"])
        where = f"{file}: annotation {note.get('id', '?')} of {image['file_name']}"
        if not 0 < width * height <= MOST_PIXELS:
            raise DataError(f"{where} has a mask of {width} × {height} pixels.")
        counts = outline["counts"]
        runs = counts if isinstance(counts, str) else tuple(int(v) for v in counts)
        return RunLengthMask(runs, (width, height), where)
    return None


def _photo(file: Path, name: str) -> Path | None:
    """The file of a photo: beside the annotations, above them, or in a folder of images there."""
    set_name = file.stem.removeprefix("instances_")
    for above in (file.parent, file.parent.parent):
        for folder in (above, above / "images", above / set_name, above / "images" / set_name):
            path = folder / name
            if path.is_file():
                return path
    return None


def _is_upright(path: Path, entry: Mapping[str, Any]) -> bool:
    """Whether the annotations were made on the photo as its camera meant it to stand.

    Raises:
        DataError: they were made on a photo of another size.
    """
    if not (entry.get("width") and entry.get("height")):
        return True  # it tells no size
    told = int(entry["width"]), int(entry["height"])
    stored, upright = sizes_of(path)
    if told not in (stored, upright):
        raise DataError(
            f"{path} has {upright[0]} × {upright[1]} pixels, its annotations are for {told[0]} × {told[1]}: "
            "take the photo that they were made on."
        )
    return told != stored
