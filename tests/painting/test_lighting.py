"""Light for a layer: from the request to its pixels, by the shipped network."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.painting.cut_out import JUDGED_PIXELS, in_square, judged_object, scaled, visible_part
from daemon.painting.lighting import lit
from daemon.painting.pixels import frame_pixels, pixel_frame
from models.light.weights import load_light_network
from wire.protocol import (
    ErrorCode,
    InsertObjectError,
    Light,
    PixelFormat,
    PixelFrame,
    Rect,
    Wish,
    check_light,
    sent_window,
)

NETWORK = load_light_network(Path(__file__).resolve().parents[2] / "models" / "weights")
PHOTO = Path(__file__).resolve().parents[2] / "docs" / "demo" / "photo.jpg"
PIECES = (  # of the photo: where a cut-out is taken from, and the corner of the scene that it is put into
    ((60, 200), (400, 500)),
    ((300, 60), (500, 520)),
    ((600, 300), (200, 560)),
    ((420, 560), (60, 100)),
)
SIDE = 240  # of every picture


def cut_out(brightness: int, dtype: type = np.uint8, size: int = 96) -> np.ndarray:
    """A disc with some texture, transparent around it."""
    random = np.random.default_rng(3)
    unit = 257 if dtype == np.uint16 else 1
    pixels = np.zeros((size, size, 4), dtype)
    place = np.linspace(-1, 1, size)
    pixels[..., :3] = unit * (brightness + random.integers(-12, 13, (size, size, 3)))
    pixels[..., 3] = np.where(place[:, None] ** 2 + place**2 < 0.9, np.iinfo(dtype).max, 0)
    return pixels


def request(pixels: np.ndarray, box: Rect, brightness: int = 70) -> Light:
    random = np.random.default_rng(4)
    window = sent_window(box.clipped(SIDE, SIDE), SIDE, SIDE)
    scene = brightness + random.integers(-25, 26, (window.height, window.width, 3))
    return Light("one", SIDE, SIDE, box, window, pixel_frame(scene.astype(np.uint8)), pixel_frame(pixels))


def test_alpha_is_untouched_and_colours_are_not() -> None:
    pixels = cut_out(235)
    answer = lit(NETWORK, request(pixels, Rect(70, 70, 96, 96)))
    layer = frame_pixels(answer.pixels)
    assert (layer[..., 3] == pixels[..., 3]).all()
    assert layer[40:56, 40:56, :3].mean() < pixels[40:56, 40:56, :3].mean() - 5  # too bright for the scene
    assert answer.adjustments["exposure"] < 0


def test_at_strength_0_no_bit_changes_though_the_adjustments_are_told() -> None:
    pixels = cut_out(235)
    answer = lit(NETWORK, replace(request(pixels, Rect(70, 70, 96, 96)), strength=0.0))
    assert (frame_pixels(answer.pixels) == pixels).all()
    assert any(answer.adjustments.values())


def test_16_bits_stay_16_bits() -> None:
    pixels = cut_out(235, np.uint16)
    answer = lit(NETWORK, request(pixels, Rect(70, 70, 96, 96)))
    assert answer.pixels.format is PixelFormat.RGBA16
    layer = frame_pixels(answer.pixels)
    assert (layer[..., 3] == pixels[..., 3]).all()
    assert (layer[..., :3] % 257 != 0).any()


def test_adjustments_that_were_kept_light_the_original_again_without_a_judgement() -> None:
    pixels = cut_out(235)
    first = lit(NETWORK, request(pixels, Rect(70, 70, 96, 96)))
    elsewhere = replace(request(pixels, Rect(10, 20, 96, 96), 200), adjustments=first.adjustments)
    assert lit(NETWORK, elsewhere) == replace(first)


def test_the_same_request_gets_the_same_answer() -> None:
    asked = request(cut_out(235), Rect(70, 70, 96, 96))
    assert lit(NETWORK, asked) == lit(NETWORK, asked)


def test_what_was_lit_is_left_as_it_is_when_it_is_lit_again() -> None:
    photo = np.asarray(Image.open(PHOTO).convert("RGB"))
    box = Rect(70, 70, 96, 96)
    moved = []
    for (column, row), (left, top) in PIECES:
        for gain in (0.5, 1.0, 2.0, 4.0):
            piece = (photo[row : row + 96, column : column + 96] / 255) ** 2.2
            pixels = cut_out(0)
            pixels[..., :3] = 255 * np.clip(gain * piece, 0, 1) ** (1 / 2.2)
            window = sent_window(box.clipped(SIDE, SIDE), SIDE, SIDE)
            scene = photo[top:, left:][window.y : window.bottom, window.x : window.right]
            asked = replace(request(pixels, box), scene=pixel_frame(scene))
            uses = [pixels]
            for _ in range(3):
                answer = lit(NETWORK, replace(asked, object=pixel_frame(uses[-1])))
                uses.append(frame_pixels(answer.pixels))
            steps = [np.square(after.astype(int) - before).mean() ** 0.5
                     for before, after in itertools.pairwise(uses)]  # fmt: skip
            moved.append(steps)
    first, second, third = zip(*moved, strict=True)
    assert np.mean(first) > 10  # much is done
    assert np.median(second) == 0  # and hardly ever again
    assert np.mean(second) <= 1
    assert max(third) == 0


def test_an_editors_channel_order_is_understood() -> None:
    pixels = cut_out(200)
    pixels[..., 0] //= 2
    asked = request(pixels, Rect(70, 70, 96, 96))
    turned = np.ascontiguousarray(pixels[..., (2, 1, 0, 3)])
    frame = PixelFrame(96, 96, PixelFormat.BGRA8, turned.tobytes())
    assert lit(NETWORK, replace(asked, object=frame)) == lit(NETWORK, asked)


def test_a_shadow_comes_with_it_if_asked_for() -> None:
    asked = request(cut_out(120), Rect(70, 70, 96, 96))
    answer = lit(NETWORK, replace(asked, wish=Wish(shadow=True)))
    assert answer.cast is None
    assert lit(NETWORK, asked).shadow is None
    assert answer.shadow is not None
    alpha = frame_pixels(answer.shadow)[..., 3]
    rows = answer.shadow_y + np.flatnonzero(alpha.max(axis=1) > 40)
    assert 70 + 80 < rows.mean() < 70 + 110  # where the disc touches the ground


@pytest.mark.parametrize(("direction", "sign"), [(90, 1), (270, -1)])
def test_a_cast_shadow_falls_where_it_is_turned_and_no_farther_than_it_is_long(
    direction: int, sign: int
) -> None:
    asked = request(cut_out(120), Rect(70, 70, 96, 96))
    reach = []
    for length in (40, 120):
        wish = Wish(shadow=False, cast_shadow=True, cast_direction=direction, cast_length=length)
        answer = lit(NETWORK, replace(asked, wish=wish))
        assert answer.shadow is None
        assert answer.cast is not None
        alpha = frame_pixels(answer.cast)[..., 3]
        columns = answer.cast_x + np.flatnonzero(alpha.max(axis=0) > 10)
        reach.append(max(sign * (columns - 118)))
    assert 48 < reach[0] + 20 < reach[1]


def test_only_known_adjustments_in_their_range_are_applied() -> None:
    asked = replace(request(cut_out(120), Rect(70, 70, 96, 96)), adjustments={"exposure": 50.0})
    with pytest.raises(InsertObjectError, match="exposure is 50") as caught:
        lit(NETWORK, asked)
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    ("box", "code"),
    [(Rect(300, 10, 50, 50), ErrorCode.BOX_OUTSIDE), (Rect(-45, 10, 50, 50), ErrorCode.BOX_TOO_SMALL)],
)
def test_an_object_that_is_hardly_on_the_picture_is_refused(box: Rect, code: ErrorCode) -> None:
    asked = replace(request(cut_out(120), Rect(70, 70, 96, 96)), box=box)
    with pytest.raises(InsertObjectError) as caught:
        check_light(asked)
    assert caught.value.code is code


def test_an_object_over_the_border_is_lit_whole() -> None:
    pixels = cut_out(235)
    answer = lit(NETWORK, request(pixels, Rect(-30, -20, 96, 96)))
    assert (answer.pixels.width, answer.pixels.height) == (96, 96)
    assert frame_pixels(answer.pixels)[10:20, 45:50, :3].mean() < 225  # beyond the border, too


# --- Cut-outs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_without_transparency_is_no_cut_out_and_how_to_make_one_is_said(channels: int) -> None:
    pixels = np.full((20, 20, channels), 255, np.uint8)
    with pytest.raises(InsertObjectError, match=r"no transparency.*Cut it out first: in GIMP"):
        visible_part(pixels)


def test_an_invisible_cut_out_is_refused() -> None:
    with pytest.raises(InsertObjectError, match="transparent everywhere"):
        visible_part(np.zeros((20, 20, 4), np.uint8))


def test_scaling_by_1_changes_no_bit_and_other_scales_bleed_no_hidden_colour() -> None:
    pixels = cut_out(90, np.uint16)
    pixels[pixels[..., 3] == 0] = (65535, 0, 0, 0)
    assert scaled(pixels, 1.0) is pixels
    half = scaled(pixels, 0.5)
    assert half.dtype == np.uint16
    assert half.shape == (48, 48, 4)
    soft = (half[..., 3] > 6000) & (half[..., 3] < 60000)
    assert np.abs(half[soft][:, :3].astype(int) - 90 * 257).max() < 16 * 257
    with pytest.raises(InsertObjectError, match="cannot be scaled"):
        scaled(pixels, 0.001)


def test_the_square_shows_a_cut_out_where_it_lies() -> None:
    pixels = np.full((2000, 1000, 4), 255, np.uint8)  # many times finer than the cells
    pixels[..., 0] = 40
    colours, alpha = in_square(pixels, Rect(20, 10, 30, 60), Rect(0, 0, 80, 80), 80)
    assert alpha[12:68, 22:48].min() > 0.99
    assert alpha[:7].max() < 0.01
    assert alpha[:, 54:].max() < 0.01
    assert np.allclose(colours[40, 30], (40 / 255, 1, 1), atol=0.02)


def test_a_large_cut_out_is_judged_by_a_small_copy_that_gets_the_same_light() -> None:
    large = cut_out(235, np.uint16, size=960)
    sent = judged_object(large[:600])
    assert (sent.width, sent.height) == (JUDGED_PIXELS, JUDGED_PIXELS * 600 // 960)
    assert sent.format is PixelFormat.RGBA8
    assert frame_pixels(judged_object(cut_out(235))).tobytes() == cut_out(235).tobytes()  # small: as it is
    box = Rect(70, 70, 96, 96)
    answers = [lit(NETWORK, replace(request(cut_out(235), box), object=frame)).adjustments
               for frame in (judged_object(large), pixel_frame((large >> 8).astype(np.uint8)))]  # fmt: skip
    assert answers[0]["exposure"] == pytest.approx(answers[1]["exposure"], abs=0.03)
    assert answers[0]["exposure"] < -0.05
