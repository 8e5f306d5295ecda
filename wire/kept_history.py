"""The variations that a picture keeps in its file: how each was made and looked. Files come from anywhere."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from .layer_record import Recipe
from .protocol import MalformedMessage, from_plain, to_plain

HISTORY_VERSION = 1
MOST = 60  # variations; those that the user has marked stay longest
MOST_BYTES = 4 * 1024 * 1024  # of the whole text
THUMBNAIL_SIDE = 192  # pixels that a thumbnail has at most
_PICTURE_BYTES = 48 * 1024
_PACKED = {"longest": 4 * ((_PICTURE_BYTES + 2) // 3)}
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True)
class KeptVariation:
    """One variation: its recipe, a small JPEG of it (Base64; may be empty), and whether it is marked."""

    recipe: Recipe
    packed: str = field(default="", repr=False, metadata=_PACKED)
    marked: bool = False

    @classmethod
    def of(cls, recipe: Recipe, jpeg: bytes, *, marked: bool = False) -> KeptVariation:
        """That of a JPEG, which is left out if it is larger than a thumbnail's."""
        fits = len(jpeg) <= _PICTURE_BYTES
        return cls(recipe, base64.b64encode(jpeg).decode("ascii") if fits else "", marked)

    @property
    def jpeg(self) -> bytes:
        """The thumbnail, which begins as JPEGs do; empty: there is none. Raises ValueError: it is none."""
        if not self.packed:
            return b""
        try:
            data = base64.b64decode(self.packed, validate=True)
        except binascii.Error as error:
            raise ValueError("the thumbnail is damaged") from error
        if not data.startswith(_JPEG):
            raise ValueError("the thumbnail is no JPEG")
        return data


class Markable(Protocol):
    """What a history holds."""

    @property
    def marked(self) -> bool:
        """Whether it stays longest."""


Item = TypeVar("Item", bound=Markable)


def shortened(history: Sequence[Item]) -> list[Item]:
    """As many as are kept, in their order: the marked ones, then the newest, which stand last."""
    marked = [item for item in history if item.marked][-MOST:]
    others = [item for item in history if not item.marked]
    chosen = {id(item) for item in (*marked, *others[max(0, len(others) - (MOST - len(marked))) :])}
    return [item for item in history if id(item) in chosen]


def history_to_text(history: Sequence[KeptVariation]) -> bytes:
    """The history as JSON in ASCII, the oldest left out where it would grow too long, marked ones last."""
    kept = shortened(history)
    parts = [json.dumps(to_plain(item), sort_keys=True) for item in kept]
    while parts and sum(map(len, parts)) + 2 * len(parts) > MOST_BYTES - 100:
        oldest = next((place for place, item in enumerate(kept) if not item.marked), 0)
        del kept[oldest], parts[oldest]
    return f'{{"version": {HISTORY_VERSION}, "variations": [{", ".join(parts)}]}}'.encode("ascii")


def history_from_text(text: bytes, log: Callable[[str], Any]) -> list[KeptVariation]:
    """Reads a history, with zeros after it or not. What is wrong is left out, with a line for the log."""
    text = text.rstrip(b"\0")
    if not text:
        return []
    if len(text) > MOST_BYTES:
        log(f"A history of {len(text)} bytes is too long; it is left out.")
        return []
    try:
        plain = json.loads(text)
        entries = plain["variations"] if plain["version"] == HISTORY_VERSION else None
    except (ValueError, RecursionError, TypeError, KeyError, IndexError):
        entries = None
    if not isinstance(entries, list):
        log("A history is damaged; it is left out.")
        return []
    found = [item for item in map(_read, entries[-MOST:]) if item is not None]
    wrong = len(entries) - len(found)
    if wrong:
        log(
            f"{wrong} of the {len(entries)} variations of a history are wrong or too many; they are left out."
        )
    return found


def _read(plain: Any) -> KeptVariation | None:
    try:
        item = from_plain(KeptVariation, plain, "the variation")
        for given in (item.recipe.shape, item.recipe.look):
            if given is not None:
                given.frame()
        item.jpeg  # noqa: B018 - whether it is one
    except (MalformedMessage, ValueError, RecursionError):
        return None
    return item
