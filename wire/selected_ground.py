"""Where several objects can go in a selection: over what is selected of it, or into each of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .herd import MAX_PARTS, Member, Region, herd_in, one_in_each
from .protocol import Rect, later_seed
from .selection_shape import HALF, cells_of, grid_of, pieces_of

MAX_OBJECTS = 36  # of all variations together, that are made before the user chooses
_HALF_TABLE = bytes(int(value >= HALF) for value in range(256))


@dataclass(frozen=True)
class SelectedGround:
    """``region``: where a herd may stand; ``parts``: the boxes of parts that lie apart, if there are any."""

    region: Region
    parts: tuple[Rect, ...] = ()

    @property
    def suggests_each(self) -> bool:
        """Whether an object in each part is what is meant until the user says otherwise."""
        return 1 < len(self.parts) <= MAX_PARTS

    def members(
        self, class_name: str, count: int, seed: int, image_height: int, *, in_each_part: bool
    ) -> tuple[Member, ...]:
        """The objects to draw, in their order; none where one in the whole box is wished.

        Raises:
            InsertObjectError: ``box-too-small``: so many find no room.
        """
        if count > 1:
            return herd_in(self.region, class_name, count, seed, image_height)
        return one_in_each(self.parts, seed) if in_each_part and len(self.parts) > 1 else ()

    def variations(
        self, class_name: str, count: int, seed: int, image_height: int, most: int, *, in_each_part: bool
    ) -> tuple[tuple[Member, ...], ...]:
        """``members`` of at most ``most`` seeds, one after the other from ``seed`` on: fewer where these have
        many objects, none where one in the whole box is wished. Arguments and errors as there."""
        found: list[tuple[Member, ...]] = []
        while len(found) < most:
            by = later_seed(seed, len(found))
            herd = self.members(class_name, count, by, image_height, in_each_part=in_each_part)
            if not herd:
                return ()
            found.append(herd)
            most = min(most, max(1, MAX_OBJECTS // len(herd)))
        return tuple(found)


def ground_of(box: Rect, rows: Sequence[bytes]) -> SelectedGround:
    """The ground of a selection with that box, of which these are even rows, 0 outside to 255 inside."""
    lines = list(rows)
    cells, (wide, high) = cells_of(lines), grid_of(lines)
    grid: tuple[bytes, ...] = ()  # a whole box is the same to every editor, however many rows it reads
    if len(cells) < wide * high:
        grid = tuple(bytes((column, row) in cells for column in range(wide)) for row in range(high))
    pieces = pieces_of(cells)
    parts: tuple[Rect, ...] = ()
    if len(pieces) > 1:
        halves = [line.translate(_HALF_TABLE) for line in lines]
        parts = tuple(_box_of(piece, halves, (wide, high), box) for piece in pieces)
    return SelectedGround(Region(box, grid), parts)


def _box_of(piece: set[tuple[int, int]], rows: list[bytes], grid: tuple[int, int], box: Rect) -> Rect:
    """A piece's box in image pixels. The grid tells it to a cell; the rows, where they are finer, better."""
    across, down = len(rows[0]), len(rows)
    (left, right), (top, bottom) = (
        (max(0, (min(places) - 1) * fine // coarse), min(fine, (max(places) + 2) * fine // coarse))
        for places, fine, coarse in zip(zip(*piece, strict=True), (across, down), grid, strict=True)
    )
    found = [(y, rows[y].find(1, left, right), rows[y].rfind(1, left, right)) for y in range(top, bottom)]
    found = [(y, first, last) for y, first, last in found if first >= 0]
    x0, x1 = min(first for _, first, _ in found), max(last for _, _, last in found) + 1
    y0, y1 = found[0][0], found[-1][0] + 1
    x, y = box.x + x0 * box.width // across, box.y + y0 * box.height // down
    right_edge, lower_edge = box.x + -(-x1 * box.width // across), box.y + -(-y1 * box.height // down)
    return Rect(x, y, right_edge - x, lower_edge - y)
