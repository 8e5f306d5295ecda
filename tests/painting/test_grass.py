"""Feet behind the grass: the scene's blades over the lowest pixels, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.painting.footing import Footing
from daemon.painting.grass import HIGHEST, behind_grass
from daemon.painting.on_the_ground import set_down
from daemon.painting.scene import object_layer
from tests.painting.scenes import array, view
from tests.painting.test_cast_shadow import FOOT, HEIGHT, post
from tests.painting.test_shadow import BOX, SCALE, at, meadow
from wire.protocol import Wish

PALE = np.full((128, 128, 3), 0.8, np.float32)


def lawn(seed: int = 3) -> NDArray[np.uint8]:
    """A meadow of upright blades, three pixels wide, of many brightnesses."""
    random = np.random.default_rng(seed)
    blades = np.kron(random.uniform(0.4, 1.6, (20, 134)), np.ones((20, 3)))[:400, :400]
    return np.clip(meadow() * blades[..., np.newaxis], 0, 255).astype(np.uint8)


def layer(
    picture: NDArray[np.uint8], depth: int = 8
) -> tuple[NDArray[np.int64], NDArray[np.int64], int, int]:
    """An object's layer before and after, and its corner."""
    seen = view(picture, BOX)
    frame, x, y = object_layer(PALE, post(slice(40, 90)), seen, depth=depth)
    pixels = array(frame)
    grown = behind_grass(pixels, x, y, Footing.of(post(slice(40, 90)), seen))
    after = pixels if grown is None else grown.pixels
    return pixels.astype(np.int64), after.astype(np.int64), x, y


@pytest.mark.parametrize("depth", [8, 16])
def test_blades_cover_the_feet_here_and_there_and_nothing_higher(depth: int) -> None:
    before, after, _, y = layer(lawn(), depth)
    assert (after[..., :3] == before[..., :3]).all()
    gone = (before - after)[..., 3] / np.iinfo(np.uint8 if depth == 8 else np.uint16).max
    foot = at(0, FOOT)[0] - y
    top = round(HIGHEST * HEIGHT * SCALE)
    assert gone[: foot - top - 4].max() == 0
    feet = gone[foot - top : foot]
    assert gone.min() >= 0 and feet.max() > 0.8 and 0.15 < feet.mean() < 0.75
    assert gone[foot - 4].mean() > 2 * gone[foot - top + 4].mean()


def test_what_shows_over_the_feet_is_what_is_bright_in_the_scene() -> None:
    picture = lawn()
    before, after, x, y = layer(picture)
    row = at(0, FOOT)[0] - round(0.5 * HIGHEST * HEIGHT * SCALE)
    gone = (before - after)[row - y, 10:-10, 3]
    scene = picture[row, x + 10 : x + before.shape[1] - 10, 1].astype(float)
    assert np.corrcoef(gone, scene)[0, 1] > 0.5


def test_smooth_ground_has_no_blades() -> None:
    before, after, _, _ = layer(meadow(0.5))
    assert (before == after).all()


def test_it_is_done_when_wished_for_and_takes_the_blades_out_of_the_shadows() -> None:
    seen, alpha = view(lawn(), BOX), post(slice(40, 90))
    frame, x, y = object_layer(PALE, alpha, seen, depth=8)
    pixels = array(frame)
    without = set_down(pixels, x, y, alpha, seen, Wish(cast_shadow=True))
    grown = set_down(pixels, x, y, alpha, seen, Wish(cast_shadow=True, behind_grass=True))
    assert without.pixels is pixels and (grown.pixels[..., 3] < pixels[..., 3]).any()
    for plain, thinned in ((without.shadow, grown.shadow), (without.cast, grown.cast)):
        assert plain is not None and thinned is not None
        dark, lit = array(plain[0])[..., 3].astype(int), array(thinned[0])[..., 3].astype(int)
        assert plain[1:] == thinned[1:] and (lit <= dark).all() and (lit < dark).any()
        below = at(0, FOOT)[0] + 3 - plain[2]
        assert (lit[below:] == dark[below:]).all()  # where there is no object, it is as it was


def test_shadows_come_as_they_are_wished_for() -> None:
    seen, alpha = view(meadow(), BOX), post()
    frame, x, y = object_layer(PALE, alpha, seen, depth=8)
    for shadow in (False, True):
        for cast in (False, True):
            made = set_down(array(frame), x, y, alpha, seen, Wish(shadow=shadow, cast_shadow=cast))
            assert (made.shadow is not None, made.cast is not None) == (shadow, cast)
