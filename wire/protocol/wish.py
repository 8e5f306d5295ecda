"""What a user asks for, and how a field says what it may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .geometry import Rect

MAX_SEED = 2**31 - 1  # the largest value that every editor's integer setting can keep


def within(low: int, high: int) -> Mapping[str, Any]:
    """A whole number from ``low`` to ``high``."""
    return {"within": (low, high)}


def one_of(*values: int) -> Mapping[str, Any]:
    """One of these whole numbers."""
    return {"one_of": values}


def later_seed(seed: int, by: int) -> int:
    """The seed so many after another; after the last one comes 0."""
    return (seed + by) % (MAX_SEED + 1)


A_SEED = within(0, MAX_SEED)
DEGREES = within(0, 359)
PERCENT = within(0, 100)
NOT_DRAWN = Rect(0, 0, 0, 0)
OF_A_CAST_SHADOW = ("cast_direction", "cast_length", "cast_softness", "cast_strength")


@dataclass(frozen=True)
class Wish:
    """One object, as a user asks for it.

    Forms make it, requests carry it, layers and histories keep it. A seed sets shape and look;
    ``shape_seed`` and ``look_seed`` keep the shape, or the look, of another one. ``mirrored`` turns a drawn
    shape around; a given one stays as it is. ``cast_direction`` is where the cast shadow falls, on the ground
    seen from above: 0 away from the viewer, 90 to the right, 180 towards the viewer, 270 to the left.
    """

    class_name: str = ""
    box: Rect = NOT_DRAWN  # in image pixels, as the user drew it; empty: not drawn yet
    seed: int = field(default=0, metadata=A_SEED)
    style: str = ""  # one of the class's presets, by name; empty: from the seed
    pack: str = ""  # a model pack's name; empty: the shipped one
    shadow: bool = True  # with a contact shadow, on a layer of its own
    cast_shadow: bool = False  # with the shadow that it throws, on another one
    cast_direction: int | None = field(default=None, metadata=DEGREES)  # None: by the scene's light
    cast_length: int = field(default=100, metadata=within(10, 200))  # over the object's height, in percent
    cast_softness: int = field(default=40, metadata=PERCENT)
    cast_strength: int = field(default=60, metadata=PERCENT)
    behind_grass: bool = False  # the scene's blades over its feet
    shape_seed: int | None = field(default=None, metadata=A_SEED)
    look_seed: int | None = field(default=None, metadata=A_SEED)
    mirrored: bool = False


WITHOUT_SHADOWS = Wish(shadow=False)  # what a layer that was not made here is lit with, unless asked for more
