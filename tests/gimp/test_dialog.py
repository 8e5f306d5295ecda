"""The dialog in a real GIMP window, used with keys and pointer as a person does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gimp.conftest import PREVIEW, Desk, StandIn, make_desk
from tests.gimp.provision import GimpPlace
from tests.gimp.screen import Screen
from tests.stand_in_engine import stand_in_colour

BOX = (400, 250, 256, 256)
PHOTO = "Background"


def test_the_object_is_on_the_canvas_before_it_is_inserted(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    bare = object_colour(desk, image)
    desk.type_seed(desk.open_dialog(), 7)
    desk.screen.wait_until(
        lambda: object_colour(desk, image) == stand_in_colour("dog", 7, 0), "the object of the seed"
    )
    assert object_colour(desk, image) != bare
    active = desk.gimp.describe_image(image)["active"]
    assert desk.gimp.describe_layer(active[0])["name"] == PHOTO  # the user's own layer stays active
    desk.screen.screenshot("preview")


def test_cancel_leaves_the_picture_as_it_was_saved(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    before = desk.gimp.describe_image(image)
    seen = desk.gimp.visible_pixels(image)
    desk.screen.focus(desk.open_dialog())
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.screen.keys("Escape")
    desk.screen.wait_until_gone("Insert Object")
    desk.wait_for_layers(image, PHOTO)
    after = desk.gimp.describe_image(image)
    assert after["dirty"] is False
    assert after == before
    assert desk.gimp.visible_pixels(image) == seen


def test_insert_makes_one_layer_that_one_undo_takes_back(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    before = desk.gimp.describe_image(image)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    names = desk.layers(image)
    assert len(names) == 2
    assert names[0].startswith("dog · seed ")
    active = desk.gimp.describe_image(image)["active"]
    assert active == desk.gimp.describe_image(image)["layers"][:1]
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.wait_for_layers(image, PHOTO)
    after = desk.gimp.describe_image(image)
    assert {**after, "parasites": []} == {**before, "parasites": []}  # GIMP itself keeps the settings in one
    desk.screen.keys("ctrl+y")
    desk.wait_for_layers(image, *names)


def test_the_preview_follows_the_selection(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.type_seed(dialog, 7)
    desk.screen.move(dialog, 900, 300)
    desk.screen.focus(desk.window)
    desk.screen.keys("r")
    time.sleep(1.0)  # at its first use GIMP builds the tool's options, and does not see the pointer meanwhile
    desk.screen.drag((300, 200), (420, 320))
    old = list(BOX[:2])

    def selection() -> list[int]:
        return list(desk.gimp.selection(image) or old)

    desk.screen.wait_until(lambda: selection()[:2] != old, "the new selection")
    x0, y0, x1, y1 = selection()
    middle = (x0 + x1) // 2, (y0 + y1) // 2

    def follows() -> bool:
        colour = tuple(desk.gimp.seen_colour(image, *middle))
        return bool(colour == stand_in_colour("dog", 7, 0))

    desk.screen.wait_until(follows, "a preview in the new selection")
    desk.screen.screenshot("preview-followed")


def test_without_a_selection_it_asks_for_one_and_goes_on_when_there_is_one(desk: Desk) -> None:
    image = desk.open_photo(None)
    dialog = desk.open_dialog()
    desk.screen.screenshot("no-selection")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+i")  # nothing to insert: the dialog stays
    assert desk.layers(image) == [PHOTO]
    assert desk.screen.windows("Insert Object")
    desk.gimp.select_rectangle(image, *BOX)
    desk.wait_for_layers(image, PREVIEW, PHOTO)


def test_arrow_keys_put_another_variation_on_the_canvas(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    bare = object_colour(desk, image)
    dialog = desk.open_dialog()
    first = previewed_colour(desk, image, bare)
    desk.screen.focus(dialog)
    # new seed, number, three keeps, two shadows, grass, flip, reference, preview, before, size, thumbnails
    desk.screen.keys("alt+s", *["Tab"] * 14)
    desk.screen.keys("Right")
    second = previewed_colour(desk, image, bare, first)
    desk.screen.screenshot("variations")
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    assert object_colour(desk, image) == second
    about = desk.gimp.describe_layer(desk.gimp.describe_image(image)["layers"][0])
    assert about["name"] == f"dog · seed {about['record']['seed']}"


def test_each_dialog_begins_with_a_seed_of_its_own_unless_it_is_kept(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    seeds = []
    for toggles in (False, True, True, False):
        dialog = desk.open_dialog()
        desk.wait_for_layers(image, PREVIEW, PHOTO)
        desk.screen.focus(dialog)
        if toggles:
            desk.screen.keys("alt+s", *["Tab"] * 5, "space")  # new seed, number, keep shape, look, seed
        desk.screen.keys("alt+i")
        desk.screen.wait_until_gone("Insert Object")
        made = desk.gimp.describe_image(image)["layers"][0]
        seeds.append(desk.gimp.describe_layer(made)["record"]["seed"])
        desk.screen.focus(desk.window)
        desk.screen.keys("ctrl+z")
        desk.wait_for_layers(image, PHOTO)
    assert seeds[0] != seeds[1]
    assert seeds[2] == seeds[1]  # the second dialog kept it, the third lets it go again
    assert seeds[3] != seeds[2]


def object_colour(desk: Desk, image: int) -> tuple[int, ...]:
    """The colour in the middle of the box: that of the object, as the user sees it."""
    x, y, width, height = BOX
    return tuple(desk.gimp.seen_colour(image, x + width // 2, y + height // 2))


def previewed_colour(desk: Desk, image: int, *other_than: tuple[int, ...]) -> tuple[int, ...]:
    """The colour of the object on the canvas, once it is another one."""
    found: list[tuple[int, ...]] = []

    def another() -> bool:
        found[:] = [object_colour(desk, image)]
        return desk.has_preview(image) and found[0] not in other_than

    desk.screen.wait_until(another, "another object on the canvas")
    return found[0]


def test_a_new_seed_and_another_class_make_another_object(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    bare = object_colour(desk, image)
    dialog = desk.open_dialog()
    first = previewed_colour(desk, image, bare)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+n")
    second = previewed_colour(desk, image, bare, first)
    desk.screen.keys("alt+l", "Down")  # one class further
    third = previewed_colour(desk, image, bare, first, second)
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    assert object_colour(desk, image) == third
    record = desk.gimp.describe_layer(desk.gimp.describe_image(image)["layers"][0])["record"]
    assert record["class_name"] == "cat"


def test_repeat_inserts_the_same_class_with_a_new_seed_and_no_dialog(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+f")
    desk.screen.wait_until(lambda: len(desk.layers(image)) == 3, "the repeated object")
    assert not desk.screen.windows("Insert Object")
    about = desk.gimp.describe_image(image)
    records = [desk.gimp.describe_layer(layer)["record"] for layer in about["layers"][:2]]
    assert records[0]["class_name"] == records[1]["class_name"]
    assert records[0]["seed"] != records[1]["seed"]


def test_the_last_values_are_there_again(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+s", "ctrl+a")
    desk.screen.type("777")
    desk.screen.keys("Tab")
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    assert desk.layers(image)[0].endswith("777")
    desk.gimp.select_layer(image, desk.gimp.describe_image(image)["layers"][-1])
    dialog = desk.open_dialog()
    desk.screen.wait_until(lambda: desk.has_preview(image), "the preview")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    assert desk.layers(image)[0].split(" #")[0].endswith("777")


def test_an_object_layer_opens_for_editing(desk: Desk) -> None:
    image = desk.open_photo(None)
    made = desk.gimp.insert(
        image, object_class="cat", seed=12, box_x=100, box_y=100, box_width=200, box_height=200
    )
    before = desk.gimp.describe_layer(made["layer"])
    dialog = desk.open_dialog("Edit Object")
    desk.screen.wait_until(lambda: desk.has_preview(image), "the preview")
    assert desk.gimp.describe_layer(made["layer"])["visible"] is False  # the preview stands for it
    desk.screen.screenshot("edit")
    desk.screen.focus(dialog)
    desk.screen.keys("Escape")
    desk.screen.wait_until_gone("Edit Object")
    assert desk.gimp.describe_layer(made["layer"]) == before
    dialog = desk.open_dialog("Edit Object")
    desk.screen.wait_until(lambda: desk.has_preview(image), "the preview")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+s", "ctrl+a")
    desk.screen.type("13")
    desk.screen.keys("Tab", "alt+a")
    desk.screen.wait_until_gone("Edit Object")
    desk.wait_for_layers(image, "cat · seed 13", PHOTO)
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.wait_for_layers(image, "cat · seed 12", PHOTO)


def test_an_indexed_picture_is_converted_when_the_user_agrees(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    desk.gimp.convert_indexed(image)
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+alt+i")
    question = desk.screen.wait_for_window("Insert Object")
    desk.screen.screenshot("indexed")
    desk.screen.focus(question)
    desk.screen.keys("Escape")
    desk.screen.wait_until_gone("Insert Object")
    assert desk.gimp.describe_image(image)["base"] == "indexed"
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+alt+i")
    desk.screen.focus(desk.screen.wait_for_window("Insert Object"))
    desk.screen.keys("alt+r")
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    assert desk.gimp.describe_image(image)["base"] == "rgb"


def test_closing_the_picture_closes_the_dialog(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.gimp.close_all()
    desk.screen.wait_until_gone("Insert Object")
    assert desk.gimp.version()


@pytest.fixture
def lonely_desk(gimp_place: GimpPlace, screen: Screen, tmp_path: Path) -> Iterator[Desk]:
    """A window of its own with a daemon of its own, not started yet."""
    daemon = StandIn(tmp_path / "home")
    daemon.home.mkdir()
    made = make_desk(gimp_place, screen, daemon, tmp_path)
    yield made
    made.gimp.close()
    daemon.stop()


def test_a_daemon_that_dies_is_told_and_retry_goes_on(lonely_desk: Desk) -> None:
    desk = lonely_desk
    desk.daemon.start("--stage-seconds", "1")
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.daemon.kill()
    desk.gimp.select_rectangle(image, 100, 100, 300, 300)
    blocked = desk.gimp.longest_block(4.0)
    assert blocked["longest"] < 1000
    desk.screen.screenshot("daemon-gone")
    assert desk.layers(image) == [PHOTO]
    desk.daemon.start()
    desk.screen.focus(dialog)
    desk.screen.keys("alt+r")
    desk.wait_for_layers(image, PREVIEW, PHOTO, seconds=40)
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    assert desk.layers(image)[0].startswith("dog")


def test_insert_may_be_pressed_before_the_object_is_there(lonely_desk: Desk) -> None:
    desk = lonely_desk
    desk.daemon.start("--stage-seconds", "1")
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.screen.wait_until(lambda: insertable(desk, dialog, image), "the object after an early Insert", 30)
    assert desk.layers(image)[0].startswith("dog")


def insertable(desk: Desk, dialog: str, image: int) -> bool:
    if desk.screen.windows("Insert Object"):
        desk.screen.focus(dialog)
        desk.screen.keys("alt+i")
    return desk.layers(image)[0].startswith("dog")


@pytest.mark.parametrize(
    ("language", "title"),
    [("fr_FR.UTF-8", "Insérer un objet"), ("de_DE.UTF-8", "Objekt einf"), ("zh_CN.UTF-8", "插入对象")],
)
def test_the_dialog_speaks_the_users_language(
    gimp_place: GimpPlace, screen: Screen, stand_in: StandIn, tmp_path: Path, language: str, title: str
) -> None:
    desk = make_desk(gimp_place, screen, stand_in, tmp_path, language=language)
    try:
        image = desk.open_photo(BOX)
        desk.open_dialog(title)
        desk.screen.wait_until(lambda: len(desk.layers(image)) > 1, "the preview")
        time.sleep(2)  # for the other thumbnails: the screenshot is for people
        desk.screen.screenshot(f"dialog-{language[:2]}")
    finally:
        desk.gimp.close()
