"""An object layer can be edited: another seed, another look, or lit again where it lies now."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from tests.gimp.harness import Gimp
from tests.stand_in_engine import stand_in_colour

BOX = (100, 60, 160, 120)
PLACE = [120, 75, 120, 90]


@pytest.fixture
def image(gimp: Gimp) -> int:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], *BOX)
    return int(made["image"])


@pytest.fixture
def layer(gimp: Gimp, image: int) -> int:
    inserted = int(gimp.insert(image, object_class="dog", seed=1)["layer"])
    gimp.select_none(image)
    return inserted


def edited(gimp: Gimp, image: int, **arguments: object) -> dict[str, object]:
    answer = gimp.insert(image, **{"object_class": "dog", "seed": 2, **arguments})
    assert answer["status"] == "success", answer["error"]
    about: dict[str, object] = gimp.describe_layer(answer["layer"])
    return about


def test_an_active_object_layer_is_replaced_in_its_place(gimp: Gimp, image: int, layer: int) -> None:
    above = gimp.add_layer(image, 20, 20, 0, 0, "above")
    gimp.select_layer(image, layer)
    about = edited(gimp, image)
    assert gimp.describe_image(image)["names"] == ["above", "dog · seed 2", "photo"]
    assert [about["x"], about["y"], about["width"], about["height"]] == PLACE
    assert gimp.describe_image(image)["active"] == [layer]  # still the very same layer
    assert gimp.describe_layer(above)["position"] == 0


@pytest.mark.usefixtures("layer")
def test_a_new_box_means_a_new_object(gimp: Gimp, image: int) -> None:
    gimp.select_rectangle(image, 10, 10, 80, 80)
    edited(gimp, image)
    assert gimp.describe_image(image)["names"] == ["dog · seed 2", "dog · seed 1", "photo"]


@pytest.mark.usefixtures("layer")
def test_the_selection_it_was_made_in_still_means_that_object(gimp: Gimp, image: int) -> None:
    gimp.select_rectangle(image, *BOX)
    edited(gimp, image)
    assert gimp.describe_image(image)["names"] == ["dog · seed 2", "photo"]


def test_an_object_that_was_moved_is_lit_there_in_its_own_shape(gimp: Gimp, image: int, layer: int) -> None:
    gimp.transform(layer, "move", 200, 150)
    about = edited(gimp, image)
    record = about["record"]
    assert isinstance(record, dict)
    assert record["box"] == [200, 150, 120, 90]  # where its own pixels are
    assert record["given_shape"] is True


def test_an_object_that_was_moved_can_have_a_new_shape_there(gimp: Gimp, image: int, layer: int) -> None:
    gimp.transform(layer, "move", 200, 150)
    record = edited(gimp, image, shape="free")["record"]
    assert isinstance(record, dict)
    assert record["box"] == [180, 135, 160, 120]  # its old box, moved as it was
    assert record["given_shape"] is False


@pytest.mark.parametrize(("kind", "values"), [("scale", (60, 45)), ("rotate", (0.6,))])
def test_a_transformed_object_keeps_its_shape(
    gimp: Gimp, image: int, layer: int, kind: str, values: tuple[float, ...]
) -> None:
    gimp.select_layer(image, gimp.transform(layer, kind, *values))
    record = edited(gimp, image)["record"]
    assert isinstance(record, dict)
    assert record["given_shape"] is True


def test_what_the_user_has_set_on_the_layer_stays(gimp: Gimp, image: int, layer: int) -> None:
    gimp.change_layer(layer, opacity=40.0, name="my dog", lock_content=True, lock_position=True)
    gimp.change_mode(layer, "MULTIPLY")
    gimp.add_mask(layer)
    gimp.add_filter(layer, "gegl:invert-gamma")
    before = gimp.describe_layer(layer)
    about = edited(gimp, image)
    kept = ("opacity", "name", "mode", "filters", "has_mask", "locks", "position", "visible")
    assert {name: about[name] for name in kept} == {name: before[name] for name in kept}
    assert about["filters"] == ["gegl:invert-gamma"]
    assert edited(gimp, image, seed=3)["name"] == "my dog"


def test_a_filter_on_the_layer_works_on_the_new_object(gimp: Gimp, image: int, layer: int) -> None:
    gimp.add_filter(layer, "gegl:invert-gamma")
    gimp.transform(layer, "move", 200, 150)
    edited(gimp, image)
    for x, y in ((220, 170), (260, 190), (300, 210)):
        seen = gimp.seen_colour(image, x, y)
        wanted = [255 - value for value in stand_in_colour("dog", 2, 0)]
        assert max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) <= 1


def test_the_layer_mask_stays_where_it_is_and_shows_all_that_is_new(
    gimp: Gimp, image: int, layer: int
) -> None:
    gimp.add_mask(layer)  # hides everything
    gimp.transform(layer, "scale", 60, 45)  # the mask along with it
    gimp.paint_mask(layer, 0, 0, 30, 45, 255)
    left, top = place_of(gimp, layer)[:2]
    about = edited(gimp, image, shape="free")  # of its old box's size in proportion
    x, y, width, height = place_of(gimp, layer)
    mask = np.frombuffer(base64.b64decode(gimp.mask_values(layer)), np.uint8).reshape(height, width)
    expected = np.full((height, width), 255, np.uint8)
    expected[max(top - y, 0) : top + 45 - y, max(left + 30 - x, 0) : left + 60 - x] = 0
    assert np.array_equal(mask, expected)
    assert about["has_mask"] is True


def place_of(gimp: Gimp, layer: int) -> tuple[int, int, int, int]:
    about = gimp.describe_layer(layer)
    return about["x"], about["y"], about["width"], about["height"]


def test_a_mask_shows_an_object_that_is_elsewhere_now(gimp: Gimp, image: int, layer: int) -> None:
    gimp.add_mask(layer)
    gimp.change_record(layer, place=[320, 210, 120, 90], box=[300, 195, 80, 60])
    edited(gimp, image, shape="free")  # its box lies where the layer was not
    _x, _y, width, height = place_of(gimp, layer)
    mask = np.frombuffer(base64.b64decode(gimp.mask_values(layer)), np.uint8).reshape(height, width)
    assert mask.max() == 255


def test_an_object_in_a_locked_group_is_refused_with_what_to_do(gimp: Gimp, image: int) -> None:
    group = gimp.add_group(image)
    inside = gimp.add_layer(image, 20, 20, 0, 0, "inside", parent=group)
    gimp.select_layer(image, inside)
    layer = int(gimp.insert(image, object_class="dog", seed=1)["layer"])
    gimp.select_none(image)
    gimp.change_layer(group, lock_content=True)
    before = gimp.describe_layer(layer)
    answer = gimp.insert(image, object_class="dog", seed=2)
    assert answer["status"] == "execution-error"
    assert "is locked. Unlock it" in answer["error"]
    assert gimp.describe_layer(layer) == before


def test_an_edited_object_stays_in_its_group(gimp: Gimp, image: int) -> None:
    group = gimp.add_group(image)
    inside = gimp.add_layer(image, 20, 20, 0, 0, "inside", parent=group)
    gimp.select_layer(image, inside)
    layer = int(gimp.insert(image, object_class="dog", seed=1)["layer"])
    assert gimp.describe_layer(layer)["parent"] == group
    assert edited(gimp, image)["parent"] == group
    assert gimp.describe_image(image)["names"] == ["group", "photo", "dog · seed 2", "inside"]


def test_a_refused_edit_leaves_the_layer_as_it_was(gimp: Gimp, image: int, layer: int) -> None:
    before, about = gimp.describe_image(image), gimp.describe_layer(layer)
    answer = gimp.insert(image, object_class="dragon", seed=2)
    assert answer["status"] == "execution-error"
    assert (gimp.describe_image(image), gimp.describe_layer(layer)) == (before, about)
