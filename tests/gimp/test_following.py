"""The open dialog goes along with what the user does: paints, asks for a shadow, changes the model pack."""

from __future__ import annotations

import time

import numpy as np

from tests.gimp.conftest import PREVIEW, Desk
from tests.gimp.harness import rgba
from tests.stand_in_engine import CAST, PACKS, SHADOW, stand_in_colour

BOX = (400, 250, 256, 256)
PHOTO = "Background"
SHADOW_PREVIEW = f"{PREVIEW} of the shadow"
CAST_PREVIEW = f"{PREVIEW} of the cast shadow"
MIDDLE = (528, 378)
CAST_OVER = (712, 490)  # where it puts a cast shadow, beyond the window that the networks see
BELOW = (528, 490)  # where the stand-in puts a shadow


def wait_for_colour(desk: Desk, image: int, place: tuple[int, int], colour: tuple[int, ...]) -> None:
    def is_there() -> bool:
        return tuple(desk.gimp.seen_colour(image, *place)) == colour

    desk.screen.wait_until(is_there, f"the colour {colour} at {place}")


def shaded(colour: list[int]) -> np.ndarray:
    """A colour with the stand-in's shadow over it, mixed as the daemon mixes: float (3,)."""
    alpha = SHADOW[3] / 255
    return np.array(SHADOW[:3]) * alpha + np.array(colour) * (1 - alpha)


def insert(desk: Desk, dialog: str, *keys: str, title: str = "Insert Object") -> None:
    desk.screen.focus(dialog)
    desk.screen.keys(*keys)
    desk.screen.wait_until_gone(title)


def test_the_shadow_is_previewed_inserted_undone_in_one_step_and_remembered(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    ground = desk.gimp.seen_colour(image, *BELOW)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+w")
    desk.wait_for_layers(image, PREVIEW, SHADOW_PREVIEW, PHOTO)

    def is_shaded() -> bool:
        return bool(np.abs(desk.gimp.seen_colour(image, *BELOW) - shaded(ground)).max() <= 1)

    desk.screen.wait_until(is_shaded, "the shadow on the canvas")
    time.sleep(1.5)  # the other thumbnails: the screenshot is for people
    desk.screen.screenshot("shadow-preview")
    insert(desk, dialog, "alt+i")
    made, shadow, photo = desk.layers(image)
    assert made.startswith("dog · seed ")
    assert (shadow, photo) == (f"{made} · shadow", PHOTO)
    desk.screen.screenshot("shadow-inserted")
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.wait_for_layers(image, PHOTO)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, SHADOW_PREVIEW, PHOTO)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+w")
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    insert(desk, dialog, "alt+i")  # the next test begins without one
    assert len(desk.layers(image)) == 2


