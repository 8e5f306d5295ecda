"""A wish's numbers as text are options that the command line reads back."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace

import pytest

from daemon.commands.insert_options import add_insert_options, asked_objects
from wire.numbers import numbers_of
from wire.protocol import NOT_DRAWN, Rect, Wish

PLAIN = Wish("dog", seed=42)


@pytest.mark.parametrize(
    "wish",
    [
        PLAIN,
        replace(PLAIN, shape_seed=3, look_seed=0),
        replace(PLAIN, style="dark brown", pack="my lamps", mirrored=True),
        replace(PLAIN, class_name="garden gnome's hat"),
        replace(PLAIN, shadow=False, behind_grass=True),
        replace(PLAIN, cast_shadow=True),
        replace(PLAIN, cast_shadow=True, cast_direction=0, cast_length=10, cast_softness=0, cast_strength=99),
    ],
)
def test_the_command_line_makes_the_same_object_of_them(wish: Wish) -> None:
    parser = argparse.ArgumentParser()
    add_insert_options(parser)
    options = parser.parse_args(
        ["photo.png", "-o", "out.png", "--box", "1,2,30,40", *shlex.split(numbers_of(wish))]
    )
    (asked,) = asked_objects(options)
    assert replace(asked.wish, box=NOT_DRAWN) == wish
    assert asked.wish.box == Rect(1, 2, 30, 40)
