"""Films the flows of docs/gimp.md and docs/krita.md: ``python -m tests.films``.

Real editors with the shipped weights on the demo photo; each flow becomes a strip of numbered frames,
``docs/images/gimp-NAME.jpg`` or ``krita-NAME.jpg``. Look at them before they are committed.
``--krita-root FOLDER`` films another Krita than the system's (see tests/krita/provision.py),
``INSERT_OBJECT_TEST_SUITE`` another GIMP.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from tests.film_strip import write_strip
from tests.gimp import film
from tests.krita.harness import ARTIFACTS
from tests.krita.take_screenshot import run_with_weights
from tests.program import ROOT


def film_gimp(folder: Path, flows: Sequence[str]) -> Iterator[Path]:
    for name, frames in film.film(list(flows)):
        path = folder / f"gimp-{name}.jpg"
        write_strip(frames, path)
        yield path


def film_krita(folder: Path, flows: Sequence[str], root: Path | None) -> Iterator[Path]:
    os.environ["INSERT_OBJECT_ONLY"] = ",".join(f"film_{flow}" for flow in flows)
    for old in ARTIFACTS.glob("film-*-*.png"):
        old.unlink()
    run_with_weights("film.py", root)
    taken: dict[str, list[Path]] = {}
    for frame in sorted(ARTIFACTS.glob("film-*-*.png")):
        taken.setdefault(frame.stem.split("-")[1], []).append(frame)
    for name, frames in taken.items():
        path = folder / f"krita-{name}.jpg"
        write_strip([Image.open(frame) for frame in frames], path)
        yield path


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=("gimp", "krita"), help="one editor alone")
    parser.add_argument(
        "--flow", choices=film.FLOWS, action="append", help="this flow alone; may be repeated"
    )
    parser.add_argument("--krita-root", type=Path, metavar="FOLDER", help="where another Krita is at home")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", metavar="FOLDER")
    options = parser.parse_args()
    flows = options.flow or list(film.FLOWS)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.only != "krita":
        for path in film_gimp(options.out, flows):
            print(path)
    if options.only != "gimp":
        root = options.krita_root.resolve() if options.krita_root else None
        for path in film_krita(options.out, flows, root):
            print(path)


if __name__ == "__main__":
    main()
