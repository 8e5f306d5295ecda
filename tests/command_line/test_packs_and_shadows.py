"""``insert-object`` with packs, contact shadows and references, as a user meets them in the shell."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from daemon.pictures.photo import read_photo
from models.files.part_files import MASKS
from models.masks.weights import load_mask_weights
from tests.command_line.conftest import Command
from tests.command_line.test_bad_input import refused
from tests.packs.conftest import packs, rewrite, sound_pack
from tests.stand_in_engine import SHADOW, cast_area, shadow_area, stand_in_colour
from wire.protocol import Rect

__all__ = ["packs", "sound_pack"]  # fixtures

BOX = "40,30,48,40"
AREA = Rect(40, 30, 48, 40)


# --- Packs ------------------------------------------------------------------------------------------


def test_an_object_of_a_pack_is_inserted(command: Command, photo: Path, tmp_path: Path) -> None:
    arguments = ["--box", BOX, "--class", "Lamp", "--pack", "lamps", "--style", "Brass", "--seed", 0]
    ended = command("insert", photo, *arguments, "-o", tmp_path / "out.png")
    assert (ended.code, ended.err) == (0, "")
    after = np.asarray(Image.open(tmp_path / "out.png"))
    assert (after[45, 60] == stand_in_colour("lamp", 0, 0, "brass")).all()


def test_each_box_may_have_its_own_pack(command: Command, photo: Path, tmp_path: Path) -> None:
    boxes = ["--box", BOX, "--class", "dog", "--box", "100,30,48,40", "--class", "lamp"]
    ended = command(
        "insert", photo, *boxes, "--pack", "", "--pack", "lamps", "-o", tmp_path / "o.png", "--json"
    )
    assert [layer["class"] for layer in json.loads(ended.out)["layers"]] == ["dog", "lamp"]


def test_an_unknown_pack_and_a_class_of_another_one(command: Command, photo: Path, tmp_path: Path) -> None:
    rest = ["--box", BOX, "-o", tmp_path / "out.png"]
    refused(command("insert", photo, "--class", "lamp", "--pack", "lmaps", *rest), "Did you mean “lamps”?")
    refused(command("insert", photo, "--class", "dog", "--pack", "lamps", *rest), "Known: lamp.")
    refused(command("classes", "--pack", "lmaps"), "Did you mean “lamps”?")


def test_a_class_that_one_pack_alone_has_is_found_there(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    named = command("insert", photo, "--class", "lamp", "--pack", "lamps", "--box", BOX, "-o", out)
    with_pack = out.read_bytes()
    found = command("insert", photo, "--class", "Lamp", "--box", BOX, "-o", out)
    assert named.code == found.code == 0
    assert out.read_bytes() == with_pack


def test_the_classes_of_one_pack_are_listed_with_their_styles(command: Command) -> None:
    assert command("classes", "--pack", "lamps").out == "lamp  Lamp  styles: brass, paper\n"
    assert json.loads(command("classes", "--pack", "lamps", "--json").out) == [
        {"name": "lamp", "label": "Lamp", "styles": ["brass", "paper"], "pack": "lamps"}
    ]


@pytest.fixture
def pack_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's packs are."""
    monkeypatch.setenv("INSERT_OBJECT_PACKS", str(tmp_path / "mine"))
    return tmp_path / "mine"


