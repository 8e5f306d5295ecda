"""Measures how quick the plug-in feels in Krita: ``python -m tests.krita.figures [--rounds N] [--large]``.

A 2000 × 1500 photo with a box of 512 pixels, a real Krita window, the real daemon with the shipped weights,
warm. Prints the median and the worst of each figure in milliseconds, and what the plug-in may take.
``--large``: a photo of 6000 × 8000 under two more layers; ``--profile`` names a colour profile of Krita's,
as ClayRGB-elle-V2-g22.icc, which is Adobe RGB.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.conftest import RunningDaemon, outdoor_picture
from tests.krita.harness import HERE, KritaProfile, daemon_config
from tests.krita.provision import find_krita

LIMITS_MS = {
    "insert to layer": 600,
    "edit to layer": 600,
    "selection to live preview": 400,
    "switching variations": 60,
    "longest hold by the plug-in": 50,
}
LARGE_LIMITS_MS = {
    "insert to layer": 1500,
    "edit to layer": 1500,
    "selection to live preview": 1500,
    "switching variations": 300,
    "longest hold by the plug-in": 100,
}
# A hold is mostly waiting, for Krita or for a core; computing is what the plug-in's own code does.
FOR_COMPARISON = ("longest computing by the plug-in", "longest hold of the window by anybody")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--holds", action="store_true", help="tell which part of the plug-in held the window")
    parser.add_argument("--large", action="store_true", help="in a photo of 6000 × 8000 with three layers")
    parser.add_argument("--profile", default="", help="a colour profile of Krita's for the picture")
    parser.add_argument("--krita-root", type=Path, help="the Krita of this root folder, not the system's")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="insert-object-figures-") as folder:
        home = Path(folder)
        photo = home / "photo.png"
        Image.fromarray(outdoor_picture(2000, 1500)).save(photo)
        (home / "daemon").mkdir()
        daemon = RunningDaemon(home / "daemon")
        daemon.ensure_running()
        profile = KritaProfile(home, find_krita(arguments.krita_root))
        profile.install(daemon_config(daemon.home, "-m", "daemon.command_line", "daemon", "run"))
        try:
            results = profile.run_windowed(
                [HERE / "inside" / "figures.py"],
                home / "results.json",
                INSERT_OBJECT_ROUNDS=str(arguments.rounds),
                INSERT_OBJECT_PHOTO=str(photo),
                INSERT_OBJECT_SIZE="6000x8000" if arguments.large else "2000x1500",
                INSERT_OBJECT_LAYERS="3" if arguments.large else "1",
                INSERT_OBJECT_PROMISE_SECONDS="600",
                INSERT_OBJECT_PROFILE=arguments.profile,
            )
        finally:
            daemon.end()
    result = results["promise_figures"]
    if result["failure"] is not None:
        print(result["failure"], file=sys.stderr)
        return 1
    figures = result["figures"]
    assert isinstance(figures, dict)
    limits = LARGE_LIMITS_MS if arguments.large else LIMITS_MS
    for name in (*limits, *FOR_COMPARISON):
        median, worst = statistics.median(figures[name]), max(figures[name])
        may = f", may take {limits[name]} ms" if name in limits else ""
        print(f"{name:<38} median {median:6.0f} ms, worst {worst:6.0f} ms{may}")
    for held in figures["holds"] if arguments.holds else ():
        print(held)
    return 0


if __name__ == "__main__":
    sys.exit(main())
