"""The arguments of ``plug-in-insert-object``, and what scripts may not say in them.

GIMP puts a number into its range, and a word that is no choice into the first one, without a word to the
script. So the ranges are wide, the choices are texts, and what is wrong is told here.
"""

from __future__ import annotations

from dataclasses import fields

from changed_layer import Way
from gi.repository import Gimp, GObject
from settings import (
    ANY_SEED,
    BY_THE_LIGHT,
    DIRECTION,
    PARTS_EACH,
    PARTS_TOGETHER,
    PERCENTAGES,
    SHAPE_AUTOMATIC,
    SHAPE_FREE,
    SHAPE_GIVEN,
    SWITCHES,
)
from thumbnails import LARGEST, SMALLEST
from wording import Refusal, _

from wire.herd import MAX_HERD
from wire.protocol import MAX_SEED, Rect, Wish
from wire.sentences import N_

_WHOLE = -MAX_SEED - 1, MAX_SEED  # what an argument of GIMP can hold
_READ_WRITE = GObject.ParamFlags.READWRITE
_BOX = {
    "box-x": N_("Box left"),
    "box-y": N_("Box top"),
    "box-width": N_("Box width"),
    "box-height": N_("Box height"),
}
_CHOICES = {
    "shape": (SHAPE_AUTOMATIC, SHAPE_GIVEN, SHAPE_FREE),
    "changed": tuple(way.value for way in Way),
    "parts": (PARTS_TOGETHER, PARTS_EACH),
}


def add(procedure: Gimp.Procedure) -> None:
    """Describes the arguments to GIMP."""
    for name, words, meaning in (
        (
            "object-class",
            _("C_lass"),
            _("What to insert, by its English name; empty: the first class there is"),
        ),
        ("style", _("S_tyle"), _("One of the class's style presets; empty: from the seed")),
        ("pack", _("_Model pack"), _("The name of a model pack of your own; empty: the one that is shipped")),
    ):
        procedure.add_string_argument(name, words, meaning, "", _READ_WRITE)
    procedure.add_int_argument(
        "seed",
        _("_Seed"),
        _("The same seed gives the same object; -1: any, the best of a dozen"),
        *_WHOLE,
        0,
        _READ_WRITE,
    )
    procedure.add_string_argument(
        "shape",
        _("Sh_ape"),
        _(
            "What the object's shape comes from. “automatic”: a selection like an object's outline is the "
            "shape; “given”: the selection, or the edited layer, is; “free”: only the box counts"
        ),
        SHAPE_AUTOMATIC,
        _READ_WRITE,
    )
    procedure.add_string_argument(
        "changed",
        _("C_hanged layer"),
        _(
            "What an edit does to a layer that was painted on, erased or filtered since it was inserted: "
            "“refuse”, “light” (its own pixels), “above” (on a new layer) or “repaint”"
        ),
        Way.REFUSE.value,
        _READ_WRITE,
    )
    procedure.add_int_argument(
        "herd",
        _("_Number"),
        _("How many objects: a herd of them stands in the box, far ones smaller; 1: one object fills it"),
        *_WHOLE,
        1,
        _READ_WRITE,
    )
    procedure.add_string_argument(
        "parts",
        _("_Parts"),
        _("What a selection of several parts gets: “together”: one box around them; “each”: an object each"),
        PARTS_TOGETHER,
        _READ_WRITE,
    )
    for name, words in _BOX.items():
        meaning = _("In image pixels; where all four are 0 the selection is the box")
        procedure.add_int_argument(name, _(words), meaning, *_WHOLE, 0, _READ_WRITE)
    for field, (words, tooltip) in SWITCHES.items():
        name = field.replace("_", "-")
        procedure.add_boolean_argument(name, _(words), _(tooltip), getattr(Wish(), field), _READ_WRITE)
    add_cast(procedure)
    procedure.add_boolean_aux_argument(
        "show-preview",
        _("_Preview on the picture"),
        _("Show the object before it is inserted"),
        True,
        _READ_WRITE,
    )
    procedure.add_boolean_aux_argument(
        "keep-seed", _("Keep the seed"), _("Begin the next object with the same seed"), False, _READ_WRITE
    )
    procedure.add_string_aux_argument(
        "favourite-classes", _("Favourites"), _("The classes that stand first"), "", _READ_WRITE
    )
    procedure.add_int_aux_argument(
        "thumbnail-size",
        _("Size of the thumbnails"),
        _("How large the variations are shown"),
        SMALLEST,
        LARGEST,
        SMALLEST,
        _READ_WRITE,
    )


