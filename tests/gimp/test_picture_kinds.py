"""The object arrives in every kind of image, at its place, with its colours, and nothing else changes."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from tests.conftest import outdoor_picture
from tests.gimp.harness import Gimp, encoded, rgba
from tests.stand_in_engine import stand_in_colour

BOX = (100, 60, 160, 120)
PLACE = (120, 75, 120, 90)  # the stand-in leaves an eighth of the box free on each side
SOFT_ROWS = 9  # the stand-in's lowest tenth is half transparent


def expected_layer() -> np.ndarray:
    """What the stand-in sends for a dog of seed 5: uint8 (90, 120, 4)."""
    pixels = np.empty((PLACE[3], PLACE[2], 4), np.uint8)
    pixels[:, :, :3] = stand_in_colour("dog", 5, 0)
    pixels[:, :, 3] = 255
    pixels[-SOFT_ROWS:, :, 3] = 128
    return pixels


def inserted(gimp: Gimp, image: int, **arguments: object) -> int:
    answer = gimp.insert(image, object_class="dog", seed=5, **arguments)
    assert answer["status"] == "success", answer["error"]
    return int(answer["layer"])


def place_of(gimp: Gimp, layer: int) -> tuple[int, int, int, int]:
    about = gimp.describe_layer(layer)
    return about["x"], about["y"], about["width"], about["height"]


@pytest.mark.parametrize(
    "precision",
    [
        "U8_NON_LINEAR",
        "U8_LINEAR",
        "U8_PERCEPTUAL",
        "U16_NON_LINEAR",
        "U16_LINEAR",
        "U32_NON_LINEAR",
        "HALF_LINEAR",
        "FLOAT_NON_LINEAR",
        "FLOAT_LINEAR",
        "DOUBLE_LINEAR",
    ],
)
def test_every_precision_gets_the_pixels_that_the_daemon_sent(gimp: Gimp, precision: str) -> None:
    made = gimp.make_image(400, 300, precision=precision)
    gimp.select_rectangle(made["image"], *BOX)
    layer = inserted(gimp, made["image"])
    assert place_of(gimp, layer) == PLACE
    got = rgba(gimp.pixels(layer), PLACE[2], PLACE[3])
    # 8-bit linear light has too few codes in the shadows to hold every perceptual value
    tolerance = 6 if precision == "U8_LINEAR" else 0
    difference = np.abs(got.astype(int) - expected_layer())
    assert difference.max() <= tolerance
    gimp.delete(made["image"])


def test_deep_images_get_sixteen_bits(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300, precision="FLOAT_NON_LINEAR")
    gimp.select_rectangle(made["image"], *BOX)
    layer = inserted(gimp, made["image"])
    got = rgba(gimp.pixels(layer, "R'G'B'A u16"), PLACE[2], PLACE[3], "<u2")
    assert np.array_equal(got, expected_layer().astype(np.uint16) * 257)
    gimp.delete(made["image"])


@pytest.mark.parametrize("precision", ["U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_LINEAR"])
def test_a_grey_image_gets_the_object_in_grey(gimp: Gimp, precision: str) -> None:
    made = gimp.make_image(400, 300, base="GRAY", precision=precision)
    gimp.select_rectangle(made["image"], *BOX)
    layer = inserted(gimp, made["image"])
    assert gimp.describe_layer(layer)["type"] == "graya-image"
    assert gimp.describe_image(made["image"])["base"] == "gray"
    assert place_of(gimp, layer) == PLACE
    got = rgba(gimp.pixels(layer), PLACE[2], PLACE[3])
    assert np.array_equal(got[:, :, 3], expected_layer()[:, :, 3])
    assert np.ptp(got[0, 0, :3]) == 0
    # the luminance of the colour in linear light, back in perceptual values
    linear = ((np.array(stand_in_colour("dog", 5, 0)) / 255 + 0.055) / 1.055) ** 2.4
    grey = float(linear @ [0.2225, 0.7169, 0.0606])
    assert abs(int(got[0, 0, 0]) - 255 * (1.055 * grey ** (1 / 2.4) - 0.055)) <= 2
    gimp.delete(made["image"])


def test_an_indexed_image_is_refused_with_what_to_do_and_stays_as_it_was(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    gimp.convert_indexed(made["image"])
    gimp.select_rectangle(made["image"], *BOX)
    before = gimp.describe_image(made["image"])
    answer = gimp.insert(made["image"], object_class="dog")
    assert answer["status"] == "execution-error"
    assert "Image ▸ Mode ▸ RGB" in answer["error"]
    assert gimp.describe_image(made["image"]) == before
    gimp.delete(made["image"])


def test_soft_edges_are_mixed_as_the_daemon_mixes_them(gimp: Gimp) -> None:
    picture = outdoor_picture(400, 300)
    made = gimp.make_image(400, 300, pixels=encoded(picture))
    gimp.select_rectangle(made["image"], *BOX)
    inserted(gimp, made["image"])
    seen = rgba(gimp.visible_pixels(made["image"]), 400, 300)[:, :, :3]
    x, y, width, height = PLACE
    layer = expected_layer().astype(float)
    alpha = layer[:, :, 3:] / 255
    expected = picture.astype(float)
    under = expected[y : y + height, x : x + width]
    expected[y : y + height, x : x + width] = layer[:, :, :3] * alpha + under * (1 - alpha)
    difference = np.abs(seen - expected)
    assert difference.max() <= 1
    outside = np.ones((300, 400), bool)
    outside[y : y + height, x : x + width] = False
    assert np.array_equal(seen[outside], picture[outside])
    gimp.delete(made["image"])


def test_the_layer_below_keeps_every_bit(gimp: Gimp) -> None:
    picture = outdoor_picture(400, 300)
    made = gimp.make_image(400, 300, pixels=encoded(picture))
    gimp.select_rectangle(made["image"], *BOX)
    inserted(gimp, made["image"])
    assert np.array_equal(rgba(gimp.pixels(made["layer"]), 400, 300)[:, :, :3], picture)
    gimp.delete(made["image"])


def test_the_object_goes_above_the_active_layer_into_its_group(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    image = made["image"]
    group = gimp.add_group(image)
    low = gimp.add_layer(image, 50, 40, 200, 100, "low", parent=group)
    gimp.add_layer(image, 30, 30, -10, 5, "high", parent=group)
    gimp.select_layer(image, low)
    gimp.select_rectangle(image, *BOX)
    layer = inserted(gimp, image)
    about = gimp.describe_layer(layer)
    assert (about["parent"], about["position"]) == (group, 1)
    assert gimp.describe_layer(low)["position"] == 2
    assert place_of(gimp, layer) == PLACE
    assert gimp.describe_image(image)["active"] == [layer]
    gimp.delete(image)


def test_above_a_group_means_beside_it(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    group = gimp.add_group(made["image"])
    gimp.select_layer(made["image"], group)
    gimp.select_rectangle(made["image"], *BOX)
    about = gimp.describe_layer(inserted(gimp, made["image"]))
    assert (about["parent"], about["position"]) == (None, 0)
    gimp.delete(made["image"])


def test_the_selection_stays(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], *BOX)
    inserted(gimp, made["image"])
    x, y, width, height = BOX
    assert gimp.describe_image(made["image"])["selection"] == [x, y, x + width, y + height]
    gimp.delete(made["image"])


def test_an_image_smaller_than_the_window_works(gimp: Gimp) -> None:
    made = gimp.make_image(60, 40)
    gimp.select_rectangle(made["image"], 4, 4, 48, 32)
    layer = inserted(gimp, made["image"])
    assert place_of(gimp, layer) == (10, 8, 36, 24)
    gimp.delete(made["image"])


def test_a_selection_over_the_border_works(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], 350, 250, 200, 200)
    layer = inserted(gimp, made["image"])
    assert place_of(gimp, layer) == (356, 256, 38, 38)  # of the 50 × 50 pixels that lie on the image
    gimp.delete(made["image"])


def test_a_feathered_selection_counts_where_it_is_half_selected(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], 100, 60, 160, 120)
    gimp.feather(made["image"], 20.0)
    box = gimp.describe_layer(inserted(gimp, made["image"]))["record"]["box"]
    assert np.abs(np.array(box) - (100, 60, 160, 120)).max() <= 2
    gimp.delete(made["image"])


def test_a_box_in_the_arguments_needs_no_selection(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    x, y, width, height = BOX
    layer = inserted(gimp, made["image"], box_x=x, box_y=y, box_width=width, box_height=height)
    assert place_of(gimp, layer) == PLACE
    assert gimp.describe_image(made["image"])["selection"] is None
    gimp.delete(made["image"])


def test_a_very_large_image_works(gimp: Gimp) -> None:
    made = gimp.make_image(8192, 8192)
    gimp.select_rectangle(made["image"], 4000, 4000, 512, 512)
    assert place_of(gimp, inserted(gimp, made["image"])) == (4064, 4064, 384, 384)
    gimp.delete(made["image"])


def test_of_a_very_large_image_only_the_window_is_read(gimp: Gimp) -> None:
    made = gimp.make_image(8192, 8192)
    read = gimp.read_window(made["image"], [4000, 4000, 717, 717], [512, 512])
    assert len(base64.b64decode(read["pixels"])) == 512 * 512 * 4
    assert read["mebibytes"] < 60  # all of its pixels are 256 MiB
    gimp.delete(made["image"])


def test_the_window_is_read_at_its_place_and_scale(gimp: Gimp) -> None:
    picture = outdoor_picture(400, 300)
    made = gimp.make_image(400, 300, pixels=encoded(picture))
    whole = rgba(gimp.read_window(made["image"], [30, 20, 100, 80], [100, 80])["pixels"], 100, 80)
    assert np.array_equal(whole[:, :, :3], picture[20:100, 30:130])
    half = rgba(gimp.read_window(made["image"], [200, 100, 200, 200], [100, 100])["pixels"], 100, 100)
    averaged = picture[100:300, 200:400].reshape(100, 2, 100, 2, 3).mean(axis=(1, 3))
    assert np.abs(half[:, :, :3] - averaged).max() <= 2
    gimp.delete(made["image"])


def test_a_window_that_is_scaled_down_much_stays_where_it_is(gimp: Gimp) -> None:
    pixels = np.zeros((1600, 1600, 3), np.uint8)
    pixels[501:1103, 301:903] = 255
    made = gimp.make_image(1600, 1600, pixels=encoded(pixels))
    read = rgba(gimp.read_window(made["image"], [101, 301, 1003, 1003], [64, 64])["pixels"], 64, 64)
    light = read[:, :, 0] / 255
    centre = 1003 / 64 * ((np.arange(64) + 0.5) @ light.sum(axis=0) / light.sum())
    assert abs(centre + 101 - 602) < 2  # image pixels, of which a sent pixel is almost sixteen
    gimp.delete(made["image"])


def test_transparent_places_stay_transparent_in_what_is_sent(gimp: Gimp) -> None:
    pixels = np.dstack([outdoor_picture(64, 64), np.full((64, 64), 255, np.uint8)])
    made = gimp.make_image(64, 64, pixels=encoded(pixels))
    gimp.transform(made["layer"], "move", 32, 0)
    read = rgba(gimp.read_window(made["image"], [0, 0, 64, 64], [64, 64])["pixels"], 64, 64)
    assert read[:, :32, 3].max() == 0
    assert read[:, 32:, 3].min() == 255
    gimp.delete(made["image"])


def test_the_shape_of_a_selection_is_read_exactly(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    gimp.select_ellipse(made["image"], 100, 60, 160, 120)
    data = base64.b64decode(gimp.selection_shape(made["image"], [68, 8, 224, 224], [224, 224]))
    shape = np.frombuffer(data, np.uint8).reshape(224, 224)
    rows, columns = np.mgrid[8:232, 68:292] + 0.5
    inside = ((columns - 180) / 80) ** 2 + ((rows - 120) / 60) ** 2
    assert shape[inside < 0.97].min() == 255
    assert shape[inside > 1.03].max() == 0
    gimp.delete(made["image"])


def test_a_selection_like_an_objects_outline_becomes_the_shape_by_itself(gimp: Gimp) -> None:
    made = gimp.make_image(400, 300)
    gimp.select_table(made["image"], *BOX)
    assert gimp.describe_layer(inserted(gimp, made["image"]))["record"]["given_shape"] is True
    gimp.select_table(made["image"], *BOX)
    gimp.select_layer(made["image"], made["layer"])
    free = inserted(gimp, made["image"], shape="free")
    assert gimp.describe_layer(free)["record"]["given_shape"] is False
    gimp.delete(made["image"])


@pytest.mark.parametrize("kind", ["ellipse", "two pieces", "inverted"])
def test_a_loop_around_a_place_gives_its_box_alone(gimp: Gimp, kind: str) -> None:
    made = gimp.make_image(400, 300)
    if kind == "ellipse":
        gimp.select_ellipse(made["image"], *BOX)
    elif kind == "inverted":
        gimp.select_ellipse(made["image"], 200, 150, 30, 30)
        gimp.invert_selection(made["image"])
    else:
        gimp.select_pieces(made["image"])
    assert gimp.describe_layer(inserted(gimp, made["image"]))["record"]["given_shape"] is False
    gimp.delete(made["image"])


@pytest.mark.parametrize("name", ["adobe", "linear"])
def test_another_colour_profile_shows_the_same_object(gimp: Gimp, name: str) -> None:
    made = gimp.make_image(400, 300)
    gimp.use_profile(made["image"], name)
    gimp.select_rectangle(made["image"], *BOX)
    layer = inserted(gimp, made["image"])
    got = rgba(gimp.pixels(layer), PLACE[2], PLACE[3])  # read as sRGB, whatever the image's own profile
    tolerance = 6 if name == "linear" else 2  # eight bits in another space
    assert np.abs(got.astype(int) - expected_layer()).max() <= tolerance
    gimp.delete(made["image"])
