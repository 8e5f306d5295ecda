"""Grain: noise is measured, texture is not taken for it, and an object is brought up to its scene's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.painting.grain import noise_of, with_grain
from daemon.painting.pixels import Samples

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def noisy_slope(deviation: float) -> NDArray[np.float32]:
    random = np.random.default_rng(0)
    _, columns = np.mgrid[0:256, 0:256]
    noise = random.standard_normal((256, 256), np.float32)
    picture: NDArray[np.float32] = (60 + 0.3 * columns + deviation * noise).astype(np.float32)
    return picture


def layer_of(value: int, dtype: type[np.uint8] | type[np.uint16], alpha: int) -> Samples:
    layer = np.full((200, 260, 4), value, dtype)
    layer[..., 3] = alpha
    return layer


@pytest.mark.parametrize("deviation", [0.0, 1.0, 3.0, 8.0])
def test_noise_on_a_slope_is_measured(deviation: float) -> None:
    assert noise_of(noisy_slope(deviation)) == pytest.approx(deviation, rel=0.15, abs=0.01)


def test_a_textured_half_does_not_count_as_noise() -> None:
    picture = noisy_slope(1.0)
    picture[:, 128:] += 60 * (np.indices((256, 128)).sum(0) % 2)
    assert noise_of(picture) == pytest.approx(1.0, rel=0.25)


def test_a_picture_too_small_to_tell_has_no_noise() -> None:
    assert noise_of(noisy_slope(5.0)[:12]) == 0.0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_smooth_object_gets_the_grain_of_its_scene(dtype: type[np.uint8] | type[np.uint16]) -> None:
    unit = 257 if dtype is np.uint16 else 1
    grained = with_grain(layer_of(120 * unit, dtype, 255 * unit), 4.0, 1)
    assert grained.dtype == dtype
    luma = (grained[..., :3] / unit @ LUMA).astype(np.float32)
    assert noise_of(luma) == pytest.approx(4.0, rel=0.25)
    assert luma.mean() == pytest.approx(120, abs=0.3)


def test_alpha_stays_as_it_is() -> None:
    layer = layer_of(120, np.uint8, 90)
    assert (with_grain(layer, 6.0, 1)[..., 3] == 90).all()


def test_an_object_with_as_much_grain_is_left_alone() -> None:
    layer = layer_of(120, np.uint8, 255)
    grained = with_grain(layer, 4.0, 1)
    np.testing.assert_array_equal(with_grain(grained, 3.0, 2), grained)


@pytest.mark.parametrize("side", [1200, 3000, 4200])
def test_the_grain_of_an_object_is_seen_wherever_it_lies_in_a_large_cut_out(side: int) -> None:
    cut_out = np.zeros((600, side, 4), np.uint8)
    cut_out[200:400, side // 2 : side // 2 + 260] = with_grain(layer_of(120, np.uint8, 255), 4.0, 1)
    np.testing.assert_array_equal(with_grain(cut_out, 3.0, 2), cut_out)


def test_the_same_seed_gives_the_same_grain_and_another_another() -> None:
    layer = layer_of(120, np.uint8, 255)
    np.testing.assert_array_equal(with_grain(layer, 4.0, 1), with_grain(layer, 4.0, 1))
    assert (with_grain(layer, 4.0, 1) != with_grain(layer, 4.0, 2)).any()


def test_the_layer_that_was_given_is_not_changed() -> None:
    layer = layer_of(120, np.uint8, 255)
    with_grain(layer, 4.0, 1)
    assert (layer[..., :3] == 120).all()
