"""Measures what a user waits for, with the real daemon and the shipped weights.

    python -m benchmarks.run [--only insertion|wire|load …] [--json FILE] [--against FILE]

Runs in the environment that install.py makes. Every part's figures are printed, and written, when it is done;
a part that fails says why and the others go on. ``--against`` adds ratios to an earlier run's ``--json``.
``python -m benchmarks.load`` has the full load and the soak.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import psutil

from benchmarks.measure import Timing, machine, timed
from daemon.home.machine import let_threads_sleep
from wire.protocol import MAX_CANDIDATES, candidates_for

let_threads_sleep()  # as in the daemon, for the networks that are measured here

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

    def text(self, before: Row | None = None) -> str:
        """A line of the table; ``before``: the same row of an earlier run, for the ratio."""
        p95 = f"{self.p95:.1f}" if self.p95 is not None else ""
        target = f"≤ {self.target:g}" if self.target else ""
        missed = "missed" if self.target and self.value > self.target else ""
        value = f"{self.value:.2f}" if self.unit == "×" else f"{self.value:.1f}"
        ratio = f"{self.value / before.value:.2f} ×" if before is not None and before.value else ""
        return f"| {self.name} | {value} {self.unit} | {p95} | {target} | {missed} | {ratio} |"


def _milliseconds(name: str, timing: Timing, target: float = 0.0) -> Row:
    return Row(name, 1000 * timing.median, "ms", target, 1000 * timing.p95)


def insertion_rows(repeats: int, requests: int) -> list[Row]:
    """What a user sees, with a daemon of their own in a temporary home."""
    with tempfile.TemporaryDirectory(prefix="insert-object-benchmark-") as home:
        os.environ["INSERT_OBJECT_HOME"] = home
        from daemon.client import Client

        picture = np.random.default_rng(0).integers(60, 200, (1500, 2000, 3), dtype=np.uint8)
        rows = []
        start = time.perf_counter()
        with Client.connect() as client:
            names = [entry.name for entry in client.classes]
            rows.append(Row("daemon start to ready", time.perf_counter() - start, "s", 2))
            name = "dog" if "dog" in names else names[0]

            def insert(variations: int) -> None:
                client.insert_variations(picture, box=BOX, class_name=name, seed=1, variations=variations)

            one = timed(lambda: insert(1), repeats)
            four = timed(lambda: insert(4), max(3, repeats // 2))
            rows.append(_milliseconds("warm insertion, 512 px box", one, 60))
            rows.append(_milliseconds("the same, 4 variations", four, 180))
            rows += _chosen_rows(client, picture, name, max(3, repeats // 2))
            daemon = psutil.Process(int(client.status()["pid"]))
            rows.append(Row("daemon's resident memory", daemon.memory_info().rss / 2**20, "MB", 350))
            rows += _stage_rows(client)
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


def _chosen_rows(client: Any, picture: Any, name: str, repeats: int) -> list[Row]:
    """The same where no seed is named: the best of a dozen, other ones each time."""
    seeds = itertools.count(0, MAX_CANDIDATES)

    def insert(variations: int) -> None:
        client.insert_variations(
            picture,
            box=BOX,
            class_name=name,
            seed=next(seeds),
            variations=variations,
            candidates=candidates_for(variations),
        )

    one, four = timed(lambda: insert(1), repeats), timed(lambda: insert(4), repeats)
    return [
        _milliseconds("the best of a dozen, 512 px box", one),
        _milliseconds("the 4 best of a dozen", four),
    ]


def _stage_rows(client: Any) -> list[Row]:
    """The stages of the last insertions, as “insert-object status --timings” tells them."""
    timings = client.status()["engine"]["timings"]
    return [Row(f"stage: {name}", stage["median_ms"], "ms") for name, stage in timings.items()]


def _classes_command(repeats: int) -> Row:
    command = [sys.executable, "-m", "daemon.command_line", "classes"]
    root = str(Path(__file__).resolve().parents[1])
    timing = timed(
        lambda: subprocess.run(command, cwd=root, check=True, capture_output=True), max(3, repeats // 3)
    )
    return _milliseconds("insert-object classes", timing, 150)


def _network_rows(one: Timing, limit: int) -> list[Row]:
    """The networks alone, after the daemon has ended so that nothing else computes."""
    from benchmarks.networks import network_times
    from benchmarks.overhead import overhead
    from daemon.home.machine import cpu_threads
    from models.files.manifest import Manifest

    networks, operations, floor = network_times(WEIGHTS, cpu_threads())
    sizes = (Manifest.read(WEIGHTS).resolution, limit)
    return [
        _milliseconds("networks alone", networks),
        Row("their operations", operations / 1e9, "GFLOP"),
        Row("their time over the floor", networks.median / floor, "×", 4),
        _milliseconds("crop, wire and paste, without networks", overhead(*sizes), 10),
        Row("insertion less networks", 1000 * (one.median - networks.median), "ms"),
    ]


def wire_rows(repeats: int) -> list[Row]:
    """The pure-Python client against libzmq's own, by payload."""
    from benchmarks.wire import MEGABYTES, wire_times

    rows = []
    for megabytes in MEGABYTES:
        ours, theirs, ratio = wire_times(megabytes, max(3, repeats if megabytes < 16 else repeats // 2))
        rows += [
            _milliseconds(f"{megabytes} MB there and back, our client", ours),
            _milliseconds("the same, libzmq's client", theirs),
            Row("ours over libzmq's", ratio, "×", 1.2),
        ]
    return rows


def load_rows(repeats: int) -> list[Row]:
    """The service with an engine that costs nothing: start, requests a second, waits, memory."""
    from benchmarks.load import mixed_load, stand_in_daemon, waits_of

    rows = []
    with stand_in_daemon() as daemon:
        rows.append(Row("cold start of the service, without networks", 1000 * daemon.start_seconds, "ms"))
        for clients in (1, 4, 16):
            waits, rate = waits_of(daemon, clients, max(10, 20 * repeats // clients))
            rows.append(_milliseconds(f"wait of {clients} clients that ask in turns, no-op engine", waits))
            rows.append(Row("requests a second", rate, "/s"))
        figures = mixed_load(daemon, 20, seed=1)
        rows.append(_milliseconds("wait under mixed load, 16 clients with 3 requests each", figures.waits))
        rows.append(Row("wrong or lost replies among them", len(figures.wrong), ""))
        rows.append(Row("the service's memory, without networks", daemon.resident_mb, "MB"))
    return rows


@dataclass
class Report:
    """The table as it grows: printed and written part by part. ``before``: rows of an earlier run by name;
    rows of one name are told apart by the order in which they come."""

    file: Path | None
    before: dict[str, list[Row]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def begin(self) -> None:
        print(f"{machine()}\n\n| what | median | p95 | target | | of before |\n|---|---|---|---|---|---|")

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            earlier = self.before.get(row.name)
            print(row.text(earlier.pop(0) if earlier else None), flush=True)
        self.rows += rows
        if self.file is not None:
            content = {"machine": machine(), "rows": [asdict(row) for row in self.rows]}
            self.file.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def read_rows(file: Path) -> dict[str, list[Row]]:
    """The rows of an earlier run's ``--json``, by name.

    Raises:
        SystemExit: no such file, or none of ours.
    """
    found: dict[str, list[Row]] = {}
    try:
        for row in json.loads(file.read_text("utf-8"))["rows"]:
            found.setdefault(row["name"], []).append(Row(**row))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{file} holds no figures of an earlier run: {error}") from error
    return found


def main() -> int:
    """Exit code 0: every part ran; 1: one did not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
        "insertion": lambda arguments: insertion_rows(arguments.repeats, arguments.requests),
        "wire": lambda arguments: wire_rows(arguments.repeats),
        "load": lambda arguments: load_rows(arguments.repeats),
    }
    parser.add_argument("--only", nargs="+", choices=tuple(parts), default=tuple(parts), help="default: all")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--requests", type=int, default=200, help="of ten variations, for memory")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--against", type=Path, metavar="FILE", help="an earlier run's --json, for ratios")
    arguments = parser.parse_args()
    report = Report(arguments.json, read_rows(arguments.against) if arguments.against else {})
    report.begin()
    failed = []
    for name, measure in parts.items():
        if name in arguments.only:
            try:
                report.add(measure(arguments))
            except Exception as error:  # what was measured before stays, and the next part has its turn
                failed.append(name)
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
