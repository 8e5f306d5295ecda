"""The object comes where it can be seen, whatever is active and however the selection lies."""

from __future__ import annotations

import pytest

from tests.gimp.conftest import Desk
from tests.gimp.harness import Gimp
from tests.stand_in_engine import stand_in_colour

BOX = (100, 60, 160, 120)
MIDDLE = (180, 120)
DOG = list(stand_in_colour("dog", 1, 0))


@pytest.fixture
def image(gimp: Gimp) -> int:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], *BOX)
    return int(made["image"])


def inserted(gimp: Gimp, image: int) -> int:
    answer = gimp.insert(image, object_class="dog", seed=1)
    assert answer["status"] == "success", answer["error"]
    return int(answer["layer"])


@pytest.mark.parametrize("how", ["hidden", "transparent"])
def test_an_active_layer_in_a_group_that_is_not_seen(gimp: Gimp, image: int, how: str) -> None:
    outer = gimp.add_group(image, "outer")
    inner = gimp.add_group(image, "inner")
    gimp.move_to_group(inner, outer)
    inside = gimp.add_layer(image, 20, 20, 0, 0, "inside", parent=inner)
    gimp.change_layer(outer, **({"visible": False} if how == "hidden" else {"opacity": 0.0}))
    gimp.select_layer(image, inside)
    inserted(gimp, image)
    assert gimp.describe_image(image)["names"][:2] == ["dog · seed 1", "outer"]
    assert gimp.seen_colour(image, *MIDDLE) == DOG


def test_a_hidden_active_layer_has_it_above(gimp: Gimp, image: int) -> None:
    gimp.change_layer(gimp.describe_image(image)["layers"][0], visible=False)
    inserted(gimp, image)
    assert gimp.describe_image(image)["names"] == ["dog · seed 1", "photo"]
    assert gimp.seen_colour(image, *MIDDLE) == DOG


def test_of_several_active_layers_the_uppermost_counts(gimp: Gimp, image: int) -> None:
    photo = gimp.describe_image(image)["layers"][0]
    group = gimp.add_group(image)
    cover = gimp.add_layer(image, 400, 300, 0, 0, "cover", parent=group)
    for layers in ([photo, cover], [cover, photo]):
        gimp.select_layers(image, layers)
        layer = inserted(gimp, image)
        assert gimp.describe_image(image)["names"] == ["group", "photo", "dog · seed 1", "cover"]
        assert gimp.seen_colour(image, *MIDDLE) == DOG
        gimp.remove_layer(layer)


def test_without_an_active_layer_it_comes_on_top(gimp: Gimp, image: int) -> None:
    gimp.add_layer(image, 400, 300, 0, 0, "cover")
    gimp.select_layers(image, [])
    inserted(gimp, image)
    assert gimp.describe_image(image)["names"] == ["dog · seed 1", "cover", "photo"]


def test_a_hidden_object_is_not_edited_unseen(gimp: Gimp, image: int) -> None:
    layer = inserted(gimp, image)
    gimp.select_none(image)
    gimp.change_layer(layer, visible=False)
    before = gimp.describe_image(image)
    answer = gimp.insert(image, object_class="dog", seed=2)
    assert "“dog · seed 1” is hidden." in answer["error"]
    assert gimp.describe_image(image) == before


@pytest.mark.parametrize("lock", ["lock_content", "lock_position"])
def test_a_shadow_in_a_locked_group_leaves_nothing_half_done(gimp: Gimp, image: int, lock: str) -> None:
    answer = gimp.insert(image, object_class="dog", seed=1, shadow=True)
    group = gimp.add_group(image)
    gimp.move_to_group(answer["shadow"], group)
    gimp.change_layer(group, **{lock: True})
    gimp.select_none(image)
    gimp.select_layer(image, answer["layer"])
    before, pixels = gimp.describe_image(image), gimp.pixels(answer["layer"])
    refused = gimp.insert(image, object_class="dog", seed=2, shadow=True)
    assert "is locked. Unlock it" in refused["error"]
    assert (gimp.describe_image(image), gimp.pixels(answer["layer"])) == (before, pixels)


@pytest.mark.parametrize("is_cast", [False, True])
def test_a_failure_after_the_object_is_in_leaves_nothing_half_done(
    gimp: Gimp, image: int, is_cast: bool
) -> None:
    before, seen = gimp.describe_image(image), gimp.visible_pixels(image)
    assert gimp.insert_with_a_broken_shadow(image, is_cast=is_cast) == "ValueError"
    after = gimp.describe_image(image)
    assert {**after, "dirty": False} == {**before, "dirty": False}
    assert gimp.visible_pixels(image) == seen


@pytest.mark.parametrize("kind", ["mask-edited", "mask-shown", "small"])
def test_whatever_kind_of_layer_is_active(gimp: Gimp, image: int, kind: str) -> None:
    small = kind == "small"
    layer = gimp.add_layer(image, *((30, 30, 0, 0) if small else (400, 300, 0, 0)), "cover")
    if not small:
        gimp.add_mask(layer)
        gimp.change_layer(layer, **{"edit_mask" if kind == "mask-edited" else "show_mask": True})
    gimp.select_layer(image, layer)
    active = gimp.describe_image(image)["active"][0]
    masked = gimp.mask_values(active) if kind.startswith("mask") else ""
    inserted(gimp, image)
    assert gimp.describe_image(image)["names"][0] == "dog · seed 1"
    assert gimp.seen_colour(image, *MIDDLE) == DOG
    if masked:
        assert gimp.mask_values(active) == masked


@pytest.mark.parametrize(
    "box",
    [(0, 50, 160, 120), (240, 50, 160, 120), (0, 0, 400, 120), (0, 0, 160, 300), (-60, -40, 200, 200)],
)
def test_selections_at_the_pictures_sides(gimp: Gimp, image: int, box: tuple[int, ...]) -> None:
    gimp.select_rectangle(image, *box)
    about = gimp.describe_layer(inserted(gimp, image))
    x, y, width, height = about["record"]["box"]
    left, top = max(0, box[0]), max(0, box[1])
    assert [x, y, width, height] == [left, top, box[0] + box[2] - left, box[1] + box[3] - top]


def test_an_active_text_stays_a_text(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    desk.gimp.add_text(image, "Hello")
    answer = desk.gimp.insert(image, object_class="dog", seed=1)
    assert answer["status"] == "success", answer["error"]
    assert desk.gimp.describe_image(image)["names"] == ["dog · seed 1", "Hello", "Background"]
    assert desk.gimp.seen_colour(image, *MIDDLE) == DOG


def test_soft_and_sub_pixel_edges(gimp: Gimp, image: int) -> None:
    gimp.select_ellipse(image, *BOX)
    gimp.feather(image, 20.0)
    about = gimp.describe_layer(inserted(gimp, image))
    x, y, width, height = about["record"]["box"]
    assert abs(x - BOX[0]) <= 8 and abs(y - BOX[1]) <= 8
    assert abs(width - BOX[2]) <= 16 and abs(height - BOX[3]) <= 16


def test_a_picture_that_was_cropped_and_then_selected(gimp: Gimp, image: int) -> None:
    gimp.select_rectangle(image, 50, 50, 300, 200)
    gimp.crop(image, 300, 200, 50, 50)
    gimp.select_rectangle(image, 20, 30, 160, 120)
    about = gimp.describe_layer(inserted(gimp, image))
    assert about["record"]["box"] == [20, 30, 160, 120]
    assert gimp.seen_colour(image, 100, 90) == DOG
