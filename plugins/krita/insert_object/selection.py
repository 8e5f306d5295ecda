"""What the user selected: the box, and whether its shape is more than a rectangle."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .documents import is_mask, owned
from .wire.herd import Region
from .wire.protocol import Rect
from .wire.selected_ground import SelectedGround, ground_of
from .wire.selection_shape import HALF, SelectionShape, shape_of_rows

BOX_ALONE = SelectionShape(1, is_outline=False)
SAMPLED_ROWS = 64  # enough to see any change of shape, few enough to ask ten times a second


@dataclass(frozen=True)
class SelectionInfo:
    """A selection at one moment; two that are equal select the same."""

    box: Rect  # image pixels; may reach outside the picture
    rectangular: bool  # every pixel inside the box is fully selected
    fingerprint: int  # changes with the shape inside an unchanged box
    is_weak: bool = False  # nothing of it is selected by half
    looks: SelectionShape = BOX_ALONE
    ground: SelectedGround | None = None  # where several objects can go


def read_selection(document: Any) -> SelectionInfo | None:
    """What is selected, or None where nothing on the picture is."""
    selection = current_selection(document)
    if selection is None:
        return None
    box = Rect(selection.x(), selection.y(), selection.width(), selection.height())
    seen = box.clipped(document.width(), document.height())
    if seen.width < 1 or seen.height < 1:
        return None
    fingerprint, rectangular, strongest, rows = 0, True, 0, []
    full = b"\xff" * seen.width
    for y in sampled(seen.y, seen.height):
        row = bytes(selection.pixelData(seen.x, y, seen.width, 1))
        rectangular = rectangular and row == full
        fingerprint = zlib.crc32(row, fingerprint)
        strongest = max(strongest, max(row))
        rows.append(row)
    looks = BOX_ALONE if rectangular else _looks_of(tuple(rows))
    ground = SelectedGround(Region(seen)) if rectangular else _ground_of(seen, tuple(rows))
    return SelectionInfo(box, rectangular, fingerprint, strongest < HALF, looks, ground)


@lru_cache(maxsize=16)
def _looks_of(rows: tuple[bytes, ...]) -> SelectionShape:
    return shape_of_rows(list(rows))


@lru_cache(maxsize=16)
def _ground_of(box: Rect, rows: tuple[bytes, ...]) -> SelectedGround:
    return ground_of(box, rows)


def current_selection(document: Any) -> Any | None:
    """The Krita selection that counts: a local one of the active layer, else the picture's own."""
    node = document.activeNode()
    while node is not None and is_mask(node) and node.type() != "selectionmask":
        node = node.parentNode()
    masks = [node, *owned(node.childNodes())] if node is not None else []
    for mask in masks:
        if mask.type() == "selectionmask" and mask.visible() and hasattr(mask, "selection"):
            return mask.selection()
    return document.selection()


def suggests_shape(selection: SelectionInfo | None) -> bool:
    """Whether that shape is to be used until the user says otherwise."""
    return selection is not None and shape_of(selection) and selection.looks.is_outline


def shape_of(selection: SelectionInfo | None) -> bool:
    """Whether the selection has a shape that an object can have."""
    return selection is not None and not selection.rectangular and not selection.is_weak


def sampled(start: int, length: int) -> list[int]:
    """Evenly spread row numbers, the first and the last among them; all of them where they are few."""
    if length <= SAMPLED_ROWS:
        return list(range(start, start + length))
    return [start + step * (length - 1) // (SAMPLED_ROWS - 1) for step in range(SAMPLED_ROWS)]
