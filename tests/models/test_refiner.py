"""The refiner: twice the size, nothing added before it has learnt to, and training that goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from models.photos.data import DataError, read_records
from models.refiner import Refiner, enlarged
from models.training.refiner_training import RefinerSettings, train_refiner
from tests.models.shapes_made_in_code import write_photos
from tests.tiny_weights import write_tiny_weights

TWO_SECONDS = RefinerSettings(minutes=1 / 30, batch_size=4, warmup=1)


def test_before_training_it_enlarges_and_nothing_else() -> None:
    random = torch.Generator().manual_seed(0)
    colour = torch.rand(2, 3, 16, 12, generator=random) * 1.6 - 0.8
    noise = torch.randn(2, 1, 16, 12, generator=random)
    refined = Refiner()(colour, torch.ones(2, 1, 16, 12), noise)
    assert refined.shape == (2, 3, 32, 24)
    torch.testing.assert_close(refined, enlarged(colour).clamp(-1, 1))


def test_training_moves_the_weights_and_a_second_run_starts_from_the_first(tmp_path: Path) -> None:
    write_photos(tmp_path, 6)
    write_tiny_weights(tmp_path / "weights")
    records, out = read_records(tmp_path), tmp_path / "out"
    figures = train_refiner(records, tmp_path / "weights", out, TWO_SECONDS)
    learnt = load_file(out / "refiner.safetensors")
    assert figures["patches"] >= 4
    assert json.loads((out / "refiner.json").read_text("utf-8")) == figures
    assert learnt["leave.weight"].abs().max() > 0
    with Image.open(out / "refiner.png") as sheet:
        assert sheet.height == 3 * 64
    train_refiner(records, tmp_path / "weights", out, RefinerSettings(minutes=0))
    for name, value in load_file(out / "refiner.safetensors").items():
        torch.testing.assert_close(value, learnt[name])


def test_photos_without_fine_detail_teach_nothing(tmp_path: Path) -> None:
    write_photos(tmp_path, 2)
    write_tiny_weights(tmp_path / "weights", resolution=64)
    with pytest.raises(DataError, match="pixels long or more"):
        train_refiner(read_records(tmp_path), tmp_path / "weights", tmp_path / "out", TWO_SECONDS)
