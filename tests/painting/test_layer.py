"""Network outputs become an object layer, and a layer goes into a picture."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.painting.pixels import to_depth
from daemon.painting.resample import sharpened
from daemon.painting.scene import EmptyObject, box_in_square, object_layer, paste, square_pixels
from tests.painting.scenes import BORDER_BOXES, array, noise, slope, view
from wire.protocol import PixelFormat, Rect

SQUARE = 64


def filled_box(seen: Any, size: int = SQUARE) -> np.ndarray[Any, Any]:
    """An alpha that fills the box."""
    left, top, right, bottom = (round(value * size) for value in box_in_square(seen))
    alpha = np.zeros((size, size), np.float32)
    alpha[top:bottom, left:right] = 1
    return alpha


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("box", BORDER_BOXES, ids=str)
def test_a_scene_that_goes_through_the_square_and_back_lands_where_it_was(box: Rect, depth: int) -> None:
    picture = to_depth(slope(131, 191), depth)
    seen = view(picture, box)
    rgb = square_pixels(seen, SQUARE)
    frame, x, y = object_layer(rgb, np.ones((SQUARE, SQUARE), np.float32), seen, depth=depth)
    assert (x, y, frame.width, frame.height) == (
        seen.box.x,
        seen.box.y,
        seen.box.width,
        seen.box.height,
    )
    after = paste(picture, array(frame), x, y)
    # One column is 1.35 codes and one row 1.95: a shift by one image pixel would show in the mean.
    codes = 1 if depth == 8 else 257
    moved = (after.astype(float) - picture) / codes
    inner = moved[y + 4 : y + frame.height - 4, x + 4 : x + frame.width - 4]
    if inner.size:
        assert abs(inner[..., 0].mean()) < 0.5 and abs(inner[..., 1].mean()) < 0.5


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("box", BORDER_BOXES, ids=str)
def test_the_layer_covers_the_box_and_no_pixel_beyond_it(box: Rect, depth: int) -> None:
    seen = view(slope(131, 191), box)
    colours = np.full((SQUARE, SQUARE, 3), 0.5, np.float32)
    frame, x, y = object_layer(colours, filled_box(seen), seen, depth=depth)
    step = seen.square.width / SQUARE + 1  # alpha was drawn on whole network pixels
    assert 0 <= x - seen.box.x <= 2 * step and 0 <= y - seen.box.y <= 2 * step
    assert 0 <= seen.box.right - (x + frame.width) <= 2 * step
    assert 0 <= seen.box.bottom - (y + frame.height) <= 2 * step


def test_an_object_larger_than_its_box_fades_at_the_box_and_not_at_the_pictures_edge() -> None:
    seen = view(noise(512, 512), Rect(0, 100, 256, 256))
    ones = np.ones((SQUARE, SQUARE), np.float32)
    frame, _, _ = object_layer(np.full((SQUARE, SQUARE, 3), 0.5, np.float32), ones, seen, depth=8)
    alpha = array(frame)[..., 3].astype(int)
    step = int(np.ceil(seen.square.width / SQUARE))
    middle = alpha[len(alpha) // 2]
    assert (middle[: -step + 1] == 255).all() and (np.diff(middle[-step:]) < 0).all() and middle[-1] > 0
    for edge in (alpha[:step, 100], alpha[::-1][:step, 100]):
        assert (np.diff(edge) > 0).all() and 0 < edge[0] < 128


@pytest.mark.parametrize("depth", [8, 16])
def test_the_layer_is_cut_to_its_alpha(depth: int) -> None:
    seen = view(noise(300, 300), Rect(50, 50, 200, 200))
    alpha = np.zeros((SQUARE, SQUARE), np.float32)
    alpha[20:30, 40:45] = 0.7
    frame, _, _ = object_layer(np.zeros((SQUARE, SQUARE, 3), np.float32), alpha, seen, depth=depth)
    shown = array(frame)[..., 3]
    for edge in (shown[0], shown[-1], shown[:, 0], shown[:, -1]):
        assert edge.max() > 0


@pytest.mark.parametrize("depth", [8, 16])
def test_alpha_below_half_a_code_is_no_part_of_the_layer(depth: int) -> None:
    seen = view(noise(100, 100), Rect(20, 20, 50, 50))
    faint = np.full((SQUARE, SQUARE), 0.49 / (2**depth - 1), np.float32)
    with pytest.raises(EmptyObject):
        object_layer(np.ones((SQUARE, SQUARE, 3), np.float32), faint, seen, depth=depth)


def test_an_object_wholly_outside_the_image_is_an_empty_object() -> None:
    seen = view(noise(20, 100), Rect(0, 0, 100, 20))
    alpha = np.zeros((SQUARE, SQUARE), np.float32)
    alpha[:8] = 1
    with pytest.raises(EmptyObject):
        object_layer(np.ones((SQUARE, SQUARE, 3), np.float32), alpha, seen, depth=8)


def test_a_soft_edge_keeps_the_objects_colour() -> None:
    seen = view(noise(300, 300), Rect(50, 50, 200, 200))
    rgb = np.broadcast_to(np.array([0.9, 0.2, 0.1], np.float32), (SQUARE, SQUARE, 3))
    frame, _, _ = object_layer(np.ascontiguousarray(rgb), filled_box(seen), seen, depth=8)
    pixels = array(frame)
    soft = pixels[(pixels[..., 3] > 0) & (pixels[..., 3] < 255)]
    assert len(soft) > 100
    assert np.abs(soft[:, :3].astype(int) - (230, 51, 26)).max() <= 1


def test_sixteen_bits_are_more_than_eight_bits_spread_out() -> None:
    seen = view(noise(300, 300), Rect(50, 50, 200, 200))
    rgb = np.broadcast_to(np.linspace(0.4, 0.41, SQUARE, dtype=np.float32)[:, np.newaxis], (SQUARE, SQUARE))
    rgb = np.ascontiguousarray(np.dstack([rgb] * 3))
    ones = np.ones((SQUARE, SQUARE), np.float32)
    frame, _, _ = object_layer(rgb, ones, seen, depth=16)
    assert frame.format is PixelFormat.RGBA16
    assert len(np.unique(array(frame)[..., 0])) == 200
    coarse, _, _ = object_layer(rgb, ones, seen, depth=8)
    assert np.abs(array(frame) / 257 - array(coarse)).max() <= 1.01


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
@given(x=st.integers(-30, 70), y=st.integers(-30, 50), seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_paste_changes_nothing_where_alpha_is_zero(
    dtype: Any, channels: int, x: int, y: int, seed: int
) -> None:
    picture = noise(45, 65, channels, dtype=dtype, seed=seed)
    layer = noise(25, 31, 4, dtype=dtype, seed=seed + 1)
    layer[::2, :, 3] = 0
    before = picture.copy()
    after = paste(picture, layer, x, y)
    assert np.array_equal(picture, before) and after.dtype == picture.dtype and after.shape == picture.shape
    touched = np.zeros((45, 65), bool)
    for row, column in itertools.product(range(25), range(31)):
        if 0 <= y + row < 45 and 0 <= x + column < 65 and layer[row, column, 3] > 0:
            touched[y + row, x + column] = True
    assert np.array_equal(after[~touched], picture[~touched])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
def test_paste_is_the_over_operator_rounded_to_the_nearest_code(dtype: Any, channels: int) -> None:
    picture, layer = noise(64, 64, channels, dtype=dtype), noise(64, 64, 4, dtype=dtype, seed=1)
    codes = np.iinfo(dtype).max
    after = paste(picture, layer, 0, 0).astype(float)
    front = layer[..., 3:] / codes
    back = (picture[..., 3:] / codes if channels == 4 else 1.0) * (1 - front)
    total = front + back
    colours = (layer[..., :3] * front + picture[..., :3] * back) / total
    shown = np.broadcast_to(layer[..., 3:] > 0, colours.shape)
    assert np.abs(after[..., :3] - colours)[shown].max() <= 0.5 + 1e-3
    if channels == 4:
        assert np.abs(after[..., 3:] - total * codes).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_where_alpha_is_full_the_layer_itself_is_seen(dtype: Any) -> None:
    layer = noise(20, 20, 4, dtype=dtype)
    layer[..., 3] = np.iinfo(dtype).max
    after = paste(noise(40, 40, dtype=dtype, seed=1), layer, 5, 7)
    assert np.array_equal(after[7:27, 5:25], layer[..., :3])


def test_paste_brings_the_layer_to_the_pictures_depth() -> None:
    layer = np.full((4, 4, 4), 65535, np.uint16)
    assert (paste(np.zeros((8, 8, 3), np.uint8), layer, 0, 0)[:4, :4] == 255).all()
    white = np.full((4, 4, 4), 255, np.uint8)
    assert (paste(np.zeros((8, 8, 3), np.uint16), white, 0, 0)[:4, :4] == 65535).all()


def contrast(side: int, texture: float, depth: int) -> tuple[float, float]:
    """Mean and deviation, in shares of full code, of a chequered object in a box of so many pixels."""
    seen = view(noise(4 * side, 4 * side), Rect(side, side, side, side))
    chequered = np.indices((SQUARE, SQUARE)).sum(0) // 2 % 2
    colours = np.repeat(0.5 + texture * (chequered[..., np.newaxis] - 0.5), 3, 2).astype(np.float32)
    frame, _, _ = object_layer(colours, np.ones((SQUARE, SQUARE), np.float32), seen, depth=depth)
    codes = array(frame)[8:-8, 8:-8, :3].astype(float) / (255 if depth == 8 else 65535)
    return float(codes.mean()), float(codes.std())


@pytest.mark.parametrize("depth", [8, 16])
def test_the_texture_of_a_large_object_is_sharpened_and_its_colour_stays(depth: int) -> None:
    small, large = contrast(SQUARE, 0.1, depth), contrast(3 * SQUARE, 0.1, depth)
    assert small[0] == pytest.approx(0.5, abs=0.003) and large[0] == pytest.approx(0.5, abs=0.003)
    assert small[1] < 0.052  # about as large as the networks make it: left as it is
    assert 1.1 < large[1] / 0.05 < 1.6


def test_sharpening_leaves_even_colour_alone_and_makes_no_spot_glare() -> None:
    even = np.full((9, 9, 3), 0.4, np.float32)
    assert (sharpened(even, 3.0) == even).all()
    spot = even.copy()
    spot[4, 4] = 0.9
    found = sharpened(spot, 3.0)
    assert 0.9 < found[4, 4, 0] < 0.96  # without a limit it would be 1.16
    assert np.array_equal(found[0], even[0])
    assert sharpened(spot, 1.4) is spot


@pytest.mark.parametrize("depth", [8, 16])
def test_the_edge_of_a_large_object_is_no_wide_veil(depth: int) -> None:
    size, side = 32, 1024
    ramp = np.clip((np.arange(size) - 8) / 4, 0, 1) * np.clip((24 - np.arange(size)) / 4, 0, 1)
    alpha = np.ascontiguousarray(np.broadcast_to(ramp, (size, size)), np.float32)
    scene = view(noise(side, side), Rect(150, 150, 724, 724))
    frame, _, _ = object_layer(np.full((size, size, 3), 0.5, np.float32), alpha, scene, depth=depth)
    codes = array(frame)[frame.height // 2, :, 3].astype(float) / (255 if depth == 8 else 65535)
    soft = ((codes > 0.02) & (codes < 0.98)).sum() / 2
    assert soft < 2 * side / size


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("scale", [1.4, 2.1, 3.5])
def test_an_edge_is_no_wider_in_a_large_object_than_the_network_made_it(scale: float, depth: int) -> None:
    reach, side = 4, round(SQUARE * scale)  # pixels of the network's ramp, and of the window in the image
    ramp = np.clip((np.arange(SQUARE) - 20) / reach, 0, 1)
    alpha = np.ascontiguousarray(np.broadcast_to(ramp, (SQUARE, SQUARE)), np.float32)
    box = round(side / 1.4)
    scene = view(noise(side, side), Rect((side - box) // 2, (side - box) // 2, box, box))
    frame, _, _ = object_layer(np.full((SQUARE, SQUARE, 3), 0.5, np.float32), alpha, scene, depth=depth)
    codes = array(frame)[frame.height // 2, : frame.width // 2, 3] / (255 if depth == 8 else 65535)
    assert reach - 1 <= ((codes > 0.02) & (codes < 0.98)).sum() <= reach
