"""The variations of before: those of this dialog, and those that the picture's file kept of others."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gi.repository import GdkPixbuf, Gimp, GLib
from thumbnails import SMALLEST

from wire.kept_history import (
    MOST,
    THUMBNAIL_SIDE,
    KeptVariation,
    history_from_text,
    history_to_text,
    shortened,
)
from wire.layer_record import GivenLook, Recipe
from wire.protocol import NOT_DRAWN, Wish

_PARASITE = "insert-object-history"
_PERSISTENT = 1  # GIMP_PARASITE_PERSISTENT: an XCF keeps it; undo does not take it back
_QUALITY = "85"


@dataclass(frozen=True)
class Seen:
    """A variation that was on a thumbnail."""

    recipe: Recipe
    picture: GdkPixbuf.Pixbuf | None
    marked: bool = False
    is_alone: bool = True  # one object, not a herd, of which no numbers are kept

    @property
    def numbers(self) -> tuple[Wish, GivenLook | None]:
        """What makes it again in any box, the look that was given with it."""
        return replace(self.recipe.wish, box=NOT_DRAWN), self.recipe.look


class Earlier:
    """Oldest first; of two with the same numbers the newer one stays."""

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self.items = _read(image)

    def add(self, seen: Iterable[Seen]) -> None:
        """Takes in variations that make way for others."""
        for item in seen:
            old = next((other for other in self.items if other.numbers == item.numbers), None)
            self.items = [other for other in self.items if other is not old]
            self.items.append(replace(item, marked=item.marked or (old is not None and old.marked)))
        kept = {id(item) for item in shortened(self.items)} if len(self.items) > MOST else None
        if kept is not None:
            self.items = [item for item in self.items if id(item) in kept]

    def mark(self, item: Seen) -> None:
        """Keeps it longest, or as long as others again."""
        self.items = [
            replace(other, marked=not other.marked) if other is item else other for other in self.items
        ]

    def delete(self, item: Seen) -> None:
        """Forgets it."""
        self.items = [other for other in self.items if other is not item]

    def write(self) -> None:
        """Puts them into the image, whose file keeps them when it is saved."""
        history = [
            KeptVariation.of(item.recipe, _jpeg(item.picture), marked=item.marked) for item in self.items
        ]
        self._image.attach_parasite(Gimp.Parasite.new(_PARASITE, _PERSISTENT, history_to_text(history)))


def _read(image: Gimp.Image) -> list[Seen]:
    parasite = image.get_parasite(_PARASITE)
    if parasite is None:
        return []
    return [
        Seen(item.recipe, _picture(item.jpeg), item.marked)
        for item in history_from_text(bytes(parasite.get_data()), _log)
    ]


def _log(line: str) -> None:
    print(f"insert-object: {line}", file=sys.stderr)


def _jpeg(picture: GdkPixbuf.Pixbuf | None) -> bytes:
    if picture is None:
        return b""
    small = picture.scale_simple(SMALLEST, SMALLEST, GdkPixbuf.InterpType.BILINEAR)
    done, data = small.save_to_bufferv("jpeg", ["quality"], [_QUALITY])
    return bytes(data) if done else b""


def _picture(jpeg: bytes) -> GdkPixbuf.Pixbuf | None:
    """The picture of a JPEG from a file; None where it is none, or larger than a thumbnail."""
    if not jpeg:
        return None
    loader = GdkPixbuf.PixbufLoader.new_with_type("jpeg")  # and of no other kind, whatever is in it
    sizes: list[int] = []

    def prepared(_loader: GdkPixbuf.PixbufLoader, width: int, height: int) -> None:
        sizes.append(max(width, height))
        if sizes[-1] > THUMBNAIL_SIDE:
            loader.set_size(1, 1)

    loader.connect("size-prepared", prepared)
    try:
        loader.write(jpeg)
        loader.close()
    except GLib.Error:
        return None
    picture = loader.get_pixbuf()
    return picture if picture is not None and sizes and max(sizes) <= THUMBNAIL_SIDE else None
