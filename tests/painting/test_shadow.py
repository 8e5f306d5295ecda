"""The contact shadow: soft, at the feet, away from the light, never a part of the object."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.painting.footing import TINT, Footing
from daemon.painting.scene import SceneView
from daemon.painting.shadow import MOST, contact_shadow
from tests.painting.scenes import array, view
from wire.protocol import Rect

SIDE = 128  # of the network's square
BOX = Rect(100, 100, 200, 200)  # its window is 280 px wide and begins at 60, 60
SCALE = 280 / SIDE


def meadow(light: float = 0.0, *, height: int = 400, width: int = 400) -> NDArray[np.uint8]:
    """A green scene; ``light`` > 0 makes its left brighter, < 0 its right."""
    ramp = 1 - light * np.linspace(-0.5, 0.5, width)
    picture = np.array([90, 140, 70]) * ramp[np.newaxis, :, np.newaxis] * np.ones((height, 1, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def table(legs: tuple[int, ...] = (40, 88), lowest: int = 110) -> NDArray[np.float32]:
    """A slab on legs, in the square: the slab ends 30 cells above the ground."""
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[30 : lowest - 30, 30:98] = 1
    for leg in legs:
        alpha[30:lowest, leg - 4 : leg + 4] = 1
    return alpha


def opacity(
    alpha: NDArray[np.float32], seen: SceneView, *, depth: int = 8, size: tuple[int, int] = (400, 400)
) -> NDArray[np.float64]:
    """The shadow's alpha in the whole picture, 0..1."""
    placed = np.zeros((size[1], size[0]))
    made = contact_shadow(Footing.of(alpha, seen), depth=depth)
    if made is not None:
        frame, x, y = made
        shadow = array(frame)[..., 3] / (255 if depth == 8 else 65535)
        placed[y : y + frame.height, x : x + frame.width] = shadow
    return placed


def at(column: float, row: float) -> tuple[int, int]:
    """A cell of the square as a row and column of the picture."""
    return int(60 + row * SCALE), int(60 + column * SCALE)


def test_it_is_darkest_under_the_feet_and_fades_with_the_distance_from_them() -> None:
    shadow = opacity(table(), view(meadow(), BOX))
    under, between, far = shadow[at(40, 110)], shadow[at(64, 110)], shadow[at(20, 110)]
    assert MOST - 0.15 < under <= MOST
    assert under > 1.5 * between > 3 * far >= 0


def test_it_stays_at_the_foot_line() -> None:
    shadow = opacity(table(), view(meadow(), BOX))
    rows = np.flatnonzero(shadow.max(axis=1) > 0.1)
    foot, height = at(0, 110)[0], 80 * SCALE
    assert foot - 0.15 * height < rows[0] and rows[-1] < foot + 0.35 * height


def test_it_is_soft() -> None:
    shadow = opacity(table(), view(meadow(), BOX))
    steps = np.abs(np.diff(shadow, axis=0)).max(), np.abs(np.diff(shadow, axis=1)).max()
    assert max(steps) < 0.12


@pytest.mark.parametrize("light", [0.8, -0.8])
def test_it_lies_away_from_the_light(light: float) -> None:
    shadow = opacity(table(), view(meadow(light), BOX))
    columns = np.arange(400)
    middle = (shadow.sum(axis=0) * columns).sum() / shadow.sum()
    assert (middle - at(64, 0)[1]) * light > 5


def test_in_even_light_it_lies_on_both_sides() -> None:
    shadow = opacity(table(), view(meadow(), BOX))
    middle = (shadow.sum(axis=0) * np.arange(400)).sum() / shadow.sum()
    assert abs(middle - at(64, 0)[1]) < 3


def test_a_dark_wood_on_one_side_is_no_light_from_the_other() -> None:
    picture = meadow()
    picture[:230, 250:] //= 4
    shadow = opacity(table(), view(picture, BOX))
    middle = (shadow.sum(axis=0) * np.arange(400)).sum() / shadow.sum()
    assert abs(middle - at(64, 0)[1]) < 12


