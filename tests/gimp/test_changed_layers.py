"""An edit covers nobody's work unasked: what was painted on an object is told from a turn of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gimp.conftest import PREVIEW, Desk
from tests.gimp.harness import Gimp
from tests.stand_in_engine import lit_value

BOX = (100, 60, 160, 120)
RED = [220, 20, 30]
QUESTION = "Edit Object"


@pytest.fixture
def image(gimp: Gimp) -> int:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], *BOX)
    return int(made["image"])


@pytest.fixture
def layer(gimp: Gimp, image: int) -> int:
    """An object whose left and right, top and bottom can be told from each other."""
    inserted = int(gimp.insert(image, object_class="dog", seed=1)["layer"])
    gimp.paint_rectangle(inserted, 5, 5, 60, 30, [250, 200, 20])
    gimp.paint_rectangle(inserted, 80, 50, 30, 25, [10, 60, 200])
    gimp.count_as_made(inserted)
    gimp.select_none(image)
    return inserted


def work_on(gimp: Gimp, layer: int, how: str) -> None:
    if how == "painted":
        gimp.paint_rectangle(layer, 40, 40, 12, 12, RED)
    elif how == "erased":
        gimp.erase_rectangle(layer, 0, 0, 120, 12)
    elif how == "filtered":
        gimp.invert_colours(layer)


@pytest.mark.parametrize("how", ["painted", "erased", "filtered"])
def test_an_object_that_was_worked_on_is_not_painted_over(
    gimp: Gimp, image: int, layer: int, how: str
) -> None:
    work_on(gimp, layer, how)
    before, pixels = gimp.describe_image(image), gimp.pixels(layer)
    answer = gimp.insert(image, object_class="dog", seed=2)
    assert answer["status"] == "execution-error"
    assert "was worked on since it was inserted" in answer["error"]
    assert "Set “changed” to" in answer["error"]
    assert (gimp.describe_image(image), gimp.pixels(layer)) == (before, pixels)


def test_repeat_covers_no_work_either(gimp: Gimp, image: int, layer: int) -> None:
    work_on(gimp, layer, "painted")
    answer = gimp.insert(image, run_mode="WITH_LAST_VALS", object_class="dog")
    assert "which asks what to do" in answer["error"]


def test_the_work_is_remembered_in_xcf_files(gimp: Gimp, image: int, layer: int, tmp_path: Path) -> None:
    work_on(gimp, layer, "painted")
    gimp.save_picture(image, str(tmp_path / "worked.xcf"))
    again = int(gimp.open_picture(str(tmp_path / "worked.xcf"))["image"])
    assert "was worked on" in gimp.insert(again, object_class="dog", seed=2)["error"]


def test_a_new_layer_above_leaves_the_work_as_it_is(gimp: Gimp, image: int, layer: int) -> None:
    work_on(gimp, layer, "painted")
    pixels, about = gimp.pixels(layer), gimp.describe_layer(layer)
    answer = gimp.insert(image, object_class="dog", seed=2, changed="above")
    assert answer["status"] == "success", answer["error"]
    assert gimp.describe_image(image)["names"] == ["dog · seed 2", "dog · seed 1", "photo"]
    assert gimp.pixels(layer) == pixels
    assert gimp.describe_layer(layer) == {**about, "position": 1}
    made = gimp.describe_layer(answer["layer"])
    assert made["record"]["pair"] != about["record"]["pair"]  # the shadow of one is not that of the other


def test_light_alone_keeps_the_work(gimp: Gimp, image: int, layer: int) -> None:
    work_on(gimp, layer, "painted")
    gimp.erase_rectangle(layer, 0, 0, 10, 10)
    answer = gimp.insert(image, object_class="dog", seed=2, changed="light")
    assert answer["layer"] == layer
    assert gimp.seen_colour(image, 120 + 45, 75 + 45) == [lit_value(value) for value in RED]


def test_whoever_says_so_gets_it_repainted(gimp: Gimp, image: int, layer: int) -> None:
    work_on(gimp, layer, "painted")
    answer = gimp.insert(image, object_class="dog", seed=2, changed="repaint")
    assert gimp.describe_image(image)["names"] == ["dog · seed 2", "photo"]
    assert gimp.insert(image, object_class="dog", seed=3)["layer"] == answer["layer"]  # it is as made again


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("move", (30, 40)),
        ("scale", (200, 110)),
        ("scale", (70, 50)),
        ("rotate", (0.4,)),
        ("rotate", (-2.2,)),
        ("flip", ()),
    ],
)
def test_a_transformed_object_is_edited_without_a_question(
    gimp: Gimp, image: int, layer: int, kind: str, values: tuple[float, ...]
) -> None:
    moved = gimp.transform(layer, kind, *values)
    gimp.select_layer(image, moved)
    answer = gimp.insert(image, object_class="dog", seed=2)
    assert answer["status"] == "success", answer["error"]
    assert answer["layer"] == moved


@pytest.mark.parametrize(("kind", "values"), [("scale", (200, 110)), ("rotate", (0.4,)), ("flip", ())])
def test_work_is_seen_on_a_transformed_object_too(
    gimp: Gimp, image: int, layer: int, kind: str, values: tuple[float, ...]
) -> None:
    work_on(gimp, layer, "painted")
    gimp.select_layer(image, gimp.transform(layer, kind, *values))
    assert "was worked on" in gimp.insert(image, object_class="dog", seed=2)["error"]


def test_light_is_no_work_of_somebodys(gimp: Gimp, image: int, layer: int) -> None:
    gimp.erase_rectangle(layer, 0, 0, 10, 10)
    gimp.count_as_made(layer)
    assert gimp.light(image)["status"] == "success"
    gimp.transform(layer, "move", 30, 40)
    answer = gimp.insert(image, object_class="dog", seed=2)
    assert answer["status"] == "success", answer["error"]


def test_a_record_of_an_older_version_asks_nothing(gimp: Gimp, image: int, layer: int) -> None:
    gimp.forget_imprint(layer)
    work_on(gimp, layer, "painted")
    assert gimp.insert(image, object_class="dog", seed=2)["status"] == "success"


@pytest.fixture
def worked_on(desk: Desk) -> int:
    """A picture in the window whose active layer is an object that somebody has painted on."""
    image = desk.open_photo((400, 250, 256, 256))
    layer = int(desk.gimp.insert(image, object_class="dog", seed=1)["layer"])
    desk.gimp.select_none(image)
    desk.gimp.paint_rectangle(layer, 60, 60, 30, 30, RED)
    desk.gimp.mark_saved(image)
    return image


@pytest.mark.parametrize(
    ("key", "title", "layers"),
    [
        ("alt+l", "Light Layer", ["dog · seed 1", "Background"]),
        ("alt+a", "Edit Object", [PREVIEW, "dog · seed 1", "Background"]),
        ("alt+r", "Edit Object", [PREVIEW, "dog · seed 1", "Background"]),
    ],
)
def test_the_dialog_asks_first(desk: Desk, worked_on: int, key: str, title: str, layers: list[str]) -> None:
    question = desk.open_dialog(QUESTION)
    desk.screen.screenshot("worked-on-question")
    assert desk.layers(worked_on) == ["dog · seed 1", "Background"]
    desk.screen.focus(question)
    desk.screen.keys(key)
    desk.screen.wait_until(lambda: desk.screen.windows(title) not in ([], [question]), f"the dialog {title}")
    desk.screen.wait_until(
        lambda: len(desk.layers(worked_on)) == len(layers) or key == "alt+l", "the preview"
    )
    old = desk.gimp.id_of_layer_named(worked_on, "dog · seed 1")
    assert desk.gimp.describe_layer(old)["visible"] is (key == "alt+a") or key == "alt+l"
    desk.screen.screenshot(f"worked-on-{key[-1]}")


def test_who_cancels_the_question_keeps_everything(desk: Desk, worked_on: int) -> None:
    before = desk.gimp.describe_image(worked_on)
    desk.screen.focus(desk.open_dialog(QUESTION))
    desk.screen.keys("Escape")
    desk.screen.wait_until_gone(QUESTION)
    assert desk.gimp.describe_image(worked_on) == before


EDITED = (200, 150, 256, 256)
INSIDE = (320, 270)  # in the middle of it


@pytest.fixture
def painted_meanwhile(desk: Desk) -> tuple[int, str]:
    """A picture whose object was painted on with the dialog open, and the question that Apply then asks."""
    image = desk.open_photo(EDITED)
    layer = int(desk.gimp.insert(image, object_class="dog", seed=1)["layer"])
    desk.gimp.select_none(image)
    dialog = desk.open_dialog("Edit Object")
    desk.wait_for_layers(image, PREVIEW, "dog · seed 1", "Background")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+b")
    desk.wait_for_layers(image, "dog · seed 1", "Background")
    about = desk.gimp.describe_layer(layer)
    desk.gimp.paint_rectangle(layer, INSIDE[0] - about["x"] - 15, INSIDE[1] - about["y"] - 15, 30, 30, RED)
    desk.screen.keys("alt+a")
    desk.screen.wait_until(lambda: len(desk.screen.windows(QUESTION)) == 2, "the question")
    (question,) = set(desk.screen.windows(QUESTION)) - {dialog}
    desk.screen.focus(question)
    return image, dialog


def test_apply_asks_first_where_somebody_painted_with_the_dialog_open(
    desk: Desk, painted_meanwhile: tuple[int, str]
) -> None:
    image, dialog = painted_meanwhile
    for _again in range(2):
        desk.screen.keys("Escape")
        desk.screen.wait_until(lambda: desk.screen.windows(QUESTION) == [dialog], "the dialog alone")
        desk.screen.focus(dialog)
        desk.screen.keys("alt+a")
        desk.screen.wait_until(lambda: len(desk.screen.windows(QUESTION)) == 2, "the question again")
    desk.screen.keys("alt+a")
    desk.screen.wait_until_gone(QUESTION)
    made, *others = desk.layers(image)
    assert (made.startswith("dog · seed "), others) == (True, ["dog · seed 1", "Background"])
    desk.gimp.remove_layer(desk.gimp.id_of_layer_named(image, made))
    assert desk.gimp.seen_colour(image, *INSIDE) == RED


@pytest.mark.usefixtures("desk")
def test_apply_lights_what_was_painted_with_the_dialog_open(
    desk: Desk, painted_meanwhile: tuple[int, str]
) -> None:
    image, _dialog = painted_meanwhile
    desk.screen.keys("alt+l")
    lit = [lit_value(value) for value in RED]
    desk.screen.wait_until(lambda: desk.gimp.seen_colour(image, *INSIDE) == lit, "the light on it")
    desk.screen.focus(desk.screen.wait_for_window("Light Layer"))
    desk.screen.keys("alt+a")
    desk.screen.wait_until_gone("Light Layer")
    assert desk.layers(image) == ["dog · seed 1", "Background"]
    assert desk.gimp.seen_colour(image, *INSIDE) == lit


def test_a_scaled_object_is_edited_without_a_question_with_the_dialog_open_too(desk: Desk) -> None:
    image = desk.open_photo(EDITED)
    layer = int(desk.gimp.insert(image, object_class="dog", seed=1)["layer"])
    desk.gimp.select_none(image)
    dialog = desk.open_dialog("Edit Object")
    desk.wait_for_layers(image, PREVIEW, "dog · seed 1", "Background")
    desk.gimp.transform(layer, "scale", 300, 240)
    desk.wait_for_layers(image, PREVIEW, "dog · seed 1", "Background")
    desk.type_seed(dialog, 5)
    desk.screen.keys("alt+a")
    desk.screen.wait_until_gone(QUESTION)
    assert desk.layers(image) == ["dog · seed 5", "Background"]
