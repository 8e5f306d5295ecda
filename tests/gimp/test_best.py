"""The best of a dozen: chosen where the seed is left to the program, and where no seed was named alone.

The stand-in chooses by the box (``stand_in_engine._seeds``) and tells what it was asked.
"""

from __future__ import annotations

from tests.gimp.conftest import PREVIEW, Desk
from tests.gimp.harness import last_settings
from tests.stand_in_engine import stand_in_colour
from wire.herd import CANDIDATES

BOX = (400, 250, 256, 256)  # its best is the eighth of a dozen
ELSEWHERE = (301, 200, 256, 256)  # of which it would be the eleventh
PHOTO = "Background"

Asked = tuple[int, int, int]


def asked(desk: Desk, since: int) -> list[Asked]:
    """Seed, variations and candidates of what was asked after so many requests."""
    told = [tuple(one) for one in desk.daemon.report()["engine"]["asked"]]
    return told[len(told) - (desk.daemon.requests_done - since) :]


def middle(box: tuple[int, int, int, int]) -> tuple[int, int]:
    return box[0] + box[2] // 2, box[1] + box[3] // 2


def wait_for_seed(desk: Desk, image: int, box: tuple[int, int, int, int], seed: int) -> None:
    """Waits until the canvas shows the object that the seed gives alone."""
    colour = stand_in_colour("dog", seed, 0)
    desk.screen.wait_until(
        lambda: tuple(desk.gimp.seen_colour(image, *middle(box))) == colour, f"the object of seed {seed}"
    )


def opened(desk: Desk) -> tuple[int, str, int]:
    """An image, the dialog that shows six variations of it, and the seed that it began with."""
    image, done = desk.open_photo(BOX), desk.daemon.requests_done
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.wait_for_requests(done + 2)
    (start, *first), second = asked(desk, done)
    assert (first, second) == ([1, 12], (start, 6, 12))
    return image, dialog, start


def inserted_seed(desk: Desk, image: int, dialog: str) -> int:
    desk.screen.focus(dialog)
    desk.screen.keys("ctrl+Return")
    desk.screen.wait_until_gone("Insert Object")
    about = desk.gimp.describe_layer(desk.gimp.describe_image(image)["layers"][0])
    assert about["name"] == f"dog · seed {about['record']['seed']}"
    return int(about["record"]["seed"])


def wait_for_kept_seed(desk: Desk, seed: int) -> None:
    """Waits until GIMP keeps that seed of the last run, which it does after the dialog is gone."""
    path = last_settings(desk.gimp.profile)
    desk.screen.wait_until(lambda: f"(seed {seed})" in path.read_text(encoding="utf-8"), f"the seed {seed}")


def test_a_dialog_opens_with_the_best_of_a_dozen_and_remembers_which(desk: Desk) -> None:
    image, dialog, start = opened(desk)
    desk.screen.screenshot("best")
    desk.screen.focus(dialog)
    desk.screen.keys("ctrl+Next")
    wait_for_seed(desk, image, BOX, start + 6)
    assert inserted_seed(desk, image, dialog) == start + 6
    row = [start + place for place in (7, 6, 5, 4, 3, 2)]
    assert [item["seed"] for item in desk.gimp.history_of(image)[-6:]] == row
    wait_for_kept_seed(desk, start + 6)


def test_a_new_seed_is_chosen_from_and_a_typed_one_is_painted_as_it_is(desk: Desk) -> None:
    image, dialog, start = opened(desk)
    done = desk.daemon.requests_done
    desk.screen.focus(dialog)
    desk.screen.keys("alt+n")
    done = desk.wait_for_requests(done + 2)
    new = asked(desk, done - 2)[0][0]
    assert asked(desk, done - 2) == [(new, 1, 12), (new, 6, 12)]
    assert new != start
    desk.type_seed(dialog, 7)
    done = desk.wait_for_requests(done + 2)
    assert asked(desk, done - 2) == [(7, 1, 1), (7, 6, 1)]
    assert inserted_seed(desk, image, dialog) == 7


def test_the_seed_that_is_shown_is_that_of_the_object_and_named_as_it_is_when_it_changes(desk: Desk) -> None:
    _image, dialog, start = opened(desk)
    done = desk.daemon.requests_done
    desk.screen.focus(dialog)
    desk.screen.keys("alt+s", "Up")  # one more than what is shown
    done = desk.wait_for_requests(done + 2)
    assert asked(desk, done - 2) == [(start + 8, 1, 1), (start + 8, 6, 1)]


