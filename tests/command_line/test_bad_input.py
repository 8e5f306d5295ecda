"""Every bad input ends in one clear line on stderr and exit code 2, with nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.commands import insert as insert_command
from daemon.pictures import composition
from tests.command_line.conftest import Command, Ended

BOX = "40,30,48,40"


def refused(ended: Ended, said: str) -> None:
    assert ended.code == 2, ended
    assert ended.out == ""
    assert ended.err.startswith("insert-object") and ended.err.count("\n") == 1, ended.err
    assert said in ended.err, ended.err
    assert "Traceback" not in ended.err and "Errno" not in ended.err


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ("500,30,48,40", "outside the picture"),
        ("-100,-100,50,50", "outside the picture"),
        ("40,30,3,40", "too small"),
        ("40,30,0,0", "too small"),
        ("157,30,40,40", "Only 3 × 40 pixels"),
        ("40,30,48", "is not a box"),
        ("40,30,48,x", "is not a box"),
        ("40,30,48.5,40", "is not a box"),
        ("0,0,99999999999999999999,10", "farther than any picture"),
        ("", "is not a box"),
    ],
)
def test_boxes_that_cannot_be_filled(
    command: Command, photo: Path, tmp_path: Path, box: str, said: str
) -> None:
    refused(command("insert", photo, "--box", box, "--class", "dog", "-o", tmp_path / "out.png"), said)
    assert not (tmp_path / "out.png").exists()


def test_an_unknown_class_gets_the_nearest_name_and_all_there_are(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    ended = command("insert", photo, "--box", BOX, "--class", "dgo", "-o", tmp_path / "out.png")
    refused(ended, "Did you mean “dog”? Known: dog, cat, car.")


def test_an_unknown_class_like_none_gets_the_list_alone(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    ended = command("insert", photo, "--box", BOX, "--class", "zeppelin", "-o", tmp_path / "out.png")
    refused(ended, "There is no class “zeppelin”. Known: dog, cat, car.")


def test_an_unknown_style(command: Command, photo: Path, tmp_path: Path) -> None:
    arguments = ["--box", BOX, "--class", "dog", "--style", "blak"]
    refused(command("insert", photo, *arguments, "-o", tmp_path / "out.png"), "Did you mean “black”?")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--box", BOX], "--class"),
        (["--class", "dog"], "--box"),
        (
            ["--box", BOX, "--box", BOX, "--box", BOX, "--class", "dog", "--class", "cat"],
            "--box is given 3 times",
        ),
        (["--box", BOX, "--class", "dog", "--herd", "0"], "1 to 24"),
        (["--box", "40,30,30,20", "--class", "dog", "--herd", "24"], "A herd of 24 finds no room"),
        (["--box", BOX, "--class", "dog", "--herd", "2", "--mask", "m.png"], "--mask gives one shape"),
        (["--box", BOX, "--class", "dog", "--seed", "1", "--seed", "2"], "--seed is given 2 times"),
        (["--box", BOX, "--class", "dog", "--seed", "-1"], "0 to 2147483647"),
        (["--box", BOX, "--class", "dog", "--seed", "2147483648"], "0 to 2147483647"),
        (["--box", BOX, "--class", "dog", "--variations", "0"], "1 to 16"),
        (["--box", BOX, "--class", "dog", "--variations", "many"], "1 to 16"),
        (["--box", BOX, "--class", "dog", "--depth", "12"], "--depth"),
        (["--box", BOX, "--class", "dog", "--frobnicate"], "--frobnicate"),
        (["--box", BOX, "--class", "dog", "--layer", "layer.jpg"], ".png"),
    ],
)
def test_options_that_do_not_fit(
    command: Command, photo: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    refused(command("insert", photo, *arguments, "-o", tmp_path / "out.png"), said)


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["insert"], ["insert", "photo.png"]])
def test_incomplete_commands(command: Command, arguments: list[str]) -> None:
    refused(command(*arguments), "--help")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.png", "There is no photo"),
        ("folder", "is a folder"),
        ("text.png", "is not a picture"),
        ("empty.png", "is an empty file"),
        ("truncated.png", "damaged or cut short"),
        ("tiny.png", "outside the picture"),
        ("q" * 300 + ".png", "too long"),
    ],
)
def test_photos_that_cannot_be_used(
    command: Command, picture: np.ndarray, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    Image.fromarray(picture).save(tmp_path / "truncated.png")
    data = (tmp_path / "truncated.png").read_bytes()
    (tmp_path / "truncated.png").write_bytes(data[: len(data) // 2])
    Image.new("RGB", (1, 1)).save(tmp_path / "tiny.png")
    arguments = ["--box", BOX, "--class", "dog", "-o", tmp_path / "out.png"]
    refused(command("insert", tmp_path / name, *arguments), said)
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("out.gif", "no format that can be written"),
        ("out", "has no ending"),
        ("missing/out.png", "does not exist"),
        ("photo.png", "would be replaced"),
        ("folder.png", "is a folder"),
        ("w" * 260 + ".png", "too long"),
    ],
)
def test_outputs_that_cannot_be_written_are_known_before_the_work(
    command: Command, photo: Path, tmp_path: Path, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_work(*_: object) -> None:
        pytest.fail("the insertion began")

    monkeypatch.setattr(insert_command, "painted", no_work)
    (tmp_path / "folder.png").mkdir()
    before = photo.read_bytes()
    refused(command("insert", photo, "--box", BOX, "--class", "dog", "-o", tmp_path / name), said)
    assert photo.read_bytes() == before


def test_the_photo_is_not_replaced_through_a_link_either(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "link.png").symlink_to(photo)
    arguments = ["--box", BOX, "--class", "dog", "-o", tmp_path / "link.png"]
    refused(command("insert", photo, *arguments), "would be replaced")


@pytest.mark.parametrize("name", ["mask-1.png", "MASK-1.png", "sub/../mask-1.png"])
def test_numbered_results_are_not_written_over_what_is_read(
    command: Command, photo: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "sub").mkdir()
    mask = tmp_path / "mask-1.png"
    with Image.open(photo) as picture:
        Image.new("L", picture.size, 255).save(mask)
    before = mask.read_bytes()
    layer = tmp_path / name.replace("-1", "")
    wanted = ["--box", BOX, "--class", "dog", "--mask", mask, "--variations", "2"]
    refused(
        command("insert", photo, *wanted, "-o", tmp_path / "o.png", "--layer", layer), "would be replaced"
    )
    assert mask.read_bytes() == before
    assert not (tmp_path / "o-1.png").exists()


@pytest.mark.parametrize("layer", ["out-1.png", "OUT-1.png", "sub/../out-1.png"])
def test_two_results_of_one_name_are_refused(
    command: Command, photo: Path, tmp_path: Path, layer: str
) -> None:
    (tmp_path / "sub").mkdir()
    wanted = ["--box", BOX, "--class", "dog", "--box", "60,30,20,20", "--class", "cat"]
    out = ["-o", tmp_path / "out-1.png", "--layer", tmp_path / layer.replace("-1", "")]
    refused(command("insert", photo, *wanted, *out), "Two results have one name")


@pytest.mark.parametrize("box", ["1_0,30,48,40", "٤٠,30,48,40", "4e1,30,48,40"])
def test_numbers_that_only_python_would_read_are_refused(
    command: Command, photo: Path, tmp_path: Path, box: str
) -> None:
    refused(
        command("insert", photo, "--box", box, "--class", "dog", "-o", tmp_path / "o.png"), "is not a box"
    )


def test_a_disk_that_fills_up_at_the_end_keeps_the_old_output(
    command: Command, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    (tmp_path / "out.png").write_bytes(b"old")
    monkeypatch.setattr("daemon.pictures.atomic_file.os.fsync", full)
    refused(
        command("insert", photo, "--box", BOX, "--class", "dog", "-o", tmp_path / "out.png"), "disk is full"
    )
    assert (tmp_path / "out.png").read_bytes() == b"old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.png", "photo.png"]


@pytest.mark.parametrize(
    ("size", "colour", "said"),
    [
        ((10, 10), "white", "10 × 10 pixels; the photo is 160 × 120, the box 48 × 40"),
        ((160, 120), "black", "is empty inside the box"),
        ((48, 40), "black", "is empty inside the box"),
    ],
)
def test_masks_of_the_wrong_size_or_without_a_shape(
    command: Command, photo: Path, tmp_path: Path, size: tuple[int, int], colour: str, said: str
) -> None:
    Image.new("L", size, colour).save(tmp_path / "mask.png")
    arguments = ["--box", BOX, "--class", "dog", "--mask", tmp_path / "mask.png"]
    refused(command("insert", photo, *arguments, "-o", tmp_path / "out.png"), said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--shape", "photo.png"), "has no transparency"),
        (("--shape", "shape.png", "--mask", "photo.png"), "--mask and --shape both"),
        (("--shape-box", "1,1,9,9"), "--shape-box is given without a picture"),
        (("--shape", "gone.png"), "gone.png"),
        (("--shape", "shape.png", "--layer", "shape.png"), "would be replaced"),
    ],
)
def test_a_picture_of_the_shape_that_cannot_be_one(
    command: Command, photo: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    Image.new("RGBA", (20, 20)).save(tmp_path / "shape.png")
    paths = [tmp_path / word if word.endswith(".png") else word for word in arguments]
    refused(
        command("insert", photo, "--box", BOX, "--class", "dog", *paths, "-o", tmp_path / "out.png"), said
    )


def test_a_mask_that_marks_only_what_lies_outside_the_box(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    mask = np.zeros((120, 160), np.uint8)
    mask[100:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    arguments = ["--box", BOX, "--class", "dog", "--mask", tmp_path / "mask.png"]
    refused(command("insert", photo, *arguments, "-o", tmp_path / "out.png"), "empty inside the box")


def test_messages_name_the_mask_and_the_reference_not_the_photo(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    rest = ["--box", BOX, "--class", "dog", "-o", tmp_path / "out.png"]
    refused(command("insert", photo, *rest, "--mask", tmp_path / "m.png"), "There is no mask")
    refused(
        command("insert", photo, *rest, "--reference", tmp_path / "r.png"), "There is no reference picture"
    )


def test_an_error_of_the_program_itself_is_exit_code_one_and_one_line(
    command: Command, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr(composition, "paste", broken)
    ended = command("insert", photo, "--box", BOX, "--class", "dog", "-o", tmp_path / "out.png")
    assert ended.code == 1 and ended.err.count("\n") == 1
    assert "ZeroDivisionError: one two" in ended.err


def test_a_full_memory_that_pytorch_tells_of_is_one_line_with_what_to_do(
    command: Command, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr(insert_command, "run", full)
    ended = command("insert", photo, "--box", BOX, "--class", "dog", "-o", tmp_path / "out.png")
    assert ended.code == 2
    assert ended.err.startswith("insert-object: There is not enough memory.") and ended.err.count("\n") == 1
