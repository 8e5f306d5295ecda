"""What the user selected: the box, and whether its shape is more than a rectangle."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from .wire.protocol import Rect

SAMPLED_ROWS = 64  # enough to see any change of shape, few enough to ask ten times a second


@dataclass(frozen=True)
class SelectionInfo:
    """A selection at one moment; two that are equal select the same."""

    box: Rect  # image pixels; may reach outside the picture
    rectangular: bool  # every pixel inside the box is fully selected
    fingerprint: int  # changes with the shape inside an unchanged box


def read_selection(document: Any) -> SelectionInfo | None:
    """The document's selection, or None where nothing on the picture is selected."""
    selection = document.selection()
    if selection is None:
        return None
    box = Rect(selection.x(), selection.y(), selection.width(), selection.height())
    seen = box.clipped(document.width(), document.height())
    if seen.width < 1 or seen.height < 1:
        return None
    fingerprint, rectangular = 0, True
    full = b"\xff" * seen.width
    for y in sampled(seen.y, seen.height):
        row = bytes(selection.pixelData(seen.x, y, seen.width, 1))
        rectangular = rectangular and row == full
        fingerprint = zlib.crc32(row, fingerprint)
    return SelectionInfo(box, rectangular, fingerprint)


def sampled(start: int, length: int) -> list[int]:
    """Evenly spread row numbers, the first and the last among them; all of them where they are few."""
    if length <= SAMPLED_ROWS:
        return list(range(start, start + length))
    return [start + step * (length - 1) // (SAMPLED_ROWS - 1) for step in range(SAMPLED_ROWS)]
