"""The shadows: layers directly below the object, which go along with the object's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import outdoor_picture
from tests.gimp.harness import Gimp, encoded, rgba
from tests.stand_in_engine import CAST, SHADOW, cast_area, shadow_area
from wire.protocol import Rect

BOX = (100, 60, 160, 120)
BOTH = ["dog · seed 1", "dog · seed 1 · shadow", "photo"]


@pytest.fixture
def image(gimp: Gimp) -> int:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], *BOX)
    return int(made["image"])


def insert(gimp: Gimp, image: int, **arguments: Any) -> dict[str, Any]:
    answer: dict[str, Any] = gimp.insert(image, **{"object_class": "dog", "seed": 1, **arguments})
    assert answer["status"] == "success", answer["error"]
    return answer


def edit(gimp: Gimp, image: int, layer: int, **arguments: Any) -> dict[str, Any]:
    gimp.select_none(image)
    gimp.select_layer(image, layer)
    return insert(gimp, image, **arguments)


def place_of(gimp: Gimp, layer: int) -> Rect:
    about = gimp.describe_layer(layer)
    return Rect(about["x"], about["y"], about["width"], about["height"])


def test_the_shadow_lies_directly_below_the_object(gimp: Gimp, image: int) -> None:
    answer = insert(gimp, image, shadow=True)
    about = gimp.describe_image(image)
    assert about["names"] == BOTH
    assert about["layers"][:2] == [answer["layer"], answer["shadow"]]
    assert about["active"] == [answer["layer"]]
    assert place_of(gimp, answer["shadow"]) == shadow_area(Rect(*BOX))


def test_the_shadow_has_the_pixels_that_the_daemon_sent(gimp: Gimp, image: int) -> None:
    shadow = insert(gimp, image, shadow=True)["shadow"]
    place = place_of(gimp, shadow)
    got = rgba(gimp.pixels(shadow), place.width, place.height)
    assert np.array_equal(got, np.broadcast_to(np.array(SHADOW, np.uint8), got.shape))


def test_a_deep_picture_gets_a_deep_shadow(gimp: Gimp) -> None:
    image = gimp.make_image(400, 300, precision="U16_NON_LINEAR")["image"]
    gimp.select_rectangle(image, *BOX)
    shadow = insert(gimp, image, shadow=True)["shadow"]
    place = place_of(gimp, shadow)
    got = rgba(gimp.pixels(shadow, "R'G'B'A u16"), place.width, place.height, "<u2")
    assert got[0, 0].tolist() == [257 * value for value in SHADOW]


def test_a_grey_picture_gets_a_grey_shadow(gimp: Gimp) -> None:
    image = gimp.make_image(400, 300, base="GRAY")["image"]
    gimp.select_rectangle(image, *BOX)
    assert gimp.describe_layer(insert(gimp, image, shadow=True)["shadow"])["type"] == "graya-image"


def test_a_contact_shadow_comes_unless_it_is_not_wanted(gimp: Gimp, image: int) -> None:
    assert insert(gimp, image, shadow=False)["shadow"] is None
    assert gimp.describe_image(image)["names"] == ["dog · seed 1", "photo"]
    gimp.select_rectangle(image, *BOX)
    answer = insert(gimp, image, shadow=None, seed=2)
    assert answer["shadow"] is not None and answer["cast"] is None
    assert gimp.describe_layer(answer["shadow"])["name"] == "dog · seed 2 · shadow"


def test_the_shadow_is_in_the_objects_group(gimp: Gimp, image: int) -> None:
    group = gimp.add_group(image)
    inside = gimp.add_layer(image, 20, 20, 0, 0, "inside", parent=group)
    gimp.select_layer(image, inside)
    answer = insert(gimp, image, shadow=True)
    assert gimp.describe_layer(answer["shadow"])["parent"] == group
    assert gimp.describe_image(image)["names"] == ["group", "photo", *BOTH[:2], "inside"]


def test_editing_renews_the_shadow_on_its_layer(gimp: Gimp, image: int) -> None:
    first = insert(gimp, image, shadow=True)
    gimp.change_layer(first["shadow"], opacity=30.0)
    gimp.transform(first["layer"], "move", 200, 150)
    second = edit(gimp, image, first["layer"], shadow=True, seed=2)
    assert (second["layer"], second["shadow"]) == (first["layer"], first["shadow"])
    assert gimp.describe_image(image)["names"] == ["dog · seed 2", "dog · seed 2 · shadow", "photo"]
    assert place_of(gimp, second["shadow"]) == shadow_area(Rect(200, 150, 120, 90))
    assert gimp.describe_layer(second["shadow"])["opacity"] == 30.0


def test_editing_takes_the_shadow_away_and_brings_it_back(gimp: Gimp, image: int) -> None:
    layer = insert(gimp, image, shadow=True)["layer"]
    assert edit(gimp, image, layer, shadow=False)["shadow"] is None
    assert gimp.describe_image(image)["names"] == ["dog · seed 1", "photo"]
    assert edit(gimp, image, layer, shadow=True)["shadow"] is not None
    assert gimp.describe_image(image)["names"] == BOTH


def test_a_shadow_gone_astray_is_found_again(gimp: Gimp, image: int) -> None:
    first = insert(gimp, image, shadow=True)
    gimp.add_layer(image, 20, 20, 0, 0, "above")
    group = gimp.add_group(image)
    gimp.move_to_group(first["shadow"], group)
    assert edit(gimp, image, first["layer"], shadow=True, seed=2)["shadow"] == first["shadow"]
    assert gimp.describe_layer(first["shadow"])["parent"] == group


def test_a_copy_of_an_object_leaves_the_originals_shadow_alone(gimp: Gimp, image: int) -> None:
    first = insert(gimp, image, shadow=True)
    copy = gimp.duplicate(first["layer"])
    gimp.transform(copy, "move", 10, 150)
    before = place_of(gimp, first["shadow"])
    answer = edit(gimp, image, copy, shadow=True, seed=3)
    assert answer["shadow"] not in (None, first["shadow"])
    assert place_of(gimp, first["shadow"]) == before
    assert edit(gimp, image, first["layer"], shadow=True, seed=4)["shadow"] == first["shadow"]


def test_running_the_filter_on_a_shadow_edits_its_object(gimp: Gimp, image: int) -> None:
    first = insert(gimp, image, shadow=True)
    assert edit(gimp, image, first["shadow"], seed=2)["layer"] == first["layer"]
    assert gimp.describe_image(image)["names"] == ["dog · seed 2", "photo"]


def test_a_shadow_that_the_user_has_named_keeps_its_name(gimp: Gimp, image: int) -> None:
    first = insert(gimp, image, shadow=True)
    gimp.change_layer(first["shadow"], name="ground")
    for seed in (2, 3):
        edit(gimp, image, first["layer"], shadow=True, seed=seed)
    assert gimp.describe_image(image)["names"] == ["dog · seed 3", "ground", "photo"]


def test_the_scene_is_read_without_the_old_object_and_its_shadow(gimp: Gimp) -> None:
    picture = outdoor_picture(400, 300)
    image = gimp.make_image(400, 300, pixels=encoded(picture))["image"]
    gimp.select_rectangle(image, *BOX)
    first = insert(gimp, image, shadow=True)
    gimp.select_none(image)
    gimp.change_layer(first["layer"], lock_visibility=True)  # not even a lock keeps it in the scene
    scene = gimp.scene_of_edited_object(image)
    x, y, width, height = scene["place"]
    got = rgba(scene["pixels"], width, height)[:, :, :3]
    assert np.array_equal(got, picture[y : y + height, x : x + width])
    assert gimp.describe_layer(first["layer"])["visible"] is True
    assert gimp.describe_layer(first["shadow"])["visible"] is True


def test_object_and_shadow_are_a_pair_in_xcf_files_too(gimp: Gimp, image: int, tmp_path: Path) -> None:
    insert(gimp, image, shadow=True)
    gimp.save_picture(image, str(tmp_path / "pair.xcf"))
    again = gimp.open_picture(str(tmp_path / "pair.xcf"))["image"]
    layer, shadow = gimp.describe_image(again)["layers"][:2]
    assert edit(gimp, again, layer, shadow=True, seed=2)["shadow"] == shadow


# --- The cast shadow --------------------------------------------------------------------------------


def test_the_cast_shadow_lies_below_the_contact_shadow(gimp: Gimp, image: int) -> None:
    answer = insert(gimp, image, shadow=True, cast_shadow=True, cast_direction=120)
    about = gimp.describe_image(image)
    assert about["names"] == [*BOTH[:2], "dog · seed 1 · cast shadow", "photo"]
    assert about["layers"][:3] == [answer["layer"], answer["shadow"], answer["cast"]]
    place = place_of(gimp, answer["cast"])
    assert place == cast_area(Rect(*BOX))
    got = rgba(gimp.pixels(answer["cast"]), place.width, place.height)
    assert np.array_equal(got, np.broadcast_to(np.array(CAST, np.uint8), got.shape))
    record = gimp.describe_layer(answer["layer"])["record"]
    assert (record["cast_shadow"], record["cast_direction"]) == (True, 120)


def test_without_a_contact_shadow_it_lies_below_the_object(gimp: Gimp, image: int) -> None:
    answer = insert(gimp, image, shadow=False, cast_shadow=True)
    assert answer["shadow"] is None
    assert gimp.describe_image(image)["names"] == ["dog · seed 1", "dog · seed 1 · cast shadow", "photo"]
    record = gimp.describe_layer(answer["layer"])["record"]
    assert "cast_direction" not in record  # by the light


def test_editing_renews_each_shadow_on_its_own_layer(gimp: Gimp, image: int) -> None:
    first = insert(gimp, image, shadow=True, cast_shadow=True)
    gimp.change_layer(first["cast"], opacity=30.0, name="long shadow")
    second = edit(gimp, image, first["layer"], shadow=True, cast_shadow=True, seed=2)
    assert [second[one] for one in ("layer", "shadow", "cast")] == [
        first[one] for one in ("layer", "shadow", "cast")
    ]
    assert gimp.describe_image(image)["names"] == [
        "dog · seed 2", "dog · seed 2 · shadow", "long shadow", "photo",
    ]  # fmt: skip
    assert gimp.describe_layer(first["cast"])["opacity"] == 30.0
    third = edit(gimp, image, first["layer"], shadow=False, cast_shadow=True, seed=3)
    assert (third["shadow"], third["cast"]) == (None, first["cast"])
    fourth = edit(gimp, image, first["layer"], shadow=True, cast_shadow=False, seed=4)
    assert fourth["shadow"] is not None and fourth["cast"] is None
    assert gimp.describe_image(image)["names"] == ["dog · seed 4", "dog · seed 4 · shadow", "photo"]


def test_running_the_filter_on_a_cast_shadow_edits_its_object(gimp: Gimp, image: int) -> None:
    first = insert(gimp, image, cast_shadow=True)
    assert edit(gimp, image, first["cast"], cast_shadow=True, seed=2)["cast"] == first["cast"]
    assert gimp.describe_image(image)["names"] == ["dog · seed 2", "dog · seed 2 · cast shadow", "photo"]


def test_the_cast_shadow_is_no_part_of_the_scene(gimp: Gimp) -> None:
    picture = outdoor_picture(400, 300)
    image = gimp.make_image(400, 300, pixels=encoded(picture))["image"]
    gimp.select_rectangle(image, *BOX)
    insert(gimp, image, shadow=True, cast_shadow=True)
    gimp.select_none(image)
    scene = gimp.scene_of_edited_object(image)
    x, y, width, height = scene["place"]
    got = rgba(scene["pixels"], width, height)[:, :, :3]
    assert np.array_equal(got, picture[y : y + height, x : x + width])


def test_object_and_both_shadows_belong_together_in_xcf_files_too(
    gimp: Gimp, image: int, tmp_path: Path
) -> None:
    insert(gimp, image, shadow=True, cast_shadow=True)
    gimp.save_picture(image, str(tmp_path / "three.xcf"))
    again = gimp.open_picture(str(tmp_path / "three.xcf"))["image"]
    layer, shadow, cast = gimp.describe_image(again)["layers"][:3]
    second = edit(gimp, again, layer, shadow=True, cast_shadow=True, seed=2)
    assert (second["shadow"], second["cast"]) == (shadow, cast)


@pytest.mark.parametrize(
    ("argument", "value"), [("cast_direction", 360), ("cast_length", 5), ("cast_strength", 101)]
)
def test_a_number_out_of_range_is_told(gimp: Gimp, image: int, argument: str, value: int) -> None:
    answer = gimp.insert(image, object_class="dog", cast_shadow=True, **{argument: value})
    assert answer["layer"] is None
    assert f"“{value}” is nothing that “{argument.replace('_', '-')}” can be" in answer["error"]
    assert gimp.describe_image(image)["names"] == ["photo"]
