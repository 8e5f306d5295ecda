"""What options may hold: boxes, whole numbers, one value for each object. Imports no packages."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from wire.protocol import MAX_IMAGE_SIDE, ErrorCode, InsertObjectError, Rect

Item = TypeVar("Item")


class WrongOptions(InsertObjectError):
    """Options that cannot be understood, or not together."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


def for_each(name: str, given: Sequence[Item] | None, count: int, default: Item) -> Sequence[Item]:
    """The values of an option for ``count`` objects: given once for all of them, or once for each.

    Raises:
        WrongOptions: given another number of times.
    """
    values = given or [default]
    if len(values) == 1:
        return list(values) * count
    if len(values) != count:
        raise WrongOptions(
            f"{name} is given {len(values)} times for {count} box{'es' * (count > 1)}.",
            "Give it once, or once for each box.",
        )
    return values


def box_of(text: str) -> Rect:
    """The box of ``X,Y,W,H``; raises argparse.ArgumentTypeError."""
    parts = text.split(",")
    try:
        x, y, width, height = (whole_number(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"“{text[:60]}” is not a box; give four whole numbers: X,Y,WIDTH,HEIGHT"
        ) from None
    if max(abs(x), abs(y), abs(width), abs(height)) > MAX_IMAGE_SIDE:
        raise argparse.ArgumentTypeError(f"“{text[:60]}” reaches farther than any picture")
    return Rect(x, y, width, height)


def whole_number(text: str) -> int:
    """The number that plain digits say, with a sign or without; raises ValueError.

    Python's ``int`` also takes "1_50" and digits of other scripts, which are typing errors here.
    """
    if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def number_of(low: int, high: int) -> Any:
    """Reads whole numbers from ``low`` to ``high``; the reader raises argparse.ArgumentTypeError."""

    def read(text: str) -> int:
        try:
            value = whole_number(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"“{text[:60]}” is not a whole number from {low} to {high}")
        return value

    return read
