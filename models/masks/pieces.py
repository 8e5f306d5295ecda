"""Pieces of shapes: the largest one, and the holes. By runs of cells, of which a shape has few a row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Cells = NDArray[np.bool_]
Places = NDArray[np.intp]


def largest_component(inside: Tensor) -> Tensor:
    """The largest piece (cells joined by their sides) of each shape, (B, 1, H, W) bool -> the same.

    Of pieces of one size, the one whose last cell comes first.
    """
    return _each(inside, _largest)


def filled_holes(inside: Tensor) -> Tensor:
    """The shapes (B, 1, H, W) bool without holes: background that does not reach the border, not even from
    corner to corner, becomes inside."""
    return _each(inside, _filled)


def grown(inside: Tensor) -> Tensor:
    """The shapes (B, 1, H, W) bool and every cell that touches them, if only at a corner."""
    rows = inside.clone()
    rows[..., 1:, :] |= inside[..., :-1, :]
    rows[..., :-1, :] |= inside[..., 1:, :]
    both = rows.clone()
    both[..., 1:] |= rows[..., :-1]
    both[..., :-1] |= rows[..., 1:]
    return both


def _each(shapes: Tensor, change: Callable[[Cells], Cells]) -> Tensor:
    changed = change(shapes[:, 0].cpu().numpy())
    return torch.from_numpy(changed)[:, None].to(shapes.device)


def _largest(inside: Cells) -> Cells:
    """(B, H, W), as is what is returned."""
    runs = _Runs.of(inside)
    piece = runs.pieces(corners=False)
    sizes = np.bincount(piece, runs.end - runs.begin, len(piece))
    best = np.zeros(len(inside))
    np.maximum.at(best, runs.shape, sizes)
    winners = np.flatnonzero((sizes == best[runs.shape]) & (sizes > 0))[::-1]
    chosen = np.zeros(len(inside), np.intp)
    chosen[runs.shape[winners]] = winners  # the first of each shape comes last, and stays
    kept = piece == chosen[runs.shape]
    return inside if kept.all() else runs.drawn(kept)


def _filled(inside: Cells) -> Cells:
    """(B, H, W), as is what is returned."""
    runs = _Runs.of(~inside)
    piece = runs.pieces(corners=True)
    _, height, width = inside.shape
    row, column = np.divmod(runs.begin, width + 1)
    row %= height + 1
    outer = (row == 0) | (row == height - 1) | (column == 0) | (runs.end % (width + 1) == width)
    open_piece = np.zeros(len(piece), np.bool_)
    open_piece[piece[outer]] = True
    hole = ~open_piece[piece]
    return inside | runs.drawn(hole) if hole.any() else inside


@dataclass(frozen=True)
class _Runs:
    """Unbroken runs of cells in the rows of all shapes, (N,) each: where they begin, and where they have
    ended, if all rows lie one after the other, each one cell longer than the shape's, and an empty one more
    below each shape."""

    begin: Places
    end: Places
    size: tuple[int, int, int]  # shapes, and their rows and columns with those that are added

    @classmethod
    def of(cls, inside: Cells) -> _Runs:
        count, height, width = inside.shape
        size = count, height + 1, width + 1
        framed = np.zeros(1 + math.prod(size), np.bool_)
        framed[1:].reshape(size)[:, :height, :width] = inside
        changes = np.flatnonzero(framed[1:] != framed[:-1])
        return cls(changes[::2], changes[1::2], size)

    @property
    def shape(self) -> Places:
        """Which shape each run is of."""
        return self.begin // (self.size[1] * self.size[2])

    def pieces(self, *, corners: bool) -> Places:
        """For each run the last one of its piece; ``corners``: whether a corner joins two runs."""
        reach, row = int(corners), self.size[2]
        first = np.searchsorted(self.end, self.begin + (row - reach), "right")
        beyond = np.searchsorted(self.begin, self.end + (row + reach), "left")
        count = np.maximum(beyond - first, 0)  # of runs that each one touches in the row below
        last = np.arange(len(first))
        upper = np.repeat(last, count)
        lower = np.arange(len(upper)) + np.repeat(first - count.cumsum() + count, count)
        while True:  # pieces that touch are joined, until none do
            one, other = last[upper], last[lower]
            apart = one != other
            if not apart.any():
                return last
            np.maximum.at(last, np.minimum(one, other)[apart], np.maximum(one, other)[apart])
            while not np.array_equal(last, last[last]):
                last = last[last]

    def drawn(self, chosen: NDArray[np.bool_]) -> Cells:
        """The chosen runs as shapes (B, H, W)."""
        steps = np.zeros(math.prod(self.size), np.int8)
        steps[self.begin[chosen]] = 1
        steps[self.end[chosen]] -= 1
        cells: Cells = steps.cumsum(dtype=np.int8).view(np.bool_).reshape(self.size)
        return cells[:, :-1, :-1]
