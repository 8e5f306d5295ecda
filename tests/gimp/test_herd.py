"""Several objects at once: a herd over the selection, or one in each part of it."""

from __future__ import annotations

from tests.gimp.conftest import PREVIEW, Desk
from tests.gimp.harness import Gimp, rgba
from tests.stand_in_engine import chosen_seeds, stand_in_colour
from wire.herd import CANDIDATES, Member, Region, herd_in
from wire.protocol import Rect

BOX = (60, 80, 300, 200)


def herd(box: tuple[int, int, int, int], count: int, height: int) -> list[Member]:
    """Dogs of the herd that seed 7 makes in a picture of that height, each the best of a few."""
    members = herd_in(Region(Rect(*box)), "dog", count, 7, height)
    return [
        Member(one.box, *chosen_seeds(one.seed, CANDIDATES, variations=1, x=one.box.x)) for one in members
    ]


HERD = herd(BOX, 4, 300)


def describe(gimp: Gimp, image: int) -> list[dict[str, object]]:
    """Its layers from the lowest, without the background."""
    return [gimp.describe_layer(layer) for layer in gimp.describe_image(image)["layers"][-2::-1]]


def records(gimp: Gimp, image: int) -> list[Member]:
    told = [about["record"] for about in describe(gimp, image)]
    return [Member(Rect(*record["box"]), record["seed"]) for record in told]


def test_a_herd_stands_from_far_to_near_in_one_undo_step_and_each_is_edited_alone(gimp: Gimp) -> None:
    image = gimp.make_image(400, 300)["image"]
    gimp.select_rectangle(image, *BOX)
    answer = gimp.insert(image, object_class="dog", seed=7, herd=4)
    assert answer["status"] == "success", answer["error"]
    assert records(gimp, image) == HERD
    assert gimp.describe_image(image)["layers"][0] == answer["layer"]  # the nearest one
    seen = rgba(gimp.visible_pixels(image), 400, 300)
    for member in HERD:
        x, y = member.box.x + member.box.width // 2, member.box.y + member.box.height // 2
        over = [other for other in HERD if other.box.x <= x < other.box.right and other.box.y <= y]
        if over == [member]:
            assert tuple(seen[y, x, :3]) == stand_in_colour("dog", member.seed, 0)
    gimp.select_none(image)
    first = gimp.describe_image(image)["layers"][-2]
    gimp.select_layer(image, first)
    assert gimp.insert(image, object_class="cat", seed=5)["layer"] == first
    assert [record.seed for record in records(gimp, image)] == [5, *(one.seed for one in HERD[1:])]
    gimp.delete(image)


def test_a_failure_within_a_herd_leaves_nothing(gimp: Gimp) -> None:
    image = gimp.make_image(64, 64)["image"]
    gimp.select_rectangle(image, 4, 4, 30, 20)
    before = gimp.describe_image(image)
    answer = gimp.insert(image, object_class="dog", herd=24)
    assert (answer["status"], answer["error"].split(" pixels")[0]) == (
        "execution-error",
        "A herd of 24 finds no room in 30 × 20",
    )
    assert gimp.describe_image(image) == before
    gimp.delete(image)


def test_each_part_of_a_selection_gets_an_object(gimp: Gimp) -> None:
    image = gimp.make_image(400, 300)["image"]
    near, far = (40, 150, 110, 100), (220, 40, 60, 50)
    gimp.select_rectangle(image, *near)
    gimp.select_rectangle(image, *far, add=True)
    gimp.insert(image, object_class="dog", seed=7, parts="each")
    assert [member.box for member in records(gimp, image)] == [Rect(*far), Rect(*near)]
    gimp.delete(image)


def test_the_dialog_previews_a_herd_and_inserts_it_in_one_undo_step(desk: Desk) -> None:
    image = desk.open_photo((100, 250, 800, 400))
    dialog = desk.open_dialog()
    desk.wait_for_layers(image, PREVIEW, "Background")
    desk.type_seed(dialog, 7)
    done = desk.daemon.requests_done
    desk.screen.keys("alt+u", "ctrl+a")
    desk.screen.type("3")
    desk.screen.keys("Tab")
    names = [PREVIEW, f"{PREVIEW} #1", f"{PREVIEW} #2"]
    desk.wait_for_layers(image, *reversed(names), "Background")
    desk.wait_for_requests(done + 18)  # six variations of three
    desk.screen.screenshot("herd-preview")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    shown = herd((100, 250, 800, 400), 3, 750)
    assert desk.layers(image) == [*(f"dog · seed {one.seed}" for one in reversed(shown)), "Background"]
    desk.screen.screenshot("herd-inserted")
    desk.screen.focus(desk.window)
    desk.screen.keys("ctrl+z")
    desk.wait_for_layers(image, "Background")


def test_the_dialog_asks_what_several_parts_get(desk: Desk) -> None:
    image = desk.open_photo((100, 250, 200, 150))
    desk.gimp.select_rectangle(image, 500, 400, 300, 250, add=True)
    dialog = desk.open_dialog()
    desk.screen.focus(dialog)
    desk.screen.keys("alt+u", "ctrl+a")
    desk.screen.type("1")
    desk.screen.keys("Tab")
    desk.wait_for_layers(image, f"{PREVIEW} #1", PREVIEW, "Background")
    desk.screen.screenshot("each-part")
    desk.screen.focus(dialog)
    desk.screen.keys("alt+a")
    desk.wait_for_layers(image, PREVIEW, "Background")
    desk.screen.keys("alt+a")
    desk.wait_for_layers(image, f"{PREVIEW} #1", PREVIEW, "Background")
    desk.screen.keys("alt+i")
    desk.screen.wait_until_gone("Insert Object")
    boxes = [member.box for member in records(desk.gimp, image)]
    drawn = (Rect(100, 250, 200, 150), Rect(500, 400, 300, 250))
    for box, part in zip(boxes, drawn, strict=True):  # the dialog looks at 256 pixels of a selection
        edges = zip(
            (box.x, box.y, box.right, box.bottom), (part.x, part.y, part.right, part.bottom), strict=True
        )
        assert max(abs(one - other) for one, other in edges) <= 3
