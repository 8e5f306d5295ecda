"""What the user has chosen, and how GIMP keeps it between runs."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from gi.repository import Gimp

from wire.protocol import Wish
from wire.reference import Model
from wire.sentences import N_

ANY_SEED = -1  # where a script leaves the seed to the program
DICE_SIDES = 1_000_000  # seeds that the dice gives stay short enough for a layer's name

SHAPE_AUTOMATIC = "automatic"
SHAPE_GIVEN = "given"
SHAPE_FREE = "free"
PARTS_TOGETHER = "together"
PARTS_EACH = "each"

SWITCHES = {  # the wish's switches: the words on each, and its tooltip
    "shadow": (N_("Contact shado_w"), N_("A soft shadow on the ground, as a layer below the object")),
    "cast_shadow": (
        N_("Cast sha_dow"),
        N_("The object's outline on the ground, away from the light, as a layer of its own below"),
    ),
    "behind_grass": (
        N_("Feet behind the _grass"),
        N_("The picture's own blades of grass stand before the object's feet"),
    ),
    "mirrored": (N_("_Flip horizontally"), N_("Turns what is drawn around, left for right")),
}
PERCENTAGES = {  # of a cast shadow: the words on each, and its tooltip
    "cast_length": (N_("Length"), N_("How far the shadow falls, in percent of the object's height")),
    "cast_softness": (N_("Softness"), N_("How much softer the shadow becomes away from the feet")),
    "cast_strength": (N_("Strength"), N_("How dark the shadow is at the feet")),
}
DIRECTION = "cast-direction"
BY_THE_LIGHT = -1  # instead of a direction in degrees
SHADOWS = ("shadow", "cast_shadow", *PERCENTAGES)  # the wish's fields but the direction
_PROPERTIES = {  # the wish's other fields that GIMP keeps, and what the procedure's arguments are called
    "class_name": "object-class",
    "style": "style",
    "seed": "seed",
    "pack": "pack",
    **{field: field.replace("_", "-") for field in SWITCHES if field not in SHADOWS},
}


@dataclass(frozen=True)
class Settings:
    """One set of choices. ``use_shape`` and ``each_part`` are None where the selection is to decide."""

    wish: Wish
    use_shape: bool | None = None
    show_preview: bool = True
    keep_seed: bool = False  # the next object begins with the same seed
    is_rolled: bool = False  # nobody named the seed: the best object from there on is wanted
    thumbnail_size: int = 160  # screen pixels
    favourites: tuple[str, ...] = ()  # classes that stand first, "pack/class"
    herd: int = 1  # objects over the selection
    each_part: bool | None = None  # one object in each part of the selection
    model: Model | None = None  # what look or shape is taken from; it is not kept

    @staticmethod
    def from_config(config: Gimp.ProcedureConfig) -> Settings:
        choice = config.get_property("shape")
        given = {field: config.get_property(name) for field, name in _PROPERTIES.items()}
        return Settings(
            with_shadows(
                Wish(), config, **{field: value for field, value in given.items() if value is not None}
            ),
            use_shape=None if choice == SHAPE_AUTOMATIC else choice == SHAPE_GIVEN,
            show_preview=config.get_property("show-preview"),
            keep_seed=config.get_property("keep-seed"),
            thumbnail_size=config.get_property("thumbnail-size"),
            herd=config.get_property("herd"),
            each_part=config.get_property("parts") == PARTS_EACH,
            favourites=tuple(filter(None, (config.get_property("favourite-classes") or "").split(","))),
        )

    def rolled(self) -> Settings:
        """The same with another seed."""
        return self.with_seed(roll_seed(), is_rolled=True)

    def with_seed(self, seed: int, *, is_rolled: bool = False) -> Settings:
        """The same with this seed, which somebody named unless it ``is_rolled``."""
        return replace(self, wish=replace(self.wish, seed=seed), is_rolled=is_rolled)

    def at_first(self) -> Settings:
        """As they are before anything is chosen but the class and the seed."""
        plain = Wish(self.wish.class_name, seed=self.wish.seed, pack=self.wish.pack)
        return Settings(plain, is_rolled=self.is_rolled)

    def to_config(self, config: Gimp.ProcedureConfig) -> None:
        """Keeps the choices; what belongs to one selection, its shape and its parts, is not kept."""
        for field, name in _PROPERTIES.items():
            config.set_property(name, getattr(self.wish, field))
        keep_shadows(self.wish, config)
        config.set_property("show-preview", self.show_preview)
        config.set_property("keep-seed", self.keep_seed)
        config.set_property("herd", self.herd)
        config.set_property("thumbnail-size", self.thumbnail_size)
        config.set_property("favourite-classes", ",".join(self.favourites))


def with_shadows(wish: Wish, config: Gimp.ProcedureConfig, **fields: Any) -> Wish:
    """The wish with the shadows that GIMP keeps, and with other fields."""
    direction = config.get_property(DIRECTION)
    kept = {field: config.get_property(field.replace("_", "-")) for field in SHADOWS}
    return replace(wish, **kept, cast_direction=None if direction == BY_THE_LIGHT else direction, **fields)


def keep_shadows(wish: Wish, config: Gimp.ProcedureConfig) -> None:
    """Gives GIMP a wish's shadows to keep."""
    for field in SHADOWS:
        config.set_property(field.replace("_", "-"), getattr(wish, field))
    direction = wish.cast_direction
    config.set_property(DIRECTION, BY_THE_LIGHT if direction is None else direction)


def roll_seed() -> int:
    """A seed that nobody chose."""
    return random.SystemRandom().randrange(DICE_SIDES)
