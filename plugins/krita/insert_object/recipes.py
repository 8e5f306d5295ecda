"""How an object layer was made: kept per layer in the document, so that it can be edited later."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .client.protocol import MAX_SEED, MAX_WINDOW_PIXELS, PixelFormat, PixelFrame, Rect

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

    @property
    def title(self) -> str:
        """The name of the layer."""
        return f"{self.class_name} · seed {self.seed}"

    def with_seed(self, seed: int) -> Recipe:
        return replace(self, seed=seed)


@dataclass(frozen=True)
class LayerRecord:
    """A layer's recipe and the rectangle its pixels had when it was applied."""

    recipe: Recipe
    placed: Rect

    def box_at(self, now: Rect) -> Rect:
        """The recipe's box carried along when the layer was moved or scaled from ``placed`` to ``now``."""
        box, was = self.recipe.box, self.placed
        across, down = now.width / max(1, was.width), now.height / max(1, was.height)
        return Rect(
            now.x + round((box.x - was.x) * across),
            now.y + round((box.y - was.y) * down),
            max(1, round(box.width * across)),
            max(1, round(box.height * down)),
        )


def records_to_json(records: Mapping[str, LayerRecord]) -> bytes:
    """The annotation's text: layer id to recipe."""
    layers = {}
    for layer, record in records.items():
        recipe, mask = record.recipe, record.recipe.mask
        layers[layer] = {
            "class": recipe.class_name,
            "seed": recipe.seed,
            "style": recipe.style,
            "box": _numbers(recipe.box),
            "placed": _numbers(record.placed),
        }
        if mask is not None:
            packed = base64.b64encode(zlib.compress(mask.data)).decode("ascii")
            layers[layer]["mask"] = [mask.width, mask.height, packed]
    return json.dumps({"version": FORMAT_VERSION, "layers": layers}, ensure_ascii=False).encode("utf-8")


def records_from_json(text: bytes) -> dict[str, LayerRecord]:
    """Reads an annotation; an entry that is not understood is left out, since files come from anywhere."""
    try:
        layers = json.loads(text.decode("utf-8"))["layers"]
        entries = list(layers.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    found: dict[str, LayerRecord] = {}
    for layer, entry in entries:
        record = _record(entry)
        if record is not None:
            found[layer] = record
    return found


def _record(entry: Any) -> LayerRecord | None:
    try:
        recipe = Recipe(
            class_name=str(entry["class"]),
            seed=int(entry["seed"]),
            box=Rect(*(int(value) for value in entry["box"])),
            style=str(entry.get("style", "")),
            mask=_mask(entry.get("mask")),
        )
        placed = Rect(*(int(value) for value in entry["placed"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return LayerRecord(recipe, placed) if 0 <= recipe.seed <= MAX_SEED else None


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