def test_another_box_keeps_the_objects_that_are_shown(desk: Desk) -> None:
    image, dialog, start = opened(desk)
    done = desk.daemon.requests_done
    desk.screen.focus(dialog)
    desk.screen.keys("ctrl+Next", "ctrl+Next")
    wait_for_seed(desk, image, BOX, start + 5)
    desk.gimp.select_rectangle(image, *ELSEWHERE)
    wait_for_seed(desk, image, ELSEWHERE, start + 5)
    done = desk.wait_for_requests(done + 6)
    others = [(start + place, 1, 1) for place in (7, 6, 4, 3, 2)]
    assert asked(desk, done - 6) == [(start + 5, 1, 1), *others]
    assert inserted_seed(desk, image, dialog) == start + 5
    kept = [item["seed"] for item in desk.gimp.history_of(image)[-6:]]
    assert kept == [start + place for place in (7, 6, 5, 4, 3, 2)]


def test_another_class_is_chosen_from_anew_and_a_kept_shape_is_not(desk: Desk) -> None:
    _image, dialog, start = opened(desk)
    done = desk.daemon.requests_done
    desk.screen.focus(dialog)
    desk.screen.keys("alt+l", "Down")
    done = desk.wait_for_requests(done + 2)
    assert asked(desk, done - 2) == [(start, 1, 12), (start, 6, 12)]
    desk.screen.keys("alt+l", "Up")
    done = desk.wait_for_requests(done + 2)
    desk.screen.keys("alt+s", *["Tab"] * 3, "space")  # new seed, number, keep shape
    done = desk.wait_for_requests(done + 6)
    assert [one[0] - start for one in asked(desk, done - 6)] == [7, 6, 5, 4, 3, 2]


def test_repeat_chooses_and_its_layer_remembers_which(desk: Desk) -> None:
    image, dialog, _start = opened(desk)
    inserted_seed(desk, image, dialog)
    done = desk.daemon.requests_done
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+f")
    desk.screen.wait_until(lambda: len(desk.layers(image)) == 3, "the repeated object")
    ((start, *rest),) = asked(desk, done)
    assert rest == [1, 12]
    top = desk.gimp.describe_layer(desk.gimp.describe_image(image)["layers"][0])
    assert top["record"]["seed"] == start + 7


def test_each_object_of_a_herd_is_the_best_of_a_few_and_the_one_that_was_inserted_is_kept(desk: Desk) -> None:
    image, dialog, start = opened(desk)
    done = desk.daemon.requests_done
    desk.screen.focus(dialog)
    desk.screen.keys("alt+u", "ctrl+a")
    desk.screen.type("2")
    desk.screen.keys("Tab")
    done = desk.wait_for_requests(done + 12)
    assert {one[1:] for one in asked(desk, done - 12)} == {(1, CANDIDATES)}
    desk.screen.keys("ctrl+Next", "ctrl+Return")
    desk.screen.wait_until_gone("Insert Object")
    assert len(desk.layers(image)) == 3
    wait_for_kept_seed(desk, start + 1)
    desk.screen.focus(desk.window)
    dialog = desk.open_dialog()  # the next test begins with one object
    desk.screen.focus(dialog)
    desk.screen.keys("alt+u", "ctrl+a")
    desk.screen.type("1")
    desk.screen.keys("Tab", "ctrl+Return")
    desk.screen.wait_until_gone("Insert Object")


def test_a_script_has_its_own_seed_or_the_best_of_any(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    for seed, candidates in ((7, 1), (-1, 12)):
        done = desk.daemon.requests_done
        answer = desk.gimp.insert(image, object_class="dog", seed=seed, box_x=400, box_y=250, **SIZE)
        assert answer["status"] == "success", answer["error"]
        ((start, *rest),) = asked(desk, done)
        assert rest == [1, candidates]
        assert seed in (start, -1)
        made = desk.gimp.describe_layer(answer["layer"])["record"]["seed"]
        assert made == (start + 7 if candidates > 1 else 7)


SIZE = {"box_width": 256, "box_height": 256}
