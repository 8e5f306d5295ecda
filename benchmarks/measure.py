"""Timing with honest figures: median, 95th percentile, and the machine they were taken on."""

from __future__ import annotations

import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Timing:
    """Repeated durations of one thing, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """The nearest-rank 95th percentile: the shortest that 95 of 100 do not exceed."""
        ordered = sorted(self.seconds)
        return ordered[math.ceil(95 * len(ordered) / 100) - 1]


def timed(action: Callable[[], object], repeats: int, warm_up: int = 2) -> Timing:
    """Runs ``action`` ``warm_up`` times unmeasured, then ``repeats`` times measured."""
    for _ in range(warm_up):
        action()
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        durations.append(time.perf_counter() - start)
    return Timing(tuple(durations))


def machine() -> str:
    """Processor, cores and load of this computer in a line."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass  # not Linux: the platform's own word stands
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}{load}"