def test_feet_at_different_heights_each_have_their_own() -> None:
    alpha = table((88,))
    alpha[30:98, 36:44] = 1  # the left one stands farther back
    shadow = opacity(alpha, view(meadow(), BOX))
    left, right = shadow[:, at(40, 0)[1]], shadow[:, at(88, 0)[1]]
    assert abs(int(left.argmax()) - at(0, 98)[0]) < 12 and abs(int(right.argmax()) - at(0, 110)[0]) < 12


@pytest.mark.parametrize("depth", [8, 16])
def test_its_colour_is_the_grounds_much_darker(depth: int) -> None:
    made = contact_shadow(Footing.of(table(), view(meadow(), BOX)), depth=depth)
    assert made is not None
    pixels = array(made[0])
    codes = 255 if depth == 8 else 65535
    assert np.abs(pixels[..., :3] / codes - np.array([90, 140, 70]) / 255 * TINT).max() < 0.01
    assert pixels.dtype.itemsize == depth // 8


def test_a_dark_scene_has_a_darker_shadow() -> None:
    dark, light = (
        contact_shadow(Footing.of(table(), view(meadow() // part, BOX)), depth=8) for part in (4, 1)
    )
    assert dark is not None and light is not None
    assert array(dark[0])[0, 0, :3].max() < array(light[0])[0, 0, :3].max()


def test_both_depths_show_the_same() -> None:
    seen = view(meadow(0.4), BOX)
    eight, sixteen = (opacity(table(), seen, depth=depth) for depth in (8, 16))
    assert np.abs(eight - sixteen).max() < 0.01


def test_it_is_the_same_whenever_it_is_made() -> None:
    seen = view(meadow(0.4), BOX)
    one, two = (contact_shadow(Footing.of(table(), seen), depth=16) for _ in range(2))
    assert one is not None and two is not None
    assert bytes(one[0].data) == bytes(two[0].data) and one[1:] == two[1:]


def test_it_has_vanished_where_the_window_ends_inside_the_picture() -> None:
    alpha = table(lowest=127)
    shadow = opacity(alpha, view(meadow(), BOX))
    assert (
        shadow[at(0, 0)[0] + 279].max() < 0.1 and shadow[:, 60].max() < 0.02 and shadow[:, 339].max() < 0.02
    )


def test_at_the_pictures_own_border_it_is_cut_not_faded() -> None:
    picture = meadow(height=340)
    alpha = table(lowest=124)
    shadow = opacity(alpha, view(picture, BOX), size=(400, 340))
    assert shadow[339].max() > 0.1


def test_an_object_that_stands_below_the_picture_has_none() -> None:
    picture = meadow(height=200, width=600)  # the window is higher than the picture
    seen = view(picture, Rect(100, 10, 180, 180))
    assert seen.square.bottom > 200
    assert contact_shadow(Footing.of(table(lowest=128), seen), depth=8) is None


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_where_there_is_no_object_there_is_no_shadow(value: float) -> None:
    assert (
        contact_shadow(Footing.of(np.full((SIDE, SIDE), value, np.float32), view(meadow(), BOX)), depth=8)
        is None
    )


@pytest.mark.parametrize("size", [32, 64, 256, 512])
@pytest.mark.parametrize("box", [Rect(0, 0, 40, 40), Rect(-20, 300, 150, 150), Rect(60, 30, 9, 200)])
def test_it_lies_in_the_window_at_every_size_and_border(size: int, box: Rect) -> None:
    seen = view(meadow(0.5), box)
    cells = (np.arange(size) + 0.5) / size - 0.5
    alpha = (np.hypot(*np.meshgrid(cells, cells)) < 0.3).astype(np.float32)
    made = contact_shadow(Footing.of(alpha, seen), depth=8)
    if made is None:
        return
    frame, x, y = made
    window = seen.window
    assert window.x <= x and window.y <= y
    assert x + frame.width <= window.right and y + frame.height <= window.bottom
    assert 0 < array(frame)[..., 3].max() <= round(MOST * 255)
