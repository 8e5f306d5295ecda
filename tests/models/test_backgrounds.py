"""The background generator: scenes without objects in, pictures of their size out, a run that goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from models.backgrounds import load_background_generator
from models.backgrounds.generator import LATENT, RESOLUTION, BackgroundGenerator
from models.files.manifest import file_hash
from models.files.part_files import BACKGROUND
from models.photos.data import DataError, read_records
from models.training.background_photos import load_backgrounds, mirror_rows
from models.training.background_training import BackgroundSettings, _Run, train_backgrounds
from tests.tiny_weights import write_tiny_weights


def write_landscapes(folder: Path, count: int) -> None:
    """Blue above, green below, a small red object on the horizon."""
    lines = []
    for number in range(count):
        photo = Image.new("RGB", (96, 80), (90, 140, 230))
        photo.paste((60, 140 + number, 40), (0, 40, 96, 80))
        mask = Image.new("L", photo.size)
        box = (40, 34, 56, 50)
        photo.paste((220, 20, 20), box)
        mask.paste(255, box)
        photo.save(folder / f"{number}.png")
        mask.save(folder / f"{number}_mask.png")
        row = {"image": f"{number}.png", "mask": f"{number}_mask.png", "class": "post", "split": "train"}
        lines.append(json.dumps(row | {"box": list(box)}))
    (folder / "objects.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def test_a_row_is_mirrored_across_the_border_of_the_hole() -> None:
    photo = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 3, 8, 8) / 8
    hole = torch.zeros(1, 1, 8, 8)
    hole[..., 3:5] = 1
    filled = mirror_rows(photo, hole)
    torch.testing.assert_close(filled[..., :3], photo[..., :3])
    torch.testing.assert_close(filled[..., 5:], photo[..., 5:])
    # columns 3 and 4 take those of 1 and 6, each softened with its neighbours
    expected = torch.tensor([(2 + 1 + 6) / 3, (1 + 6 + 5) / 3]) / 8
    torch.testing.assert_close(filled[0, 0, 4, 3:5], expected)


def test_no_trace_of_the_object_is_left_and_the_horizon_goes_through(tmp_path: Path) -> None:
    write_landscapes(tmp_path, 3)
    scenes = load_backgrounds(read_records(tmp_path), 64)
    pictures = scenes.pictures.float()
    assert pictures.shape == (3, 3, 64, 64)
    assert pictures[:, 0].max() < 130  # nothing is as red as the object was
    middle = pictures[0, :, :, 32]
    assert middle[2, 10] > 200
    assert middle[2, 50] < 80


def test_scenes_by_chance_lie_between_two_photos_and_are_none_of_them() -> None:
    torch.manual_seed(0)
    generator = BackgroundGenerator()
    found = generator.mixed(40, torch.Generator().manual_seed(1))
    away = torch.cdist(found, generator.known)
    nearest, place = away.min(1)
    apart = torch.cdist(generator.known[place], generator.known)
    detour, other = (nearest[:, None] + away - apart).scatter(1, place[:, None], torch.inf).min(1)
    assert detour.max() < 1e-3  # each is on the line between the nearest and another
    share = nearest / apart.gather(1, other[:, None])[:, 0]
    assert share.min() > 0.24 and share.max() < 0.51 and share.std() > 0.03
    assert torch.equal(found, generator.mixed(40, torch.Generator().manual_seed(1)))


def test_what_is_drawn_tells_where_the_object_was(tmp_path: Path) -> None:
    write_landscapes(tmp_path, 3)
    scenes = load_backgrounds(read_records(tmp_path), 64)
    assert scenes.holes[0, 0, 26:36, 26:38].all()
    assert not scenes.holes[0, 0, :15].any() and not scenes.holes[0, 0, :, :15].any()
    pictures, holes = scenes.drawn(20, torch.Generator().manual_seed(0))
    assert pictures.shape == (20, 3, 64, 64) and holes.unique().tolist() == [0, 1]
    assert pictures.abs().max() <= 1
    assert 0.05 < holes.mean() < 0.25
    assert len(holes.unique(dim=0)) > 15  # each is cut in its own way


def test_only_broad_colours_are_learnt_from_what_fills_a_hole(tmp_path: Path) -> None:
    write_landscapes(tmp_path, 4)
    scenes = load_backgrounds(read_records(tmp_path), RESOLUTION)
    run = _Run(BackgroundSettings(minutes=0), None, scenes, torch.Generator().manual_seed(0))
    real, hole = scenes.drawn(4, torch.Generator().manual_seed(0))
    chequered = 0.5 * (torch.arange(RESOLUTION) % 2 * 2 - 1).float()  # even over any eight pixels
    same, inside = (run._taken_over(real + change, real, hole) for change in (0, chequered * hole))
    around = run._taken_over(real + chequered * (1 - hole), real, hole)
    assert same["l1"] == inside["l1"] == 0 and around["l1"] > 1
    assert same["broad"] == 0 and 0 < inside["broad"] < 0.2  # at the hole's border
    flat = run._taken_over(real + 0.5 * hole, real, hole)
    assert flat["l1"] == 0 and flat["broad"] > 0.2


def test_the_discriminators_join_and_teach(tmp_path: Path) -> None:
    write_landscapes(tmp_path, 4)
    scenes = load_backgrounds(read_records(tmp_path), RESOLUTION)
    torch.manual_seed(0)
    settings = BackgroundSettings(minutes=0, batch_size=4, alone=4)
    run = _Run(settings, None, scenes, torch.Generator().manual_seed(0))
    before = [value.clone() for value in run.patch.parameters()]
    run.step(0)
    assert all(map(torch.equal, before, run.patch.parameters()))
    run.step(4)
    assert not all(map(torch.equal, before, run.patch.parameters()))


def test_photos_full_of_their_object_show_no_scenery(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    Image.new("L", (40, 40), 255).save(tmp_path / "m.png")
    row = {"image": "a.png", "mask": "m.png", "class": "wall", "split": "train", "box": [0, 0, 40, 40]}
    (tmp_path / "objects.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    with pytest.raises(DataError, match="scenery"):
        load_backgrounds(read_records(tmp_path), 64)


def test_another_latent_gives_another_scene_and_the_same_one_the_same() -> None:
    torch.manual_seed(0)
    generator = BackgroundGenerator()
    z = torch.randn(2, LATENT)
    noise = torch.zeros(2, 1, RESOLUTION, RESOLUTION)
    with torch.no_grad():
        first, again = generator(z, noise), generator(z, noise)
    assert first.shape == (2, 3, RESOLUTION, RESOLUTION)
    assert torch.equal(first, again)
    assert not torch.allclose(first[0], first[1])


def test_training_moves_the_weights_and_a_second_run_goes_on(tmp_path: Path) -> None:
    write_landscapes(tmp_path, 4)
    records, out = read_records(tmp_path), tmp_path / "out"
    first = train_backgrounds(records, out, BackgroundSettings(minutes=1 / 60, batch_size=4), None)
    assert first["images"] >= 4
    learnt = load_file(out / "background.training.safetensors")
    second = train_backgrounds(records, out, BackgroundSettings(minutes=0, batch_size=4), None)
    assert second["images"] == first["images"]
    for name, value in load_file(out / "background.training.safetensors").items():
        assert torch.equal(value, learnt[name])
    with Image.open(out / "background.png") as sheet:
        assert sheet.height == 4 * RESOLUTION


def test_a_run_of_another_version_is_not_gone_on_with(tmp_path: Path) -> None:
    write_landscapes(tmp_path, 4)
    records, out = read_records(tmp_path), tmp_path / "out"
    out.mkdir()
    save_file({"generator/start": torch.zeros(1, 256, 4, 4)}, out / "background.training.safetensors")
    with pytest.raises(DataError, match="another version"):
        train_backgrounds(records, out, BackgroundSettings(minutes=0, batch_size=4), None)


def test_the_background_generator_of_a_weights_folder_paints_the_same_for_a_seed(tmp_path: Path) -> None:
    manifest = write_tiny_weights(tmp_path, ("disc",))
    weights = {name: value.half() for name, value in BackgroundGenerator().state_dict().items()}
    save_file(weights, tmp_path / BACKGROUND)
    files = {**manifest.files, BACKGROUND: file_hash(tmp_path / BACKGROUND)}
    replace(manifest, files=files).write(tmp_path)
    maker = load_background_generator(tmp_path)
    assert maker.make(3).shape[:2] == (1, 3)
    assert torch.equal(maker.make(3), maker.make(3))
    assert not torch.equal(maker.make(3), maker.make(4))