def add_cast(procedure: Gimp.Procedure) -> None:
    """Describes the numbers of a cast shadow to GIMP."""
    procedure.add_int_argument(
        DIRECTION,
        _("Direction"),
        _(
            "Where the cast shadow falls, in degrees: 0 away from the viewer, 90 to the right, "
            "180 towards the viewer, 270 to the left; -1: away from the picture's light"
        ),
        *_WHOLE,
        BY_THE_LIGHT,
        _READ_WRITE,
    )
    for field, (words, tooltip) in PERCENTAGES.items():
        name, usual = field.replace("_", "-"), getattr(Wish(), field)
        procedure.add_int_argument(name, _(words), _(tooltip), *_WHOLE, usual, _READ_WRITE)


def add_shadow_results(procedure: Gimp.Procedure) -> None:
    """Describes to GIMP the layers with the shadows that a procedure made."""
    procedure.add_layer_return_value(
        "shadow-layer", _("Shadow"), _("The layer with its contact shadow, if it has one"), True, _READ_WRITE
    )
    procedure.add_layer_return_value(
        "cast-shadow-layer",
        _("Cast shadow"),
        _("The layer with its cast shadow, if it has one"),
        True,
        _READ_WRITE,
    )


def check(config: Gimp.ProcedureConfig) -> None:
    """Makes sure that the arguments say something that can be done.

    Raises:
        Refusal: with the argument, its value, and what it may be.
    """
    seed = config.get_property("seed")
    if seed < ANY_SEED:
        raise Refusal(
            _("The seed is {seed}.").format(seed=seed),
            _("Choose one from {low} to {high}.").format(low=ANY_SEED, high=MAX_SEED),
        )
    _check_number("herd", config.get_property("herd"), (1, MAX_HERD))
    check_cast(config)
    for name, values in _CHOICES.items():
        value = config.get_property(name)
        if value not in values:
            raise Refusal(
                _("“{value}” is nothing that “{argument}” can be.").format(value=value, argument=name),
                _("Choose one of these: {values}.").format(values=", ".join(values)),
            )


def check_cast(config: Gimp.ProcedureConfig) -> None:
    """Makes sure that the numbers of a cast shadow can be used.

    Raises:
        Refusal: with the argument, its value, and what it may be.
    """
    ranges = {item.name: item.metadata["within"] for item in fields(Wish) if "within" in item.metadata}
    for field in ("cast_direction", *PERCENTAGES):
        name = field.replace("_", "-")
        number = config.get_property(name)
        if not (name == DIRECTION and number == BY_THE_LIGHT):
            _check_number(name, number, ranges[field])


def _check_number(name: str, number: int, within: tuple[int, int]) -> None:
    low, high = within
    if not low <= number <= high:
        raise Refusal(
            _("“{value}” is nothing that “{argument}” can be.").format(value=number, argument=name),
            _("Choose one from {low} to {high}.").format(low=low, high=high),
        )


def box(config: Gimp.ProcedureConfig) -> Rect | None:
    """The box that a script names; None where the selection is the box.

    Raises:
        Refusal: it has no width or no height.
    """
    x, y, width, height = (config.get_property(name) for name in _BOX)
    if not (x or y or width or height):
        return None
    if width <= 0 or height <= 0:
        raise Refusal(
            _("The box is {width} × {height} pixels.").format(width=width, height=height),
            _("Give it a width and a height, or leave all four at 0 for the selection."),
        )
    return Rect(x, y, width, height)


def way(config: Gimp.ProcedureConfig) -> Way:
    """What an edit does to a layer that was worked on."""
    return Way(config.get_property("changed"))
