"""What the readers of photo folders agree on: photos with the masks of their objects."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from models.photos.data import PICTURE_ERRORS, DataError, in_rgb

MOST_PIXELS = 150_000_000  # of one photo; more would need gigabytes to read
HELD_OUT_SHARE = 8  # one photo in so many is held out
_QUARTER_TURNS = (5, 6, 7, 8)  # of a camera, by the Exif standard's numbers of orientations
PHOTO_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


class MaskSource(Protocol):
    """Where the mask of one object comes from."""

    def read(self, size: tuple[int, int]) -> Image.Image:
        """The mask for a photo of this (width, height): mode L, 255 on the object. Raises DataError."""
        ...


@dataclass(frozen=True)
class FoundPhoto:
    """A photo with its objects. ``split`` is train, val, or empty where the folder does not say."""

    path: Path
    masks: tuple[MaskSource, ...]
    split: str = ""
    upright: bool = True  # turned as its camera says before the masks are laid on


@dataclass
class Found:
    """What a folder holds of one class, and what was left out of it, in sentences."""

    photos: list[FoundPhoto]
    remarks: list[str] = field(default_factory=list)


def read_photo(path: Path, *, upright: bool = True) -> Image.Image:
    """A photo in RGB, turned as its camera says if ``upright``. Raises DataError."""
    try:
        return in_rgb(_read(path, upright=upright))
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}.") from error


def sizes_of(path: Path) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of a photo as its file has them, and turned as its camera says. Raises DataError."""
    with _opened(path) as opened:
        width, height = opened.size
        turned = opened.getexif().get(ExifTags.Base.Orientation) in _QUARTER_TURNS
        return opened.size, (height, width) if turned else opened.size


def _read(path: Path, *, upright: bool) -> Image.Image:
    with _opened(path) as opened:
        opened.load()
        return ImageOps.exif_transpose(opened) if upright else opened.copy()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An opened picture, not yet read; what goes wrong with it, inside as well, is a DataError."""
    too_large = f"the largest that is read has {MOST_PIXELS // 1_000_000} million. Make it smaller."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is clearer
            with Image.open(path) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise DataError(f"{path} has {opened.width} × {opened.height} pixels; {too_large}")
                yield opened
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is not a picture that can be read.") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{path} has too many pixels; {too_large}") from error
    except PICTURE_ERRORS as error:
        raise DataError(f"{path} cannot be read: {error}.") from error


@dataclass(frozen=True)
class MaskFile:
    """A mask as a picture: light on dark, or opaque on transparent."""

    path: Path

    def read(self, size: tuple[int, int]) -> Image.Image:
        picture = _read(self.path, upright=True)
        if picture.size != size:
            raise DataError(
                f"{self.path} has {picture.width} × {picture.height} pixels, its photo has {size[0]} × "
                f"{size[1]}: a mask must be of the size of its photo."
            )
        if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
            alpha = picture.convert("RGBA").getchannel("A")
            if alpha.histogram()[255] < size[0] * size[1]:
                return alpha.point([0] * 128 + [255] * 128)
        if picture.mode in ("P", "I", "I;16", "F"):  # labels and deep greys: anything above 0
            return picture.convert("I").point(lambda value: value * 255).convert("L").point(_ANY)
        grey = picture.convert("L")
        # Half of the brightest, since masks made for other programs may use 0 and 1.
        brightest = max((value for value, count in enumerate(grey.histogram()) if count), default=0)
        limit = max(1, (brightest + 1) // 2)
        return grey.point([255 if value >= limit else 0 for value in range(256)])


_ANY = [0] + [255] * 255


def split_of(name: str) -> str:
    """``val`` for one photo in ``HELD_OUT_SHARE``, else ``train``; always the same for a file name."""
    digest = hashlib.sha256(os.fsencode(name)).digest()
    return "val" if int.from_bytes(digest[:4], "big") % HELD_OUT_SHARE == 0 else "train"
