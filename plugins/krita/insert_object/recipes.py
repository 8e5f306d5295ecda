"""How an object layer was made: kept per layer in the document, so that it can be edited later."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .wire.protocol import MAX_SEED, MAX_WINDOW_PIXELS, PixelFormat, PixelFrame, Rect

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Mask:
    """The selection's shape as it was sent: ``width * height`` bytes, 0 outside, 255 inside."""

    width: int
    height: int
    data: bytes

    def frame(self) -> PixelFrame:
        return PixelFrame(self.width, self.height, PixelFormat.A8, self.data)


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one object layer again. ``box`` is in image pixels, as the user drew it."""

    class_name: str
    seed: int
    box: Rect
    style: str = ""
    mask: Mask | None = None
    pack: str = ""  # the model pack's name; empty: the shipped one
    shadow: bool = False  # with a contact shadow
    label: str = ""  # the class in the user's language, where it is called otherwise than in English

    def with_seed(self, seed: int) -> Recipe:
        return replace(self, seed=seed)


@dataclass(frozen=True)
class LayerRecord:
    """A layer's recipe and the rectangle its pixels had when it was applied.

    ``shadow`` and ``group`` are the ids of its shadow's layer and of the group that holds the two.
    """

    recipe: Recipe
    placed: Rect
    shadow: str = ""
    group: str = ""

    def box_at(self, now: Rect) -> Rect:
        """The recipe's box carried along when the layer was moved or scaled from ``placed`` to ``now``."""
        return self.recipe.box.carried(self.placed, now)


Entries = dict[str, Any]  # layer id to what is kept of it, packed as in the annotation


def packed_record(record: LayerRecord) -> dict[str, Any]:
    """A record as it is kept in the annotation."""
    recipe, mask = record.recipe, record.recipe.mask
    entry = {
        "class": recipe.class_name,
        "seed": recipe.seed,
        "style": recipe.style,
        "box": _numbers(recipe.box),
        "placed": _numbers(record.placed),
        "pack": recipe.pack,
        "shadow": recipe.shadow,
        "label": recipe.label,
        "shadow_layer": record.shadow,
        "group_layer": record.group,
    }
    if mask is not None:
        packed = base64.b64encode(zlib.compress(mask.data)).decode("ascii")
        entry["mask"] = [mask.width, mask.height, packed]
    return entry


def entries_to_json(entries: Entries) -> bytes:
    """The annotation's text."""
    return json.dumps({"version": FORMAT_VERSION, "layers": entries}, ensure_ascii=False).encode("utf-8")


def entries_from_json(text: bytes) -> Entries:
    """The entries of an annotation, still packed; none where the text is not understood."""
    try:
        layers = json.loads(text.decode("utf-8"))["layers"]
    except (ValueError, KeyError, TypeError):
        return {}
    if not isinstance(layers, dict):
        return {}
    return {layer: entry for layer, entry in layers.items() if isinstance(entry, dict)}


def unpacked_record(entry: Mapping[str, Any]) -> LayerRecord | None:
    """Reads one entry; None where it is not understood, since files come from anywhere."""
    try:
        recipe = Recipe(
            class_name=str(entry["class"]),
            seed=int(entry["seed"]),
            box=Rect(*(int(value) for value in entry["box"])),
            style=str(entry.get("style", "")),
            mask=_mask(entry.get("mask")),
            pack=str(entry.get("pack", "")),
            shadow=bool(entry.get("shadow", False)),
            label=str(entry.get("label", "")),
        )
        placed = Rect(*(int(value) for value in entry["placed"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if not 0 <= recipe.seed <= MAX_SEED:
        return None
    return LayerRecord(recipe, placed, str(entry.get("shadow_layer", "")), str(entry.get("group_layer", "")))


def _mask(entry: Any) -> Mask | None:
    if entry is None:
        return None
    width, height, packed = int(entry[0]), int(entry[1]), str(entry[2])
    if not (0 < width <= MAX_WINDOW_PIXELS and 0 < height <= MAX_WINDOW_PIXELS):
        raise ValueError("the mask's size is out of range")
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(packed), width * height)  # never more than it may hold
    except (zlib.error, binascii.Error) as error:
        raise ValueError("the mask is damaged") from error
    if len(data) != width * height:
        raise ValueError("the mask is incomplete")
    return Mask(width, height, data)


def _numbers(rect: Rect) -> list[int]:
    return [rect.x, rect.y, rect.width, rect.height]
