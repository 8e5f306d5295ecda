"""A plain folder of photos, each with a mask of the same name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from models.photos.data import DataError
from models.photos.found import PHOTO_ENDINGS, Found, FoundPhoto, MaskFile

_PHOTO_FOLDERS = ("images", "image", "photos", "imgs")
_MASK_FOLDERS = ("masks", "mask", "annotations", "labels")
_MASK_SUFFIXES = ("_mask", "-mask", ".mask", " mask")
_MASK_ENDINGS = (".png", ".tif", ".tiff", ".bmp", ".webp")
_NAMED = 3  # files that a remark names


def find_pairs(folder: Path) -> Found:
    """The photos of a folder that have a mask.

    Two forms: ``images/NAME.jpg`` with ``masks/NAME.png``, or side by side, ``NAME.jpg`` with ``NAME.png``
    or ``NAME_mask.png``.

    Raises:
        DataError: no photo has a mask.
    """
    photos_in, masks_in = _subfolder(folder, _PHOTO_FOLDERS), _subfolder(folder, _MASK_FOLDERS)
    if photos_in is not None and masks_in is not None:
        photos = {path.stem: path for path in _pictures(photos_in, PHOTO_ENDINGS)}
        masks = {_plain_stem(path): path for path in _pictures(masks_in, _MASK_ENDINGS)}
    else:
        photos, masks = _beside_each_other(folder)
    pairs = [FoundPhoto(photos[stem], (MaskFile(masks[stem]),)) for stem in sorted(photos) if stem in masks]
    if not pairs:
        raise DataError(
            f"{folder} holds no photo with a mask. Give each photo a mask of the same name: dog1.jpg and "
            "dog1.png side by side, or images/dog1.jpg and masks/dog1.png."
        )
    alone = [photos[stem].name for stem in sorted(photos) if stem not in masks]
    remarks = []
    if alone:
        more = ", …" if len(alone) > _NAMED else ""
        remarks.append(
            f"{len(alone)} photos have no mask and were left out: {', '.join(alone[:_NAMED])}{more}"
        )
    return Found(pairs, remarks)


def _subfolder(folder: Path, names: Iterable[str]) -> Path | None:
    """The first subfolder of one of these names, whatever its capitals."""
    found = {path.name.casefold(): path for path in folder.iterdir() if path.is_dir()}
    return next((found[name] for name in names if name in found), None)


def _pictures(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.suffix.lower() in endings and not path.name.startswith(".")
    )


def _plain_stem(path: Path) -> str:
    """The name of the photo that a mask belongs to."""
    for suffix in _MASK_SUFFIXES:
        if path.stem.lower().endswith(suffix):
            return path.stem[: -len(suffix)]
    return path.stem


def _beside_each_other(folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Photos and masks of one folder, by the photo's name."""
    masks: dict[str, Path] = {}
    by_stem: dict[str, list[Path]] = {}
    for path in _pictures(folder, PHOTO_ENDINGS):
        stem = _plain_stem(path)
        if stem != path.stem:
            masks[stem] = path
        else:
            by_stem.setdefault(stem, []).append(path)
    photos: dict[str, Path] = {}
    for stem, paths in by_stem.items():
        if len(paths) > 2 or (len(paths) == 2 and stem in masks):
            raise DataError(
                f"{folder} holds several files named {stem}: leave one photo and one mask of that name."
            )
        if len(paths) == 2:  # the mask is the one in a format without loss
            paths.sort(key=lambda path: path.suffix.lower() in _MASK_ENDINGS)
            if paths[0].suffix.lower() in _MASK_ENDINGS:
                raise DataError(
                    f"Which of {paths[0].name} and {paths[1].name} is the mask? Name it {stem}_mask.png."
                )
            masks[stem] = paths[1]
        photos[stem] = paths[0]
    return photos, masks
