"""From a user's folder to the folder that training reads: one crop an object, listed in objects.jsonl."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from models.photos.coco import coco_file, find_coco
from models.photos.data import (
    INDEX,
    KEYPOINTS,
    STORED_SCALE,
    DataError,
    ObjectRecord,
    head_points,
    read_records,
)
from models.photos.found import Found, MaskFile, read_photo, split_of
from models.photos.listed import records_of_class
from models.photos.pairs import find_pairs

SMALLEST_OBJECT = 24  # pixels of the box's long side; nothing can be learnt from less
STORED_SIDE = 512  # pixels of a stored window at most, sharp enough for the largest network
ENOUGH = 150  # objects from which training begins to make sense
_STATE = "prepared.json"
_QUALITY = 95  # of the JPEG crops
_FULL_SHARE = 0.95  # of a photo; a mask that covers more is probably inverted or not a mask


@dataclass(frozen=True)
class Prepared:
    """A folder ready for training, and what a person should know about it."""

    folder: Path
    training: int
    held_out: int
    remarks: tuple[str, ...]


def prepare(data: Path, class_name: str, folder: Path) -> Prepared:
    """Cuts the objects of a class out of a user's photos into ``folder``; does nothing if that is done.

    ``data`` is a folder with objects.jsonl, a COCO annotation file or a folder with one, or a folder of
    photos and masks. Photos are read one at a time. Where the data does not say what is held out, the photos'
    names decide.

    Raises:
        DataError: with what is wrong and what to change.
    """
    if not data.exists():
        raise DataError(f"{data} does not exist. Name the folder of your photos with --data.")
    if folder.resolve() == data.resolve():
        raise DataError(f"{data} cannot be both read and written: name another folder with --out.")
    try:
        source = _listed(data, class_name) if (data / INDEX).is_file() else _to_cut(data, class_name)
        state = {"class": class_name, "photos": _fingerprint(source.files)}
    except OSError as error:
        path, reason = error.filename or data, error.strerror or error
        raise DataError(
            f"{path} cannot be read ({reason}): repair it or take it out of the folder."
        ) from error
    earlier = _read_state(folder)
    if earlier is not None and earlier[0] == state:
        return _summary(folder, earlier[1])
    _make_room(folder)
    remarks = source.write(folder)
    _write_state(folder, state, remarks)
    return _summary(folder, remarks)


@dataclass(frozen=True)
class _Source:
    """What a prepared folder is made from: the files that it depends on, and what fills the empty folder and
    tells what was left out, in sentences."""

    files: Sequence[Path]
    write: Callable[[Path], list[str]]


def _write_state(folder: Path, source: Mapping[str, str], remarks: Sequence[str]) -> None:
    content = {"source": dict(source), "remarks": list(remarks)}
    (folder / _STATE).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _read_state(folder: Path) -> tuple[dict[str, str], list[str]] | None:
    """What an earlier preparation was made from, and its remarks; None if there is none that is complete."""
    try:
        content = json.loads((folder / _STATE).read_text("utf-8"))
        return dict(content["source"]), [str(remark) for remark in content["remarks"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fingerprint(files: Sequence[Path]) -> str:
    """Changes when one of the files does."""
    digest = hashlib.sha256()
    for path in files:
        state = path.stat()
        digest.update(os.fsencode(path) + f"\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _listed(data: Path, class_name: str) -> _Source:
    """The records of a class as they are, with the paths of their pictures."""
    rows: list[dict[str, object]] = [
        {
            "image": str(record.image.absolute()),
            "mask": str(record.mask.absolute()),
            "class": record.class_name,
            "box": list(record.box),
            "split": record.split,
            "photo": record.photo,
        }
        for record in records_of_class(data, class_name)
    ]
    points: list[dict[str, object]] = [
        {"image": str((data / image).absolute()), "keypoints": dict(named)}
        for image, heads in head_points(data).items()
        for named in heads
    ]

    def write(folder: Path) -> list[str]:
        (folder / INDEX).write_text(_lines(rows), "utf-8")
        (folder / KEYPOINTS).write_text(_lines(points), "utf-8")
        return []

    return _Source([path for path in (data / INDEX, data / KEYPOINTS) if path.is_file()], write)


def _to_cut(data: Path, class_name: str) -> _Source:
    """The photos of a class whose objects are to be cut out."""
    annotations = coco_file(data)
    if annotations is None and data.is_file():
        raise DataError(f"{data} is neither a folder nor JSON in COCO's form.")
    found = find_coco(annotations, class_name) if annotations is not None else find_pairs(data)
    files = [photo.path for photo in found.photos]
    files += [mask.path for photo in found.photos for mask in photo.masks if isinstance(mask, MaskFile)]
    files += [] if annotations is None else [annotations]
    return _Source(files, lambda folder: _cut(found, class_name, folder))


def _cut(found: Found, class_name: str, folder: Path) -> list[str]:
    """Writes the crops and their index; returns what was left out, in sentences."""
    rows: list[dict[str, object]] = []
    left_out: Counter[str] = Counter()
    bar = tqdm(found.photos, desc="cutting out objects", unit="photo", disable=None, leave=False)
    for number, photo in enumerate(bar):
        picture = read_photo(photo.path, upright=photo.upright)
        for place, source in enumerate(photo.masks):
            mask = source.read(picture.size)
            box = mask.getbbox()
            if box is None:
                left_out["have an empty mask"] += 1
                continue
            if max(box[2] - box[0], box[3] - box[1]) < SMALLEST_OBJECT:
                left_out[f"are smaller than {SMALLEST_OBJECT} pixels"] += 1
                continue
            if mask.histogram()[255] > _FULL_SHARE * picture.width * picture.height:
                left_out["have a mask that covers the whole photo (is it inverted?)"] += 1
                continue
            stem = f"{number:05d}_{place}"
            row = _write_crop(folder, stem, picture, mask, box)
            if row is None:
                left_out["have a mask of lines too thin for the size that is kept"] += 1
                continue
            split = photo.split or split_of(photo.path.name)
            rows.append({**row, "class": class_name, "split": split, "photo": photo.path.name})
    remarks = [
        *found.remarks,
        *(f"{count} objects {what} and were left out" for what, count in left_out.items()),
    ]
    if not rows:
        raise DataError("No object is left to learn from: " + "; ".join(remarks) + ".")
    _hold_something_out(rows)
    (folder / INDEX).write_text(_lines(rows), "utf-8")
    return remarks


def _make_room(folder: Path) -> None:
    """An empty folder; refuses one that holds what this program did not put there.

    Earlier versions left a folder of listed objects without a state.
    """
    if (
        folder.exists()
        and not (folder / _STATE).is_file()
        and not {path.name for path in folder.iterdir()} <= {INDEX, KEYPOINTS}
    ):
        raise DataError(f"{folder} holds something else: name another folder with --out.")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _STATE).write_text("{}\n", "utf-8")  # complete when the rest is


def _write_crop(
    folder: Path, stem: str, picture: Image.Image, mask: Image.Image, box: tuple[int, int, int, int]
) -> dict[str, object] | None:
    """One object with its surroundings: the window of ``STORED_SCALE``, as far as the photo goes; None, and
    nothing written, where no mask is left at the size that is kept."""
    x0, y0, x1, y1 = box
    side = round(STORED_SCALE * max(x1 - x0, y1 - y0))
    left, top = (x0 + x1 - side) // 2, (y0 + y1 - side) // 2
    part = (max(0, left), max(0, top), min(picture.width, left + side), min(picture.height, top + side))
    crop, crop_mask = picture.crop(part), mask.crop(part)
    scale = min(1.0, STORED_SIDE / side)
    size = (max(1, round(crop.width * scale)), max(1, round(crop.height * scale)))
    if scale < 1:
        crop = crop.resize(size, Image.Resampling.LANCZOS)
        crop_mask = crop_mask.resize(size, Image.Resampling.BOX).point([0] * 128 + [255] * 128)
    found = crop_mask.getbbox()
    if found is None:
        return None
    crop.save(folder / f"{stem}.jpg", quality=_QUALITY, subsampling=0)
    crop_mask.convert("1").save(folder / f"{stem}.png")
    cut = sum((x0 <= 0, y0 <= 0, x1 >= picture.width, y1 >= picture.height))
    return {"image": f"{stem}.jpg", "mask": f"{stem}.png", "box": list(found), "cut": cut}


def _hold_something_out(rows: list[dict[str, object]]) -> None:
    """Sees to it that there are photos to learn from and photos to judge by, if there are two at all."""
    photos = sorted(
        {str(row["photo"]) for row in rows}, key=lambda name: hashlib.sha256(os.fsencode(name)).digest()
    )
    splits = {row["split"] for row in rows}
    if len(photos) < 2 or {"train", "val"} <= splits:
        for row in rows:
            if len(photos) < 2:
                row["split"] = "train"
        return
    for row in rows:
        if row["photo"] == photos[0]:
            row["split"] = "val" if "train" in splits else "train"


def _lines(rows: Sequence[dict[str, object]]) -> str:
    """JSON lines; names that are no UTF-8 are escaped."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def _summary(folder: Path, remarks: Sequence[str]) -> Prepared:
    """Counts and warnings of a prepared folder."""
    records = read_records(folder)
    training = [record for record in records if record.split == "train"]
    held_out = [record for record in records if record.split != "train"]
    return Prepared(folder, len(training), len(held_out), (*remarks, *_warnings(training, held_out)))


def _warnings(training: Sequence[ObjectRecord], held_out: Sequence[ObjectRecord]) -> list[str]:
    """What makes the result worse than it might be."""
    if not training:
        raise DataError("No object is there to learn from: every one is held out (split is val).")
    found = []
    photos = len({record.photo for record in training})
    if photos < ENOUGH:
        found.append(f"only {photos} photos; {ENOUGH} is where it begins to make sense")
    if not held_out:
        found.append("no photo is held out, so nothing tells when training has gone on for too long")
    elif len(held_out) < 10:
        found.append(f"only {len(held_out)} held-out objects; the held-out figures are rough")
    return found
