"""Run-length masks as COCO stores them: column by column, background first, plain or packed into text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class RunLengthError(ValueError):
    """Runs that are no mask; the message says why."""


def decode_runs(runs: Sequence[int], width: int, height: int) -> NDArray[np.uint8]:
    """The mask (height, width) of 0 and 255 that the lengths of its runs describe.

    Raises:
        RunLengthError: a run that is negative or too long, or a total that is not width × height.
    """
    if any(not 0 <= run <= width * height for run in runs):  # before the array, which holds 64 bits each
        raise RunLengthError("has runs of negative length, or longer than its photo")
    lengths = np.asarray(runs, dtype=np.int64)
    if int(lengths.sum()) != width * height:
        raise RunLengthError(f"covers {int(lengths.sum())} pixels of {width} × {height}")
    values = np.zeros(len(lengths), np.uint8)
    values[1::2] = 255
    mask: NDArray[np.uint8] = np.repeat(values, lengths).reshape(width, height).T
    return mask


def unpack_runs(text: str) -> list[int]:
    """The run lengths in COCO's packed text.

    Each number is a row of characters of five bits, lowest first, each 48 plus its bits plus 32 if more
    follow; the last one's fifth bit is the sign. From the fourth number on it is the difference to the
    number two places before.

    Raises:
        RunLengthError: the text ends within a number or holds other characters.
    """
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise RunLengthError(f"holds the character {character!r}, which packs no run")
        value |= (bits & 31) << shift
        shift += 5
        if shift > 60:
            raise RunLengthError("holds a run without end")
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise RunLengthError("ends within a run")
    return runs
