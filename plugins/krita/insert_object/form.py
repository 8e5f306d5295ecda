"""The settings in the docker, kept in Krita's own configuration between sessions."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from typing import Any

from krita import Krita

from .asked_seeds import Row, Seeds
from .wire.layer_record import GivenLook
from .wire.protocol import MAX_SEED, MAX_VARIATIONS, Wish, candidates_for
from .wire.reference import Model, Reference
from .wire.sentences import N_

GROUP = "insert_object"  # the section in kritarc
SMALLEST, LARGEST = 160, 320  # device independent pixels that a thumbnail can have

FIRST_WISH = Wish(seed=1)
SWITCHES = {  # the wish's switches: the words on each, and its tooltip
    "shadow": (
        N_("Contact shadow"),
        N_("A soft shadow where the object stands, on a layer of its own below it"),
    ),
    "cast_shadow": (
        N_("Cast shadow"),
        N_("The object's outline on the ground, away from the light, on a layer of its own below"),
    ),
    "behind_grass": (
        N_("Feet behind the grass"),
        N_("The picture's own blades of grass stand before the object's feet"),
    ),
    "mirrored": (N_("Flip horizontally"), N_("Turns what is drawn around, left for right")),
}
PERCENTAGES = {  # of a cast shadow: the words on each, and its tooltip
    "cast_length": (N_("Length"), N_("How far the shadow falls, in percent of the object's height")),
    "cast_softness": (N_("Softness"), N_("How much softer the shadow becomes away from the feet")),
    "cast_strength": (N_("Darkness"), N_("How dark the shadow is at the feet")),
}
RANGES = {item.name: item.metadata["within"] for item in fields(Wish) if "within" in item.metadata}
_KEPT = {  # the wish's fields that are kept, and what they are called in kritarc
    "class_name": "class",
    "style": "style",
    "seed": "seed",
    "pack": "pack",
    **{field: field for field in (*SWITCHES, *PERCENTAGES)},
}


_DIRECTION = "cast_direction"  # kept as a number, or as nothing where it is left to the light


@dataclass(frozen=True)
class Form:
    """What the user chose."""

    wish: Wish = FIRST_WISH
    variations: int = 6
    use_shape: bool = False  # the selection's shape is the object's shape
    live: bool = False
    keep_seed: bool = False  # the next insertion begins with the same seed
    row: Row | None = None  # that the seed is of; None: the user named it
    herd: int = 1  # objects over the selection; not kept
    each_part: bool = False  # one object in each part of the selection
    model: Model | None = None  # what look or shape is taken from; it is not kept
    favourites: tuple[str, ...] = ()  # classes that stand first, "pack/class"
    thumbnail: int = SMALLEST  # how large variations are shown

    @property
    def look(self) -> tuple[object, ...]:
        """What decides how one object looks; a change of it makes a live preview out of date."""
        return self.wish, self.use_shape, self.herd, self.each_part, self.model

    @property
    def given_look(self) -> GivenLook | None:
        """What the look is taken from."""
        taken = self.model is not None and self.model.look
        return GivenLook.of(self.model.reference.pixels) if self.model is not None and taken else None

    @property
    def outline(self) -> Reference | None:
        """What the shape is taken from."""
        return self.model.reference if self.model is not None and self.model.shape else None

    def as_at_first(self) -> Form:
        """The same class and seed, all else as in a fresh profile."""
        wish = replace(FIRST_WISH, class_name=self.wish.class_name, seed=self.wish.seed, pack=self.wish.pack)
        return Form(
            wish,
            use_shape=self.use_shape,
            row=self.row,
            favourites=self.favourites,
            thumbnail=self.thumbnail,
        )

    def is_like(self, other: Form) -> bool:
        """Whether both ask for the same but for the seed, wherever the box was."""
        given, wish = other.wish, self.wish
        alike = replace(given, box=wish.box, seed=wish.seed) == wish
        return alike and (other.model, other.herd) == (self.model, self.herd)

    def seeds(self, count: int, *, live: bool) -> Seeds:
        """What ``count`` variations are made of; ``live``: of an object that is seen, and moved.

        A seed that the user named or keeps is painted as it is. From a row the best are chosen, and again
        from the beginning of it where other settings are tried.
        """
        row, seed = self.row, self.wish.seed
        if row is None:
            return Seeds(seed, count)
        if self.keep_seed or (live and row.looked):
            return Seeds(seed, count, row=row.reaching(seed, count))
        candidates = candidates_for(count)
        return Seeds(row.first, count, candidates, row.reaching(row.first, candidates))

    def from_seed(self, seed: int) -> Form:
        """The same with a seed that the program picked."""
        return replace(self, wish=replace(self.wish, seed=seed), row=Row(seed))

    def rolled(self, dice: random.Random) -> Form:
        """The same with another seed."""
        return self.from_seed(dice.randint(0, MAX_SEED))


def load_form(dice: random.Random) -> Form:
    """The settings of the last session, with another seed unless it is kept; anything unreadable takes its
    default."""
    usual = Form()
    read = {field: _read(name, getattr(usual.wish, field)) for field, name in _KEPT.items()}
    held = {
        field: min(max(value, RANGES[field][0]), RANGES[field][1]) if field in RANGES else value
        for field, value in read.items()
    }
    form = Form(
        Wish(**held, cast_direction=_read_direction()),
        variations=min(max(_read("variations", usual.variations), 1), MAX_VARIATIONS),
        keep_seed=_read("keep_seed", usual.keep_seed),
        favourites=tuple(filter(None, _read("favourites", "").split(","))),
        thumbnail=min(max(_read("thumbnail", usual.thumbnail), SMALLEST), LARGEST),
    )
    return form if form.keep_seed else form.rolled(dice)


def save_form(form: Form) -> None:
    """Keeps the settings; Live starts switched off, since it makes layers by itself."""
    kept = {name: getattr(form.wish, field) for field, name in _KEPT.items()}
    kept |= {"variations": form.variations, "keep_seed": form.keep_seed, "thumbnail": form.thumbnail}
    kept["favourites"] = ",".join(form.favourites)
    direction = form.wish.cast_direction
    kept[_DIRECTION] = "" if direction is None else str(direction)
    for name, value in kept.items():
        Krita.instance().writeSetting(GROUP, name, _written(value))


def _read(name: str, default: Any) -> Any:
    """A setting of the kind of its default: a text, a number from 0 on, or a switch."""
    text = str(Krita.instance().readSetting(GROUP, name, _written(default)))
    if isinstance(default, str):
        return text
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else default
    return number == 1 if isinstance(default, bool) else number


def _read_direction() -> int | None:
    """Where a cast shadow falls; None: by the light."""
    text = _read(_DIRECTION, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= 3
    return min(int(text), RANGES[_DIRECTION][1]) if is_number else None


def _written(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
