"""Whether two objects of a herd have one outline, be it mirrored: no two animals stand exactly alike.

An outline is drawn among some dozens of its class, so that in one herd of four, as a rule, two have the same.
Of shipped outlines, morphed and bent as they are painted, the same two overlap by 0.90 in the middle, nine of
ten by 0.82 or more; of different ones one pair in a hundred does.
"""

from __future__ import annotations

import random

_SIDE = 24  # cells of an outline's grid, each way
_ALIKE = 0.82  # overlap over union
_BOX = 0.88  # of its rectangle, from which on an outline tells nothing
_TRIES = 3  # for one object
_SEEDS = 1_000_000
_HALF = 128

Rows = tuple[int, ...]  # a number each, its bits the cells


class Likeness:
    """Looks at the objects of one herd as they come."""

    def __init__(self) -> None:
        self._known: list[Rows] = []
        self._tries = 0

    def is_new(
        self, pixels: bytes | bytearray | memoryview, width: int, height: int, bytes_per_pixel: int
    ) -> bool:
        """Whether an object stands as none before; after a few that do not, one is taken as it is.

        ``pixels`` are rgba8 or rgba16 with their rows from the top.
        """
        rows = _outline(memoryview(pixels).cast("B"), width, height, bytes_per_pixel)
        if (
            self._tries < _TRIES
            and _tells(rows)
            and any(_overlap(rows, other) >= _ALIKE for other in self._known)
        ):
            self._tries += 1
            return False
        self._tries = 0
        if _tells(rows):
            self._known += [rows, tuple(int(f"{row:0{_SIDE}b}"[::-1], 2) for row in rows)]
        return True


def another_seed(seed: int) -> int:
    """The seed to try in place of one whose object stands like another."""
    return int(random.Random(f"in place of {seed}").random() * _SEEDS)


def _outline(data: memoryview, width: int, height: int, bytes_per_pixel: int) -> Rows:
    """The alpha on a grid; of 16 bits the upper byte, which is the last one."""
    columns = [(2 * column + 1) * width // (2 * _SIDE) for column in range(_SIDE)]
    rows = []
    for row in range(_SIDE):
        start = (2 * row + 1) * height // (2 * _SIDE) * width
        cells = (data[(start + column + 1) * bytes_per_pixel - 1] >= _HALF for column in columns)
        rows.append(int("".join("01"[cell] for cell in cells), 2))
    return tuple(rows)


def _tells(rows: Rows) -> bool:
    return 0 < _count(rows) < _BOX * _SIDE * _SIDE


def _overlap(one: Rows, other: Rows) -> float:
    both = tuple(a & b for a, b in zip(one, other, strict=True))
    either = tuple(a | b for a, b in zip(one, other, strict=True))
    return _count(both) / _count(either)


def _count(rows: Rows) -> int:
    return sum(bin(row).count("1") for row in rows)
