"""The part of the window that an object lies in: what is beyond it need not be painted.

The window shows a box with its surroundings, and the levels that paint are most of an insertion's time. Where
alpha is 0 nobody sees what they paint, so they are given the object's part of the features alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.layers import in_rows

_REACH = 2  # cells around the mask; its colours are out by 0.01 of 255 then on average, by 3 at most


@dataclass(frozen=True)
class PaintedRegion:
    """A part of a square window, in cells, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int
    cells: int  # along a side of the window

    def of(self, x: Tensor) -> Tensor:
        """That part of x (B, C, S, S), which has a whole number of pixels a cell."""
        if self == whole(self.cells):
            return x
        scale = x.shape[-1] // self.cells
        rows = slice(scale * self.top, scale * self.bottom)
        return in_rows(x[..., rows, scale * self.left : scale * self.right])

    def back(self, x: Tensor, side: int) -> Tensor:
        """x (B, C, H, W), of this part, in its place in a window of ``side`` pixels, 0 around it."""
        if self == whole(self.cells):
            return x
        scale, room = side // self.cells, self.cells
        ends = (self.left, room - self.right, self.top, room - self.bottom)
        return functional.pad(x, [scale * end for end in ends])

    def on_grid(self, x: Tensor, grid: int) -> Tensor:
        """x (B, C, H, W), of this part, with its border repeated up to the lines of a grid over the window,
        of so many pixels a square."""
        top, left, bottom, right = ends = self._to_lines(x, grid)
        return functional.pad(x, [left, right, top, bottom], mode="replicate") if any(ends) else x

    def off_grid(self, x: Tensor, like: Tensor, grid: int) -> Tensor:
        """What :meth:`on_grid` made of one that is as large as ``like``, without what it put around it."""
        top, left, _, _ = self._to_lines(like, grid)
        return x[..., top : top + like.shape[-2], left : left + like.shape[-1]]

    def _to_lines(self, x: Tensor, grid: int) -> tuple[int, int, int, int]:
        scale = x.shape[-1] // (self.right - self.left)
        return (
            scale * self.top % grid,
            scale * self.left % grid,
            -scale * self.bottom % grid,
            -scale * self.right % grid,
        )


def whole(cells: int) -> PaintedRegion:
    """All of a window."""
    return PaintedRegion(0, 0, cells, cells, cells)


def painted_regions(mask: Tensor, cells: int) -> list[PaintedRegion]:
    """The parts of windows in which the objects of masks (B, 1, S, S) and their surroundings lie, each for
    itself, so that an object's pixels do not depend on those it is painted with. An empty mask has none: the
    whole window."""
    there = functional.adaptive_max_pool2d(mask.float(), cells)[:, 0] > 0
    rows, columns = there.any(2), there.any(1)
    found = []
    for row, column in zip(rows, columns, strict=True):
        down, across = torch.where(row)[0].tolist(), torch.where(column)[0].tolist()
        if not down:
            found.append(whole(cells))
            continue
        found.append(
            PaintedRegion(
                max(down[0] - _REACH, 0),
                max(across[0] - _REACH, 0),
                min(down[-1] + 1 + _REACH, cells),
                min(across[-1] + 1 + _REACH, cells),
                cells,
            )
        )
    return found
