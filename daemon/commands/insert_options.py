"""The options of ``insert-object insert``: their grammar and what they mean together. Imports no packages."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

from daemon.commands.mixing_options import Models, add_mixing_options, models_of
from daemon.commands.option_values import WrongOptions, box_of, for_each, number_of
from daemon.painting.object_shape import ObjectShape
from daemon.pictures.file_formats import PHOTO_OUTPUT_HELP, PNG, format_of
from wire.herd import MAX_HERD
from wire.protocol import (
    MAX_CANDIDATES,
    MAX_SEED,
    MAX_VARIATIONS,
    OF_A_CAST_SHADOW,
    Wish,
    candidates_for,
    later_seed,
)

_DESCRIPTION = "Inserts objects into a photo and writes the finished picture or its layers."
_EPILOGUE = """\
Several objects: repeat --box and --class in the order of insertion; each object sees those before it.
--class, --herd, --seed, --shape-seed, --look-seed, --style, --pack, --mask, --look, --look-box, --shape,
--shape-box and the --cast-… that take a number are given once for all objects or once for each box.

The best of a dozen: without --seed twelve objects are painted small (two for each variation, if these are
more), and the best of them in full. The seed of each is told; given with --seed, it makes that very object.

A herd: --herd 5 spreads five objects over the box, far ones smaller and behind, each on a layer of its own
with a seed of its own. The same --seed makes the same herd.

Several variations: OUT-1.png, OUT-2.png … are written, with --seed N the k-th as N+k-1 would make it, without
it the best first. An .ora file holds them all as layers instead, of which only the first is visible.

A row of --batch: {"photo": "a.jpg", "box": [420, 310, 260, 200], "class": "dog", "seed": 3, "out": "b.png"}

examples:
  insert-object insert docs/demo/photo.jpg --box 430,540,240,190 --class horse -o horse.png
  insert-object insert docs/demo/photo.jpg --box 60,560,220,160 --class cow --box 700,600,120,90 \\
      --class sheep -o two.ora
  insert-object insert --batch rows.jsonl
"""
_USAGE = """\
insert-object insert PHOTO --box X,Y,W,H --class CLASS -o OUT [options]
       insert-object insert --batch FILE"""


@dataclass(frozen=True)
class AskedObject:
    """One object to insert, as the options ask for it: the wish, and the pictures that help it along."""

    wish: Wish
    mask: Path | None
    models: Models
    herd: int


def add_insert_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``insert`` to its parser."""
    parser.usage, parser.description, parser.epilog = _USAGE, _DESCRIPTION, _EPILOGUE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("photo", metavar="PHOTO", nargs="?", type=Path, help="the photo; it is not changed")
    parser.add_argument(
        "--box",
        metavar="X,Y,W,H",
        action="append",
        type=box_of,
        help="where the object goes, in pixels from the top left; may reach over the border",
    )
    parser.add_argument(
        "--class",
        dest="class_name",
        metavar="CLASS",
        action="append",
        help="what to insert; “insert-object classes” lists them",
    )
    parser.add_argument(
        "--herd", metavar="N", action="append", type=number_of(1, MAX_HERD),
        help=f"insert N objects that stand in the box, far ones smaller, 1 to {MAX_HERD} (default 1)",
    )  # fmt: skip
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help=PHOTO_OUTPUT_HELP)
    parser.add_argument(
        "--seed", metavar="N", action="append", type=number_of(0, MAX_SEED),
        help="another number makes another object, 0 to 2147483647; given once, it is counted on for each "
        "object (default: the best of a dozen)",
    )  # fmt: skip
    add_candidates_option(parser, "12 without --seed, or two for each variation; 1 with it")
    parser.add_argument(
        "--variations", metavar="N", type=number_of(1, MAX_VARIATIONS), default=1,
        help=f"how many looks to make, 1 to {MAX_VARIATIONS} (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--mask", metavar="PNG", action="append", type=Path,
        help="the object's shape, white or opaque; a picture of the photo's or the box's size",
    )  # fmt: skip
    add_mixing_options(parser)
    parser.add_argument(
        "--shape-seed", metavar="N", action="append", type=number_of(0, MAX_SEED),
        help="keep the shape that this seed makes; --seed then changes the look alone",
    )  # fmt: skip
    parser.add_argument(
        "--look-seed", metavar="N", action="append", type=number_of(0, MAX_SEED),
        help="keep the look that this seed makes; --seed then changes the shape alone",
    )  # fmt: skip
    parser.add_argument(
        "--mirrored", action="store_true", help="turn what the networks draw around, left for right"
    )
    parser.add_argument(
        "--style", metavar="NAME", action="append",
        help="one of the class's looks, by name; “insert-object classes” lists them",
    )  # fmt: skip
    parser.add_argument(
        "--pack", metavar="NAME", action="append",
        help="the model pack that knows the class; “insert-object packs” lists them",
    )  # fmt: skip
    _add_shadow_options(parser)
    parser.add_argument(
        "--depth", type=int, choices=(8, 16), help="bits per colour of what is written (default: the photo's)"
    )
    parser.add_argument(
        "--layer", metavar="PNG", type=Path,
        help="also write each object alone, cut to its size, its place noted in the file "
        "(several: PNG-1, PNG-2 …; several variations of several objects: PNG-VARIATION-OBJECT)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print what was made as one JSON object")
    parser.add_argument(
        "--batch", metavar="FILE", type=Path,
        help="insert into many photos: one JSON object per line, with the names of these options and “out” "
        "(“-”: standard input); prints a JSON object for each. Stands alone",
    )  # fmt: skip
    parser.add_argument(
        "--cluster", metavar="ADDRESS",
        help="with --batch: the workers of the Dask cluster of that scheduler paint, see docs/batch.md",
    )  # fmt: skip