def test_a_cast_shadow_is_turned_previewed_inserted_and_taken_away_again(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    ground = desk.gimp.seen_colour(image, *CAST_OVER)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+d")
    desk.wait_for_layers(image, PREVIEW, CAST_PREVIEW, PHOTO)
    shade = np.array(CAST[:3]) * (CAST[3] / 255) + np.array(ground) * (1 - CAST[3] / 255)

    def is_shaded() -> bool:
        return bool(np.abs(desk.gimp.seen_colour(image, *CAST_OVER) - shade).max() <= 1)

    desk.screen.wait_until(is_shaded, "the cast shadow on the canvas, beyond the box")
    # From the box to the controls of the shadow: grass, flip, reference, by the light
    done = desk.daemon.requests_done
    desk.screen.keys(*["Tab"] * 4, "space")  # by the light no more
    desk.wait_for_requests(done + 2)
    desk.screen.screenshot("cast-shadow-preview")
    insert(desk, dialog, "alt+i")
    made, cast, photo = desk.layers(image)
    assert (cast, photo) == (f"{made} · cast shadow", PHOTO)
    layer = desk.gimp.id_of_layer_named(image, made)
    assert desk.gimp.describe_layer(layer)["record"]["cast_direction"] == 0
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.wait_for_layers(image, PHOTO)
    desk.screen.keys("ctrl+y")
    desk.wait_for_layers(image, made, cast, PHOTO)
    desk.gimp.select_none(image)
    desk.gimp.select_layer(image, layer)
    dialog = desk.open_dialog("Edit Object")
    desk.wait_for_layers(image, PREVIEW, CAST_PREVIEW, made, cast, PHOTO)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+d")
    desk.wait_for_layers(image, PREVIEW, made, cast, PHOTO)
    insert(desk, dialog, "alt+a", title="Edit Object")
    assert len(desk.layers(image)) == 2  # the object alone, and the next test begins without one


def test_painting_on_the_scene_makes_the_object_anew(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    done = desk.daemon.requests_done
    desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    done = desk.wait_for_requests(done + 2)
    before = desk.gimp.id_of_layer_named(image, PREVIEW)
    photo = desk.gimp.describe_image(image)["layers"][-1]
    desk.gimp.paint_rectangle(photo, 20, 20, 60, 60, [200, 40, 40])  # far from the window
    time.sleep(2)  # in which it could be noticed, were it of any matter

    def is_new() -> bool:
        return desk.gimp.id_of_layer_named(image, PREVIEW) not in (0, before)

    desk.gimp.paint_rectangle(photo, 405, 255, 20, 20, [200, 40, 40])  # beside the object
    desk.screen.wait_until(is_new, "an object for the changed scene")
    assert desk.wait_for_requests(done + 6) == done + 6  # the six that were seen, for the second one alone
    desk.screen.screenshot("painted-scene")


def test_a_brush_stroke_with_the_dialog_open_makes_the_object_anew(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    done = desk.daemon.requests_done
    dialog = desk.open_dialog()
    desk.screen.move(dialog, 900, 300)
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.wait_for_requests(done + 2)
    before = desk.gimp.id_of_layer_named(image, PREVIEW)
    desk.screen.focus(desk.window)
    desk.screen.keys("p")
    desk.screen.drag((500, 285), (630, 285))  # above the object, inside the selection

    def is_new() -> bool:
        return desk.gimp.id_of_layer_named(image, PREVIEW) not in (0, before)

    desk.screen.wait_until(is_new, "an object for the painted scene")
    desk.screen.screenshot("brush-stroke")


def test_the_packs_classes_are_offered_and_the_pack_is_remembered(desk: Desk) -> None:
    image = desk.open_photo(BOX)
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, PHOTO)
    desk.screen.focus(dialog)
    desk.screen.keys("alt+s", "ctrl+a")
    desk.screen.type("5")
    desk.screen.keys("Tab", "alt+m", "Down")
    wait_for_colour(desk, image, MIDDLE, stand_in_colour("lamp", 5, 0))
    time.sleep(1.5)  # the other thumbnails: the screenshot is for people
    desk.screen.screenshot("pack")
    insert(desk, dialog, "alt+i")
    made = desk.gimp.describe_image(image)["layers"][0]
    assert desk.gimp.describe_layer(made)["record"]["pack"] == PACKS[0].name
    assert desk.layers(image)[0] == "lamp · seed 5"
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.wait_for_layers(image, PHOTO)
    dialog = desk.open_dialog()
    desk.type_seed(dialog, 5)
    wait_for_colour(desk, image, MIDDLE, stand_in_colour("lamp", 5, 0))
    desk.screen.focus(dialog)
    desk.screen.keys("alt+m", "Up")  # the next test begins with the shipped one
    wait_for_colour(desk, image, MIDDLE, stand_in_colour("dog", 5, 0))
    insert(desk, dialog, "alt+i")


def test_the_chooser_of_packs_is_there_only_if_there_is_a_choice(desk: Desk) -> None:
    assert desk.gimp.visible_labels([]) == ["Class:"]
    assert desk.gimp.visible_labels(["lamps"]) == ["Model pack:", "Class:"]


def test_reset_keeps_an_edited_object_in_its_pack(desk: Desk) -> None:
    image = desk.open_photo(None)
    box = {"box_x": 100, "box_y": 100, "box_width": 200, "box_height": 200}
    layer = desk.gimp.insert(image, pack=PACKS[0].name, object_class="lamp", seed=3, **box)["layer"]
    dialog = desk.open_dialog("Edit Object")
    wait_for_colour(desk, image, (200, 200), stand_in_colour("lamp", 3, 0))
    desk.type_seed(dialog, 4)
    wait_for_colour(desk, image, (200, 200), stand_in_colour("lamp", 4, 0))
    desk.screen.keys("alt+e")
    wait_for_colour(desk, image, (200, 200), stand_in_colour("lamp", 3, 0))
    insert(desk, dialog, "alt+a", title="Edit Object")
    record = desk.gimp.describe_layer(layer)["record"]
    assert (record["pack"], record["class_name"], record["seed"]) == (PACKS[0].name, "lamp", 3)


def test_an_object_whose_pack_is_gone_says_so_and_waits_for_another_class(desk: Desk) -> None:
    image = desk.open_photo(None)
    layer = desk.gimp.insert(
        image, pack="lamps", seed=3, box_x=100, box_y=100, box_width=200, box_height=200
    )["layer"]
    desk.gimp.change_record(layer, pack="birds")
    done = desk.daemon.requests_done
    dialog = desk.open_dialog("Edit Object")
    time.sleep(2)  # in which it could ask for an object
    desk.screen.screenshot("pack-gone")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+l", "Down")
    wait_for_colour(desk, image, (200, 200), stand_in_colour("dog", 3, 0))
    assert desk.wait_for_requests(done + 2) == done + 2  # nothing was asked for before the choice
    insert(desk, dialog, "alt+a", title="Edit Object")
    record = desk.gimp.describe_layer(layer)["record"]
    assert (record["pack"], record["class_name"]) == ("", "dog")


def test_an_edit_keeps_filter_and_mask_and_one_undo_takes_all_of_it_back(desk: Desk) -> None:
    image = desk.open_photo(None)
    made = desk.gimp.insert(
        image, object_class="cat", seed=12, shadow=True, box_x=100, box_y=100, box_width=200, box_height=200
    )
    layer, shadow = made["layer"], made["shadow"]
    desk.gimp.add_filter(layer, "gegl:invert-gamma")
    desk.gimp.add_mask(layer)
    desk.gimp.paint_mask(layer, 0, 0, 150, 100, 255)
    desk.gimp.transform(layer, "move", 300, 200)
    before = everything(desk, image, layer, shadow)
    dialog = desk.open_dialog("Edit Object")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+k", "alt+s", "ctrl+a")  # a new shape
    desk.screen.type("13")
    desk.screen.keys("Tab")
    inverted = tuple(255 - value for value in stand_in_colour("cat", 13, 0))
    wait_for_colour(desk, image, (380, 280), inverted)  # the preview has the filter too
    assert [desk.gimp.describe_layer(hidden)["visible"] for hidden in (layer, shadow)] == [False, False]
    time.sleep(1.5)  # the other thumbnails: the screenshot is for people
    desk.screen.screenshot("edit-with-filter")
    insert(desk, dialog, "alt+a", title="Edit Object")
    desk.wait_for_layers(image, "cat · seed 13", "cat · seed 13 · shadow", PHOTO)
    after = everything(desk, image, layer, shadow)
    assert after["layer"]["filters"] == before["layer"]["filters"] == ["gegl:invert-gamma"]
    assert after["pixels"] != before["pixels"]
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.wait_for_layers(image, "cat · seed 12", "cat · seed 12 · shadow", PHOTO)
    wait_for_all(desk, image, layer, shadow, before)
    desk.screen.keys("ctrl+y")
    desk.wait_for_layers(image, "cat · seed 13", "cat · seed 13 · shadow", PHOTO)
    wait_for_all(desk, image, layer, shadow, after)
    about = after["layer"]
    assert rgba(after["pixels"], about["width"], about["height"])[0, 0, :3].tolist() == list(
        stand_in_colour("cat", 13, 0)
    )


def wait_for_all(desk: Desk, image: int, layer: int, shadow: int, expected: dict[str, object]) -> None:
    """Waits until all is as it was: names come back first."""
    desk.screen.wait_until(
        lambda: everything(desk, image, layer, shadow) == expected, "the object with all that is its own"
    )


def everything(desk: Desk, image: int, layer: int, shadow: int) -> dict[str, object]:
    """All there is to an object and its shadow, bit for bit."""
    return {
        "image": {**desk.gimp.describe_image(image), "dirty": None, "parasites": None, "active": None},
        "layer": desk.gimp.describe_layer(layer),
        "shadow": desk.gimp.describe_layer(shadow),
        "pixels": desk.gimp.pixels(layer),
        "mask": desk.gimp.mask_values(layer),
        "shadow pixels": desk.gimp.pixels(shadow),
        "seen": desk.gimp.visible_pixels(image),
    }
