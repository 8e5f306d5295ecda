"""What a set of variations is made for: another aim, another set."""

from __future__ import annotations

from dataclasses import dataclass

from settings import Settings
from subject import Ground


@dataclass(frozen=True)
class Aim:
    """Everything that makes one set of variations; another aim, another set."""

    settings: Settings  # but for the preview, which changes nothing about the object
    ground: Ground

    @property
    def use_shape(self) -> bool:
        return bool(self.settings.use_shape)

    @property
    def numbers(self) -> tuple[object, ...]:
        """What decides which objects are on the thumbnails."""
        wish = self.settings.wish
        chosen = wish.pack, wish.class_name, wish.style, wish.seed, wish.shape_seed, wish.look_seed
        return (*chosen, self.settings.herd, self.settings.each_part, self.settings.model)

    @property
    def row(self) -> tuple[object, ...]:
        """What decides which seeds the variations have: of two aims with one row both have the same."""
        wish, settings = self.settings.wish, self.settings
        of_the_best = (wish.pack, wish.class_name) if settings.is_rolled else ()
        return wish.seed, settings.is_rolled, of_the_best

    @property
    def seen(self) -> tuple[object, ...]:
        """What decides which scene, shape and reference are sent."""
        settings = self.settings
        several = settings.herd, settings.each_part
        of_a_herd = (settings.wish.class_name, settings.wish.seed) if several != (1, False) else ()
        return self.ground, self.use_shape, settings.model, several, of_a_herd