def add_candidates_option(parser: argparse.ArgumentParser, default: str) -> None:
    """The option that says how many seeds an object is the best of; ``default`` is what it is without it."""
    parser.add_argument(
        "--candidates", metavar="N", type=number_of(1, MAX_CANDIDATES),
        help=f"paint the best of N seeds, from the first one on, 1 to {MAX_CANDIDATES} (default {default})",
    )  # fmt: skip


def candidates_asked(options: argparse.Namespace, variations: int) -> int:
    """How many seeds the variations of an object are the best of. A seed that is named is painted as it is,
    unless --candidates says otherwise."""
    if options.candidates is not None:
        return int(options.candidates)
    return candidates_for(variations) if options.seed is None else 1


def _add_shadow_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shadow", action=argparse.BooleanOptionalAction,
        help="lay a soft contact shadow under each object, a layer of its own, or not (default: yes)",
    )  # fmt: skip
    add_cast_shadow_options(parser, "append", "each object")
    parser.add_argument(
        "--behind-grass", action="store_true",
        help="let the scene's own blades of grass stand before the objects' feet",
    )  # fmt: skip


def add_cast_shadow_options(parser: argparse.ArgumentParser, action: str, thrower: str) -> None:
    """The options of the shadow that ``thrower`` throws; ``action`` is argparse's for each of its numbers."""
    parser.add_argument(
        "--cast-shadow", action="store_true",
        help=f"lay the shadow that {thrower} throws on the ground, too, another layer of its own",
    )  # fmt: skip
    parser.add_argument(
        "--cast-direction", metavar="DEGREES", action=action, type=_number_for("cast_direction"),
        help="where it falls, as seen from above: 0 away from the viewer, 90 to the right, 180 towards the "
        "viewer, 270 to the left (default: by the scene's light)",
    )  # fmt: skip
    for name, help_text in (
        ("length", "how far it falls, in percent of the object's height"),
        ("softness", "how much softer it becomes away from the feet, in percent"),
        ("strength", "how dark it is at the feet, in percent"),
    ):
        field_name = f"cast_{name}"
        low, high = wish_field(field_name).metadata["within"]
        parser.add_argument(
            f"--cast-{name}", metavar="PERCENT", action=action, type=_number_for(field_name),
            help=f"{help_text}, {low} to {high} (default {wish_field(field_name).default})",
        )  # fmt: skip


