"""Model packs: classes of one's own beside the shipped ones, and what happens when they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gimp.harness import Gimp, rgba
from tests.stand_in_engine import PACKS, stand_in_colour

BOX = (100, 60, 160, 120)
PACK = PACKS[0]


@pytest.fixture
def image(gimp: Gimp) -> Iterator[int]:
    made = gimp.make_image(400, 300)
    gimp.select_rectangle(made["image"], *BOX)
    yield int(made["image"])
    gimp.delete(made["image"])


def insert(gimp: Gimp, image: int, **arguments: Any) -> dict[str, Any]:
    answer: dict[str, Any] = gimp.insert(image, **{"seed": 1, **arguments})
    assert answer["status"] == "success", answer["error"]
    about: dict[str, Any] = gimp.describe_layer(answer["layer"])
    return {**answer, **about}


def test_a_class_of_a_pack_is_inserted_and_its_pack_remembered(gimp: Gimp, image: int) -> None:
    made = insert(gimp, image, pack=PACK.name, object_class="lamp", style="brass")
    assert made["name"] == "lamp · seed 1"
    assert (made["record"]["pack"], made["record"]["class_name"]) == (PACK.name, "lamp")
    colour = rgba(gimp.pixels(made["layer"]), made["width"], made["height"])[0, 0, :3]
    assert tuple(colour) == stand_in_colour("lamp", 1, 0, "brass")


def test_without_a_class_the_packs_first_one_is_inserted(gimp: Gimp, image: int) -> None:
    assert insert(gimp, image, pack=PACK.name)["record"]["class_name"] == PACK.classes[0].name


def test_an_edited_object_stays_with_its_pack_unless_a_class_is_named(gimp: Gimp, image: int) -> None:
    insert(gimp, image, pack=PACK.name, object_class="lamp")
    gimp.select_none(image)
    record = insert(gimp, image, seed=2)["record"]
    assert (record["pack"], record["class_name"], record["seed"]) == (PACK.name, "lamp", 2)


def test_a_pack_that_is_gone_is_told_in_one_sentence(gimp: Gimp, image: int) -> None:
    before = gimp.describe_image(image)
    answer = gimp.insert(image, pack="birds", object_class="robin")
    assert answer["status"] == "execution-error"
    assert answer["error"].startswith("The model pack “birds” is not there any more. ")
    assert gimp.describe_image(image) == before


def test_an_object_whose_pack_is_gone_stays_as_it_was(gimp: Gimp, image: int) -> None:
    layer = insert(gimp, image, pack=PACK.name, object_class="lamp")["layer"]
    gimp.change_record(layer, pack="birds")
    gimp.select_none(image)
    before = gimp.describe_layer(layer)
    answer = gimp.insert(image, seed=2)
    assert "“birds” is not there any more" in answer["error"]
    assert gimp.describe_layer(layer) == before


def test_a_record_that_lacks_later_entries_is_understood(gimp: Gimp, image: int) -> None:
    layer = insert(gimp, image, object_class="cat")["layer"]
    gimp.change_record(layer, pack=None, shadow=None, mirrored=None)
    gimp.select_none(image)
    edited = insert(gimp, image, seed=2, shadow=True)
    assert edited["layer"] == layer
    assert gimp.describe_image(image)["names"] == ["cat · seed 2", "cat · seed 2 · shadow", "photo"]
