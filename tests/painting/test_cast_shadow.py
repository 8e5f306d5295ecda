"""The cast shadow: it begins at the feet, falls where it is turned to, and dissolves with the distance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.painting.cast_shadow import cast_shadow, guessed_direction
from daemon.painting.footing import Footing
from daemon.painting.scene import SceneView
from tests.painting.scenes import array, view
from tests.painting.test_shadow import BOX, SCALE, SIDE, at, meadow
from wire.protocol import Rect, Wish

FOOT = 110  # row of the square
HEIGHT = 80


def post(columns: slice = slice(58, 70), lowest: int = FOOT) -> NDArray[np.float32]:
    """A solid bar on the ground, in the square."""
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[lowest - HEIGHT : lowest, columns] = 1
    return alpha


def wish(**choices: Any) -> Wish:
    return replace(Wish(cast_shadow=True, cast_strength=100), **choices)


def opacity(
    asked: Wish,
    alpha: NDArray[np.float32] | None = None,
    seen: SceneView | None = None,
    *,
    depth: int = 8,
    size: tuple[int, int] = (400, 400),
) -> NDArray[np.float64]:
    """The shadow's alpha in the whole picture, 0..1."""
    placed = np.zeros((size[1], size[0]))
    footing = Footing.of(post() if alpha is None else alpha, seen or view(meadow(), BOX))
    made = cast_shadow(footing, asked, depth=depth)
    if made is not None:
        frame, x, y = made
        shadow = array(frame)[..., 3] / (255 if depth == 8 else 65535)
        placed[y : y + frame.height, x : x + frame.width] = shadow
    return placed


def middle(shadow: NDArray[np.float64]) -> tuple[float, float]:
    """The row and column around which it lies, from the middle of the feet."""
    rows, columns = np.indices(shadow.shape)
    row, column = at(64, FOOT)
    return (
        float((shadow * rows).sum() / shadow.sum()) - row,
        float((shadow * columns).sum() / shadow.sum()) - column,
    )


@pytest.mark.parametrize(
    ("direction", "down", "right"),
    [(0, -1, 0), (45, -1, 1), (135, 1, 1), (180, 1, 0), (225, 1, -1), (315, -1, -1)],
)
def test_it_falls_where_it_is_turned_to(direction: int, down: int, right: int) -> None:
    row, column = middle(opacity(wish(cast_direction=direction)))
    assert row * down > 5
    assert column * right > 20 if right else abs(column) < 2


@pytest.mark.parametrize("direction", [90, 270])
def test_turned_to_one_side_it_is_no_line(direction: int) -> None:
    shadow = opacity(wish(cast_direction=direction))
    assert (shadow.max(axis=1) > 0.2).sum() > 8


def test_it_is_sharp_and_dark_at_the_feet_and_soft_and_weak_far_off() -> None:
    shadow = opacity(wish(cast_direction=45, cast_softness=100))
    foot = at(0, FOOT)[0]
    near, far = shadow[foot - 4], shadow[foot - 50]
    assert near.max() > 1.3 * far.max() > 0.2
    assert np.abs(np.diff(near)).max() / near.max() > 1.5 * np.abs(np.diff(far)).max() / far.max()


def test_twice_the_length_falls_twice_as_far() -> None:
    short, long = (middle(opacity(wish(cast_direction=45, cast_length=length))) for length in (50, 100))
    assert long[1] == pytest.approx(2 * short[1], rel=0.15)


def test_softness_is_a_wider_edge_and_none_is_a_sharp_one() -> None:
    sharp, soft = (opacity(wish(cast_direction=45, cast_softness=share)) for share in (0, 100))
    assert (
        np.abs(np.diff(sharp[at(0, FOOT)[0] - 50])).max()
        > 2 * np.abs(np.diff(soft[at(0, FOOT)[0] - 50])).max()
    )


@pytest.mark.parametrize("depth", [8, 16])
def test_strength_is_how_dark_it_is(depth: int) -> None:
    full, half = (opacity(wish(cast_direction=45, cast_strength=share), depth=depth) for share in (100, 50))
    assert full.max() > 0.85
    assert half.max() == pytest.approx(full.max() / 2, rel=0.02)
    assert opacity(wish(cast_strength=0), depth=depth).max() == 0


