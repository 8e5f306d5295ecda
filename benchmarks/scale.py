"""How times grow: with clients, boxes, variations and rows of a batch; with the real daemon.

    python -m benchmarks.scale [--json FILE] [--plot FILE.svg] [--repeats N]

``--plot`` draws the curves and needs the packages of the extra ``evaluation``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image

from benchmarks.measure import machine, timed
from daemon.client import Client
from tests.program import ROOT

CLIENTS = (1, 4, 16)
BOXES = (64, 128, 256, 512, 1000, 2000, 4000)
VARIATIONS = (1, 2, 4, 8, 16)
USUAL_BOX = 512
CLASS = "dog"
PHOTO, ROW_BOX = (1000, 750), (300, 250, 256, 200)  # of the batch
ROWS, SINGLE_CALLS = 60, 8
IDLE_SECONDS = 30.0  # the system counts in hundredths of a second


@dataclass(frozen=True)
class Curve:
    """Medians over one thing: ``values`` (in ``unit``) at the numbers ``at`` of ``over``."""

    name: str
    over: str
    unit: str
    at: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def slope(self) -> float:
        """Of the straight line through the logarithms: 1 is in proportion."""
        x, y = (np.log(np.asarray(numbers, dtype=float)) for numbers in (self.at, self.values))
        return float(np.polyfit(x, y, 1)[0])

    def text(self) -> str:
        """Lines of a table."""
        head = f"| {self.over} | " + " | ".join(map(str, self.at)) + " |"
        rule = "|---" * (len(self.at) + 1) + "|"
        figures = (
            f"| {self.name}, {self.unit} | " + " | ".join(f"{value:.3g}" for value in self.values) + " |"
        )
        return f"{head}\n{rule}\n{figures}\n"


def outdoors(width: int, height: int) -> NDArray[np.uint8]:
    """A picture (H, W, 3) of smooth light with a little noise, which is packed like a photo."""
    y, x = np.mgrid[0:height, 0:width]
    light = 140 + 60 * np.sin(x / 97.0) * np.cos(y / 71.0) + np.random.default_rng(0).normal(0, 4, x.shape)
    return np.stack([light * 0.9, light, light * 0.8], 2).clip(0, 255).astype(np.uint8)


USUAL = (outdoors(900, 900), (200, 200, USUAL_BOX, 400))  # a picture and the box in it


def over_boxes(client: Client, repeats: int) -> Curve:
    """Milliseconds of an insertion into a picture of 1.5 times the box's side."""
    values = []
    for side in BOXES:
        picture = outdoors(side * 3 // 2, side * 3 // 2)
        insert = partial(client.insert, picture, (side // 4, side // 4, side, side * 4 // 5), CLASS, seed=1)
        values.append(1000 * timed(insert, repeats if side < 1000 else max(3, repeats // 3)).median)
    return Curve("an insertion", "longer side of the box, px", "ms", BOXES, tuple(values))


def over_variations(client: Client, repeats: int) -> Curve:
    """Milliseconds of so many variations of a box of ``USUAL_BOX`` pixels."""
    values = []
    for count in VARIATIONS:
        insert = partial(client.insert_variations, *USUAL, CLASS, seed=1, variations=count)
        values.append(1000 * timed(insert, repeats).median)
    return Curve("an insertion", "variations", "ms", VARIATIONS, tuple(values))


def over_clients(repeats: int) -> Curve:
    """Insertions a second of so many clients, each of which asks again when it has its answer."""
    rates = []
    for count in CLIENTS:
        each = max(2, 3 * repeats // count)
        ready = threading.Barrier(count + 1)
        askers = [threading.Thread(target=_ask, args=(each, ready)) for _ in range(count)]
        for asker in askers:
            asker.start()
        ready.wait()
        begun = time.perf_counter()
        for asker in askers:
            asker.join()
        rates.append(count * each / (time.perf_counter() - begun))
    return Curve("insertions", "clients at once", "a second", CLIENTS, tuple(rates))


def _ask(times: int, ready: threading.Barrier) -> None:
    """One client: the first insertion does not count, the others begin when all are ``ready``."""
    with Client.connect() as client:
        client.insert(*USUAL, CLASS, seed=1)
        ready.wait()
        for _ in range(times):
            client.insert(*USUAL, CLASS, seed=1)


def over_rows(folder: Path) -> Curve:
    """Pictures a minute: one command a picture, and one command for ``ROWS`` rows."""
    photo = folder / "photo.jpg"
    Image.fromarray(outdoors(*PHOTO)).save(photo, quality=90)
    command = [sys.executable, "-m", "daemon.command_line", "insert"]
    rates = []

    def run(*arguments: str) -> None:
        subprocess.run([*command, *arguments], cwd=ROOT, check=True, capture_output=True)

    out = folder / "one.jpg"
    single = timed(
        lambda: run(
            str(photo), "--box", ",".join(map(str, ROW_BOX)), "--class", CLASS, "--seed", "1", "-o", str(out)
        ),
        SINGLE_CALLS,
    )
    rates.append(60 / single.median)
    rows = [
        {
            "photo": str(photo),
            "box": ROW_BOX,
            "class": CLASS,
            "seed": seed,
            "out": str(folder / f"{seed}.jpg"),
        }
        for seed in range(ROWS)
    ]
    batch = folder / "rows.jsonl"
    batch.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    began = time.perf_counter()
    run("--batch", str(batch))
    rates.append(60 * ROWS / (time.perf_counter() - began))
    return Curve("pictures of 1000 × 750 px", "rows of a command", "a minute", (1, ROWS), tuple(rates))


def moments(client: Client, repeats: int) -> dict[str, float]:
    """Figures of their own: live previews a second while the box moves, and milliseconds of light."""
    picture = outdoors(2000, 1500)
    place = iter(range(10_000))

    def preview() -> None:
        x = 300 + next(place) % 400
        client.insert(picture, (x, 300, USUAL_BOX, 400), CLASS, seed=1, shadow=True)

    cut_out = np.dstack([outdoors(400, 400), np.full((400, 400), 255, np.uint8)])
    cut_out[:40, :, 3] = cut_out[-40:, :, 3] = 0
    return {
        "previews a second, the box moving": 1 / timed(preview, repeats).median,
        "light of a 400 px cut-out, ms": 1000
        * timed(lambda: client.light(picture, cut_out, (500, 500)), repeats).median,
    }


def idle_share(client: Client) -> float:
    """Per cent of one processor that the service takes while nobody asks."""
    process = psutil.Process(int(client.status()["pid"]))
    time.sleep(8)  # until freed memory has been given back
    before, began = sum(process.cpu_times()[:2]), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    spent = float(sum(process.cpu_times()[:2]) - before)
    return 100 * spent / (time.perf_counter() - began)


def plot(curves: Sequence[Curve], file: Path) -> None:
    """One panel a curve, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = 2
    rows = math.ceil(len(curves) / columns)
    figure, panels = pyplot.subplots(rows, columns, figsize=(9, 3.2 * rows), layout="constrained")
    for panel, curve in zip(panels.flat, curves, strict=True):
        panel.loglog(curve.at, curve.values, "o-", color="#2a6f97")
        for x, y in zip(curve.at, curve.values, strict=True):
            panel.annotate(
                f"{y:.3g}", (x, y), textcoords="offset points", xytext=(0, 7), ha="center", fontsize=8
            )
        panel.set(xlabel=curve.over, ylabel=f"{curve.name}, {curve.unit}", xticks=curve.at)
        panel.set_xticklabels(map(str, curve.at))
        panel.minorticks_off()
        panel.margins(x=0.1)
        panel.set_ylim(min(curve.values) / 2, 2 * max(curve.values))  # small differences look small
        panel.grid(alpha=0.3)
    figure.savefig(file, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--plot", type=Path, help="draw the curves into this file (.svg, .png)")
    options = parser.parse_args()
    print(machine(), "\n", sep="")
    curves: list[Curve] = []
    with tempfile.TemporaryDirectory(prefix="insert-object-scale-") as home:
        os.environ["INSERT_OBJECT_HOME"] = home
        began = time.perf_counter()
        with Client.connect() as client:
            client.insert(*USUAL, CLASS, seed=1)
            figures = {"service started to first layer, s": time.perf_counter() - began}
            figures |= moments(client, options.repeats)
            curves += [over_boxes(client, options.repeats), over_variations(client, options.repeats)]
            curves += [over_clients(options.repeats), over_rows(Path(home))]
            figures["processor while idle, %"] = idle_share(client)
            client.shutdown()
    for curve in curves:
        print(curve.text(), f"slope {curve.slope:.2f}\n", sep="")
    print("".join(f"| {name} | {value:.3g} |\n" for name, value in figures.items()))
    if options.json:
        content = {"machine": machine(), "curves": [asdict(curve) for curve in curves], "figures": figures}
        options.json.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    if options.plot:
        plot(curves, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
