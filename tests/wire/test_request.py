"""Requests are built so that the daemon's own checks pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.changed_insert import parted
from wire.protocol import (
    MAX_CANDIDATES,
    MAX_SEED,
    MAX_VARIATIONS,
    ErrorCode,
    Insert,
    InsertObjectError,
    PixelFormat,
    PixelFrame,
    Rect,
    Wish,
    candidates_for,
    decode_request,
    encode,
    later_seed,
    sent_window,
)
from wire.request import SentArea, insert_request, sent_area

BOX = Rect(50, 50, 100, 100)
SCENE = PixelFrame(140, 140, PixelFormat.RGB8, bytes(140 * 140 * 3))


def build(**changes: Any) -> Insert:
    wish, own = parted(**changes)
    values = {"image_width": 500, "image_height": 400, "scene": SCENE, **own}
    return insert_request(Wish(**{"class_name": "dog", "box": BOX, **wish}), **values)


def test_after_the_last_seed_comes_the_first() -> None:
    assert [later_seed(MAX_SEED - 1, by) for by in range(4)] == [MAX_SEED - 1, MAX_SEED, 0, 1]


def test_an_object_is_chosen_from_a_dozen_and_many_variations_from_twice_as_many() -> None:
    assert [candidates_for(variations) for variations in (1, 6, 7, 16)] == [12, 12, 14, 32]
    assert candidates_for(MAX_VARIATIONS) <= MAX_CANDIDATES


def test_the_area_for_a_box_is_its_window_scaled_to_the_limit() -> None:
    assert sent_area(BOX, 500, 400) == SentArea(BOX, Rect(30, 30, 140, 140), 140, 140)
    assert sent_area(Rect(0, 0, 1000, 500), 4000, 3000, 256) == SentArea(
        Rect(0, 0, 1000, 500), Rect(0, 0, 1400, 1400), 256, 256
    )


def test_a_box_over_the_border_is_clipped_for_the_window_and_sent_as_it_was_drawn() -> None:
    box = Rect(-50, 300, 100, 200)
    area = sent_area(box, 500, 400)
    assert area.box == Rect(0, 300, 50, 100)
    scene = PixelFrame(area.width, area.height, PixelFormat.RGB8, bytes(area.width * area.height * 3))
    request = build(box=box, scene=scene)
    assert request.wish.box == box
    assert request.window == sent_window(area.box, 500, 400)


def test_a_request_survives_the_wire() -> None:
    mask = PixelFrame(140, 140, PixelFormat.A8, bytes(140 * 140))
    reference = PixelFrame(3, 2, PixelFormat.RGBA8, bytes(24))
    request = build(mask=mask, reference=reference, seed=7, variations=4, depth=16, style="s", preview=True)
    assert decode_request(encode(request)) == request


def test_every_request_has_an_id_of_its_own() -> None:
    assert len({build().id for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (Rect(0, 0, 3, 100), ErrorCode.BOX_TOO_SMALL),
        (Rect(0, 0, 0, 0), ErrorCode.BOX_TOO_SMALL),
        (Rect(900, 0, 100, 100), ErrorCode.BOX_OUTSIDE),
        (Rect(495, 0, 100, 100), ErrorCode.BOX_TOO_SMALL),
    ],
)
def test_a_box_that_cannot_be_used_is_refused_before_anything_is_sent(box: Rect, code: ErrorCode) -> None:
    with pytest.raises(InsertObjectError) as caught:
        build(box=box)
    assert caught.value.code is code


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": -1},
        {"seed": 2**31},
        {"variations": 0},
        {"variations": 17},
        {"candidates": 0},
        {"candidates": 49},
        {"depth": 32},
    ],
)
def test_numbers_out_of_range_are_refused_with_the_range(changes: dict[str, int]) -> None:
    with pytest.raises(InsertObjectError) as caught:
        build(**changes)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert caught.value.hint


def test_a_mask_of_another_size_than_the_scene_is_refused() -> None:
    with pytest.raises(InsertObjectError, match="mask is 10 × 10") as caught:
        build(mask=PixelFrame(10, 10, PixelFormat.A8, bytes(100)))
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    "changes",
    [
        {"scene": PixelFrame(139, 140, PixelFormat.RGB8, bytes(139 * 140 * 3))},
        {"scene": PixelFrame(140, 140, PixelFormat.RGBA8, bytes(140 * 140 * 3))},
        {"reference": PixelFrame(5, 5, PixelFormat.RGB8, bytes(5))},
    ],
)
def test_pixels_that_are_not_what_they_are_said_to_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"pixels|window"):
        build(**changes)