def test_it_may_leave_the_window_but_not_the_picture() -> None:
    shadow = opacity(wish(cast_direction=90, cast_length=200))
    window = view(meadow(), BOX).window
    assert shadow[:, window.right :].max() > 0.1
    assert shadow[:, -1].max() > 0.1  # cut off, not faded


def _moved(area: Rect) -> Rect:
    return replace(area, x=area.x + 400, y=area.y + 400)


@pytest.mark.parametrize("direction", [0, 75, 105, 180, 255, 285])
def test_what_leaves_the_picture_comes_in_again_nowhere(direction: int) -> None:
    asked = wish(cast_direction=direction, cast_length=200, cast_softness=100)
    for x, y in ((250, 125), (0, 125), (125, 250), (125, 0)):
        seen = view(meadow(), Rect(x, y, 150, 150))
        amid = replace(
            seen,
            square=_moved(seen.square),
            window=_moved(seen.window),
            box=_moved(seen.box),
            image_width=1200,
            image_height=1200,
        )
        whole = opacity(asked, seen=amid, size=(1200, 1200))
        assert np.abs(opacity(asked, seen=seen) - whole[400:800, 400:800]).max() < 0.02, (x, y)


@pytest.mark.parametrize("lean", [0.6, -0.6])
def test_by_itself_it_falls_away_from_the_light(lean: float) -> None:
    row, column = middle(opacity(wish(), seen=view(meadow(lean), BOX)))
    assert column * lean > 5 and row < 0


def test_a_weak_guess_keeps_it_behind_the_object() -> None:
    for light in (-0.02, 0.0, 0.02):
        off = (guessed_direction(light) + 180) % 360 - 180
        assert abs(off) < 15
    assert guessed_direction(1.0) == pytest.approx(75) and guessed_direction(-1.0) == pytest.approx(285)


def test_each_foot_has_its_own_where_it_stands() -> None:
    alpha = post(slice(84, 90))
    alpha[FOOT - HEIGHT : FOOT - 40, 36:90] = 1
    alpha[FOOT - HEIGHT : FOOT - 10, 36:42] = 1  # stands farther back
    shadow = opacity(wish(cast_direction=180, cast_softness=0), alpha)
    for column, lowest in ((39, FOOT - 10), (87, FOOT)):
        begins = np.flatnonzero(shadow[:, at(column, 0)[1]] > 0.4)[0]
        assert abs(begins - at(0, lowest)[0]) < 6, column


def test_both_depths_show_the_same() -> None:
    eight, sixteen = (opacity(wish(cast_direction=60), depth=depth) for depth in (8, 16))
    assert np.abs(eight - sixteen).max() < 0.01


def test_it_is_the_same_whenever_it_is_made() -> None:
    footing = Footing.of(post(), view(meadow(0.4), BOX))
    one, two = (cast_shadow(footing, wish(), depth=16) for _ in range(2))
    assert one is not None and two is not None
    assert bytes(one[0].data) == bytes(two[0].data) and one[1:] == two[1:]


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_where_there_is_no_object_there_is_no_shadow(value: float) -> None:
    assert not opacity(wish(), np.full((SIDE, SIDE), value, np.float32)).any()


@pytest.mark.parametrize("direction", [0, 90, 200, 271])
@pytest.mark.parametrize("size", [32, 64, 256])
@pytest.mark.parametrize("box", [Rect(0, 0, 40, 40), Rect(-20, 300, 150, 150), Rect(60, 30, 9, 200)])
def test_it_lies_in_the_picture_at_every_size_and_border(size: int, box: Rect, direction: int) -> None:
    cells = (np.arange(size) + 0.5) / size - 0.5
    alpha = (np.hypot(*np.meshgrid(cells, cells)) < 0.3).astype(np.float32)
    asked = wish(cast_direction=direction, cast_length=200, cast_softness=100)
    made = cast_shadow(Footing.of(alpha, view(meadow(0.5), box)), asked, depth=8)
    if made is None:
        return
    frame, x, y = made
    assert min(x, y) >= 0 and x + frame.width <= 400 and y + frame.height <= 400
    assert array(frame)[..., 3].max() > 0


def test_the_scale_of_the_window_does_not_change_it() -> None:
    large = np.kron(post(), np.ones((2, 2), np.float32))
    assert np.abs(opacity(wish(), large) - opacity(wish())).max() < 0.03
    assert SCALE > 2
