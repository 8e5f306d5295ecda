"""Whether a selection looks like an object's outline, or like a box that was drawn by hand.

An ellipse or a loop of the lasso says where the object goes, not which shape it has: drawn in that shape it
would be a blob. How well it overlaps with the nearest outline of the class does not tell: for ellipses that
is 0.63 to 0.87 by class, for outlines and the nearest other one of their class 0.69 to 0.93 in the middle.
What tells is how much of its convex hull a shape fills: ellipses and ovals drawn by hand 0.89 and more, the
shipped outlines of eleven classes less than 0.9 (88 % and more of each class, of monkeys, which sit with
their arms folded, 78 %; cars fill 0.91 and more).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .protocol import Rect

HALF = 128  # coverage from which a pixel is selected; editors draw their marching ants there
LOOKED_AT = 64  # pixels of the longer side, at most
_FULL = 0.9  # of its hull, from which on a shape is no object's
_PIECE = 0.04  # of the largest piece, from which on another one counts

Point = tuple[int, int]


@dataclass(frozen=True)
class SelectionShape:
    """``pieces`` that lie apart, crumbs left out; ``is_outline``: one piece, which could be an object."""

    pieces: int
    is_outline: bool


def marked_part(marked: bytes, width: int, height: int) -> Rect | None:
    """The smallest rectangle with every 1 of a plane (``width * height`` bytes of 0 and 1), if it has any."""
    rows = [marked[row * width : (row + 1) * width] for row in range(height)]
    filled = [row for row in range(height) if 1 in rows[row]]
    if not filled:
        return None
    left = min(rows[row].index(1) for row in filled)
    right = max(rows[row].rindex(1) for row in filled) + 1
    return Rect(left, filled[0], right - left, filled[-1] + 1 - filled[0])


def shape_of_rows(rows: list[bytes]) -> SelectionShape:
    """What a selection looks like, of which these are the rows, 0 outside to 255 inside."""
    pieces = pieces_of(cells_of(rows))
    filled = len(pieces[0]) / _hull_area(list(_corners(pieces[0]))) if pieces else 1.0
    return SelectionShape(len(pieces), len(pieces) == 1 and filled < _FULL)


def grid_of(rows: list[bytes]) -> tuple[int, int]:
    """How many places a selection's grid has across and down, at most ``LOOKED_AT``."""
    return min(len(rows[0]) if rows else 0, LOOKED_AT), min(len(rows), LOOKED_AT)


def cells_of(rows: list[bytes]) -> set[Point]:
    """The selected places on the grid, (column, row)."""
    across, down = len(rows[0]) if rows else 0, len(rows)
    wide, high = grid_of(rows)
    return {
        (column, row)
        for row in range(high)
        for column in range(wide)
        if rows[(2 * row + 1) * down // (2 * high)][(2 * column + 1) * across // (2 * wide)] >= HALF
    }


def pieces_of(cells: set[Point]) -> list[set[Point]]:
    """The pieces that lie apart, the largest first, crumbs left out."""
    left, pieces = set(cells), []
    while left:
        waiting = [left.pop()]
        piece = set(waiting)
        while waiting:
            column, row = waiting.pop()
            for near in ((column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)):
                if near in left:
                    left.remove(near)
                    piece.add(near)
                    waiting.append(near)
        pieces.append(piece)
    pieces.sort(key=len, reverse=True)
    return [piece for piece in pieces if len(piece) >= _PIECE * len(pieces[0])]


def _corners(cells: set[Point]) -> Iterator[Point]:
    """The corners of each row's first and last cell, which are all that the hull can touch."""
    ends: dict[int, tuple[int, int]] = {}
    for column, row in cells:
        first, last = ends.get(row, (column, column))
        ends[row] = min(first, column), max(last, column)
    for row, (first, last) in ends.items():
        yield from ((first, row), (first, row + 1), (last + 1, row), (last + 1, row + 1))


def _hull_area(points: list[Point]) -> float:
    """The area of the convex hull (Andrew's monotone chain)."""
    ordered = sorted(set(points))
    hull = [*_half(ordered)[:-1], *_half(ordered[::-1])[:-1]]
    pairs = zip(hull, [*hull[1:], *hull[:1]], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def _half(points: list[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in points:
        while len(kept) > 1 and _turn(kept[-2], kept[-1], point) <= 0:
            kept.pop()
        kept.append(point)
    return kept


def _turn(a: Point, b: Point, c: Point) -> int:
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
