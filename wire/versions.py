"""Which of two versions of the program is the older one."""

from __future__ import annotations

import re


def is_older(version: str, than: str) -> bool:
    """Whether the first is surely older; what is not a version (or "") is neither older nor newer."""
    first, second = _numbers(version), _numbers(than)
    length = max(len(first), len(second))
    padded = [numbers + (0,) * (length - len(numbers)) for numbers in (first, second)]
    return bool(first and second) and padded[0] < padded[1]


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d{1,9}(\.\d{1,9}){0,7}", version)
    return tuple(map(int, found.group().split("."))) if found else ()
