"""The close-up of a cut-out whose parts are kept: what it shows, and where it lies."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.painting.own_parts import close_up
from daemon.painting.reference import fitted_shape, parts_frame
from daemon.painting.scene import SceneView, scene_view, window_pixels
from models.masks.carrying import SEEN_SIDE
from tests.painting.scenes import noise
from wire.protocol import InsertObjectError, PixelFormat, PixelFrame, Rect

BOX = Rect(120, 60, 100, 80)


def view() -> SceneView:
    _, scene = window_pixels(noise(240, 320), BOX, 512)
    return scene_view(scene, BOX, 320, 240)


def test_it_lies_where_the_fitted_outline_lies() -> None:
    picture = np.zeros((300, 300, 4), np.uint8)
    picture[100:140, 50:210] = (200, 80, 40, 255)  # 160 × 40
    seen = close_up(parts_frame(picture, None), BOX, view())
    mask = fitted_shape(picture, None, BOX, (320, 240))
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    square = view().square
    expected = (
        (columns[0] - square.x) / square.width,
        (rows[0] - square.y) / square.height,
        (columns[-1] + 1 - square.x) / square.width,
        (rows[-1] + 1 - square.y) / square.height,
    )
    assert np.allclose(seen.box, expected, atol=1 / square.width)


def test_it_shows_the_object_in_its_middle_as_large_as_in_training() -> None:
    picture = np.zeros((300, 300, 4), np.uint8)
    picture[100:140, 50:210] = (200, 80, 40, 255)
    seen = close_up(parts_frame(picture, None), BOX, view())
    assert seen.colours.shape == (SEEN_SIDE, SEEN_SIDE, 3) and seen.mask.shape == (
        SEEN_SIDE,
        SEEN_SIDE,
    )
    rows, columns = np.flatnonzero((seen.mask > 0.5).any(1)), np.flatnonzero((seen.mask > 0.5).any(0))
    assert abs(len(columns) - SEEN_SIDE / 1.2) < 4 and abs(len(rows) - SEEN_SIDE / 4.8) < 4
    assert abs(columns.mean() - SEEN_SIDE / 2) < 2 and abs(rows.mean() - SEEN_SIDE / 2) < 2
    assert np.allclose(seen.colours[SEEN_SIDE // 2, SEEN_SIDE // 2] * 255, (200, 80, 40), atol=1)


def test_only_what_lies_in_the_shapes_box_is_sent() -> None:
    picture = np.full((50, 90, 4), 255, np.uint8)
    picture[:, 40:50, 3] = 0
    frame = parts_frame(picture, Rect(50, 0, 40, 50))
    assert (frame.width, frame.height) == (40, 50)
    large = np.zeros((900, 2000, 4), np.uint8)
    large[10:890, 10:1990] = 255
    assert max(parts_frame(large, None).width, parts_frame(large, None).height) == 512


def test_what_shows_nothing_is_refused() -> None:
    with pytest.raises(InsertObjectError, match="transparent everywhere"):
        close_up(PixelFrame(2, 2, PixelFormat.RGBA8, bytes(16)), BOX, view())
