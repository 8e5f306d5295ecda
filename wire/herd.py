"""Where the objects of a herd stand: boxes from the farthest to the nearest, each with a seed of its own.

Seen in perspective, things of one size that stand on level ground are as high as they are far below the
horizon. So a place decides the size; the size that fits all is found by trying, largest first.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .protocol import MIN_BOX_SIDE, ErrorCode, InsertObjectError, Rect

MAX_HERD = 24
CANDIDATES = 4  # seeds of which an editor shows the best, for each object, whoever picked the herd's seed
MAX_PARTS = 12  # of a selection, up to which one object in each is what is meant

# How wide an object is over its height, from and to: the middle half of the shipped outlines.
_WIDTHS = {
    "bear": (0.9, 1.45),
    "bird": (0.9, 1.45),
    "car": (1.6, 2.0),
    "cat": (0.75, 1.25),
    "cow": (1.35, 1.65),
    "dog": (0.75, 1.35),
    "elephant": (1.2, 1.5),
    "flower": (0.8, 1.0),
    "horse": (1.15, 1.45),
    "monkey": (0.7, 0.9),
    "person": (0.28, 0.38),
    "sheep": (1.05, 1.4),
}
_ANY_WIDTH = (0.8, 1.3)
_HORIZON = 0.42  # of the picture's height: where it is taken to be if the selection does not reach that high
_FARTHEST = 0.34  # of the nearest one's size that the farthest has at least
_LARGEST = 0.55  # of the selection's height that the nearest one has at most
_FILLED = 0.5  # of the selection's area that all boxes have at most
_SMALLER = 0.92  # from one try to the next
_PLACES = 30  # that are tried for each object
_TRIES = 3  # for each size
_OWN_SIZE = (0.92, 1.07)  # of an object, over that of all
_HIDDEN = 0.08  # of a box that another one may cover
_STEP = 0.07  # of its height by which an object stands nearer or farther than one beside it, at least
_FOOTING = 0.35  # of its width to both sides of the middle, where the ground has to be selected
_SEEDS = 1_000_000  # they stay short enough for a layer's name


@dataclass(frozen=True)
class Region:
    """What is selected: a box of image pixels and, where that is not all of it, an even grid of its rows, 1
    for selected cells and 0 for others."""

    box: Rect
    rows: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Member:
    """One object of several: its box and its seed, or the first of the seeds that it is chosen from."""

    box: Rect
    seed: int


def herd_in(region: Region, class_name: str, count: int, seed: int, image_height: int) -> tuple[Member, ...]:
    """Objects of one class that stand in a region, far ones first, as they are to be drawn.

    Each box lies in the region's own and stands with its lower edge where the region is selected. The region
    must lie in the picture. The same arguments give the same herd, on every computer.

    Raises:
        InsertObjectError: ``box-too-small``: so many find no room.
    """
    dice = random.Random(seed)
    widths = _widths(class_name, count, dice)
    for size in _sizes(region, widths):
        for _ in range(_TRIES):
            boxes = _placed(region, widths, size, image_height, dice)
            if len(boxes) == count:
                return _members(boxes, seed)
    raise InsertObjectError(
        ErrorCode.BOX_TOO_SMALL,
        f"A herd of {count} finds no room in {region.box.width} × {region.box.height} pixels.",
        "Select more of the ground, or ask for fewer.",
    )


def one_in_each(boxes: Sequence[Rect], seed: int) -> tuple[Member, ...]:
    """An object in each of these boxes, those that stand farther off first."""
    return _members(list(boxes), seed)


def _members(boxes: list[Rect], seed: int) -> tuple[Member, ...]:
    dice = random.Random(f"{seed} of each")
    seeds: list[int] = []
    while len(seeds) < len(boxes):
        one = int(dice.random() * _SEEDS)
        if one not in seeds:
            seeds.append(one)
    ordered = sorted(boxes, key=lambda box: (box.bottom, box.x))
    return tuple(Member(box, one) for box, one in zip(ordered, seeds, strict=True))


def _widths(class_name: str, count: int, dice: random.Random) -> list[float]:
    """How wide each is over its height: spread over the class's range, so that few have one outline."""
    low, high = _WIDTHS.get(class_name, _ANY_WIDTH)
    spread = [low + (high - low) * (place + dice.random()) / count for place in range(count)]
    return [width for _, width in sorted((dice.random(), width) for width in spread)]


