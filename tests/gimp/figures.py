"""Measures how quick the plug-in feels in GIMP: ``python -m tests.gimp.figures [--rounds N] [--large]``.

A 2000 × 1500 photo with a box of 512 pixels, a real GIMP window, the real daemon with the shipped weights,
warm. Prints the median and the worst of each figure in milliseconds, and what the plug-in may take.
``--large``: a photo of 8000 × 6000; ``--profile adobe``: in Adobe RGB.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from plugins.profiles.plugin_files import PluginConfig
from tests.conftest import RunningDaemon, outdoor_picture
from tests.gimp.harness import Gimp, make_profile
from tests.gimp.provision import find_gimp
from tests.gimp.screen import Screen

BOX = (700, 500, 512, 512)
PREVIEW = "Insert object: preview"
LIMITS_MS = {
    "click to dialog": 600,
    "click to preview": 900,
    "selection to preview": 400,
    "GIMP's main loop blocked": 100,
    "Insert to layer": 600,
}
LARGE_LIMITS_MS = {**LIMITS_MS, "click to preview": 1000, "selection to preview": 600}


def milliseconds_until(condition: Callable[[], bool], began: float, seconds: float = 30.0) -> float:
    """The time since ``began`` when the condition holds; the condition is asked as often as can be."""
    while not condition():
        if time.perf_counter() - began > seconds:
            raise TimeoutError(f"waited {seconds:g} s in vain")
    return 1e3 * (time.perf_counter() - began)


@dataclass
class Bench:
    """What is measured in."""

    gimp: Gimp
    screen: Screen
    image: int

    def preview_id(self) -> int:
        """The preview layer's id, 0 when there is none; another box has another layer."""
        return int(self.gimp.id_of_layer_named(self.image, PREVIEW))

    def dialog(self) -> float:
        """From the click to the dialog; the box is already drawn."""
        self.gimp.select_layer(self.image, self.gimp.describe_image(self.image)["layers"][-1])
        self.gimp.select_rectangle(self.image, *BOX)
        self.screen.focus(self.screen.wait_for_window("– GIMP"))
        time.sleep(0.5)
        return 1e3 * self.screen.key_until_window("ctrl+alt+i", "Insert Object")

    def first_preview(self, after_dialog: float) -> float:
        """From the click to the object, with what it took until the dialog was there."""
        began = time.perf_counter()
        return after_dialog + milliseconds_until(lambda: self.preview_id() != 0, began)

    def preview(self, step: int) -> float:
        """From a selection that has stopped moving to the object in it."""
        time.sleep(2.0)  # the other variations
        before = self.preview_id()
        left = BOX[0] + 400 + step
        began = time.perf_counter()
        self.gimp.select_rectangle(self.image, left, BOX[1] + 40, BOX[2], BOX[3])
        return milliseconds_until(lambda: self.preview_id() not in (0, before), began)

    def block(self) -> float:
        """The longest that GIMP let a trivial call wait while the dialog rolls seeds and shows objects."""
        self.gimp.begin("longest_block", 3.0)
        self.screen.focus(self.screen.wait_for_window("Insert Object"))
        for _ in range(3):
            self.screen.keys("alt+n")
            time.sleep(0.6)
        return float(self.gimp.finish()["longest"])

    def insertion(self) -> float:
        """From Insert to the layer in the image, with the preview on the canvas."""
        time.sleep(1.0)
        self.screen.focus(self.screen.wait_for_window("Insert Object"))
        pressed = self.screen.key_at("alt+i")
        began = time.perf_counter() - (time.time() - pressed)
        took = milliseconds_until(lambda: self.preview_id() == 0, began)
        self.screen.wait_until_gone("Insert Object")
        return took


def measure(bench: Bench, rounds: int) -> dict[str, list[float]]:
    """All figures in milliseconds, ``rounds`` times each after a round that warms up."""
    found: dict[str, list[float]] = {name: [] for name in LIMITS_MS}
    for number in range(rounds + 1):
        dialog = bench.dialog()
        first = bench.first_preview(dialog)
        values = (dialog, first, bench.preview(number), bench.block(), bench.insertion())
        if number > 0:
            for name, value in zip(LIMITS_MS, values, strict=True):
                found[name].append(value)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="in a photo of 8000 × 6000")
    parser.add_argument("--profile", choices=["adobe", "linear"], help="the picture's colour profile")
    options = parser.parse_args()
    place = find_gimp()
    with tempfile.TemporaryDirectory(prefix="insert-object-figures-") as folder:
        home = Path(folder)
        photo = Image.fromarray(outdoor_picture(2000, 1500))
        if options.large:
            photo = photo.resize((8000, 6000))
        photo.save(home / "photo.png", compress_level=1)
        (home / "daemon").mkdir()
        daemon = RunningDaemon(home / "daemon")
        daemon.ensure_running()
        profile = make_profile(home / "profile", place, PluginConfig(daemon.connection_file, ()))
        screen = Screen(place, home)
        gimp = Gimp(place, profile, display=screen.display)
        try:
            image = int(gimp.open_picture(str(home / "photo.png"))["image"])
            if options.profile:
                gimp.use_profile(image, options.profile)
            gimp.show(image)
            found = measure(Bench(gimp, screen, image), options.rounds)
            screen.screenshot("figures")
        finally:
            gimp.close()
            screen.close()
            daemon.end()
    limits = LARGE_LIMITS_MS if options.large else LIMITS_MS
    for name, values in found.items():
        median, worst = statistics.median(values), max(values)
        print(f"{name:<26} median {median:6.0f} ms, worst {worst:6.0f} ms, may take {limits[name]} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
