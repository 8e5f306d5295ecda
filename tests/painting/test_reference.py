"""What of a reference picture the networks see, and its outline fitted into the user's box."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.painting.reference import fitted_shape, looked_at, soft_ellipse
from tests.painting.scenes import noise
from wire.protocol import ErrorCode, InsertObjectError, Rect


def cut_out(width: int = 60, height: int = 40) -> NDArray[np.uint8]:
    """A red block with nothing around it, in a picture of 200 × 100 at (50, 30)."""
    picture = np.zeros((100, 200, 4), np.uint8)
    picture[30 : 30 + height, 50 : 50 + width] = (220, 30, 30, 255)
    return picture


def extent(mask: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what a mask marks."""
    rows, columns = np.flatnonzero((mask >= 128).any(1)), np.flatnonzero((mask >= 128).any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def test_without_a_box_the_picture_is_looked_at_as_it_is() -> None:
    picture = noise(30, 40)
    assert np.array_equal(looked_at(picture, None), picture)


def test_a_box_in_a_plain_photo_shows_an_ellipse_and_some_of_what_is_around() -> None:
    picture = noise(300, 400)
    seen = looked_at(picture, Rect(100, 120, 100, 60))
    assert seen.shape == (140, 140, 4)  # the networks' usual window
    assert np.array_equal(seen[..., :3], picture[80:220, 80:220])
    assert seen[70, 70, 3] == 255 and seen[40, 20, 3] == 0
    assert seen[:40, :, 3].max() == seen[100:, :, 3].max() == seen[:, :20, 3].max() == 0


def test_a_box_in_a_cut_out_picture_shows_what_of_it_is_inside() -> None:
    seen = looked_at(cut_out(), Rect(40, 20, 30, 60))
    assert (seen[..., 3] > 0).sum() == 20 * 40  # the block from 50 to 70


def test_a_box_over_the_border_is_cut_to_the_picture() -> None:
    seen = looked_at(noise(50, 50), Rect(-20, -20, 40, 40))
    assert seen[10, 10, 3] == 255


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (Rect(500, 0, 50, 50), ErrorCode.BOX_OUTSIDE),
        (Rect(0, 0, 4, 50), ErrorCode.BOX_TOO_SMALL),
        (Rect(120, 20, 40, 40), ErrorCode.BAD_REQUEST),  # beside the block
    ],
)
def test_a_box_that_shows_nothing_is_refused(box: Rect, code: ErrorCode) -> None:
    with pytest.raises(InsertObjectError) as refusal:
        looked_at(cut_out(), box)
    assert refusal.value.code is code and refusal.value.hint


def test_sixteen_bits_are_looked_at_with_eight() -> None:
    assert looked_at(noise(30, 40, dtype=np.uint16), Rect(5, 5, 20, 20)).dtype == np.uint8


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Rect(100, 100, 60, 40), (100, 100, 160, 140)),  # as it is
        (Rect(100, 100, 120, 200), (100, 220, 220, 300)),  # as wide as the box, on its lower edge
        (Rect(100, 100, 200, 40), (170, 100, 230, 140)),  # as high as the box, in its middle
        (Rect(-30, 100, 60, 40), (0, 100, 30, 140)),  # over the border
    ],
)
def test_the_outline_keeps_its_proportions_and_stands_on_the_boxs_lower_edge(
    box: Rect, expected: tuple[int, int, int, int]
) -> None:
    mask = fitted_shape(cut_out(), None, box, (320, 320))
    assert mask.shape == (320, 320) and mask.dtype == np.uint8
    assert np.abs(np.subtract(extent(mask), expected)).max() <= 1


@pytest.mark.parametrize("box", [Rect(-300, -200, 900, 700), Rect(100, 50, 900, 700), Rect(-40, 90, 400, 90)])
def test_the_part_of_an_outline_inside_the_picture_is_that_of_the_whole(box: Rect) -> None:
    picture = cut_out()
    picture[30:70, 50:110, 3] = noise(40, 60, 1)[..., 0] | 128
    seen = fitted_shape(picture, None, box, (320, 240))
    around = fitted_shape(picture, None, Rect(box.x + 400, box.y + 400, box.width, box.height), (1600, 1400))
    assert np.abs(seen.astype(int) - around[400:640, 400:720]).max() <= 1


def test_an_outline_that_reaches_far_over_the_border_takes_no_memory_for_what_is_outside() -> None:
    tracemalloc.start()
    mask = fitted_shape(cut_out(), None, Rect(-5000, -5000, 9999, 9999), (320, 240))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (mask == 255).all() and most < 2_000_000


def test_an_outline_beside_the_picture_marks_nothing() -> None:
    assert not fitted_shape(cut_out(), None, Rect(-100, 0, 120, 40_000), (320, 240)).any()


def test_only_the_part_inside_the_reference_box_gives_the_outline() -> None:
    mask = fitted_shape(cut_out(), Rect(50, 30, 20, 40), Rect(0, 0, 100, 40), (100, 100))
    assert np.abs(np.subtract(extent(mask), (40, 0, 60, 40))).max() <= 1


@pytest.mark.parametrize("picture", [noise(30, 30), np.full((30, 30, 4), 255, np.uint8)])
def test_a_photo_that_is_not_cut_out_gives_no_outline(picture: NDArray[np.uint8]) -> None:
    with pytest.raises(InsertObjectError, match="no transparency") as refusal:
        fitted_shape(picture, None, Rect(0, 0, 20, 20), (50, 50))
    assert "Cut the object out" in refusal.value.hint


def test_a_picture_that_is_transparent_everywhere_gives_no_outline() -> None:
    with pytest.raises(InsertObjectError, match="shows nothing there"):
        fitted_shape(np.zeros((30, 30, 4), np.uint8), None, Rect(0, 0, 20, 20), (50, 50))


def test_an_ellipse_is_full_in_the_middle_and_soft_at_its_rim() -> None:
    ellipse = soft_ellipse(40, 80, 1.0)
    assert ellipse[20, 40] == 1 and ellipse[0, 0] == 0
    assert ellipse.shape == (40, 80) and 0.3 < ellipse[20, 0] < 0.7
