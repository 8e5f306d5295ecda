"""Earlier variations stay at hand, in the dialog and in the file; nothing crafted in a file is believed."""

from __future__ import annotations

from pathlib import Path

from tests.gimp.conftest import Desk
from tests.gimp.harness import Gimp
from tests.stand_in_engine import stand_in_colour

BOX = (400, 250, 256, 256)
MIDDLE = (528, 378)


def wait_for_colour(desk: Desk, image: int, colour: tuple[int, ...]) -> None:
    desk.screen.wait_until(
        lambda: tuple(desk.gimp.seen_colour(image, *MIDDLE)) == colour, f"the colour {colour}"
    )


def with_two_sets(desk: Desk) -> int:
    """An image in which the second of two sets of six was inserted."""
    image = desk.open_photo(BOX)
    done = desk.daemon.requests_done
    dialog = desk.open_dialog()
    desk.wait_for_requests(done + 2)
    desk.type_seed(dialog, 7)
    desk.wait_for_requests(done + 4)
    wait_for_colour(desk, image, stand_in_colour("dog", 7, 0))
    desk.type_seed(dialog, 20)
    desk.wait_for_requests(done + 6)
    wait_for_colour(desk, image, stand_in_colour("dog", 20, 0))
    desk.screen.screenshot("earlier")
    desk.screen.keys("ctrl+Return")
    desk.screen.wait_until_gone("Insert Object")
    return image


def test_earlier_variations_stay_in_the_file_and_bring_their_numbers_back(desk: Desk, tmp_path: Path) -> None:
    image = with_two_sets(desk)
    kept = desk.gimp.history_of(image)
    assert [item["seed"] for item in kept[-12:]] == [*range(7, 13), *range(20, 26)]
    assert all(item["size"] == [160, 160] for item in kept)
    desk.gimp.save_picture(image, str(tmp_path / "kept.xcf"))
    desk.gimp.close_all()
    image = desk.gimp.open_picture(str(tmp_path / "kept.xcf"))["image"]
    assert desk.gimp.history_of(image) == kept
    desk.gimp.show(image)
    desk.gimp.select_rectangle(image, 300, 200, 256, 256)
    dialog = desk.open_dialog()
    desk.screen.focus(dialog)
    # new seed, number, three keeps, two shadows, grass, flip, reference, preview, before, size,
    # thumbnails, earlier
    desk.screen.keys("alt+s", *["Tab"] * 15, "space")
    desk.screen.wait_until(
        lambda: tuple(desk.gimp.seen_colour(image, 428, 328)) == stand_in_colour("dog", 25, 0),
        "the object of the newest earlier one",
    )
    desk.screen.screenshot("earlier-chosen")


def test_of_two_variations_with_the_same_numbers_both_stay_where_their_looks_differ(gimp: Gimp) -> None:
    image = gimp.make_image(64, 64)["image"]
    assert gimp.keep_alike(image, [None, 10, 200, 10, None]) == 3


def test_what_is_wrong_in_a_files_history_is_left_out(desk: Desk) -> None:
    image = with_two_sets(desk)
    kept = desk.gimp.history_of(image)
    desk.gimp.change_history(image, "some")
    read = desk.gimp.history_of(image)
    assert [item["seed"] for item in read] == [item["seed"] for item in kept[1:]]
    assert [item["size"] for item in read[:3]] == [None, None, [160, 160]]
    desk.gimp.change_history(image, "nested")
    assert desk.gimp.history_of(image) == []


def test_the_menu_keeps_deletes_and_copies_numbers(desk: Desk) -> None:
    image = with_two_sets(desk)
    desk.gimp.use_menu(image, 8, "Keep")
    desk.gimp.use_menu(image, 9, "Delete")
    assert desk.gimp.use_menu(image, 10, "Copy its numbers") == "--class dog --seed 10 --no-shadow"
    after = {item["seed"]: item["marked"] for item in desk.gimp.history_of(image)}
    assert after[8] is True and after[7] is False and 9 not in after
    desk.gimp.use_menu(image, 8, "Keep no longer")
    assert not any(item["marked"] for item in desk.gimp.history_of(image))
