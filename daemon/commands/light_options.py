"""The options of ``insert-object light``. Imports no packages."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from daemon.commands.insert_options import add_cast_shadow_options
from daemon.commands.option_values import whole_number
from daemon.pictures.file_formats import PHOTO_OUTPUT_HELP
from wire.protocol import MAX_IMAGE_SIDE


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the ``light`` command."""
    parser = subparsers.add_parser(
        "light",
        help="give a cut-out the light of a photo",
        description="Puts a cut-out into a photo and gives it the photo's light. Its own pixels are kept: "
        "brightness, colours and grain are adjusted, nothing is painted.",
        allow_abbrev=False,
    )
    parser.add_argument("photo", metavar="PHOTO", type=Path, help="the photo; it is not changed")
    parser.add_argument(
        "--object", metavar="CUTOUT", type=Path, required=True,
        help="a picture of the object, transparent around it",
    )  # fmt: skip
    parser.add_argument(
        "--at", metavar="X,Y", type=place_of, required=True,
        help="where the upper left corner of the cut-out lies in the photo; it may reach over the border",
    )  # fmt: skip
    parser.add_argument(
        "--scale", metavar="S", type=scale_of, default=1.0, help="the cut-out's size over its own (default 1)"
    )
    parser.add_argument(
        "--strength", metavar="SHARE", type=share_of, default=1.0,
        help="how much of the change is made, 0 to 1 (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--shadow", action="store_true", help="lay a soft contact shadow under it, a layer of its own"
    )
    add_cast_shadow_options(parser, "store", "it")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help=PHOTO_OUTPUT_HELP)
    parser.add_argument(
        "--layer",
        metavar="PNG",
        type=Path,
        help="also write the lit cut-out alone, its place noted in the file",
    )
    parser.add_argument("--json", action="store_true", help="print what was done as one JSON object")
    parser.set_defaults(run=_run)


def place_of(text: str) -> tuple[int, int]:
    """The place of ``X,Y``; raises argparse.ArgumentTypeError."""
    try:
        x, y = (whole_number(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"“{text[:60]}” is not a place; give two whole numbers: X,Y"
        ) from None
    if max(abs(x), abs(y)) > MAX_IMAGE_SIDE:
        raise argparse.ArgumentTypeError(f"“{text[:60]}” lies outside any picture")
    return x, y


def scale_of(text: str) -> float:
    """A scale above 0; raises argparse.ArgumentTypeError."""
    scale = _number(text)
    if not 0 < scale <= 100:
        raise argparse.ArgumentTypeError(f"“{text[:60]}” is not a scale; give a number such as 0.5 or 2")
    return scale


def share_of(text: str) -> float:
    """A share; raises argparse.ArgumentTypeError."""
    share = _number(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"“{text[:60]}” is not a number from 0 to 1")
    return share


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _run(options: argparse.Namespace) -> int:
    from daemon.commands.light import run

    return run(options)
