"""Scripts, batch mode and Repeat: what they get, and what they are told when it cannot be done."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from plugins.profiles.plugin_files import PluginConfig
from tests.daemon.conftest import wait_until
from tests.gimp.conftest import StandIn
from tests.gimp.harness import Gimp, make_profile
from tests.gimp.provision import GimpPlace

BOX = (100, 60, 160, 120)


@pytest.fixture
def image(gimp: Gimp) -> int:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], *BOX)
    return int(made["image"])


def test_it_is_in_the_filters_menu(gimp: Gimp) -> None:
    assert gimp.menu_of_procedure() == {"label": "Insert _object...", "paths": ["<Image>/Filters"]}


def test_every_argument_is_documented(gimp: Gimp) -> None:
    arguments = gimp.arguments_of_procedure()
    cast = {"cast-shadow", "cast-direction", "cast-length", "cast-softness", "cast-strength", "behind-grass"}
    box = {"box-x", "box-y", "box-width", "box-height"}
    assert {"object-class", "style", "seed", "shape", "pack", "shadow", "mirrored"} | box | cast <= set(
        arguments
    )
    assert all(arguments.values())


def test_the_layer_is_named_and_remembers_its_request(gimp: Gimp, image: int) -> None:
    answer = gimp.insert(image, object_class="dog", seed=42, style="brown")
    about = gimp.describe_layer(answer["layer"])
    assert about["name"] == "dog · seed 42"
    record = about["record"]
    assert record.pop("pair")
    assert record == {
        "version": 1,
        "class_name": "dog",
        "seed": 42,
        "style": "brown",
        "box": list(BOX),
        "place": [about["x"], about["y"], about["width"], about["height"]],
        "given_shape": False,
        "given_look": False,
        "name": "dog · seed 42",
        "group": "",
        "pack": "",
        "shadow": False,
        "cast_shadow": False,
        "cast_length": 100,
        "cast_softness": 40,
        "cast_strength": 60,
        "behind_grass": False,
        "mirrored": False,
        "cast": "",
    }


def test_what_a_layer_remembers_is_kept_in_xcf_files(gimp: Gimp, image: int, tmp_path: Path) -> None:
    record = gimp.describe_layer(gimp.insert(image, object_class="cat", seed=9)["layer"])["record"]
    gimp.save_picture(image, str(tmp_path / "kept.xcf"))
    again = gimp.open_picture(str(tmp_path / "kept.xcf"))
    assert gimp.describe_layer(again["layer"])["record"] == record


def test_without_a_class_the_first_one_is_inserted(gimp: Gimp, image: int) -> None:
    answer = gimp.insert(image)
    assert gimp.describe_layer(answer["layer"])["record"]["class_name"] == "dog"


def test_the_same_seed_gives_the_same_pixels(gimp: Gimp, image: int) -> None:
    first = gimp.insert(image, object_class="dog", seed=3)["layer"]
    gimp.select_layer(image, gimp.describe_image(image)["layers"][-1])
    second = gimp.insert(image, object_class="dog", seed=3)["layer"]
    assert gimp.pixels(first) == gimp.pixels(second)


def test_repeat_inserts_again_with_a_new_seed(gimp: Gimp, image: int) -> None:
    seeds = set()
    for number in range(1, 4):
        answer = gimp.insert(image, run_mode="WITH_LAST_VALS", object_class="dog", seed=3)
        assert answer["status"] == "success", answer["error"]
        seeds.add(gimp.describe_layer(answer["layer"])["record"]["seed"])
        assert len(gimp.describe_image(image)["layers"]) == 1 + number
    assert len(seeds) == 3


def test_a_preview_whose_dialog_was_killed_is_removed_by_the_next_run(gimp: Gimp, image: int) -> None:
    hidden = gimp.insert(image, object_class="cat", seed=3)["layer"]
    preview = gimp.add_layer(image, 40, 40, 0, 0, "Insert object: preview")
    gimp.leave_preview_behind(preview, hidden)
    gimp.change_layer(hidden, lock_visibility=True)
    gimp.select_layer(image, gimp.describe_image(image)["layers"][-1])
    assert gimp.insert(image, object_class="dog", seed=4)["status"] == "success"
    assert gimp.describe_image(image)["names"] == ["cat · seed 3", "dog · seed 4", "photo"]
    assert gimp.describe_layer(hidden)["visible"] is True
    assert gimp.describe_layer(hidden)["locks"] == [False, False, True]


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (None, "Nothing is selected."),
        ((10, 10, 5, 40), "The box is 5 × 40 pixels, too small."),
    ],
)
def test_a_selection_that_cannot_be_used_is_explained(
    gimp: Gimp, image: int, box: tuple[int, ...] | None, words: str
) -> None:
    gimp.select_none(image)
    if box is not None:
        gimp.select_rectangle(image, *box)
    before = gimp.describe_image(image)
    answer = gimp.insert(image, object_class="dog")
    assert answer["status"] == "execution-error"
    assert words in answer["error"]
    assert gimp.describe_image(image) == before


def test_a_box_outside_the_image_is_explained(gimp: Gimp, image: int) -> None:
    answer = gimp.insert(image, box_x=900, box_y=10, box_width=50, box_height=50)
    assert "lies outside the picture" in answer["error"]


def test_an_unknown_class_is_explained(gimp: Gimp, image: int) -> None:
    before = gimp.describe_image(image)
    answer = gimp.insert(image, object_class="dragon")
    assert answer["status"] == "execution-error"
    assert "dragon" in answer["error"]
    assert gimp.describe_image(image) == before


def test_a_floating_selection_is_explained(gimp: Gimp, image: int) -> None:
    gimp.float_selection(image)
    answer = gimp.insert(image, object_class="dog")
    assert answer["status"] == "execution-error"
    assert "floating selection" in answer["error"]


def test_no_daemon_means_one_clear_sentence_and_an_untouched_image(
    gimp_place: GimpPlace, tmp_path: Path
) -> None:
    config = PluginConfig(tmp_path / "nowhere" / "connection.json", ())
    gimp = Gimp(gimp_place, make_profile(tmp_path / "profile", gimp_place, config))
    try:
        image = gimp.make_image(400, 300)["image"]
        gimp.select_rectangle(image, *BOX)
        before = gimp.describe_image(image)
        answer = gimp.insert(image, object_class="dog")
        assert answer["status"] == "execution-error"
        assert "Insert Object service" in answer["error"]
        assert "Traceback" not in answer["error"]
        assert answer["seconds"] < 30
        assert gimp.describe_image(image) == before
    finally:
        gimp.close()


def test_the_daemon_is_started_when_there_is_none(gimp_place: GimpPlace, tmp_path: Path) -> None:
    daemon = StandIn(tmp_path / "home")
    daemon.home.mkdir()
    # GIMP may run in a root without the daemon's Python: its start command leaves a wish behind
    wish = tmp_path / "start-wanted"
    config = PluginConfig(daemon.connection_file, ("sh", "-c", f"touch {wish}; sleep 60"))
    gimp = Gimp(gimp_place, make_profile(tmp_path / "profile", gimp_place, config))
    try:
        image = gimp.make_image(400, 300)["image"]
        gimp.select_rectangle(image, *BOX)
        gimp.begin("insert", image, object_class="dog", seed=1)
        deadline = time.monotonic() + 30
        while not wish.exists():
            assert time.monotonic() < deadline, "the plug-in started nothing"
            time.sleep(0.05)
        daemon.start("--load-seconds", "1")
        answer = gimp.finish()
        assert answer["status"] == "success", answer["error"]
    finally:
        gimp.close()
        daemon.stop()


def test_a_daemon_that_dies_at_work_leaves_nothing_half_inserted(
    gimp_place: GimpPlace, tmp_path: Path
) -> None:
    daemon = StandIn(tmp_path / "home")
    daemon.home.mkdir()
    daemon.start("--stage-seconds", "2")
    gimp = Gimp(gimp_place, make_profile(tmp_path / "profile", gimp_place, daemon.config))
    try:
        image = gimp.make_image(400, 300)["image"]
        gimp.select_rectangle(image, *BOX)
        before = gimp.describe_image(image)
        gimp.begin("insert", image, object_class="dog", seed=1)
        wait_until(lambda: daemon.report()["requests_running"] == 1, 30)
        daemon.kill()
        answer = gimp.finish()
        assert answer["status"] == "execution-error"
        assert "Insert Object service" in answer["error"]
        assert gimp.describe_image(image) == before
    finally:
        gimp.close()
        daemon.stop()
