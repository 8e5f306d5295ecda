"""Filters ▸ Light layer like the scene…, with its dialog in a real GIMP on a screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.gimp.conftest import PREVIEW, Desk
from tests.gimp.harness import encoded, rgba
from tests.stand_in_engine import lit_value

TITLE = "Light Layer Like the Scene"
SIZE = (200, 160)
AT = (400, 300)
OWN = (90, 120, 60)
WITH_PREVIEW = [PREVIEW, "cut-out", "Background"]
WITHOUT = ["cut-out", "Background"]


@pytest.fixture
def image(desk: Desk) -> int:
    return photo_with_cut_out(desk)


def photo_with_cut_out(desk: Desk) -> int:
    image = desk.open_photo(None)
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[...] = (*OWN, 255)
    pixels[np.hypot((x - 99.5) / 100, (y - 79.5) / 80) > 1, 3] = 0
    desk.gimp.add_cut_out(image, encoded(pixels), *SIZE, *AT)
    return image


def layer_of(desk: Desk, image: int) -> int:
    return int(desk.gimp.id_of_layer_named(image, "cut-out"))


def colour(desk: Desk, image: int) -> list[int]:
    """The middle of the cut-out's own layer."""
    pixels = rgba(desk.gimp.pixels(layer_of(desk, image)), *SIZE)
    return [int(value) for value in pixels[80, 100]]


def seen(desk: Desk, image: int) -> list[int]:
    return [int(value) for value in desk.gimp.seen_colour(image, AT[0] + 100, AT[1] + 80)]


def wait_for_seen(desk: Desk, image: int, strength: float) -> None:
    wanted = [lit_value(value, strength) for value in OWN]
    desk.screen.wait_until(lambda: seen(desk, image) == wanted, f"the light at {strength:.0%}")


def open_dialog(desk: Desk, image: int) -> str:
    dialog = desk.open_dialog(TITLE, "ctrl+alt+l")
    wait_for_seen(desk, image, 1.0)
    return dialog


def test_the_light_shows_on_the_picture_and_apply_is_one_undo_step(desk: Desk, image: int) -> None:
    dialog = open_dialog(desk, image)
    desk.wait_for_layers(image, *WITH_PREVIEW)
    assert colour(desk, image)[:3] == list(OWN)  # the layer itself is not touched yet
    desk.screen.screenshot("light-dialog")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+a")
    desk.screen.wait_until_gone(TITLE)
    desk.wait_for_layers(image, *WITHOUT)
    assert colour(desk, image) == [*(lit_value(value) for value in OWN), 255]
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.screen.wait_until(lambda: colour(desk, image) == [*OWN, 255], "the layer as it was")
    assert desk.gimp.remembers(layer_of(desk, image)) == []


def test_cancel_leaves_no_trace(desk: Desk, image: int) -> None:
    before = desk.gimp.describe_image(image)
    dialog = open_dialog(desk, image)
    desk.screen.focus(dialog)
    desk.screen.keys("Escape")
    desk.screen.wait_until_gone(TITLE)
    desk.wait_for_layers(image, *WITHOUT)
    assert desk.gimp.describe_image(image) == before
    assert colour(desk, image)[:3] == list(OWN)


def test_the_slider_is_a_share_and_reset_brings_all_of_it(desk: Desk, image: int) -> None:
    dialog = open_dialog(desk, image)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+s", *["Left"] * 50)
    wait_for_seen(desk, image, 0.5)
    desk.screen.keys("alt+e")
    wait_for_seen(desk, image, 1.0)
    desk.screen.keys("alt+s", "Home", "alt+a")  # 0: as it was
    desk.screen.wait_until_gone(TITLE)
    assert colour(desk, image)[:3] == list(OWN)


def test_before_and_after_are_a_tick_apart(desk: Desk, image: int) -> None:
    dialog = open_dialog(desk, image)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+b")
    desk.wait_for_layers(image, *WITHOUT)
    assert seen(desk, image) == list(OWN)
    desk.screen.keys("alt+b")
    wait_for_seen(desk, image, 1.0)
    desk.screen.keys("alt+b", "alt+a")  # applied all the same
    desk.screen.wait_until_gone(TITLE)
    assert colour(desk, image)[:3] == [lit_value(value) for value in OWN]


