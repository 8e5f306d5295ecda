"""Look and shape from a layer, a selection or a picture file, as GIMP's plug-in reads and sends them."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
from PIL import Image

from tests.gimp.conftest import PREVIEW, Desk
from tests.gimp.harness import Gimp, encoded

BOX = (400, 250, 256, 256)
MIDDLE = (528, 378)
RED = (200, 30, 40)


def cut_out(width: int, height: int) -> np.ndarray:
    """A red ellipse, transparent around."""
    rows, columns = np.mgrid[:height, :width]
    inside = ((columns + 0.5) / width - 0.5) ** 2 + ((rows + 0.5) / height - 0.5) ** 2 <= 0.25
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[inside] = (*RED, 255)
    return pixels


def test_a_layer_is_read_where_it_shows_something_and_its_shape_stands_in_the_box(gimp: Gimp) -> None:
    image = gimp.make_image(300, 200)["image"]
    pixels = np.zeros((200, 300, 4), np.uint8)
    pixels[50:90, 100:180] = cut_out(80, 40)
    layer = gimp.add_cut_out(image, encoded(pixels), 300, 200, 0, 0)
    reference = gimp.read_reference("layer", layer)
    assert max(abs(side - 112) for side in reference["size"]) <= 4  # the usual window around it
    assert reference["outline"][2:] == [80, 40]
    assert reference["middle"] == [*RED, 255]
    shape = np.frombuffer(base64.b64decode(reference["shape"]), np.uint8).reshape(60, 60) > 128
    rows, columns = np.flatnonzero(shape.any(1)), np.flatnonzero(shape.any(0))
    assert (columns[0], columns[-1]) == (10, 49)
    assert (rows[0], rows[-1]) == (30, 49)


def test_a_transparent_layer_and_no_selection_are_refused_in_words(gimp: Gimp) -> None:
    image = gimp.make_image(60, 60)["image"]
    layer = gimp.add_cut_out(image, encoded(np.zeros((20, 20, 4), np.uint8)), 20, 20, 5, 5)
    assert "transparent everywhere" in gimp.read_reference("layer", layer)["error"]
    assert gimp.read_reference("selection", image)["error"] == "Nothing is selected."


def test_a_rectangle_gives_a_look_and_an_ellipse_a_shape_too(gimp: Gimp) -> None:
    image = gimp.make_image(300, 200)["image"]
    gimp.add_cut_out(image, encoded(np.full((200, 300, 4), (*RED, 255), np.uint8)), 300, 200, 0, 0)
    gimp.select_rectangle(image, 100, 50, 60, 60)
    rectangle = gimp.read_reference("selection", image)
    assert (rectangle["outline"], rectangle["middle"]) == (None, [*RED, 255])
    gimp.select_ellipse(image, 100, 50, 60, 60)
    ellipse = gimp.read_reference("selection", image)
    assert ellipse["middle"] == [*RED, 255]
    assert max(abs(side - 60) for side in ellipse["outline"][2:]) <= 2


def test_a_file_of_any_kind_that_gimp_opens_is_read(gimp: Gimp, tmp_path: Path) -> None:
    for name in ("cut out.png", "photo.jpg"):
        path = tmp_path / name
        Image.fromarray(cut_out(600, 300)).convert("RGBA" if name.endswith("png") else "RGB").save(path)
        reference = gimp.read_reference("file", str(path))
        assert reference["name"] == name
        assert max(reference["size"]) <= 256
        assert np.abs(np.array(reference["middle"][:3]) - RED).max() <= 3
        assert (reference["outline"] is not None) is name.endswith("png")
    (tmp_path / "no.png").write_bytes(b"no picture")
    assert "cannot be opened" in gimp.read_reference("file", str(tmp_path / "no.png"))["error"]


def test_the_object_takes_the_look_of_a_layer_and_its_own_layer_remembers_it(desk: Desk) -> None:
    image = desk.open_photo(None)
    desk.gimp.add_cut_out(image, encoded(cut_out(80, 40)), 80, 40, 20, 20)
    desk.gimp.select_rectangle(image, *BOX)
    dialog = desk.open_dialog()
    desk.screen.wait_until(lambda: desk.has_preview(image), "the preview")
    desk.screen.focus(dialog)
    # new seed, number, three keeps, contact and cast shadow, grass, flip, reference
    desk.screen.keys("alt+s", *["Tab"] * 10, "space")
    desk.screen.keys(*["Down"] * 4, "Return")  # none, selection, file, the first layer

    def has_look() -> bool:
        return tuple(desk.gimp.seen_colour(image, *MIDDLE)) == RED

    desk.screen.wait_until(has_look, "the look of the layer")
    desk.screen.screenshot("reference")
    desk.screen.keys("ctrl+Return")
    desk.screen.wait_until_gone("Insert Object")
    made = desk.gimp.describe_image(image)["layers"][0]
    assert desk.gimp.describe_layer(made)["record"]["given_look"]
    desk.gimp.select_none(image)
    dialog = desk.open_dialog("Edit Object")
    desk.type_seed(dialog, 9)
    desk.screen.wait_until(lambda: desk.gimp.id_of_layer_named(image, PREVIEW) != 0, "the edit's preview")
    desk.screen.wait_until(has_look, "the look of before")
