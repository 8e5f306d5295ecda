"""The options of ``insert-object scene``. Imports no packages."""

from __future__ import annotations

import argparse
from pathlib import Path

from daemon.commands.insert_options import add_candidates_option
from daemon.commands.mixing_options import add_mixing_options
from daemon.commands.option_values import box_of, number_of
from daemon.pictures.file_formats import OUTPUT_HELP
from wire.protocol import MAX_SEED, Wish

SMALLEST_SCENE, LARGEST_SCENE = 128, 2048  # pixels
MOST_OBJECTS = 12


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the ``scene`` command."""
    parser = subparsers.add_parser(
        "scene",
        help="paint a whole scene from nothing",
        description="Paints a background from a seed and inserts objects into it, the far ones first. "
        "Backgrounds are painted small and enlarged: a sketch to paint over, not a photo.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True,
        help=OUTPUT_HELP,
    )  # fmt: skip
    parser.add_argument(
        "--seed", metavar="N", type=number_of(0, MAX_SEED),
        help="the scene, 0 to 2147483647 (default 0, with the best of a dozen for each object)",
    )  # fmt: skip
    add_candidates_option(parser, "12 without --seed, 1 with it")
    parser.add_argument(
        "--size", metavar="PIXELS", type=number_of(SMALLEST_SCENE, LARGEST_SCENE), default=512,
        help=f"side of the square picture, {SMALLEST_SCENE} to {LARGEST_SCENE} (default 512)",
    )  # fmt: skip
    parser.add_argument(
        "--objects", metavar="N", type=number_of(0, MOST_OBJECTS),
        help=f"how many objects the seed places, 0 to {MOST_OBJECTS} (default 3; not with --box)",
    )  # fmt: skip
    parser.add_argument(
        "--box", metavar="X,Y,W,H", action="append", type=box_of, default=[],
        help="where an object goes; repeat it with --class in the order of insertion",
    )  # fmt: skip
    parser.add_argument(
        "--class", dest="class_name", metavar="CLASS", action="append", default=[],
        help="what to insert; without --box the seed draws from these",
    )  # fmt: skip
    add_mixing_options(parser)
    parser.add_argument(
        "--background", metavar="IMAGE", type=Path,
        help="a picture that the background is to be like in colours and layout",
    )  # fmt: skip
    parser.add_argument(
        "--own-background", action="store_true",
        help="take the middle of that picture itself, in place of a painted one like it",
    )  # fmt: skip
    parser.add_argument(
        "--shadow", action=argparse.BooleanOptionalAction, default=Wish().shadow,
        help="lay a contact shadow under each object, or not (default: yes)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print what was made as one JSON object")
    parser.set_defaults(run=_run, photo=None, mask=None, layer=None)


def _run(options: argparse.Namespace) -> int:
    from daemon.commands.sketch import run

    return run(options)
