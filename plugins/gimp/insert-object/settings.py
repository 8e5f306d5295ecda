"""What the user has chosen, and how GIMP keeps it between runs."""

from __future__ import annotations

import random
from dataclasses import dataclass

from gi.repository import Gimp

DICE_SIDES = 1_000_000  # seeds that the dice gives stay short enough for a layer's name

SHAPE_AUTOMATIC = "automatic"
SHAPE_GIVEN = "given"
SHAPE_FREE = "free"


@dataclass(frozen=True)
class Settings:
    """One set of choices. ``use_shape`` is None where the selection itself is to decide."""

    class_name: str
    style: str
    seed: int
    use_shape: bool | None
    pack: str = ""  # a model pack's name; empty: the shipped one
    shadow: bool = False
    show_preview: bool = True

    @staticmethod
    def from_config(config: Gimp.ProcedureConfig) -> Settings:
        choice = config.get_property("shape")
        return Settings(
            class_name=config.get_property("object-class") or "",
            style=config.get_property("style") or "",
            seed=config.get_property("seed"),
            use_shape=None if choice == SHAPE_AUTOMATIC else choice == SHAPE_GIVEN,
            pack=config.get_property("pack") or "",
            shadow=config.get_property("shadow"),
            show_preview=config.get_property("show-preview"),
        )

    def to_config(self, config: Gimp.ProcedureConfig) -> None:
        """Keeps the choices; whether the selection is the shape belongs to a selection and is not kept."""
        config.set_property("object-class", self.class_name)
        config.set_property("style", self.style)
        config.set_property("seed", self.seed)
        config.set_property("pack", self.pack)
        config.set_property("shadow", self.shadow)
        config.set_property("show-preview", self.show_preview)


def roll_seed() -> int:
    """A seed that nobody chose."""
    return random.SystemRandom().randrange(DICE_SIDES)
