"""``insert-object insert`` does what its help says."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageChops

from daemon.client import Client, ObjectLayer
from daemon.pictures.photo import Photo, read_photo
from daemon.pictures.photo_output import write_photo
from tests.command_line.conftest import Command
from tests.stand_in_engine import stand_in_colour
from wire.herd import Region, herd_in
from wire.protocol import Rect

BOX = "40,30,48,40"  # the stand-in fills it but for an eighth on each side: 46,35 to 82,65
INSIDE = (slice(35, 60), slice(46, 82))


def outside() -> np.ndarray:
    area = np.ones((120, 160), bool)
    area[30:70, 40:88] = False
    return area


def test_the_object_is_in_the_picture_and_all_else_is_bit_identical(
    command: Command, photo: Path, picture: np.ndarray, tmp_path: Path
) -> None:
    ended = command("insert", photo, "--box", BOX, "--class", "dog", "--seed", 3, "-o", tmp_path / "out.png")
    assert (ended.code, ended.err) == (0, "")
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert (after[INSIDE] == stand_in_colour("dog", 3, 0)).all()
    assert np.array_equal(after[outside()], picture[outside()])
    assert np.array_equal(np.asarray(Image.open(photo)), picture)


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "webp", "tif", "tiff", "PNG"])
def test_the_ending_chooses_the_format(
    command: Command, photo: Path, picture: np.ndarray, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"out.{ending}"
    assert command("insert", photo, "--box", BOX, "--class", "dog", "--seed", 0, "-o", out).code == 0
    after = read_photo(out).pixels.astype(int)
    tolerance = 12 if ending.startswith("jp") else 0
    assert np.abs(after[outside()] - picture[outside()]).mean() <= tolerance / 4
    assert np.abs(after[INSIDE][5:-5, 5:-5] - stand_in_colour("dog", 0, 0)).max() <= tolerance


def test_objects_are_inserted_in_the_order_given_with_counted_seeds(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    arguments = ["--box", BOX, "--class", "dog", "--box", "50,35,40,40", "--class", "cat", "--seed", 7]
    ended = command("insert", photo, *arguments, "-o", tmp_path / "out.png", "--json")
    told = json.loads(ended.out)
    assert [(layer["class"], layer["seed"]) for layer in told["layers"]] == [("dog", 7), ("cat", 8)]
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert (after[45, 60] == stand_in_colour("cat", 8, 0)).all()  # the cat covers the dog
    assert (after[45, 48] == stand_in_colour("dog", 7, 0)).all()


def test_a_herd_is_drawn_from_far_to_near_and_the_same_seed_makes_it_again(
    command: Command, photo: Path, picture: np.ndarray, tmp_path: Path
) -> None:
    box = ("--box", "10,40,140,75", "--class", "dog", "--herd", 4, "--seed", 7, "--json")
    told = [
        json.loads(command("insert", photo, *box, "-o", tmp_path / name, *more).out)
        for name, more in (("one.ora", ()), ("two.png", ("--layer", tmp_path / "each.png")))
    ]
    members = herd_in(Region(Rect(10, 40, 140, 75)), "dog", 4, 7, 120)
    assert [layer["seed"] for layer in told[0]["layers"]] == [member.seed for member in members]
    assert [layer["offset"] for layer in told[0]["layers"]] == [
        [member.box.x + member.box.width // 8, member.box.y + member.box.height // 8] for member in members
    ]
    assert len({Path(layer["file"]).name for layer in told[1]["layers"]}) == 4
    with zipfile.ZipFile(tmp_path / "one.ora") as archive, archive.open("mergedimage.png") as merged:
        after = np.asarray(Image.open(merged).convert("RGB"))
    assert np.array_equal(after, np.asarray(Image.open(tmp_path / "two.png")))
    outside = np.ones((120, 160), bool)
    outside[40:115, 10:150] = False
    assert np.array_equal(after[outside], picture[outside])


def test_each_variation_of_a_herd_is_another_herd(command: Command, photo: Path, tmp_path: Path) -> None:
    wanted = ("--box", "10,40,140,75", "--class", "dog", "--herd", 3, "--seed", 5, "--variations", 2, "-o")
    told = json.loads(command("insert", photo, *wanted, tmp_path / "herd.png", "--json").out)
    made = [(layer["variation"], layer["seed"]) for layer in told["layers"]]
    assert made == [
        (variation, member.seed)
        for variation in (1, 2)
        for member in herd_in(Region(Rect(10, 40, 140, 75)), "dog", 3, 4 + variation, 120)
    ]


def test_one_class_goes_into_several_boxes(command: Command, photo: Path, tmp_path: Path) -> None:
    boxes = ["--box", BOX, "--box", "100,30,48,40", "--class", "car", "--seed", 0]
    assert command("insert", photo, *boxes, "-o", tmp_path / "out.png").code == 0
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert (after[45, 60] == stand_in_colour("car", 0, 0)).all()
    assert (after[45, 120] == stand_in_colour("car", 1, 0)).all()


def test_each_object_may_have_its_own_seed_and_style(command: Command, photo: Path, tmp_path: Path) -> None:
    boxes = ["--box", BOX, "--class", "dog", "--box", "100,30,48,40", "--class", "car"]
    looks = ["--seed", 9, "--seed", 4, "--style", "black", "--style", "RED"]
    assert command("insert", photo, *boxes, *looks, "-o", tmp_path / "out.png").code == 0
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert (after[45, 60] == stand_in_colour("dog", 9, 0, "black")).all()
    assert (after[45, 120] == stand_in_colour("car", 4, 0, "red")).all()


def test_variations_are_numbered_files(command: Command, photo: Path, tmp_path: Path) -> None:
    out, layer = tmp_path / "out.png", tmp_path / "layer.png"
    arguments = ["--box", BOX, "--class", "dog", "--variations", 3, "--seed", 5, "--layer", layer]
    ended = command("insert", photo, *arguments, "-o", out, "--json")
    told = json.loads(ended.out)
    assert told["outputs"] == [str(tmp_path / f"out-{number}.png") for number in (1, 2, 3)]
    assert [entry["seed"] for entry in told["layers"]] == [5, 6, 7]
    assert [entry["variation"] for entry in told["layers"]] == [1, 2, 3]
    for number in (1, 2, 3):
        colour = stand_in_colour("dog", 5, number - 1)
        assert (np.asarray(Image.open(tmp_path / f"out-{number}.png"))[45, 60] == colour).all()
        assert (np.asarray(Image.open(tmp_path / f"layer-{number}.png"))[5, 5, :3] == colour).all()
    assert not out.exists()


def test_a_variation_of_which_nothing_shows_is_left_out_with_a_note(
    command: Command, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Client.fulfil

    def but_the_first(*arguments: Any, **choices: Any) -> list[ObjectLayer]:
        return made(*arguments, **choices)[1:]

    monkeypatch.setattr(Client, "fulfil", but_the_first)
    out, layer = tmp_path / "out.png", tmp_path / "layer.png"
    arguments = ["--box", BOX, "--class", "dog", "--variations", 3, "--seed", 5, "--layer", layer, "-o", out]
    ended = command("insert", photo, *arguments, "--json")
    told = json.loads(ended.out)
    assert [entry["seed"] for entry in told["layers"]] == [6, 7]
    assert [Path(path).name for path in told["outputs"]] == ["out-1.png", "out-2.png"]
    assert told["notes"] == ["Nothing shows of 1 of the 3 variations; left out."]
    assert sorted(path.name for path in tmp_path.glob("*-?.png")) == [
        "layer-1.png",
        "layer-2.png",
        "out-1.png",
        "out-2.png",
    ]
    assert "out-2.png: dog" in command("insert", photo, *arguments).out


def test_each_variation_of_several_objects_goes_on_with_its_own_picture(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    boxes = ["--box", BOX, "--class", "dog", "--box", "100,30,48,40", "--class", "car", "--seed", 0]
    layer = tmp_path / "l.png"
    ended = command(
        "insert", photo, *boxes, "--variations", 2, "-o", tmp_path / "o.png", "--layer", layer, "--json"
    )
    layers = json.loads(ended.out)["layers"]
    assert [(entry["class"], entry["seed"], entry["variation"]) for entry in layers] == [
        ("dog", 0, 1),
        ("car", 1, 1),
        ("dog", 1, 2),
        ("car", 2, 2),
    ]
    assert [Path(entry["file"]).name for entry in layers] == [
        "l-1-1.png",
        "l-1-2.png",
        "l-2-1.png",
        "l-2-2.png",
    ]
    second = np.asarray(Image.open(tmp_path / "o-2.png"))
    assert (second[45, 60] == stand_in_colour("dog", 0, 1)).all()
    assert (second[45, 120] == stand_in_colour("car", 2, 0)).all()


def test_openraster_holds_photo_objects_and_hidden_variations(
    command: Command, photo: Path, picture: np.ndarray, tmp_path: Path
) -> None:
    out = tmp_path / "out.ora"
    command("insert", photo, "--box", BOX, "--class", "dog", "--variations", 2, "--seed", 42, "-o", out)
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist()[0] == "mimetype"
        (stack,) = ElementTree.fromstring(archive.read("stack.xml"))
        told = [(e.get("name"), e.get("x"), e.get("y"), e.get("visibility")) for e in stack]
        with archive.open("mergedimage.png") as merged:
            after = np.asarray(Image.open(merged))
    assert told == [
        ("dog · seed 42", "46", "35", "visible"),
        ("dog · seed 42 · shadow", "46", "65", "visible"),
        ("dog · seed 43", "46", "35", "hidden"),
        ("dog · seed 43 · shadow", "46", "65", "hidden"),
        ("photo", "0", "0", "visible"),
    ]
    assert (after[45, 60] == stand_in_colour("dog", 42, 0)).all()
    assert np.array_equal(after[outside()], picture[outside()])


def test_the_layer_alone_has_alpha_and_its_place(command: Command, photo: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer.png"
    ended = command(
        "insert", photo, "--box", BOX, "--class", "dog", "-o", tmp_path / "o.png", "--layer", layer, "--json"
    )
    (told,) = json.loads(ended.out)["layers"]
    assert told["offset"] == [46, 35] and told["size"] == [36, 30] and told["file"] == str(layer)
    with Image.open(layer) as image:
        assert image.mode == "RGBA" and image.size == (36, 30)
    assert b"oFFs" + (46).to_bytes(4, "big") + (35).to_bytes(4, "big") in layer.read_bytes()


def test_json_is_one_object_with_all_that_was_made(command: Command, photo: Path, tmp_path: Path) -> None:
    ended = command("insert", photo, "--box", BOX, "--class", "dog", "-o", tmp_path / "o.png", "--json")
    assert ended.out.count("\n") == 1
    told = json.loads(ended.out)
    assert set(told) == {"outputs", "sha256", "size", "depth", "layers", "notes", "seconds"}
    assert told["size"] == [160, 120] and told["depth"] == 8 and told["seconds"] > 0


def test_sixteen_bit_photos_stay_so_unless_told_otherwise(
    command: Command, picture: np.ndarray, tmp_path: Path
) -> None:
    deep = picture.astype(np.uint16) * 256 + 77
    write_photo(tmp_path / "deep.tif", Photo(deep))
    for depth, dtype in ((None, np.uint16), (8, np.uint8), (16, np.uint16)):
        more = [] if depth is None else ["--depth", depth]
        out = tmp_path / f"out-{depth}.tif"
        assert (
            command("insert", tmp_path / "deep.tif", "--box", BOX, "--class", "dog", *more, "-o", out).code
            == 0
        )
        after = read_photo(out).pixels
        assert after.dtype == dtype
        if dtype == np.uint16:
            assert np.array_equal(after[outside()], deep[outside()])


def test_grey_photos_stay_grey(command: Command, tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture[..., 1]).save(tmp_path / "grey.png")
    assert (
        command(
            "insert", tmp_path / "grey.png", "--box", BOX, "--class", "dog", "-o", tmp_path / "out.png"
        ).code
        == 0
    )
    with Image.open(tmp_path / "out.png") as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image)[outside()], picture[..., 1][outside()])


@pytest.mark.parametrize("box", ["-20,-20,60,60", "130,90,60,60", "-50,-50,400,400"])
def test_a_box_over_the_border_works(command: Command, photo: Path, tmp_path: Path, box: str) -> None:
    assert command("insert", photo, "--box", box, "--class", "dog", "-o", tmp_path / "out.png").code == 0


@pytest.mark.parametrize("size", [(160, 120), (48, 40)], ids=["photo's size", "box's size"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "1"])
def test_masks_of_the_photos_or_the_boxs_size_are_taken(
    command: Command, photo: Path, tmp_path: Path, size: tuple[int, int], mode: str
) -> None:
    Image.new(mode, size, 1 if mode == "1" else "white").save(tmp_path / "mask.png")
    arguments = ["--box", BOX, "--class", "dog", "--mask", tmp_path / "mask.png"]
    assert command("insert", photo, *arguments, "-o", tmp_path / "out.png").code == 0


def test_a_mask_that_reaches_beyond_its_box_is_cut_off_there_and_it_is_told(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    with Image.open(photo) as picture:
        Image.new("L", picture.size, "white").save(tmp_path / "mask.png")
    arguments = ["--box", BOX, "--class", "dog", "--mask", tmp_path / "mask.png", "--json"]
    done = command("insert", photo, *arguments, "-o", tmp_path / "out.png")
    account = json.loads(done.out)
    assert any("reaches beyond the box" in note for note in account["notes"])
    (layer,) = account["layers"]
    x, y, width, height = (int(number) for number in BOX.split(","))
    assert layer["offset"][0] >= x and layer["offset"][0] + layer["size"][0] <= x + width
    assert layer["offset"][1] >= y and layer["offset"][1] + layer["size"][1] <= y + height
    with Image.open(photo) as before, Image.open(tmp_path / "out.png") as after:
        changed = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox()
    assert changed is not None
    assert x <= changed[0] and y <= changed[1] and changed[2] <= x + width and changed[3] <= y + height


def test_a_reference_picture_is_taken(command: Command, photo: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (50, 30), (120, 60, 20, 200)).save(tmp_path / "look.png")
    arguments = ["--box", BOX, "--class", "dog", "--reference", tmp_path / "look.png"]
    assert command("insert", photo, *arguments, "-o", tmp_path / "out.png").code == 0


def test_look_and_shape_come_from_pictures_of_their_own(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    look, shape = tmp_path / "look.png", tmp_path / "shape.png"
    Image.new("RGB", (50, 30), (120, 60, 20)).save(look)
    Image.new("RGBA", (50, 30), (10, 200, 90, 0)).save(shape)
    with Image.open(shape) as picture:
        picture.paste((10, 200, 90, 255), (5, 5, 45, 30))
        picture.save(shape)

    def colour(*arguments: object) -> tuple[int, ...]:
        out = tmp_path / "out.png"
        ended = command("insert", photo, "--box", BOX, "--class", "dog", "--seed", 0, "-o", out, *arguments)
        assert ended.code == 0, ended.err
        with Image.open(out) as picture:
            return picture.convert("RGB").getpixel((60, 50))  # type: ignore[return-value]

    # The stand-in paints in the colour of the look that it is sent, else of the picture of the parts.
    assert colour("--look", look, "--shape", shape) == (120, 60, 20)
    assert colour("--shape", shape) == (10, 200, 90)
    assert colour("--shape", shape, "--no-own-parts") == stand_in_colour("dog", 0, 0)
    assert colour("--look", shape, "--look-box", "5,5,40,25", "--shape", "reference") == (10, 200, 90)


def test_a_row_knows_look_and_reference_as_one(command: Command, photo: Path, tmp_path: Path) -> None:
    Image.new("RGB", (50, 30), (120, 60, 20)).save(tmp_path / "look.png")
    row = {"photo": str(photo), "box": [40, 30, 48, 40], "class": "dog"}
    rows = [
        {**row, name: str(tmp_path / "look.png"), "out": str(tmp_path / f"by-{name}.png")}
        for name in ("look", "reference")
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert command("insert", "--batch", tmp_path / "rows.jsonl").code == 0
    assert (tmp_path / "by-look.png").read_bytes() == (tmp_path / "by-reference.png").read_bytes()


def test_class_names_are_known_by_label_and_in_any_case(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    ended = command("insert", photo, "--box", BOX, "--class", "DOG", "--seed", 0, "-o", tmp_path / "o.png")
    assert ended.out == f"{tmp_path / 'o.png'}: dog · seed 0\n"


def test_an_existing_output_is_replaced(command: Command, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"old")
    assert command("insert", photo, "--box", BOX, "--class", "dog", "-o", tmp_path / "out.png").code == 0
    assert read_photo(tmp_path / "out.png").pixels.shape == (120, 160, 3)


def test_names_beyond_ascii_are_written(command: Command, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "Größe 写真 ✿" / ("ü" * 120 + ".png")
    out.parent.mkdir()
    assert command("insert", photo, "--box", BOX, "--class", "dog", "-o", out).code == 0
    assert out.exists()


def test_notes_about_the_photo_go_to_stderr(command: Command, tmp_path: Path, picture: np.ndarray) -> None:
    frames = [Image.fromarray(picture), Image.fromarray(picture[::-1].copy())]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    ended = command(
        "insert", tmp_path / "moving.webp", "--box", BOX, "--class", "dog", "-o", tmp_path / "out.png"
    )
    assert ended.code == 0 and "animated" in ended.err and ended.err.count("\n") == 1
