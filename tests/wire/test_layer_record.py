"""What a layer remembers comes back whole, and nothing damaged is believed."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.layer_record import GivenShape, LayerRecord, Recipe
from wire.protocol import MAX_SEED, Rect, Wish

WISH = Wish(
    "dog",
    Rect(-5, 10, 200, 100),
    42,
    "brown",
    "lamps",
    shape_seed=3,
    look_seed=4,
    mirrored=True,
    shadow=False,
    cast_shadow=True,
    cast_direction=90,
    cast_length=50,
    behind_grass=True,
)
SHAPE = GivenShape.of(4, 2, bytes(range(8)))
RECORD = LayerRecord(
    Recipe(WISH, SHAPE, "Hund"), Rect(1, 2, 30, 40), "Hund · 42", "{shadow}", "{group}", cast="{cast}"
)
PLAIN = LayerRecord(Recipe(Wish("cat", Rect(0, 0, 9, 9))), Rect(0, 0, 1, 1))


@pytest.mark.parametrize("record", [RECORD, PLAIN], ids=["full", "plain"])
def test_a_record_comes_back_as_it_was(record: LayerRecord) -> None:
    assert LayerRecord.from_json(record.to_json()) == record
    assert LayerRecord.from_json(record.to_json() + b"\0\0") == record  # GIMP's own end of a text
    assert record.to_json().isascii()


def test_every_field_of_a_wish_is_remembered() -> None:
    assert set(RECORD.to_map()["recipe"]["wish"]) == {item.name for item in fields(Wish)}


def test_the_shape_comes_back_pixel_by_pixel() -> None:
    assert bytes(SHAPE.frame().data) == bytes(range(8))


def changed(path: str, value: Any) -> bytes:
    """The record's JSON with another value at a dotted path."""
    plain = json.loads(RECORD.to_json())
    *folders, name = path.split(".")
    place = plain
    for folder in folders:
        place = place[folder]
    place[name] = value
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 99),
        ("recipe", None),
        ("recipe.wish", []),
        ("recipe.wish.class_name", 7),
        ("recipe.wish.class_name", "x" * 5000),
        ("recipe.wish.seed", -1),
        ("recipe.wish.seed", MAX_SEED + 1),
        ("recipe.wish.seed", float("inf")),
        ("recipe.wish.seed", True),
        ("recipe.wish.shadow", 1),
        ("recipe.wish.cast_direction", 360),
        ("recipe.wish.cast_length", 10**9),
        ("recipe.wish.box", [1, 2, 3]),
        ("recipe.wish.box", [0, 0, float("nan"), 4]),
        ("recipe.wish.box", [0, 0, 10**12, 4]),
        ("place", [0, 0, -1, 4]),
        ("name", {}),
        ("recipe.shape.packed", "!!!"),
        ("recipe.shape.packed", GivenShape.of(2, 2, bytes(4)).packed),
        ("recipe.shape.width", 100_000),
        ("recipe.shape", 5),
    ],
)
def test_a_damaged_record_is_none(path: str, value: Any) -> None:
    assert LayerRecord.from_json(changed(path, value)) is None


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"1" * 5000], ids=len)
def test_anything_else_is_no_record(data: bytes) -> None:
    assert LayerRecord.from_json(data) is None


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    assert LayerRecord.from_json(data) is None


def test_a_later_field_is_passed_over() -> None:
    assert LayerRecord.from_json(changed("recipe.wish.colour", "red")) == RECORD


def test_the_box_follows_a_layer_that_was_moved_and_scaled() -> None:
    recipe = Recipe(Wish("dog", Rect(100, 100, 80, 60)))
    record = LayerRecord(recipe, Rect(110, 120, 40, 20))
    assert record.box_at(Rect(210, 140, 40, 20)) == Rect(200, 120, 80, 60)
    assert record.box_at(Rect(0, 0, 80, 40)) == Rect(-20, -40, 160, 120)


def test_another_seed_leaves_the_rest() -> None:
    assert RECORD.recipe.with_seed(7) == replace(RECORD.recipe, wish=replace(WISH, seed=7))