def test_a_pack_is_checked_added_listed_and_removed(
    command: Command, sound_pack: Path, pack_folder: Path
) -> None:
    told = command("packs", "check", sound_pack)
    assert told.code == 0 and told.out.endswith("can be used: untrained, with disc, star.\n")
    told = command("packs", "add", sound_pack, "--name", "mine")
    assert (told.code, told.err) == (0, "")
    assert told.out == "Added the model pack “mine”: untrained, with disc, star.\n"
    assert "mine       untrained: disc, star\n" in command("packs").out
    shipped, mine = json.loads(command("packs", "--json").out)
    assert shipped["name"] == "" and shipped["state"] == "usable"
    assert (mine["name"], mine["state"], mine["folder"]) == ("mine", "usable", str(pack_folder / "mine"))
    assert mine["classes"][0] == {"name": "disc", "label": "Disc", "styles": ["bold"]}
    assert command("packs", "remove", "mine").out == "Removed the model pack “mine”.\n"
    assert len(json.loads(command("packs", "--json").out)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_folder_of_packs_that_others_use_stays_open_to_them(
    command: Command, sound_pack: Path, pack_folder: Path
) -> None:
    pack_folder.mkdir()
    pack_folder.chmod(0o755)
    assert command("packs", "add", sound_pack, "--name", "mine").code == 0
    assert pack_folder.stat().st_mode & 0o777 == (pack_folder / "mine").stat().st_mode & 0o777 == 0o755


def test_a_refused_pack_is_listed_with_its_reason_and_the_doctor_names_it(
    command: Command, sound_pack: Path, pack_folder: Path
) -> None:
    folder = shutil.copytree(sound_pack, pack_folder / "broken")
    rewrite(folder, lambda content: content.update(format=7))
    reason = "manifest.json has format 7, this program reads 1."
    assert f"cannot be used: {reason}" in command("packs").out
    assert json.loads(command("packs", "--json").out)[1]["reason"] == reason
    ended = command("doctor", "--json")
    found = json.loads(ended.out)
    assert ended.code == 2 and any(reason in problem for problem in found["problems"])
    assert found["packs"]["refused"] == {"broken": reason}


def test_outlines_are_shown_with_their_numbers_and_left_out(
    command: Command, sound_pack: Path, tmp_path: Path
) -> None:
    pack = Path(shutil.copytree(sound_pack, tmp_path / "mine"))
    before = load_mask_weights(pack / MASKS)[1]
    told = command("packs", "outlines", pack)
    assert f"{len(before)} outlines" in told.out
    with Image.open(tmp_path / "mine-outlines.png") as sheet:
        assert len(sheet.convert("L").resize((64, 64)).getcolors() or ()) > 10, "nothing is painted"
    told = command("packs", "outlines", pack, "--without", "1,3,3", "-o", tmp_path / "left.png")
    assert told.code == 0 and f"{len(before) - 2} outlines" in told.out
    assert (tmp_path / "left.png").is_file()
    left = load_mask_weights(pack / MASKS)[1]
    kept = [place for place in range(len(before)) if place not in (0, 2)]
    assert torch.equal(left.bits, before.bits[kept]) and torch.equal(left.parts, before.parts[kept])
    assert "2 were left out by hand" in (pack / "MODEL_CARD.md").read_text("utf-8")
    assert command("packs", "check", pack).code == 0
    refused(command("packs", "outlines", pack, "--without", "1,999"), "There is no outline 999")
    everything = ",".join(str(number + 1) for number in range(len(left)))
    refused(command("packs", "outlines", pack, "--without", everything), "Not all outlines of a class can go")
    refused(command("packs", "outlines", pack, "--only", "1"), "Not all outlines of a class can go")
    assert len(load_mask_weights(pack / MASKS)[1]) == len(left), "a refused change changed something"
    firsts = [int((left.class_index == index).nonzero()[0]) for index in left.class_index.unique()]
    numbers = ",".join(str(place + 1) for place in firsts)
    told = command("packs", "outlines", pack, "--only", numbers)
    assert f"Left out: {len(left) - len(firsts)}." in told.out
    assert torch.equal(load_mask_weights(pack / MASKS)[1].bits, left.bits[firsts])
    assert command("packs", "outlines", pack, "--only", "1", "--without", "2").code == 2


def test_the_sheet_of_the_pack_in_the_current_folder_is_a_png_whatever_it_is_called(
    command: Command, sound_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shutil.copytree(sound_pack, tmp_path / "mine"))
    assert command("packs", "outlines", ".", "-o", tmp_path / "sheet").code == 0
    with Image.open(tmp_path / "sheet") as sheet:
        assert sheet.format == "PNG"
    refused(command("packs", "outlines", ".", "-o", tmp_path / "nowhere" / "sheet.png"), "cannot be written")


def test_packs_that_cannot_be_used_are_one_line_and_exit_code_2(
    command: Command, sound_pack: Path, pack_folder: Path, tmp_path: Path
) -> None:
    broken = shutil.copytree(sound_pack, tmp_path / "broken")
    (broken / "encoder.safetensors").unlink()
    refused(command("packs", "check", broken), "encoder.safetensors is missing")
    refused(command("packs", "add", broken), "encoder.safetensors is missing")
    refused(command("packs", "add", tmp_path / "nothing"), "There is no")
    refused(command("packs", "add", sound_pack, "--name", "../x"), "not a name for a model pack")
    refused(command("packs", "remove", "nothing"), "There is no model pack")
    assert not list(pack_folder.glob("*"))


# --- Shadows ----------------------------------------------------------------------------------------


def test_a_shadow_lies_under_its_object_in_the_picture(
    command: Command, photo: Path, picture: np.ndarray, tmp_path: Path
) -> None:
    rest = ["--box", BOX, "--class", "dog", "--seed", 3, "--json"]
    told = json.loads(command("insert", photo, *rest, "-o", tmp_path / "out.png").out)
    area = shadow_area(AREA)
    assert told["layers"][0]["shadow"] == {"offset": [area.x, area.y], "size": [area.width, area.height]}
    after = np.asarray(Image.open(tmp_path / "out.png")).astype(float)
    assert (after[45, 60] == stand_in_colour("dog", 3, 0)).all()
    part = slice(area.y, area.bottom), slice(area.x, area.right)
    opacity = SHADOW[3] / 255
    assert np.abs(after[part] - (picture[part] * (1 - opacity) + np.array(SHADOW[:3]) * opacity)).max() <= 1
    untouched = np.ones(picture.shape[:2], bool)
    untouched[30:70, 40:88] = False
    assert np.array_equal(after[untouched], picture[untouched])


@pytest.mark.parametrize("name", ["insert", "light"])
def test_the_help_says_that_shadows_change_pixels_outside_the_object(command: Command, name: str) -> None:
    help_text = " ".join(command(name, "--help").out.split())
    assert "No pixel outside the objects and their shadows changes" in help_text


def test_a_contact_shadow_comes_unless_it_is_not_wanted(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    for words, is_there in (((), True), (("--shadow",), True), (("--no-shadow",), False)):
        rest = ["--box", BOX, "--class", "dog", "-o", tmp_path / "out.png", "--json", *words]
        (layer,) = json.loads(command("insert", photo, *rest).out)["layers"]
        assert ("shadow" in layer) is is_there and "cast_shadow" not in layer


def test_a_cast_shadow_lies_below_the_contact_shadow(command: Command, photo: Path, tmp_path: Path) -> None:
    rest = ["--box", BOX, "--class", "dog", "--cast-shadow", "--cast-direction", 120, "--json"]
    told = command("insert", photo, *rest, "--seed", 4, "-o", tmp_path / "out.ora")
    (layer,) = json.loads(told.out)["layers"]
    area = cast_area(AREA)
    assert layer["cast_shadow"] == {"offset": [area.x, area.y], "size": [area.width, area.height]}
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        layers = ElementTree.fromstring(archive.read("stack.xml")).iter("layer")
        names = [layer.get("name") for layer in layers]
    assert names == ["dog · seed 4", "dog · seed 4 · shadow", "dog · seed 4 · cast shadow", "photo"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--cast-direction", 90), "--cast-direction is given without --cast-shadow"),
        (("--cast-shadow", "--cast-direction", 360), "not a whole number from 0 to 359"),
        (("--cast-shadow", "--cast-length", 5), "not a whole number from 10 to 200"),
        (("--cast-shadow", "--cast-strength", 101), "not a whole number from 0 to 100"),
        (("--cast-shadow", "--cast-softness", 1, "--cast-softness", 2), "given 2 times for 1 box"),
    ],
)
def test_what_cannot_be_said_of_a_cast_shadow(
    command: Command, photo: Path, tmp_path: Path, words: tuple[Any, ...], told: str
) -> None:
    rest = ["--box", BOX, "--class", "dog", "-o", tmp_path / "out.png"]
    ended = command("insert", photo, *rest, *words)
    assert ended.code == 2 and told in ended.err


def test_in_an_openraster_file_each_shadow_is_a_layer_below_its_object(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    boxes = ["--box", BOX, "--class", "dog", "--box", "100,30,48,40", "--class", "car", "--seed", 42]
    ended = command("insert", photo, *boxes, "-o", tmp_path / "out.ora")
    assert ended.out == f"{tmp_path / 'out.ora'}: dog · seed 42, car · seed 43\n"
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        layers = ElementTree.fromstring(archive.read("stack.xml")).iter("layer")
        names = [layer.get("name") for layer in layers]
    assert names == [
        "car · seed 43",
        "car · seed 43 · shadow",
        "dog · seed 42",
        "dog · seed 42 · shadow",
        "photo",
    ]


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_every_kind_of_photo_takes_a_shadow(
    command: Command, picture: np.ndarray, tmp_path: Path, mode: str
) -> None:
    Image.fromarray(picture).convert(mode).save(tmp_path / "kind.png")
    rest = ["--box", BOX, "--class", "dog", "--depth", 16, "--shadow"]
    for ending in ("png", "tif", "ora"):
        ended = command("insert", tmp_path / "kind.png", *rest, "-o", tmp_path / f"out.{ending}")
        assert (ended.code, ended.err) == (0, "")
    after = read_photo(tmp_path / "out.png")
    area = shadow_area(AREA)
    row, column = area.y + area.height // 2, area.x + area.width // 2
    before = np.asarray(Image.open(tmp_path / "kind.png").convert("RGB"))[row, column]
    assert after.depth == 16
    assert (after.pixels[row, column, :3] < before.astype(int) * 257).all()


def test_the_object_layer_is_the_same_with_and_without_a_shadow(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    for name, more in (("with", ["--cast-shadow"]), ("without", ["--no-shadow"])):
        layer = tmp_path / f"{name}.png"
        rest = ["--box", BOX, "--class", "dog", "--layer", layer, "-o", tmp_path / "out.png"]
        assert command("insert", photo, *rest, *more).code == 0
    assert (tmp_path / "with.png").read_bytes() == (tmp_path / "without.png").read_bytes()


# --- References -------------------------------------------------------------------------------------


@pytest.fixture
def cut_out(tmp_path: Path) -> Path:
    """A picture of a block with nothing around it."""
    picture = np.zeros((60, 90, 4), np.uint8)
    picture[20:50, 20:70] = (200, 40, 40, 255)
    Image.fromarray(picture).save(tmp_path / "block.png")
    return tmp_path / "block.png"


@pytest.mark.parametrize(
    "more", [[], ["--reference-box", "20,20,30,30"], ["--shape", "reference"], ["--shape", "drawn"]]
)
def test_a_reference_is_taken_whole_in_part_and_with_its_shape(
    command: Command, photo: Path, cut_out: Path, tmp_path: Path, more: list[str]
) -> None:
    rest = ["--box", BOX, "--class", "dog", "-o", tmp_path / "out.png"]
    ended = command("insert", photo, *rest, "--reference", cut_out, *more)
    assert (ended.code, ended.err) == (0, "")


def test_references_that_do_not_do_are_known_before_the_work(
    command: Command, photo: Path, cut_out: Path, tmp_path: Path
) -> None:
    rest = ["--box", BOX, "--class", "dog", "-o", tmp_path / "out.png"]
    plain = ["--reference", photo, "--shape", "reference"]
    refused(command("insert", photo, *rest, *plain), "no transparency")
    boxed = ["--reference", cut_out, "--reference-box"]
    refused(command("insert", photo, *rest, *boxed, "500,5,20,20"), "outside the picture")
    refused(command("insert", photo, *rest, *boxed, "-90,-90,20,20"), "outside the picture")
    refused(command("insert", photo, *rest, *boxed, "75,0,15,15"), "shows nothing inside its box")
    refused(command("insert", photo, *rest, "--reference-box", "1,1,20,20"), "Name one with --look")
    refused(command("insert", photo, *rest, "--shape", "reference"), "Name one with --look")
    refused(command("insert", photo, *rest, "--shape", "round"), "no picture of the shape")
    mask = ["--mask", photo, "--reference", cut_out, "--shape", "reference"]
    refused(command("insert", photo, *rest, *mask), "Leave one of them out")
    assert not (tmp_path / "out.png").exists()
