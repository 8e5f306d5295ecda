"""The settings in the docker, kept in Krita's own configuration between sessions."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from krita import Krita

from .wire.protocol import MAX_SEED, MAX_VARIATIONS

GROUP = "insert_object"  # the section in kritarc


@dataclass(frozen=True)
class Form:
    """What the user chose. ``style`` is empty where the seed decides."""

    class_name: str = ""
    style: str = ""
    seed: int = 1
    variations: int = 4
    use_shape: bool = False  # the selection's shape is the object's shape
    live: bool = False
    pack: str = ""  # the model pack's name; empty: the shipped one
    shadow: bool = False  # with a contact shadow on a layer of its own

    @property
    def look(self) -> tuple[object, ...]:
        """What decides how one object looks; a change of it makes a live preview out of date."""
        return self.pack, self.class_name, self.style, self.seed, self.use_shape, self.shadow

    def rolled(self, dice: random.Random) -> Form:
        """The same with another seed."""
        return replace(self, seed=dice.randint(0, MAX_SEED))


def load_form() -> Form:
    """The settings of the last session; anything unreadable takes its default."""
    usual = Form()
    return Form(
        class_name=_read("class", usual.class_name),
        style=_read("style", usual.style),
        seed=_number("seed", usual.seed, 0, MAX_SEED),
        variations=_number("variations", usual.variations, 1, MAX_VARIATIONS),
        pack=_read("pack", usual.pack),
        shadow=_number("shadow", int(usual.shadow), 0, 1) == 1,
    )


def save_form(form: Form) -> None:
    """Keeps the settings; Live starts switched off, since it makes layers by itself."""
    for name, value in (
        ("class", form.class_name),
        ("style", form.style),
        ("seed", form.seed),
        ("variations", form.variations),
        ("pack", form.pack),
        ("shadow", int(form.shadow)),
    ):
        Krita.instance().writeSetting(GROUP, name, str(value))


def _read(name: str, default: str) -> str:
    return str(Krita.instance().readSetting(GROUP, name, default))


def _number(name: str, default: int, low: int, high: int) -> int:
    text = _read(name, str(default))
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else default
    return min(max(value, low), high)
