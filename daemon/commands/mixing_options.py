"""Options that take an object's look and shape from pictures, each from one of its own. Imports no packages.

Without its own parts, a shape is what Li et al., "MixNMatch" (2020), call their code mode; with them, their
feature mode.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from daemon.commands.option_values import WrongOptions, box_of, for_each
from daemon.painting.object_shape import ObjectShape
from wire.protocol import Rect


@dataclass(frozen=True)
class Models:
    """What an object is modelled on: pictures, and the parts of them that show the object."""

    look: Path | None
    look_box: Rect | None
    shape: ObjectShape | Path
    shape_box: Rect | None
    own_parts: bool

    @property
    def pictures(self) -> list[Path]:
        """The files that are read."""
        return [picture for picture in (self.look, self.shape) if isinstance(picture, Path)]

    def absolute(self) -> Models:
        """The same for a process with another working folder."""
        shape = self.shape.absolute() if isinstance(self.shape, Path) else self.shape
        return replace(self, look=self.look and self.look.absolute(), shape=shape)


def add_mixing_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that take look and shape from pictures, each from one of its own if so wished."""
    parser.add_argument(
        "--look", "--reference", metavar="IMAGE", action="append", type=Path,
        help="a picture the object is to look like: its colours and pattern are taken",
    )  # fmt: skip
    parser.add_argument(
        "--look-box", "--reference-box", metavar="X,Y,W,H", action="append", type=box_of,
        help="the part of that picture that shows the object",
    )  # fmt: skip
    parser.add_argument(
        "--shape", action="append", type=_shape_of, metavar="IMAGE",
        help="a picture whose object gives the outline; it must be cut out (transparent around the object). "
        "“reference”: the picture after --look; “drawn”: by the networks (default)",
    )  # fmt: skip
    parser.add_argument(
        "--shape-box", metavar="X,Y,W,H", action="append", type=box_of,
        help="the part of the picture after --shape that shows the object",
    )  # fmt: skip
    parser.add_argument(
        "--own-parts", action=argparse.BooleanOptionalAction,
        help="with --shape: keep head, legs and tail where that picture shows them, or let them lie as in "
        "the most similar outline of the class (default: keep)",
    )  # fmt: skip


def _shape_of(text: str) -> ObjectShape | Path:
    return ObjectShape(text) if text in list(ObjectShape) else Path(text)


def models_of(options: argparse.Namespace, count: int) -> list[Models]:
    """What each of ``count`` objects is modelled on.

    Raises:
        WrongOptions: the options do not fit together.
    """
    given = zip(
        for_each("--look", options.look, count, None),
        for_each("--look-box", options.look_box, count, None),
        for_each("--shape", options.shape, count, ObjectShape.DRAWN),
        for_each("--shape-box", options.shape_box, count, None),
        strict=True,
    )
    models = [Models(*values, own_parts=options.own_parts is not False) for values in given]
    for model in models:
        _check(model)
    return models


def _check(models: Models) -> None:
    if models.look is None and models.look_box is not None:
        raise WrongOptions("--look-box is given without a picture.", "Name one with --look.")
    if models.shape is ObjectShape.REFERENCE and models.look is None:
        raise WrongOptions("--shape reference is given without a picture.", "Name one with --look.")
    if models.shape_box is not None and not isinstance(models.shape, Path):
        raise WrongOptions("--shape-box is given without a picture.", "Name one with --shape.")
