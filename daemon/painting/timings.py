"""How long each stage of the last requests took, in bounded memory."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

KEPT = 100  # of each stage, the last ones


class Timings:
    """Durations by stage. One thread at a time."""

    def __init__(self) -> None:
        self._seconds: dict[str, deque[float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measures a block."""
        began = time.perf_counter()
        yield
        self._seconds.setdefault(name, deque(maxlen=KEPT)).append(time.perf_counter() - began)

    def report(self) -> dict[str, Mapping[str, float]]:
        """For each stage, in the order in which they were first met: median and slowest of the last ones in
        milliseconds, and how many these are."""
        return {
            name: {
                "median_ms": round(1000 * statistics.median(seconds), 2),
                "most_ms": round(1000 * max(seconds), 2),
                "count": len(seconds),
            }
            for name, seconds in self._seconds.items()
        }
