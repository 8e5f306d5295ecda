"""``insert-object light``: a cut-out gets the photo's light; what is wrong with it is said in one line."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.client import Client
from daemon.pictures.photo import Photo, read_photo
from daemon.pictures.photo_output import write_photo
from models.light.adjustments import Adjustments
from models.light.pixels import lit_pixels
from tests.command_line.conftest import Command
from tests.command_line.test_bad_input import refused
from tests.stand_in_engine import ADJUSTMENTS, cast_area
from wire.protocol import Rect


@pytest.fixture
def cut_out() -> np.ndarray:
    pixels = np.zeros((40, 50, 4), np.uint8)
    pixels[4:36, 6:44] = (120, 90, 60, 255)
    return pixels


@pytest.fixture
def cut_out_file(cut_out: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    Image.fromarray(cut_out).save(path)
    return path


def test_the_cut_out_is_lit_and_no_other_pixel_changes(
    command: Command, photo: Path, cut_out: np.ndarray, cut_out_file: Path, tmp_path: Path
) -> None:
    out, layer = tmp_path / "out.png", tmp_path / "layer.png"
    ended = command("light", photo, "--object", cut_out_file, "--at", "60,30", "-o", out, "--layer", layer)
    assert (ended.code, ended.err) == (0, "")
    expected = lit_pixels(cut_out, Adjustments.from_map(ADJUSTMENTS))
    assert (np.asarray(Image.open(layer)) == expected).all()
    before, after = np.asarray(Image.open(photo).convert("RGB")), np.asarray(Image.open(out).convert("RGB"))
    assert (after[34:66, 66:104] == expected[4:36, 6:44, :3]).all()
    changed = (before != after).any(axis=2)
    changed[34:66, 66:104] = False
    assert not changed.any()


def test_strength_0_pastes_the_cut_out_as_it_is(
    command: Command, photo: Path, cut_out: np.ndarray, cut_out_file: Path, tmp_path: Path
) -> None:
    layer = tmp_path / "layer.png"
    command(
        "light", photo, "--object", cut_out_file, "--at", "60,30", "--strength", "0",
        "-o", tmp_path / "out.png", "--layer", layer,
    )  # fmt: skip
    assert (np.asarray(Image.open(layer)) == cut_out).all()


def test_16_bits_of_a_cut_out_are_kept(
    command: Command, photo: Path, cut_out: np.ndarray, tmp_path: Path
) -> None:
    deep = cut_out.astype(np.uint16) * 257
    deep[10, 10, 0] += 100
    write_photo(tmp_path / "deep.png", Photo(deep))
    layer = tmp_path / "layer.png"
    ended = command(
        "light", photo, "--object", tmp_path / "deep.png", "--at", "60,30", "--strength", "0.5",
        "-o", tmp_path / "out.png", "--layer", layer,
    )  # fmt: skip
    assert ended.code == 0, ended
    pixels = read_photo(layer).pixels
    assert (pixels == lit_pixels(deep, Adjustments.from_map(ADJUSTMENTS).scaled(0.5))).all()


def test_the_numbers_are_told_and_layers_are_named_for_the_cut_out(
    command: Command, photo: Path, cut_out_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.ora"
    ended = command(
        "light", photo, "--object", cut_out_file, "--at", "-5,30", "--scale", "2", "--shadow", "--json",
        "-o", out,
    )  # fmt: skip
    assert ended.code == 0, ended
    account = json.loads(ended.out)
    assert account["adjustments"]["exposure"] == 0.5
    assert account["outputs"] == [str(out)]
    stack = zipfile.ZipFile(out).read("stack.xml").decode()
    assert 'name="cat"' in stack
    assert 'name="cat · shadow"' in stack
    assert "cast shadow" not in stack


def test_a_cast_shadow_is_the_lowest_layer_and_the_client_gives_it_too(
    command: Command, photo: Path, cut_out: np.ndarray, cut_out_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.ora"
    ended = command(
        "light", photo, "--object", cut_out_file, "--at", "60,30", "--shadow", "--cast-shadow",
        "--cast-direction", "0", "-o", out,
    )  # fmt: skip
    assert ended.code == 0, ended
    stack = zipfile.ZipFile(out).read("stack.xml").decode()
    places = [stack.index(f'name="{name}"') for name in ("cat", "cat · shadow", "cat · cast shadow")]
    assert places == sorted(places)  # the uppermost is the first
    with Client.connect() as client:
        lit = client.light(np.asarray(Image.open(photo).convert("RGB")), cut_out, (60, 30), cast_shadow=True)
    assert lit.shadow is None
    assert lit.cast is not None
    area = cast_area(Rect(66, 34, 38, 32))
    assert (lit.cast.offset, lit.cast.pixels.shape[1::-1]) == ((area.x, area.y), (area.width, area.height))


def test_numbers_kept_by_the_caller_are_applied_again(
    command: Command, photo: Path, cut_out: np.ndarray
) -> None:
    del command  # it has set the environment
    picture = np.asarray(Image.open(photo).convert("RGB"))
    kept = {"exposure": -0.7, "saturation": 0.2}
    with Client.connect() as client:
        first = client.light(picture, cut_out, (10, 10))
        again = client.light(picture, cut_out, (10, 10), adjustments=kept)
    assert first.adjustments == ADJUSTMENTS
    assert (again.pixels == lit_pixels(cut_out, Adjustments.from_map(kept))).all()


# --- What is refused ------------------------------------------------------------------------------------


def test_an_object_without_transparency_is_refused_with_how_to_cut_it(
    command: Command, photo: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (40, 40), "red").save(tmp_path / "solid.png")
    ended = command(
        "light", photo, "--object", tmp_path / "solid.png", "--at", "10,10", "-o", tmp_path / "out.png"
    )
    refused(ended, "The object has no transparency around it")
    assert "Cut it out first" in ended.err
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--at", "5000,10"), "lies outside the picture"),
        (("--at", "-300,-300"), "lies outside the picture"),
        (("--at", "-42,10"), "Only 2 × 32 pixels of the object lie on the picture"),
        (("--at", "10"), "is not a place"),
        (("--at", "1,2,3"), "is not a place"),
        (("--at", "10,10", "--scale", "0"), "is not a scale"),
        (("--at", "10,10", "--scale", "-1"), "is not a scale"),
        (("--at", "10,10", "--scale", "big"), "is not a scale"),
        (("--at", "10,10", "--scale", "nan"), "is not a scale"),
        (("--at", "10,10", "--scale", "0.001"), "cannot be scaled by 0.001"),
        (("--at", "10,10", "--strength", "2"), "is not a number from 0 to 1"),
        (("--at", "10,10", "--cast-length", "50"), "--cast-length is given without --cast-shadow"),
        (("--at", "10,10", "--cast-shadow", "--cast-direction", "360"), "0 to 359"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    command: Command, photo: Path, cut_out_file: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "out.png"
    refused(command("light", photo, "--object", cut_out_file, *options, "-o", out), said)
    assert not out.exists()


def test_a_scale_that_the_memory_does_not_hold_is_refused_before_any_is_taken(
    command: Command, photo: Path, cut_out_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["light", photo, "--object", cut_out_file, "--at", "10,10", "-o", tmp_path / "out.png"]
    monkeypatch.setattr("daemon.commands.light.memory_left", lambda: 34 * 100 * 80)
    assert command(*arguments, "--scale", "2").code == 0
    tracemalloc.start()
    refused(command(*arguments, "--scale", "50"), "An object of 2500 × 2000 pixels needs 0.2 GB of memory")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


def test_the_cut_out_is_not_written_over(command: Command, photo: Path, cut_out_file: Path) -> None:
    before = cut_out_file.read_bytes()
    refused(
        command("light", photo, "--object", cut_out_file, "--at", "10,10", "-o", cut_out_file),
        "would be replaced",
    )
    assert cut_out_file.read_bytes() == before
