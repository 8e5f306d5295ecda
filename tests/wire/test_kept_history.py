"""A history comes back from a file as it was, stays bounded, and nothing damaged or crafted is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from wire.kept_history import (
    MOST,
    MOST_BYTES,
    KeptVariation,
    history_from_text,
    history_to_text,
    shortened,
)
from wire.layer_record import GivenLook, GivenShape, Recipe
from wire.protocol import PixelFormat, PixelFrame, Rect, Wish

JPEG = b"\xff\xd8\xff" + bytes(range(200))
LOOK = GivenLook.of(PixelFrame(2, 2, PixelFormat.RGBA8, bytes(range(16))))


def variation(seed: int, *, marked: bool = False, jpeg: bytes = JPEG) -> KeptVariation:
    recipe = Recipe(Wish("dog", Rect(1, 2, 30, 40), seed), GivenShape.of(2, 2, bytes(4)), "Hund", LOOK)
    return KeptVariation.of(recipe, jpeg, marked=marked)


def read(text: bytes) -> tuple[list[KeptVariation], list[str]]:
    told: list[str] = []
    return history_from_text(text, told.append), told


def test_a_history_comes_back_as_it_was() -> None:
    history = [variation(1), variation(2, marked=True), variation(3, jpeg=b"")]
    text = history_to_text(history)
    assert text.isascii()
    assert read(text) == (history, [])
    assert read(text + b"\0") == (history, [])  # GIMP's own end of a text
    assert [item.jpeg for item in read(text)[0]] == [JPEG, JPEG, b""]
    assert read(b"") == ([], [])


def test_the_newest_and_the_marked_ones_stay() -> None:
    history = [variation(0, marked=True), *(variation(seed) for seed in range(1, 2 * MOST))]
    seeds = [item.recipe.wish.seed for item in shortened(history)]
    assert seeds == [0, *range(MOST + 1, 2 * MOST)]


def test_the_text_stays_short_enough_to_be_read_again() -> None:
    large = GivenLook(256, 256, "A" * 300_000)
    history = [variation(seed) for seed in range(MOST)]
    history = [replace(item, recipe=replace(item.recipe, look=large)) for item in history]
    assert len(history_to_text(history)) <= MOST_BYTES


def test_where_the_text_grows_too_long_the_marked_ones_stay_longest() -> None:
    large = GivenLook(256, 256, "A" * 300_000)
    marks = [seed in (0, 3) for seed in range(MOST)]
    history = [variation(seed, marked=marked) for seed, marked in enumerate(marks)]
    history = [replace(item, recipe=replace(item.recipe, look=large)) for item in history]
    plain = json.loads(history_to_text(history))["variations"]
    seeds = [item["recipe"]["wish"]["seed"] for item in plain]
    assert 2 < len(seeds) < MOST
    assert seeds == [0, 3, *range(MOST - len(seeds) + 2, MOST)]
    text = history_to_text([replace(item, marked=True) for item in history])
    assert [item["recipe"]["wish"]["seed"] for item in json.loads(text)["variations"]] == [
        *range(MOST - len(seeds), MOST)
    ]


def test_a_thumbnail_that_is_too_large_is_left_out() -> None:
    assert variation(1, jpeg=b"\xff\xd8\xff" + bytes(100_000)).jpeg == b""


def changed(path: str, value: Any) -> bytes:
    """A history of two whose first has another value at a dotted path."""
    plain = json.loads(history_to_text([variation(1), variation(2)]))
    *folders, name = path.split(".")
    place = plain["variations"][0]
    for folder in folders:
        place = place[folder]
    place[name] = value
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("recipe", None),
        ("recipe.wish.seed", float("inf")),
        ("recipe.wish.seed", -1),
        ("recipe.wish.box", [0, 0, float("nan"), 1]),
        ("recipe.wish.class_name", "x" * 5000),
        ("recipe.look.packed", "!!!"),
        ("recipe.look.width", 100_000),
        ("recipe.shape.packed", GivenShape.of(1, 1, b"\0").packed),
        ("marked", 1),
        ("packed", 7),
        ("packed", "no base64 ÿ"),
        ("packed", "aGVsbG8="),
        ("packed", "A" * 100_000),
    ],
)
def test_a_wrong_variation_is_left_out_with_one_line_and_the_others_stay(path: str, value: Any) -> None:
    found, told = read(changed(path, value))
    assert [item.recipe.wish.seed for item in found] == [2]
    assert len(told) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 5000,
        b'{"version": 2, "variations": []}',
        b'{"version": 1, "variations": {}}',
        b'{"version": 1}',
        b'{"version": 1, "variations": ' + b"[" * 100_000,
        b" " * (MOST_BYTES + 1) + b"7",
    ],
    ids=len,
)
def test_anything_else_is_no_history_and_costs_one_line(text: bytes) -> None:
    found, told = read(text)
    assert found == []
    assert len(told) == 1


def test_of_too_many_the_newest_are_read() -> None:
    plain = json.loads(history_to_text([variation(1)]))
    plain["variations"] *= 5000
    found, told = read(json.dumps(plain).encode()[: MOST_BYTES + 10_000_000])
    assert len(found) <= MOST
    assert len(told) == 1
