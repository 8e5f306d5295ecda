"""Training the mask generator on a tiny folder: it learns, repeats itself and goes on where it ended."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.masks.shapes import read_shapes
from models.masks.weights import load_mask_weights
from models.photos.data import DataError, class_names_of, read_records
from models.training.mask_training import MaskRecipe, train_masks
from tests.models.shapes_made_in_code import write_photos

RECIPE = MaskRecipe(batch=8, images=64, alone_share=0.5, judged=6)
SHORT = replace(RECIPE, images=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos")
    write_photos(path, 15)
    return path


def train(folder: Path, out_file: Path, *, resume: bool = False, **change: Any) -> dict[str, Any]:
    records = read_records(folder)
    options: dict[str, Any] = {"minutes": 600.0, "recipe": RECIPE, "seed": 3} | change
    return train_masks(
        records, class_names_of(records), out_file, device="cpu", threads=1, resume=resume, **options
    )


def test_it_writes_weights_and_figures_and_repeats_itself(folder: Path, tmp_path: Path) -> None:
    first = train(folder, tmp_path / "a" / "mask_generator.safetensors")
    train(folder, tmp_path / "b" / "mask_generator.safetensors")
    weights = [(tmp_path / part / "mask_generator.safetensors").read_bytes() for part in "ab"]
    assert weights[0] == weights[1]
    written = json.loads((tmp_path / "a" / "mask_generator.json").read_text())
    assert written == first
    assert written["images"] == 64
    assert written["box_misfit_px"] <= 1
    assert written["one_component"] == 1
    assert set(written["classes"]) == {"disc", "star"}
    assert (tmp_path / "a" / "mask_generator.png").is_file()


def test_another_seed_gives_other_weights(folder: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        train(folder, tmp_path / f"{seed}.safetensors", seed=seed, recipe=SHORT)
    one, two = (load_mask_weights(tmp_path / f"{seed}.safetensors")[0] for seed in (1, 2))
    assert not torch.equal(one.middle.weight, two.middle.weight)


def test_it_goes_on_from_the_last_run(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mask_generator.safetensors"
    train(folder, file)
    before = load_mask_weights(file)[0].middle.weight
    train(folder, file, resume=True, recipe=SHORT)
    resumed = load_mask_weights(file)[0].middle.weight
    train(folder, file, recipe=SHORT, seed=9)
    fresh = load_mask_weights(file)[0].middle.weight
    assert (resumed - before).norm() < 0.2 * (fresh - before).norm()


def test_it_ends_when_the_time_is_over(folder: Path, tmp_path: Path) -> None:
    figures = train(folder, tmp_path / "m.safetensors", minutes=0.01, recipe=replace(RECIPE, images=100_000))
    assert 0 < figures["images"] < 20_000


def test_it_begins_with_the_generator_it_is_given(folder: Path, tmp_path: Path) -> None:
    known, begun = tmp_path / "known.safetensors", tmp_path / "begun.safetensors"
    train(folder, known)
    train(folder, begun, start=known, seed=9, recipe=SHORT)
    train(folder, tmp_path / "fresh.safetensors", seed=9, recipe=SHORT)
    one, near, far = (
        load_mask_weights(file)[0].middle.weight for file in (known, begun, tmp_path / "fresh.safetensors")
    )
    assert (near - one).norm() < 0.2 * (far - one).norm()


def test_a_mask_cut_with_a_rectangle_is_not_learnt(tmp_path: Path) -> None:
    write_photos(tmp_path, 3)
    records = read_records(tmp_path)
    disc = next(r for r in records if r.class_name == "disc")
    mask = np.array(Image.open(disc.mask))
    mask[: mask.shape[0] // 2, : mask.shape[1] // 2] = 0
    Image.fromarray(mask).save(disc.mask)
    left = read_shapes(records, ("disc", "star"))
    assert torch.bincount(left.class_index).tolist() == [2, 3]


def test_a_folder_of_cut_objects_is_refused_with_the_reason(folder: Path, tmp_path: Path) -> None:
    records = [r for r in read_records(folder) if r.split == "train"][:2]
    cut = [replace(r, box=(0, *r.box[1:])) for r in records]
    with pytest.raises(DataError, match="whole"):
        train_masks(
            cut,
            class_names_of(cut),
            tmp_path / "m.safetensors",
            minutes=1,
            seed=1,
            device="cpu",
            threads=1,
            resume=False,
        )
