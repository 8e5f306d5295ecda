"""Pieces of shapes: the largest one, and the holes. By runs of cells, of which a shape has few a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Cells = NDArray[np.bool_]


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
    changed = np.stack([change(shape[0]) for shape in shapes.cpu().numpy()])
    return torch.from_numpy(changed)[:, None].to(shapes.device)


def _largest(inside: Cells) -> Cells:
    runs = _Runs.of(inside)
    piece = runs.pieces(corners=False)
    if not piece or piece.count(piece[-1]) == len(piece):
        return inside
    sizes = np.bincount(piece, runs.end - runs.begin)
    return runs.drawn(np.equal(piece, sizes.argmax()), inside.shape)


def _filled(inside: Cells) -> Cells:
    runs = _Runs.of(~inside)
    piece = np.array(runs.pieces(corners=True), np.intp)
    height, width = inside.shape
    row, column = np.divmod(runs.begin, width + 1)
    outer = (row == 0) | (row == height - 1) | (column == 0) | (runs.end % (width + 1) == width)
    open_piece = np.zeros(len(piece), np.bool_)
    open_piece[piece[outer]] = True
    hole = ~open_piece[piece]
    return inside | runs.drawn(hole, inside.shape) if hole.any() else inside


@dataclass(frozen=True)
class _Runs:
    """Unbroken runs of cells in rows that are one cell longer than the shape's, (N,) each: where in all rows
    one after the other they begin, and where they have ended."""

    begin: NDArray[np.intp]
    end: NDArray[np.intp]
    row: int  # cells

    @classmethod
    def of(cls, inside: Cells) -> _Runs:
        height, width = inside.shape
        framed = np.zeros(1 + height * (width + 1), np.bool_)
        framed[1:].reshape(height, width + 1)[:, :width] = inside
        changes = np.flatnonzero(framed[1:] != framed[:-1])
        return cls(changes[::2], changes[1::2], width + 1)

    def pieces(self, *, corners: bool) -> list[int]:
        """For each run the last one of its piece; ``corners``: whether a corner joins two runs."""
        reach = int(corners)
        first = np.searchsorted(self.end, self.begin + (self.row - reach), "right").tolist()
        beyond = np.searchsorted(self.begin, self.end + (self.row + reach), "left").tolist()
        last = list(range(len(first)))
        for here, (low, high) in enumerate(zip(first, beyond, strict=True)):
            for below in range(low, high):
                one, other = _root(last, here), _root(last, below)
                last[min(one, other)] = max(one, other)
        return [_root(last, run) for run in last]

    def drawn(self, chosen: NDArray[np.bool_], shape: tuple[int, ...]) -> Cells:
        """The chosen runs as a shape (H, W)."""
        steps = np.zeros(shape[0] * self.row, np.int8)
        steps[self.begin[chosen]] = 1
        steps[self.end[chosen]] -= 1
        cells: Cells = steps.cumsum(dtype=np.int8).astype(np.bool_).reshape(shape[0], self.row)
        return cells[:, :-1]


def _root(last: list[int], run: int) -> int:
    while last[run] != run:
        last[run] = last[last[run]]
        run = last[run]
    return run
