"""A request becomes square network inputs: geometry, padding, alpha, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from daemon.painting.resample import resampled
from daemon.painting.scene import (
    EmptyMask,
    box_in_square,
    reference_crop,
    square_mask,
    square_pixels,
    view_of,
    window_pixels,
)
from tests.changed_insert import with_changes
from tests.painting.scenes import BORDER_BOXES, array, insert_of, noise, slope, view
from wire.protocol import ErrorCode, InsertObjectError, PixelFormat, PixelFrame, Rect


@given(
    st.integers(8, 300),
    st.integers(8, 300),
    st.integers(-50, 250),
    st.integers(-50, 250),
    st.integers(8, 300),
    st.integers(8, 300),
)
@settings(max_examples=150, deadline=None)
def test_what_the_client_sends_is_always_a_view_the_daemon_accepts(
    width: int, height: int, x: int, y: int, box_width: int, box_height: int
) -> None:
    box = Rect(x, y, box_width, box_height)
    picture = np.zeros((height, width, 3), np.uint8)
    try:
        request = insert_of(picture, box, limit=96)
    except InsertObjectError as refusal:
        assert refusal.code in (ErrorCode.BOX_OUTSIDE, ErrorCode.BOX_TOO_SMALL)
        return
    seen = view_of(request)
    assert seen.pixels.shape[0] <= 96 and seen.pixels.shape[1] <= 96
    left, top, right, bottom = box_in_square(seen)
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    assert square_pixels(seen, 32).shape == (32, 32, 3)


def test_window_pixels_are_the_pictures_own_when_the_window_is_small() -> None:
    picture = noise(150, 200)
    window, frame = window_pixels(picture, Rect(60, 50, 40, 30), 512)
    cut = picture[window.y : window.bottom, window.x : window.right]
    assert np.array_equal(array(frame), cut)


def test_window_pixels_read_nothing_but_the_window() -> None:
    class Watched(np.ndarray):  # type: ignore[type-arg]
        read: list[object]

        def __getitem__(self, key: object) -> object:
            Watched.read.append(key)
            return np.asarray(self)[key]  # type: ignore[index]

    Watched.read = []
    window_pixels(noise(150, 200).view(Watched), Rect(60, 50, 40, 30), 512)
    assert Watched.read == [(slice(37, 93), slice(52, 108))]


def test_a_large_window_is_scaled_down_to_the_limit() -> None:
    _, frame = window_pixels(slope(900, 1200), Rect(100, 100, 600, 500), 256)
    assert (frame.width, frame.height) == (256, 256)


def test_sixteen_bit_pictures_are_sent_as_eight_bits_rounded() -> None:
    picture = noise(60, 60, dtype=np.uint16)
    window, frame = window_pixels(picture, Rect(10, 10, 30, 30), 512)
    cut = picture[window.y : window.bottom, window.x : window.right]
    assert np.array_equal(array(frame), np.rint(cut / 257))


def test_transparent_scene_pixels_are_seen_as_mid_grey() -> None:
    picture = noise(60, 60, 4)
    picture[..., 3] = 0
    picture[:, 30:, 3] = 255
    seen = view(picture, Rect(10, 10, 40, 40))
    assert (seen.pixels[:, : 30 - seen.window.x] == 128).all()
    assert np.array_equal(seen.pixels[:, 30 - seen.window.x :], picture[2:58, 30:58, :3])


@pytest.mark.parametrize("alpha", [255, 200])
def test_bgra_scenes_look_like_rgba_scenes(alpha: int) -> None:
    picture = noise(60, 60, 4)
    picture[..., 3] = alpha
    request = insert_of(picture, Rect(10, 10, 40, 40))
    swapped = np.ascontiguousarray(array(request.scene)[..., [2, 1, 0, 3]])
    bgra = PixelFrame(request.scene.width, request.scene.height, PixelFormat.BGRA8, swapped.tobytes())
    assert np.array_equal(view_of(request).pixels, view_of(replace(request, scene=bgra)).pixels)


@pytest.mark.parametrize("box", BORDER_BOXES, ids=str)
def test_the_square_shows_each_image_column_and_row_where_it_is(box: Rect) -> None:
    seen = view(slope(130, 190), box, limit=64)
    size = 48
    centres = (np.arange(size) + 0.5) / size
    columns = np.clip(seen.square.x + centres * seen.square.width - 0.5, 0, 189) / 189
    rows = np.clip(seen.square.y + centres * seen.square.height - 0.5, 0, 129) / 129
    square = square_pixels(seen, size)
    # Scaling twice and 8-bit steps: half an image pixel at most, more only at the image's own edges.
    tolerance = 2 / 255 + 0.6 * seen.square.width / size / 130
    assert np.abs(square[..., 0] - columns[np.newaxis, :]).max() < tolerance
    assert np.abs(square[..., 1] - rows[:, np.newaxis]).max() < tolerance


def test_beyond_a_small_image_its_edge_pixels_go_on() -> None:
    picture = noise(20, 100)
    seen = view(picture, Rect(0, 0, 100, 20))
    square = square_pixels(seen, 70)  # the image is rows 60..80 of a square of 140
    assert np.abs(square[:28] - square[0]).max() < 1e-5
    assert np.abs(square[-28:] - square[-1]).max() < 1e-5
    assert np.abs(np.diff(square[31:39], axis=0)).max() > 0.05


@given(st.integers(5, 80), st.integers(5, 80), st.integers(4, 60))
@settings(max_examples=40, deadline=None)
def test_both_ways_of_resampling_agree_inside_the_picture(width: int, height: int, size: int) -> None:
    picture = slope(height, width)
    pillow = Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC)
    margin = 0.001  # reaches over the border, so that the padding way is taken
    padded = resampled(picture, (-margin, -margin, width + margin, height + margin), size)
    inner = slice(size // 4, size - size // 4)
    difference = np.abs(padded - np.asarray(pillow) / 255)[inner, inner]
    assert difference.max() <= 2 / 255


def test_a_mask_marks_nothing_beyond_the_image() -> None:
    seen = view(noise(20, 100), Rect(0, 0, 100, 20))
    mask = PixelFrame(100, 20, PixelFormat.A8, b"\xff" * 2000)
    square = square_mask(mask, seen, 70)
    assert square.dtype == np.float32
    assert (square[:28] == 0).all() and (square[-28:] == 0).all()
    assert (square[31:39, 12:-12] > 0.99).all()
    assert (square[:, :8] == 0).all()


def test_a_mask_is_full_up_to_the_border_of_an_image_that_holds_the_window() -> None:
    seen = view(noise(100, 100), Rect(0, 0, 50, 50))
    mask = PixelFrame(70, 70, PixelFormat.A8, b"\xff" * 4900)
    assert (square_mask(mask, seen, 32) > 0.999).all()


@pytest.mark.parametrize("marked", [0, 1])
def test_a_mask_that_marks_nothing_or_one_pixel_of_many_is_refused(marked: int) -> None:
    seen = view(noise(600, 600), Rect(100, 100, 300, 300))
    data = bytearray(420 * 420)
    data[:marked] = b"\xff" * marked
    with pytest.raises(EmptyMask) as refusal:
        square_mask(PixelFrame(420, 420, PixelFormat.A8, bytes(data)), seen, 64)
    assert refusal.value.code is ErrorCode.BAD_REQUEST


def test_a_mask_of_another_size_is_refused() -> None:
    mask = PixelFrame(10, 10, PixelFormat.A8, b"\xff" * 100)
    with pytest.raises(InsertObjectError, match="10 × 10"):
        view_of(insert_of(noise(100, 100), Rect(20, 20, 50, 50), mask=mask))


def test_the_box_is_told_as_fractions_of_the_square() -> None:
    assert box_in_square(view(noise(200, 200), Rect(50, 60, 100, 50))) == pytest.approx(
        (20 / 140, 45 / 140, 120 / 140, 95 / 140)
    )


def test_a_window_that_does_not_belong_to_the_box_is_refused() -> None:
    request = insert_of(noise(100, 100), Rect(20, 20, 50, 50))
    with pytest.raises(InsertObjectError) as refusal:
        view_of(replace(request, window=Rect(0, 0, 70, 70)))
    assert refusal.value.code is ErrorCode.BAD_REQUEST


def test_a_scene_of_other_proportions_or_too_many_pixels_is_refused() -> None:
    request = insert_of(noise(100, 100), Rect(20, 20, 50, 50))
    for width, height in ((70, 35), (600, 600)):
        scene = PixelFrame(width, height, PixelFormat.RGB8, bytes(width * height * 3))
        with pytest.raises(InsertObjectError):
            view_of(replace(request, scene=scene))


def test_a_box_larger_than_any_layer_is_refused_before_pixels_are_made() -> None:
    request = insert_of(noise(16, 16), Rect(0, 0, 16, 16))
    huge = Rect(0, 0, 200_000, 200_000)
    with pytest.raises(InsertObjectError) as refusal:
        view_of(with_changes(request, image_width=200_000, image_height=200_000, box=huge, window=huge))
    assert refusal.value.code is ErrorCode.TOO_LARGE


def test_a_reference_without_alpha_is_shown_whole() -> None:
    picture = noise(20, 60)
    colours, mask = reference_crop(PixelFrame(60, 20, PixelFormat.RGB8, picture.tobytes()), 60)
    assert mask.shape == (60, 60) and mask[28:32, 20:40].min() == 1  # the object is in the middle
    assert mask[:20].max() == mask[40:].max() == 0 and mask[20:40, :3].max() == 0
    assert np.abs(colours[20:40] - picture / 255).max() < 0.02
    assert np.abs(colours[:18] - colours[0]).max() < 1e-5


def test_a_reference_with_hardly_any_transparency_is_shown_whole_too() -> None:
    picture = noise(20, 60, 4)
    picture[..., 3] = 255
    plain = reference_crop(PixelFrame(60, 20, PixelFormat.RGB8, picture[..., :3].tobytes()), 60)
    for row, least in ((0, 254), (10, 128)):
        picture[row, 0, 3] = least
        _, mask = reference_crop(PixelFrame(60, 20, PixelFormat.RGBA8, picture.tobytes()), 60)
        assert np.array_equal(mask, plain[1])


def test_a_reference_with_alpha_is_cut_to_what_it_shows() -> None:
    picture = np.zeros((200, 200, 4), np.uint8)
    picture[120:160, 30:70] = (255, 0, 0, 255)
    colours, mask = reference_crop(PixelFrame(200, 200, PixelFormat.RGBA8, picture.tobytes()), 56)
    inside, outside = slice(10, 46), slice(0, 6)
    assert (mask[inside, inside] > 0.99).all() and (mask[outside] < 0.01).all()
    assert (colours[inside, inside] > (0.99, -1, -1)).all()
    assert np.abs(colours[outside] - 128 / 255).max() < 0.01


def test_a_reference_that_shows_nothing_is_refused() -> None:
    with pytest.raises(InsertObjectError, match="transparent"):
        reference_crop(PixelFrame(10, 10, PixelFormat.RGBA8, bytes(400)), 32)