def check_cast_shadow(options: argparse.Namespace) -> None:
    """Makes sure that nothing is said of a cast shadow that is not wished for.

    Raises:
        WrongOptions: naming the option.
    """
    given = [name for name in OF_A_CAST_SHADOW if getattr(options, name) is not None]
    if given and not options.cast_shadow:
        raise WrongOptions(f"--{given[0].replace('_', '-')} is given without --cast-shadow.", "Add it.")


def wish_field(name: str) -> Field[Any]:
    """A field of the wish, with its default and range."""
    return next(item for item in fields(Wish) if item.name == name)


def _number_for(name: str) -> Any:
    return number_of(*wish_field(name).metadata["within"])


def check_needed(options: argparse.Namespace) -> None:
    """Makes sure that photo, box, class and output are given.

    Raises:
        WrongOptions: naming those that are not.
    """
    if options.cluster:
        raise WrongOptions("--cluster is given without --batch.", "Give the rows that it is to paint.")
    needed = {
        "PHOTO": options.photo,
        "--box": options.box,
        "--class": options.class_name,
        "--output": options.output,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise WrongOptions(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.",
            "See “insert-object insert --help”.",
        )


def join_negative_boxes(arguments: Iterable[str]) -> list[str]:
    """``--box -5,…`` as ``--box=-5,…``: argparse takes what begins with a minus for an option."""
    joined: list[str] = []
    for argument in arguments:
        if (
            joined
            and joined[-1] in ("--box", "--reference-box", "--look-box", "--shape-box", "--at")
            and argument[:1] == "-"
            and argument[1:2].isdigit()
        ):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def asked_objects(options: argparse.Namespace) -> list[AskedObject]:
    """The objects to insert, in order.

    Raises:
        WrongOptions: if the numbers of boxes, classes and other options do not fit.
    """
    count = len(options.box)
    if len(options.class_name) not in (1, count):
        raise WrongOptions(
            f"--box is given {count} times and --class {len(options.class_name)} times.",
            "Give one --class for all boxes, or one for each.",
        )
    each = {
        item.name: for_each(
            f"--{item.name.replace('_', '-')}", _given(options, item.name), count, item.default
        )
        for item in fields(Wish)
    }
    check_cast_shadow(options)
    if len(options.seed or ()) <= 1:
        step = candidates_asked(options, options.variations)  # so that no two have a candidate in common
        each["seed"] = [later_seed(seed, place * step) for place, seed in enumerate(each["seed"])]
    masks, models = for_each("--mask", options.mask, count, None), models_of(options, count)
    herds = for_each("--herd", options.herd, count, 1)
    asked = [
        AskedObject(
            Wish(**{name: values[place] for name, values in each.items()}),
            masks[place],
            models[place],
            herds[place],
        )
        for place in range(count)
    ]
    for item in asked:
        _check_shape(item)
    return asked


def _given(options: argparse.Namespace, name: str) -> Sequence[Any] | None:
    """What was given for a field of the wish: a value for each object, or one switch for all."""
    value = getattr(options, name)
    return [value] if isinstance(value, bool) else value


def _check_shape(asked: AskedObject) -> None:
    """One shape at most, and none for a herd."""
    given = asked.models.shape is not ObjectShape.DRAWN
    if given and asked.mask:
        raise WrongOptions("--mask and --shape both give the shape.", "Leave one of them out.")
    if asked.herd > 1 and (given or asked.mask):
        name = "--mask" if asked.mask else "--shape"
        raise WrongOptions(f"{name} gives one shape, and --herd {asked.herd} needs many.", "Leave one out.")


def check_outputs(options: argparse.Namespace) -> None:
    """Refuses endings that are not written.

    Raises:
        WrongOptions, UnsuitableFormat: with the sentence for the user.
    """
    format_of(options.output)
    if options.layer is not None and options.layer.suffix.lower() not in PNG.endings:
        raise WrongOptions("The object layer is written as PNG.", "Let the name after --layer end in .png.")
