"""Judging variations in the dialog: large thumbnails, keys to go through them, before and after, Reset."""

from __future__ import annotations

from tests.gimp.conftest import PREVIEW, Desk
from tests.gimp.screen import SIZE
from tests.stand_in_engine import stand_in_colour

BOX = (400, 250, 256, 256)
PHOTO = "Background"
MIDDLE = (528, 378)


def wait_for_colour(desk: Desk, image: int, colour: tuple[int, ...]) -> None:
    desk.screen.wait_until(
        lambda: tuple(desk.gimp.seen_colour(image, *MIDDLE)) == colour, f"the colour {colour}"
    )


def test_every_control_tells_what_it_does_and_thumbnails_are_large_enough_for_a_face(desk: Desk) -> None:
    dialog = desk.gimp.dialog_controls()
    assert len(dialog["controls"]) >= 15
    assert [name for name, tooltip in dialog["controls"] if not tooltip] == []
    assert dialog["thumbnails"] >= 6
    assert min(dialog["thumbnail"]) >= 160
    assert min(dialog["enlarged"]) >= 320


def test_reset_says_what_it_goes_back_to(desk: Desk) -> None:
    told = [
        dict(desk.gimp.dialog_controls(editing=editing)["controls"])["R_eset"] for editing in (False, True)
    ]
    assert told == ["Settings as they were at first; class and seed stay", "As this layer was made"]


def test_the_dialog_names_its_image_and_layer_and_covers_nothing_of_the_selection(desk: Desk) -> None:
    for x, left_of_the_middle in ((50, True), (350, True), (540, False), (700, False)):
        image = desk.open_photo((x, 250, 200, 200))
        dialog = desk.open_dialog("Insert Object: above “Background” in ")
        desk.type_seed(dialog, 7)
        desk.screen.wait_until(
            lambda shown=image, x=x: (
                tuple(desk.gimp.seen_colour(shown, x + 100, 350)) == stand_in_colour("dog", 7, 0)
            ),
            "the object",
        )
        place = desk.screen.geometry(dialog)
        middle = place["X"] + place["WIDTH"] / 2
        assert (middle > SIZE[0] / 2) is left_of_the_middle

        def is_seen_whole(beside: dict[str, int] = place) -> bool:
            wide, high = desk.screen.extent_of(stand_in_colour("dog", 7, 0), besides=beside)
            return wide > 0.9 * high > 50  # a square

        desk.screen.wait_until(is_seen_whole, "the whole object beside the dialog")
        desk.screen.focus(dialog)
        desk.screen.keys("Escape")
        desk.screen.wait_until_gone("Insert Object")
        desk.gimp.close_all()


def test_favourites_stand_first_and_typing_the_beginning_of_a_name_finds_it(desk: Desk) -> None:
    told = desk.gimp.class_list(["dog", "cat", "bird", "bear"], ["/bird"], "be")
    assert told == {"order": ["bird", "dog", "cat", "bear"], "chosen": "bear"}
    assert desk.gimp.class_list(["dog", "cat"], ["lamps/cat"], "x") == {
        "order": ["dog", "cat"],
        "chosen": "dog",
    }


def test_keys_go_through_the_variations_and_back(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.type_seed(dialog, 7)
    for key, seed in (("", 7), ("ctrl+Next", 8), ("ctrl+Next", 9), ("ctrl+Prior", 8)):
        if key:
            desk.screen.keys(key)
        wait_for_colour(desk, image, stand_in_colour("dog", 7, seed - 7))
    desk.screen.keys("ctrl+Return")
    desk.screen.wait_until_gone("Insert Object")
    assert desk.layers(image) == ["dog · seed 8", PHOTO]


def test_before_shows_the_picture_without_the_object_until_another_one_is_chosen(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    bare = tuple(desk.gimp.seen_colour(image, *MIDDLE))
    dialog = desk.open_dialog()
    desk.type_seed(dialog, 7)
    wait_for_colour(desk, image, stand_in_colour("dog", 7, 0))
    desk.screen.keys("alt+b")
    desk.wait_for_layers(image, PHOTO)
    assert tuple(desk.gimp.seen_colour(image, *MIDDLE)) == bare
    desk.screen.keys("alt+b")
    wait_for_colour(desk, image, stand_in_colour("dog", 7, 0))
    desk.screen.keys("alt+b")
    desk.wait_for_layers(image, PHOTO)
    desk.screen.screenshot("before")
    desk.screen.keys("ctrl+Next")
    wait_for_colour(desk, image, stand_in_colour("dog", 7, 1))
    desk.wait_for_layers(image, PREVIEW, PHOTO)


def test_reset_takes_the_settings_back_but_for_class_and_seed(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.type_seed(dialog, 7)
    desk.screen.keys("alt+l", "Down")
    wait_for_colour(desk, image, stand_in_colour("cat", 7, 0))
    for change in ("alt+f", "alt+e"):  # each asks for the chosen object, then for all: one of two is its own
        done = desk.daemon.requests_done
        desk.screen.keys(change)
        desk.wait_for_requests(done + 2)
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    record = desk.gimp.describe_layer(desk.gimp.describe_image(image)["layers"][0])["record"]
    assert (record["class_name"], record["seed"], record["mirrored"]) == ("cat", 7, False)


def test_a_starred_class_stands_first_in_the_next_dialog(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.type_seed(dialog, 7)
    desk.screen.keys("alt+l", "d")  # whatever was inserted last
    wait_for_colour(desk, image, stand_in_colour("dog", 7, 0))
    desk.screen.keys("alt+l", "c")
    wait_for_colour(desk, image, stand_in_colour("cat", 7, 0))
    desk.screen.keys("alt+l", "Tab", "space", "ctrl+Return")
    desk.screen.wait_until_gone("Insert Object")
    desk.gimp.select_rectangle(image, 100, 100, 200, 200)
    dialog = desk.open_dialog()
    desk.type_seed(dialog, 7)
    desk.screen.keys("alt+l", "d")
    desk.screen.wait_until(
        lambda: tuple(desk.gimp.seen_colour(image, 200, 200)) == stand_in_colour("dog", 7, 0), "the dog"
    )
    desk.screen.keys("alt+l", "Up")  # over the line to the favourite
    desk.screen.wait_until(
        lambda: tuple(desk.gimp.seen_colour(image, 200, 200)) == stand_in_colour("cat", 7, 0), "the cat"
    )
    desk.screen.keys("alt+l", "Tab", "space")
    desk.screen.screenshot("favourites")
