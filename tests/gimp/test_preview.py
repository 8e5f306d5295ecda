"""The preview's layers, in a GIMP without a window: what is on them, and that nothing of them stays."""

from __future__ import annotations

import numpy as np

from tests.conftest import outdoor_picture
from tests.gimp.harness import Gimp, encoded, rgba

WINDOW = [50, 20, 500, 500]


def test_of_a_larger_variation_before_nothing_is_left_on_the_canvas(gimp: Gimp) -> None:
    picture = outdoor_picture(600, 600) // 2
    image = gimp.make_image(600, 600, pixels=encoded(picture))["image"]
    seen = gimp.preview_rectangles(image, WINDOW, [[60, 30, 480, 480], [200, 220, 90, 70]])
    expected = picture.copy()
    expected[220:290, 200:290] = 255
    assert np.array_equal(rgba(seen, 600, 600)[:, :, :3], expected)
    gimp.delete(image)


def test_a_channel_that_is_active_stays_so_while_a_preview_shows(gimp: Gimp) -> None:
    image = gimp.make_image(600, 600)["image"]
    channel = gimp.add_visible_channel(image)
    gimp.select_channels(image, [channel])
    active = {"layers": [], "channels": [channel]}
    assert gimp.active_around_preview(image) == [active, active]
    gimp.delete(image)


def test_a_preview_leaves_neither_layers_nor_an_unsaved_picture(gimp: Gimp) -> None:
    image = gimp.make_image(600, 600)["image"]
    before = gimp.describe_image(image)
    gimp.preview_rectangles(image, WINDOW, [[60, 30, 100, 100]])
    assert gimp.describe_image(image) == before
    gimp.delete(image)
