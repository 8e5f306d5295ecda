"""The geometry of the wire contract: clipping the box, placing the window, scaling what is sent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.protocol import (
    MAX_IMAGE_SIDE,
    MIN_BOX_SIDE,
    WINDOW_SCALE,
    ErrorCode,
    InsertObjectError,
    Rect,
    sent_size,
    sent_window,
    square_window,
    usable_box,
)

SIDES = st.integers(1, 5000)


@st.composite
def boxes_in_images(draw: st.DrawFn) -> tuple[Rect, int, int]:
    """A box of usable size inside an image."""
    image_width, image_height = draw(st.integers(8, 5000)), draw(st.integers(8, 5000))
    width, height = draw(st.integers(8, image_width)), draw(st.integers(8, image_height))
    x, y = draw(st.integers(0, image_width - width)), draw(st.integers(0, image_height - height))
    return Rect(x, y, width, height), image_width, image_height


def test_a_box_inside_is_used_as_it_is() -> None:
    assert usable_box(Rect(10, 20, 30, 40), 100, 100) == Rect(10, 20, 30, 40)


def test_a_box_over_the_border_is_clipped() -> None:
    assert usable_box(Rect(-10, 60, 30, 80), 100, 100) == Rect(0, 60, 20, 40)


@pytest.mark.parametrize(
    ("box", "code", "words"),
    [
        (Rect(0, 0, 0, 0), ErrorCode.BOX_TOO_SMALL, "0 × 0"),
        (Rect(0, 0, 3, 50), ErrorCode.BOX_TOO_SMALL, "3 × 50"),
        (Rect(0, 0, 50, 7), ErrorCode.BOX_TOO_SMALL, "50 × 7"),
        (Rect(95, 10, 50, 50), ErrorCode.BOX_TOO_SMALL, "Only 5 × 50"),
        (Rect(100, 0, 50, 50), ErrorCode.BOX_OUTSIDE, "100 × 100"),
        (Rect(-50, 0, 50, 50), ErrorCode.BOX_OUTSIDE, "outside"),
        (Rect(0, -900, 50, 50), ErrorCode.BOX_OUTSIDE, "outside"),
    ],
)
def test_a_box_that_cannot_be_used_says_why_and_what_to_do(box: Rect, code: ErrorCode, words: str) -> None:
    with pytest.raises(InsertObjectError, match=words) as caught:
        usable_box(box, 100, 100)
    assert caught.value.code is code
    assert caught.value.hint


@settings(max_examples=100, deadline=None)
@given(
    st.builds(Rect, *(st.integers(-6000, 6000) for _ in range(2)), *(st.integers(0, 6000) for _ in range(2))),
    SIDES,
    SIDES,
)
def test_a_usable_box_lies_in_the_image_and_in_the_box_that_was_drawn(
    box: Rect, image_width: int, image_height: int
) -> None:
    try:
        usable = usable_box(box, image_width, image_height)
    except InsertObjectError as error:
        assert error.code in (ErrorCode.BOX_TOO_SMALL, ErrorCode.BOX_OUTSIDE)
        return
    assert usable.width >= MIN_BOX_SIDE
    assert usable.height >= MIN_BOX_SIDE
    assert 0 <= usable.x < usable.right <= image_width
    assert 0 <= usable.y < usable.bottom <= image_height
    assert box.x <= usable.x < usable.right <= box.right
    assert box.y <= usable.y < usable.bottom <= box.bottom
    assert usable_box(usable, image_width, image_height) == usable


def test_the_window_is_centred_on_the_box_where_there_is_room() -> None:
    assert square_window(Rect(450, 480, 100, 40), 1000, 1000) == Rect(430, 430, 140, 140)


def test_the_window_is_shifted_at_the_borders() -> None:
    assert square_window(Rect(0, 900, 100, 100), 1000, 1000) == Rect(0, 860, 140, 140)


def test_the_window_reaches_out_evenly_only_where_the_image_is_smaller() -> None:
    assert square_window(Rect(100, 0, 100, 100), 1000, 100) == Rect(80, -20, 140, 140)
    assert sent_window(Rect(100, 0, 100, 100), 1000, 100) == Rect(80, 0, 140, 100)


@settings(max_examples=200, deadline=None)
@given(boxes_in_images())
def test_the_window_is_a_square_round_the_box_inside_the_image_as_far_as_the_image_goes(
    case: tuple[Rect, int, int],
) -> None:
    box, image_width, image_height = case
    square = square_window(box, image_width, image_height)
    assert square.width == square.height == math.ceil(max(box.width, box.height) * WINDOW_SCALE)
    assert square.x <= box.x < box.right <= square.right
    assert square.y <= box.y < box.bottom <= square.bottom
    for start, end, limit in (
        (square.x, square.right, image_width),
        (square.y, square.bottom, image_height),
    ):
        if square.width <= limit:
            assert 0 <= start < end <= limit
        else:
            assert abs(-start - (end - limit)) <= 1, "the overhang is not the same on both sides"


@settings(max_examples=200, deadline=None)
@given(boxes_in_images(), st.integers(64, 1024))
def test_what_is_sent_lies_in_the_image_keeps_its_shape_and_fits_the_limit(
    case: tuple[Rect, int, int], limit: int
) -> None:
    box, image_width, image_height = case
    window = sent_window(box, image_width, image_height)
    assert window == window.clipped(image_width, image_height)
    assert window.width > 0 < window.height
    width, height = sent_size(window, limit)
    assert 1 <= width <= min(limit, window.width)
    assert 1 <= height <= min(limit, window.height)
    if max(window.width, window.height) <= limit:
        assert (width, height) == (window.width, window.height)
    else:
        assert max(width, height) == limit
        scale = limit / max(window.width, window.height)
        assert abs(width - window.width * scale) <= 1
        assert abs(height - window.height * scale) <= 1


@settings(max_examples=60, deadline=None)
@given(*(st.integers(-MAX_IMAGE_SIDE, MAX_IMAGE_SIDE) for _ in range(2)), SIDES, SIDES, SIDES, SIDES)
def test_clipping_never_leaves_the_image_or_the_rectangle(
    x: int, y: int, width: int, height: int, image_width: int, image_height: int
) -> None:
    clipped = Rect(x, y, width, height).clipped(image_width, image_height)
    assert 0 <= clipped.width <= width
    assert 0 <= clipped.height <= height
    assert 0 <= clipped.x <= clipped.right <= image_width
    assert 0 <= clipped.y <= clipped.bottom <= image_height
    assert clipped == clipped.clipped(image_width, image_height)


def test_a_box_goes_along_with_its_layer() -> None:
    box, was = Rect(100, 100, 80, 60), Rect(110, 120, 40, 20)
    assert box.carried(was, was) == box
    assert box.carried(was, Rect(210, 140, 40, 20)) == Rect(200, 120, 80, 60)  # moved
    assert box.carried(was, Rect(0, 0, 80, 40)) == Rect(-20, -40, 160, 120)  # scaled
    assert box.carried(was, Rect(0, 0, 0, 0)).width == 1  # and never without a pixel
