"""What the plug-in reads is what is seen; GIMP puts the layers together for it only if need be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from tests.conftest import outdoor_picture
from tests.gimp.harness import Gimp, encoded, rgba

SIZE = (400, 300)
WINDOW = (60, 40, 200, 160)  # x, y, width, height
Change = Callable[[Gimp, int, int], object]  # of an image and its layer

# Each shows something else in the window than the one layer's own pixels.
CHANGES: Mapping[str, Change] = {
    "half transparent": lambda gimp, _image, layer: gimp.change_layer(layer, opacity=50.0),
    "a mask": lambda gimp, _image, layer: (
        gimp.add_mask(layer),
        gimp.paint_mask(layer, 100, 60, 50, 50, 40),
    ),
    "a filter": lambda gimp, _image, layer: gimp.add_filter(layer, "gegl:invert-gamma"),
    "beside the window": lambda gimp, _image, layer: gimp.transform(layer, "move", 100, 80),
    "in a group": lambda gimp, image, layer: (
        gimp.change_layer(group := gimp.add_group(image), opacity=50.0),
        gimp.move_to_group(layer, group),
    ),
    "a colour hidden": lambda gimp, image, _layer: gimp.hide_red(image),
    "a channel shown": lambda gimp, image, _layer: gimp.add_visible_channel(image),
    "another layer above": lambda gimp, image, _layer: gimp.paint_rectangle(
        gimp.add_layer(image, 50, 40, 120, 90), 0, 0, 50, 40, [200, 30, 30]
    ),
    "painted": lambda gimp, _image, layer: gimp.paint_rectangle(layer, 100, 60, 50, 50, [250, 10, 10]),
    "erased": lambda gimp, _image, layer: gimp.erase_rectangle(layer, 100, 60, 50, 50),
    "hidden": lambda gimp, _image, layer: gimp.change_layer(layer, visible=False),
}
STILL_ONE_PLAIN_LAYER = ("painted", "erased")


def picture_with(gimp: Gimp) -> tuple[int, int]:
    """An image with a photo, and its layer's number; the layer has transparency."""
    photo = np.dstack([outdoor_picture(*SIZE), np.full(SIZE[::-1], 255, np.uint8)])
    made = gimp.make_image(*SIZE)
    layer = gimp.add_cut_out(made["image"], encoded(photo), *SIZE, 0, 0)
    gimp.remove_layer(made["layer"])
    return int(made["image"]), int(layer)


def in_window(pixels: np.ndarray) -> np.ndarray:
    x, y, width, height = WINDOW
    return pixels[y : y + height, x : x + width]


def assert_looks_like(read: np.ndarray, seen: np.ndarray) -> None:
    """The same alpha, and the same colours where something is seen."""
    np.testing.assert_array_equal(read[:, :, 3], seen[:, :, 3])
    shown = read[:, :, 3] > 0
    np.testing.assert_allclose(read[shown].astype(int), seen[shown].astype(int), atol=1)


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_read_is_what_is_seen_and_what_changes_it_is_noticed(gimp: Gimp, name: str) -> None:
    image, layer = picture_with(gimp)
    before = gimp.read_window(image, WINDOW, WINDOW[2:])
    assert not before["put_together"]
    assert_looks_like(rgba(before["pixels"], *WINDOW[2:]), in_window(rgba(gimp.visible_pixels(image), *SIZE)))
    CHANGES[name](gimp, image, layer)
    after = gimp.read_window(image, WINDOW, WINDOW[2:])
    assert after["put_together"] == (name not in STILL_ONE_PLAIN_LAYER)
    assert_looks_like(rgba(after["pixels"], *WINDOW[2:]), in_window(rgba(gimp.visible_pixels(image), *SIZE)))
    assert after["pixels"] != before["pixels"]
    assert after["digest"] != before["digest"]


def test_a_layer_that_moves_within_the_window_is_noticed(gimp: Gimp) -> None:
    image, _layer = picture_with(gimp)
    small = gimp.add_layer(image, 50, 40, 120, 90)
    before = gimp.read_window(image, WINDOW, WINDOW[2:])["digest"]
    gimp.transform(small, "move", 150, 110)
    assert gimp.read_window(image, WINDOW, WINDOW[2:])["digest"] != before


def test_a_layer_that_is_left_out_or_elsewhere_costs_nothing(gimp: Gimp) -> None:
    image, _layer = picture_with(gimp)
    before = gimp.read_window(image, WINDOW, WINDOW[2:])
    ours = gimp.add_layer(image, 50, 40, 120, 90)
    gimp.paint_rectangle(ours, 0, 0, 50, 40, [200, 30, 30])
    far = gimp.add_layer(image, 50, 40, 300, 220)
    gimp.paint_rectangle(far, 0, 0, 50, 40, [200, 30, 30])
    after = gimp.read_window(image, WINDOW, WINDOW[2:], without=[ours])
    assert not after["put_together"]
    assert after["pixels"] == before["pixels"]
    assert gimp.describe_layer(ours)["visible"]


def test_the_same_scene_has_the_same_digest_and_a_change_elsewhere_is_none(gimp: Gimp) -> None:
    image, layer = picture_with(gimp)
    before = gimp.read_window(image, WINDOW, WINDOW[2:])["digest"]
    gimp.paint_rectangle(layer, 300, 220, 50, 50, [250, 10, 10])
    assert gimp.read_window(image, WINDOW, WINDOW[2:])["digest"] == before