def test_a_shadow_comes_on_a_layer_of_its_own(desk: Desk, image: int) -> None:
    dialog = open_dialog(desk, image)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+w")
    desk.wait_for_layers(image, PREVIEW, f"{PREVIEW} of the shadow", *WITHOUT)
    desk.screen.keys("alt+a")
    desk.screen.wait_until_gone(TITLE)
    desk.wait_for_layers(image, "cut-out", "cut-out · shadow", "Background")


def test_a_cast_shadow_comes_with_its_sliders_and_follows_them(desk: Desk, image: int) -> None:
    dialog = open_dialog(desk, image)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+d")
    desk.wait_for_layers(image, PREVIEW, f"{PREVIEW} of the cast shadow", *WITHOUT)
    done = desk.daemon.requests_done
    desk.screen.focus(dialog)  # the layers' coming may have given it to GIMP's window
    desk.screen.keys("Tab", "space", "Tab", *["Right"] * 3)  # not by the light; longer
    desk.screen.wait_until(lambda: desk.daemon.requests_done > done, "another shadow")
    desk.screen.screenshot("light-cast")
    desk.screen.keys("alt+a")
    desk.screen.wait_until_gone(TITLE)
    desk.wait_for_layers(image, "cut-out", "cut-out · cast shadow", "Background")
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.wait_for_layers(image, *WITHOUT)


def test_a_layer_that_is_moved_meanwhile_is_judged_again_there(desk: Desk, image: int) -> None:
    open_dialog(desk, image)
    done = desk.daemon.requests_done
    desk.gimp.transform(layer_of(desk, image), "move", 100, 500)
    desk.screen.wait_until(
        lambda: desk.gimp.seen_colour(image, 200, 580) == [lit_value(value) for value in OWN], "light there"
    )
    assert desk.daemon.requests_done > done


def test_what_gimp_redraws_by_itself_is_lit_once_it_is_rasterized(desk: Desk, tmp_path: Path) -> None:
    image = desk.open_photo(None)
    Image.new("RGBA", (40, 30), (*OWN, 128)).save(tmp_path / "linked.png")
    for layer in desk.gimp.add_redrawn(image, str(tmp_path / "linked.png")):
        desk.gimp.select_layer(image, layer)
        assert "which GIMP redraws by itself" in desk.gimp.light(image)["error"]
        if desk.gimp.rasterize(layer):
            answer = desk.gimp.light(image)
            assert answer["status"] == "success", (answer["error"], desk.gimp.describe_layer(layer)["name"])


def erase_the_middle(desk: Desk, image: int) -> None:
    desk.gimp.erase_rectangle(layer_of(desk, image), 80, 60, 40, 40)


def test_what_is_erased_under_the_preview_stays_erased(desk: Desk, image: int) -> None:
    dialog = open_dialog(desk, image)
    erase_the_middle(desk, image)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+a")
    desk.screen.wait_until_gone(TITLE)
    pixels = rgba(desk.gimp.pixels(layer_of(desk, image)), *SIZE)
    assert pixels[80, 100, 3] == 0
    assert pixels[80, 40].tolist() == [*(lit_value(value) for value in OWN), 255]


def test_apply_pressed_before_the_light_has_come_applies_it_then(slow_desk: Desk) -> None:
    image = photo_with_cut_out(slow_desk)
    dialog = slow_desk.open_dialog(TITLE, "ctrl+alt+l")
    slow_desk.screen.focus(dialog)
    slow_desk.screen.keys("alt+a")  # judging takes a second a stage
    slow_desk.screen.wait_until_gone(TITLE)
    assert colour(slow_desk, image) == [*(lit_value(value) for value in OWN), 255]


def test_what_is_painted_while_before_shows_is_lit_and_not_painted_over(desk: Desk, image: int) -> None:
    dialog = open_dialog(desk, image)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+b")
    desk.wait_for_layers(image, *WITHOUT)
    desk.gimp.paint_rectangle(layer_of(desk, image), 80, 60, 40, 40, [10, 20, 30])
    desk.screen.keys_at_once("alt+b", "alt+a")  # before it could be noticed that the brush rests
    desk.screen.wait_until_gone(TITLE)
    assert colour(desk, image) == [*(lit_value(value) for value in (10, 20, 30)), 255]
