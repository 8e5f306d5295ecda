"""An account of many things that stays small: long lists are cut short, and say how much was left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

MOST_ENTRIES = 32  # of a list or map in an account; of packs that can be used there are no more
MOST_BYTES = 48 * 1024  # of a whole account; the header of a message, which carries it, holds 64 KiB
LONGEST_TEXT = 4096  # characters, as in every message; the longest path of most systems
_Value = TypeVar("_Value")


def account(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values under their names, all of these kept, with what is below them cut until it is small.

    The last entry of a list that was longer is "… and 243 more"; of a map, "…": "and 243 more".
    """
    most = MOST_ENTRIES
    while True:
        short = {name: _bounded(value, most) for name, value in values.items()}
        if most <= 1 or len(json.dumps(short, ensure_ascii=False).encode()) <= MOST_BYTES:
            return short
        most //= 2


def first_of(entries: Sequence[_Value], most: int = MOST_ENTRIES) -> tuple[Sequence[_Value], int]:
    """The first entries, ``most`` at most, and how many are left out; that is never a single one."""
    if len(entries) <= most + 1:
        return entries, 0
    return entries[:most], len(entries) - most


def printable(text: str) -> str:
    """A text of one line that every program can show: control characters and broken letters are escaped."""
    shown = text if text.isprintable() else "".join(map(_printable, text))
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"


def _bounded(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        items, left = first_of(list(value.items()), most)
        short = {printable(str(name)): _bounded(entry, most) for name, entry in items}
        return {**short, "…": f"and {left} more"} if left else short
    if isinstance(value, (list, tuple)):
        entries, left = first_of(value, most)
        return [*(_bounded(entry, most) for entry in entries), *([f"… and {left} more"] if left else [])]
    return value


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