def _sizes(region: Region, widths: list[float]) -> Iterator[float]:
    """Heights of an object that would stand at the region's lower edge, from the largest on."""
    box = region.box
    selected = _share(region) * box.width * box.height
    middle = (1 + _FARTHEST) / 2
    fitting = (_FILLED * selected / (sum(widths) * middle**2)) ** 0.5
    size = min(_LARGEST * box.height, fitting)
    while size >= MIN_BOX_SIDE:
        yield size
        size *= _SMALLER


def _share(region: Region) -> float:
    cells = b"".join(region.rows)
    return sum(cells) / len(cells) if cells else 1.0


def _placed(
    region: Region, widths: list[float], size: float, image_height: int, dice: random.Random
) -> list[Rect]:
    """Boxes at random places, one in each of as many strips; fewer where one finds no room."""
    horizon = min(region.box.y, round(_HORIZON * image_height))
    depth = region.box.bottom - horizon
    farthest = max(
        horizon + _FARTHEST * depth,
        (region.box.y * depth - size * horizon) / (depth - size),  # where an object reaches the upper edge
    )
    ground = _Ground(region, farthest)
    strips = sorted(range(len(widths)), key=lambda _strip: dice.random())
    boxes: list[Rect] = []
    for strip, width in zip(strips, widths, strict=True):
        own = size * (_OWN_SIZE[0] + (_OWN_SIZE[1] - _OWN_SIZE[0]) * dice.random())
        for _ in range(_PLACES):
            x, foot = ground.point((strip + dice.random()) / len(widths), dice)
            height = round(own * (foot - horizon) / depth)
            box = Rect(round(x - width * height / 2), round(foot) - height, round(width * height), height)
            if _stands(box, region) and all(_get_along(box, one) for one in boxes):
                boxes.append(box)
                break
        else:
            return boxes
    return boxes


class _Ground:
    """What is selected of a region below a line of the picture."""

    def __init__(self, region: Region, top: float) -> None:
        self._region, self._top = region, top
        box, rows = region.box, region.rows
        self._rows = [  # each as often as it has selected cells
            row
            for row, line in enumerate(rows)
            if box.y + box.height * (row + 1) / len(rows) > top
            for _cell in range(sum(line))
        ]

    def point(self, part: float, dice: random.Random) -> tuple[float, float]:
        """A place that is selected, with that part (0..1) of all that is selected farther off."""
        box, rows = self._region.box, self._region.rows
        if not self._rows:
            return box.x + box.width * dice.random(), self._top + (box.bottom - self._top) * part
        row = self._rows[int(part * len(self._rows))]
        columns = [place for place, cell in enumerate(rows[row]) if cell]
        column = columns[int(dice.random() * len(columns))]
        return (
            box.x + box.width * (column + dice.random()) / len(rows[0]),
            box.y + box.height * (row + dice.random()) / len(rows),
        )


def _stands(box: Rect, region: Region) -> bool:
    """Whether a box lies in the region's and its feet where the region is selected."""
    around = region.box
    if min(box.width, box.height) < MIN_BOX_SIDE or around.around(box) != around:
        return False
    middle, reach = box.x + box.width / 2, _FOOTING * box.width
    return all(_is_selected(region, x, box.bottom - 1) for x in (middle - reach, middle, middle + reach))


def _is_selected(region: Region, x: float, y: float) -> bool:
    box, rows = region.box, region.rows
    if not rows:
        return True
    row = int((y + 0.5 - box.y) * len(rows) / box.height)
    column = int((x - box.x) * len(rows[0]) / box.width)
    return bool(rows[min(max(row, 0), len(rows) - 1)][min(max(column, 0), len(rows[0]) - 1)])


def _get_along(one: Rect, other: Rect) -> bool:
    """Whether two hide little of each other, and stand in no row where they are side by side."""
    across = min(one.right, other.right) - max(one.x, other.x)
    down = min(one.bottom, other.bottom) - max(one.y, other.y)
    if across > 0 and down > 0:
        smaller = min(one.width * one.height, other.width * other.height)
        if across * down > _HIDDEN * smaller:
            return False
    gap, height = -across, max(one.height, other.height)
    return gap > height or abs(one.bottom - other.bottom) >= _STEP * height
