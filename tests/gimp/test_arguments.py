"""Scripts are told what they got wrong in the arguments; nothing is put right in silence."""

from __future__ import annotations

import pytest

from tests.gimp.harness import Gimp

BOX = {"box_x": 150, "box_y": 80, "box_width": 200, "box_height": 180}


@pytest.fixture
def image(gimp: Gimp) -> int:
    made = gimp.make_image(500, 400)
    gimp.select_rectangle(made["image"], 100, 60, 160, 120)
    return int(made["image"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": -2}, "The seed is -2. Choose one from -1 to 2147483647."),
        ({"shape": "round"}, "Choose one of these: automatic, given, free."),
        ({"changed": "burn"}, "Choose one of these: refuse, light, above, repaint."),
        ({**BOX, "box_width": 0}, "The box is 0 × 180 pixels."),
        ({**BOX, "box_width": -5}, "The box is -5 × 180 pixels."),
        ({**BOX, "box_height": -1}, "The box is 200 × -1 pixels."),
        ({"box_x": 10}, "The box is 0 × 0 pixels."),
        ({"box_height": 50}, "leave all four at 0 for the selection"),
    ],
)
def test_a_wrong_argument_is_named_and_changes_nothing(
    gimp: Gimp, image: int, arguments: dict[str, object], words: str
) -> None:
    before = gimp.describe_image(image)
    answer = gimp.insert(image, object_class="dog", **arguments)
    assert answer["status"] == "execution-error"
    assert words in answer["error"]
    assert gimp.describe_image(image) == before


def record(gimp: Gimp, image: int, **arguments: object) -> dict[str, object]:
    answer = gimp.insert(image, **{"object_class": "dog", "seed": 4, **arguments})
    assert answer["status"] == "success", answer["error"]
    made: dict[str, object] = gimp.describe_layer(answer["layer"])["record"]
    return made


def test_a_given_shape_is_taken_inside_a_box_of_the_scripts_own(gimp: Gimp, image: int) -> None:
    gimp.select_ellipse(image, 160, 90, 150, 140)
    made = record(gimp, image, shape="given", **BOX)
    assert made["given_shape"] is True
    assert made["box"] == [150, 80, 200, 180]


def test_a_rectangle_is_the_shape_too_if_a_script_says_so(gimp: Gimp, image: int) -> None:
    assert record(gimp, image, shape="given")["given_shape"] is True
    gimp.select_layer(image, gimp.describe_image(image)["layers"][-1])
    assert record(gimp, image)["given_shape"] is False


@pytest.mark.parametrize("selected", [None, (10, 10, 30, 30)])
def test_a_given_shape_that_is_not_there_is_told(
    gimp: Gimp, image: int, selected: tuple[int, ...] | None
) -> None:
    gimp.select_none(image)
    if selected is not None:
        gimp.select_rectangle(image, *selected)
    answer = gimp.insert(image, object_class="dog", shape="given", **{**BOX, "box_x": 250})
    assert "Nothing of the box is selected." in answer["error"]
