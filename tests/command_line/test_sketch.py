"""``insert-object scene``: a picture from nothing, objects where they were asked for, the same each time."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from daemon.commands.sketch import lay_out
from models.backgrounds.generator import BackgroundGenerator
from models.files.manifest import file_hash
from models.files.part_files import BACKGROUND
from tests.command_line.conftest import Command
from tests.stand_in_engine import chosen_seeds
from tests.tiny_weights import write_tiny_weights


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights with a background generator that has learnt nothing."""
    folder = tmp_path / "weights"
    manifest = write_tiny_weights(folder)
    torch.manual_seed(0)
    tensors = {name: value.half() for name, value in BackgroundGenerator().state_dict().items()}
    save_file(tensors, folder / BACKGROUND)
    files = {**manifest.files, BACKGROUND: file_hash(folder / BACKGROUND)}
    replace(manifest, files=files).write(folder)
    monkeypatch.setenv("INSERT_OBJECT_WEIGHTS", str(folder))
    return folder


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.usefixtures("weights")
def test_a_seed_paints_the_same_background_again_and_another_seed_another(
    command: Command, tmp_path: Path
) -> None:
    outputs = [tmp_path / f"{name}.png" for name in ("first", "again", "other")]
    for output, seed in zip(outputs, (1, 1, 2), strict=True):
        ended = command("scene", "-o", output, "--seed", seed, "--objects", 0, "--size", 200)
        assert ended.code == 0, ended.err
    first, again, other = map(pixels_of, outputs)
    assert first.shape == (200, 200, 3)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.usefixtures("weights")
def test_objects_stand_where_they_were_asked_for_and_nothing_else_changes(
    command: Command, tmp_path: Path
) -> None:
    bare, filled = tmp_path / "bare.png", tmp_path / "filled.png"
    command("scene", "-o", bare, "--objects", 0, "--size", 256)
    ended = command("scene", "-o", filled, "--size", 256, "--box", "40,60,80,100", "--class", "dog", "--json")
    assert ended.code == 0, ended.err
    (seed,) = chosen_seeds(0, 12, 1, 40)
    assert json.loads(ended.out)["objects"] == [{"class": "dog", "seed": seed, "box": [40, 60, 80, 100]}]
    changed = (pixels_of(bare) != pixels_of(filled)).any(axis=2)
    assert changed[60:160, 40:120].any()
    changed[60:160, 40:120] = False
    assert not changed.any()


@pytest.mark.usefixtures("weights")
def test_objects_of_a_scene_are_the_best_of_a_dozen_unless_its_seed_is_named(
    command: Command, tmp_path: Path
) -> None:
    boxes = ("--box", "40,60,80,100", "--class", "dog", "--box", "150,60,80,100", "--class", "cat")

    def seeds(*arguments: object) -> list[int]:
        ended = command("scene", "-o", tmp_path / "s.png", "--size", 256, *boxes, "--json", *arguments)
        assert ended.code == 0, ended.err
        return [made["seed"] for made in json.loads(ended.out)["objects"]]

    assert seeds() == [*chosen_seeds(0, 12, 1, 40), *chosen_seeds(12, 12, 1, 150)]
    assert seeds("--seed", 3) == [3, 4]
    assert seeds("--seed", 3, "--candidates", 5) == [*chosen_seeds(3, 5, 1, 40), *chosen_seeds(8, 5, 1, 150)]


@pytest.mark.usefixtures("weights")
def test_a_background_is_like_a_picture_or_that_picture_itself(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.backgrounds.painter._CANDIDATES", 8)  # enough for networks without training
    monkeypatch.setattr("models.backgrounds.painter._STEPS", 20)
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[:110], picture[110:] = (150, 140, 120), (80, 90, 60)
    Image.fromarray(picture).save(tmp_path / "picture.png")
    middle = picture[:, 50:250].astype(float)

    def away(*arguments: object) -> float:
        ended = command("scene", "-o", tmp_path / "s.png", "--objects", 0, "--size", 200, *arguments)
        assert ended.code == 0, ended.err
        return float(np.abs(pixels_of(tmp_path / "s.png") - middle).mean())

    given = ("--background", tmp_path / "picture.png")
    assert away(*given, "--own-background") == 0
    like = away(*given)
    assert like < 0.9 * min(away("--seed", seed) for seed in range(3))
    assert like == away(*given)


@pytest.mark.usefixtures("weights")
def test_objects_of_a_scene_take_look_and_shape_from_pictures(command: Command, tmp_path: Path) -> None:
    cut = np.zeros((40, 60, 4), np.uint8)
    cut[5:35, 5:55] = (30, 60, 200, 255)
    Image.fromarray(cut).save(tmp_path / "cut.png")
    box = ("--size", 256, "--box", "40,60,80,100", "--class", "dog", "--no-shadow")
    for name, arguments in (("plain", ()), ("look", ("--look", tmp_path / "cut.png")),
                            ("shape", ("--shape", tmp_path / "cut.png"))):  # fmt: skip
        ended = command("scene", "-o", tmp_path / f"{name}.png", *box, *arguments)
        assert ended.code == 0, ended.err
    plain, look, shape = (pixels_of(tmp_path / f"{name}.png")[110, 80] for name in ("plain", "look", "shape"))
    assert tuple(look) == tuple(shape) == (30, 60, 200) != tuple(plain)  # as the stand-in paints


@pytest.mark.usefixtures("weights")
def test_an_openraster_file_holds_the_background_and_each_object(command: Command, tmp_path: Path) -> None:
    output = tmp_path / "scene.ora"
    assert command("scene", "-o", output, "--objects", 2, "--size", 256, "--shadow").code == 0
    with zipfile.ZipFile(output) as archive:
        stack = archive.read("stack.xml").decode()
    assert stack.count("<layer") == 5  # a background, two objects and their shadows


def test_without_a_background_generator_the_reason_is_told(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_weights(tmp_path / "weights")
    monkeypatch.setenv("INSERT_OBJECT_WEIGHTS", str(tmp_path / "weights"))
    ended = command("scene", "-o", tmp_path / "x.png")
    assert ended.code == 2
    assert "cannot paint backgrounds" in ended.err
    assert not (tmp_path / "x.png").exists()


def test_a_damaged_background_generator_is_refused(command: Command, weights: Path, tmp_path: Path) -> None:
    file = weights / BACKGROUND
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    ended = command("scene", "-o", tmp_path / "x.png")
    assert ended.code == 2
    assert "damaged" in ended.err


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--box", "1,2,30,40"), "--class 0 times"),
        (("--box", "1,2,30,40", "--class", "dog", "--objects", "2"), "Leave one of them out"),
        (("--class", "unicorn"), "unicorn"),
        (("--box", "900,2,30,40", "--class", "dog"), "outside"),
        (("--size", "10"), "128"),
        (("--own-background",), "--own-background is given without a picture"),
        (("--shape", "gone.png"), "gone.png"),
    ],
)
def test_wishes_that_do_not_fit_are_refused(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    ended = command("scene", "-o", tmp_path / "x.png", *arguments)
    assert ended.code == 2
    assert complaint in ended.err


def test_what_stands_lower_is_larger_and_inserted_later() -> None:
    places = [box for box, _ in lay_out(["dog", "cat"], 8, 512, 3)]
    feet = [box.bottom for box in places]
    sides = [box.width for box in places]
    assert feet == sorted(feet)
    assert sides == sorted(sides)
    assert all(box.x >= 0 and box.right <= 512 and box.bottom <= 512 for box in places)
    assert lay_out(["dog", "cat"], 8, 512, 3) == lay_out(["dog", "cat"], 8, 512, 3)
