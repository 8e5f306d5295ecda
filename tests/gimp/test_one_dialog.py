"""One dialog for each picture, and what it shows is what was asked for last."""

from __future__ import annotations

from tests.gimp.conftest import PREVIEW, Desk
from tests.stand_in_engine import stand_in_colour

BOX = (400, 250, 256, 256)
PHOTO = "Background"


def test_a_second_run_brings_the_open_dialog_to_the_front(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    for keys in ("ctrl+alt+i", "ctrl+alt+l"):
        desk.screen.focus(desk.window)
        desk.screen.keys(keys)
        desk.screen.wait_until(lambda: desk.screen.focused() == dialog, "the first dialog in front")
        assert desk.screen.windows("Insert Object") == [dialog]
        assert not desk.screen.windows("Light Layer")
        assert desk.layers(image) == [PREVIEW, PHOTO]  # whose preview is untouched


def test_a_script_leaves_the_preview_of_an_open_dialog_alone(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    answer = desk.gimp.insert(image, object_class="dog", seed=3)
    assert answer["status"] == "success", answer["error"]
    assert sorted(desk.layers(image)) == sorted([PREVIEW, "dog · seed 3", PHOTO])


def test_a_dialog_that_was_killed_hinders_no_other(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    desk.gimp.claim_dialog(image)
    assert desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)


def test_two_pictures_have_a_dialog_each(desk: Desk) -> None:
    first = desk.open_photo(BOX)
    desk.open_dialog()
    desk.wait_for_layers(first, PREVIEW, PHOTO)
    second = desk.open_photo(BOX)
    desk.screen.keys("ctrl+alt+i")
    desk.wait_for_layers(second, PREVIEW, PHOTO)
    assert len(desk.screen.windows("Insert Object")) == 2


def test_new_seed_then_insert_at_once_inserts_the_new_one(slow_desk: Desk) -> None:
    desk = slow_desk
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.type_seed(dialog, 7)
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.wait_for_requests(2)
    desk.screen.focus(dialog)
    desk.screen.keys_at_once("alt+n", "alt+i")
    desk.screen.wait_until_gone("Insert Object")
    made = desk.gimp.describe_layer(desk.gimp.describe_image(image)["layers"][0])
    assert made["record"]["seed"] not in (7, 8, 9, 10)  # nothing that was shown before


def test_another_class_clears_the_thumbnails_at_once(slow_desk: Desk) -> None:
    desk = slow_desk
    desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.type_seed(dialog, 7)
    second = stand_in_colour("dog", 7, 1)
    desk.screen.wait_until(lambda: desk.screen.shows(second), "the second variation", 40)
    before = desk.daemon.requests_done
    desk.screen.focus(dialog)
    desk.screen.keys("alt+l", "Down")
    desk.screen.wait_until(lambda: not desk.screen.shows(second), "empty thumbnails")
    assert desk.daemon.requests_done <= before + 1  # the other class's second variation is not there yet
