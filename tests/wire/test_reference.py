"""A picture that look or shape is taken from: what counts of it, where its shape goes, how it is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from wire.layer_record import GivenLook, LayerRecord, Recipe
from wire.protocol import PixelFormat, PixelFrame, Rect, Wish
from wire.reference import SIDE, Model, Reference, fitted, in_window, kept_size, looked_at, shown_part


def cut_out(width: int, height: int, part: Rect) -> PixelFrame:
    """Grey pixels that are opaque in a part alone."""
    data = bytearray(4 * width * height)
    for y in range(part.y, part.bottom):
        for x in range(part.x, part.right):
            data[4 * (y * width + x) : 4 * (y * width + x) + 4] = b"\x40\x50\x60\xff"
    return PixelFrame(width, height, PixelFormat.RGBA8, bytes(data))


OPAQUE = PixelFrame(3, 2, PixelFormat.RGBA8, b"\xff" * 24)


def test_the_outline_is_the_rectangle_of_what_is_shown_by_half() -> None:
    assert Reference(cut_out(20, 10, Rect(3, 2, 5, 4))).outline == Rect(3, 2, 5, 4)
    assert shown_part(bytes((0, 127, 128, 0, 255, 0)), 3, 2) == Rect(1, 0, 2, 2)


def test_what_is_opaque_or_empty_everywhere_tells_no_outline() -> None:
    assert Reference(OPAQUE).outline is None
    assert Reference(cut_out(4, 4, Rect(0, 0, 0, 0))).outline is None


def test_a_fitted_outline_keeps_its_proportions_and_stands_on_the_boxs_lower_edge() -> None:
    box = Rect(100, 200, 80, 60)
    assert fitted(Rect(5, 5, 40, 10), box) == Rect(100, 240, 80, 20)  # as wide as the box
    assert fitted(Rect(5, 5, 10, 40), box) == Rect(132, 200, 15, 60)  # as high, in the middle


def test_a_place_of_the_image_has_its_place_in_the_windows_pixels() -> None:
    assert in_window(Rect(30, 40, 20, 10), Rect(10, 20, 100, 50), (50, 25)) == (10, 10, 10, 5)


def test_a_picture_is_kept_small_and_with_what_is_around_the_object() -> None:
    assert kept_size(Rect(0, 0, 4 * SIDE, SIDE)) == (SIDE, SIDE // 4)
    assert kept_size(Rect(0, 0, 20, 30)) == (20, 30)
    around = looked_at(Rect(400, 400, 100, 50), 1000, 1000)
    assert (around.width, around.height) == (140, 140)
    assert looked_at(Rect(0, 0, 100, 50), 100, 50) == Rect(0, 0, 100, 50)


def test_the_shape_of_the_next_reference_is_taken_only_where_it_tells_one() -> None:
    shaped = Reference(cut_out(20, 10, Rect(3, 2, 5, 4)))
    first = Model.after(None, shaped)
    assert (first.look, first.shape) == (True, False)
    both = first.with_parts(look=False, shape=True)
    assert both is not None
    after = Model.after(both, shaped)
    assert (after.look, after.shape) == (False, True)
    plain = Model.after(both, Reference(OPAQUE))
    assert (plain.look, plain.shape) == (True, False)
    assert first.with_parts(look=False, shape=False) is None


RECORD = LayerRecord(Recipe(Wish("dog", Rect(0, 0, 9, 9)), look=GivenLook.of(OPAQUE)), Rect(0, 0, 9, 9))


def test_a_layer_keeps_the_picture_that_its_look_was_taken_from() -> None:
    read = LayerRecord.from_json(RECORD.to_json())
    assert read == RECORD
    assert read is not None and read.recipe.look is not None
    assert read.recipe.look.frame() == OPAQUE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("packed", "!!!"),
        ("packed", GivenLook.of(replace(OPAQUE, width=1, data=bytes(8))).packed),
        ("packed", "A" * (8 * SIDE**2 + 1)),
        ("width", SIDE + 1),
        ("width", float("inf")),
        ("height", 0),
        ("height", True),
    ],
)
def test_a_damaged_look_makes_no_record(name: str, value: object) -> None:
    plain = json.loads(RECORD.to_json())
    plain["recipe"]["look"][name] = value
    assert LayerRecord.from_json(json.dumps(plain).encode()) is None
