"""Measures what a user waits for, with the real daemon and the shipped weights."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import psutil

from benchmarks.measure import Timing, machine, timed

WEIGHTS = Path(__file__).resolve().parents[1] / "models" / "weights"
BOX = (400, 300, 512, 512)


@dataclass(frozen=True)
class Row:
    """A line of the table: what, the figure, its unit, the target (0: none)."""

    name: str
    value: float
    unit: str
    target: float = 0.0
    p95: float | None = None

    def text(self) -> str:
        p95 = f"{self.p95:.1f}" if self.p95 is not None else ""
        target = f"≤ {self.target:g}" if self.target else ""
        missed = "missed" if self.target and self.value > self.target else ""
        return f"| {self.name} | {self.value:.1f} {self.unit} | {p95} | {target} | {missed} |"


def _milliseconds(name: str, timing: Timing, target: float = 0.0) -> Row:
    return Row(name, 1000 * timing.median, "ms", target, 1000 * timing.p95)


def measure(repeats: int, requests: int) -> list[Row]:
    """All rows, with a daemon of their own in a temporary home."""
    with tempfile.TemporaryDirectory(prefix="insert-object-benchmark-") as home:
        os.environ["INSERT_OBJECT_HOME"] = home
        from daemon.client import Client

        picture = np.random.default_rng(0).integers(60, 200, (1500, 2000, 3), dtype=np.uint8)
        rows = []
        start = time.perf_counter()
        with Client.connect() as client:
            names = [entry.name for entry in client.classes]
            rows.append(Row("daemon start to ready", time.perf_counter() - start, "s", 6))
            name = "dog" if "dog" in names else names[0]

            def insert(variations: int) -> None:
                client.insert_variations(picture, box=BOX, class_name=name, seed=1, variations=variations)

            one = timed(lambda: insert(1), repeats)
            four = timed(lambda: insert(4), max(3, repeats // 2))
            rows.append(_milliseconds("warm insertion, 512 px box", one, 250))
            rows.append(_milliseconds("the same, 4 variations", four, 600))
            daemon = psutil.Process(int(client.status()["pid"]))
            rows.append(Row("daemon's resident memory", daemon.memory_info().rss / 2**20, "MB", 900))
            rows.append(_classes_command(repeats))
            for _ in range(10):
                insert(10)
            before = daemon.memory_info().rss
            for _ in range(requests):
                insert(10)
            grown = (daemon.memory_info().rss - before) / before * 100
            rows.append(
                Row(f"memory growth over {requests} requests of 10, after the first 10", grown, "%", 5)
            )
            limit = client.welcome.limits.window_pixels
            client.shutdown()
    rows += _network_rows(one, limit)
    return rows


def _classes_command(repeats: int) -> Row:
    command = [sys.executable, "-m", "daemon.command_line", "classes"]
    root = str(Path(__file__).resolve().parents[1])
    timing = timed(
        lambda: subprocess.run(command, cwd=root, check=True, capture_output=True), max(3, repeats // 3)
    )
    return _milliseconds("insert-object classes", timing, 400)


def _network_rows(one: Timing, limit: int) -> list[Row]:
    """The networks alone, after the daemon has ended so that nothing else computes."""
    from benchmarks.networks import network_times
    from benchmarks.overhead import overhead
    from daemon.machine import cpu_threads
    from models.manifest import Manifest

    networks, operations, floor = network_times(WEIGHTS, cpu_threads())
    sizes = (Manifest.read(WEIGHTS).resolution, limit)
    return [
        _milliseconds("networks alone", networks),
        Row("their operations", operations / 1e9, "GFLOP"),
        Row("their time over the floor", networks.median / floor, "×", 1.6),
        _milliseconds("crop, wire and paste, without networks", overhead(*sizes), 10),
        Row("insertion less networks", 1000 * (one.median - networks.median), "ms"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--requests", type=int, default=200, help="of ten variations, for memory")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    rows = measure(arguments.repeats, arguments.requests)
    print(f"{machine()}\n\n| what | median | p95 | target | |\n|---|---|---|---|---|")
    print("\n".join(row.text() for row in rows))
    if arguments.json is not None:
        content = {"machine": machine(), "rows": [asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
