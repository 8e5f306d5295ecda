"""Training of the finest level alone: what moves, what stays, and which part of a picture is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.foreground_generator import ForegroundGenerator, GeneratorShape
from models.masks.parts_code import FINER, channels
from models.training import checkpoint
from models.training.checkpoint import RunState
from models.training.finest_level import FinestLevelTrainer, cut_corners, cuts
from models.training.runs.recipes import make_recipe
from models.training.settings import SettingsError, TrainingSettings
from models.training.trainer import Trainer
from tests.models.shapes_made_in_code import made_batch

CPU = torch.device("cpu")
CHANNELS = {4: 8, 8: 8, 16: 8, 32: 8}
LARGE = GeneratorShape(64, 2, CHANNELS, base=16)
SETTINGS = TrainingSettings.for_device("cpu").with_values(
    resolution=64, batch_size=4, discriminators="multi-scale", finest_crop=32, ramp_kimg=0.0, warmup_kimg=0.0
)


def _trainer() -> FinestLevelTrainer:
    torch.manual_seed(0)
    trainer = FinestLevelTrainer(SETTINGS, 2, CPU, None, shape=LARGE)
    trainer.random.manual_seed(0)
    return trainer


def _painted(generator: ForegroundGenerator, size: int) -> torch.Tensor:
    batch = made_batch(3, size)
    random = torch.Generator().manual_seed(0)
    code, noise = torch.randn(4, 64, generator=random), torch.randn(4, 1, size, size, generator=random)
    with torch.no_grad():
        colour, _ = generator(
            batch.photo, batch.mask, batch.class_index, code, torch.zeros(4, channels(FINER), 32, 32), noise
        )
    return torch.as_tensor(colour)


def test_only_the_finest_level_and_the_discriminators_learn() -> None:
    trainer = _trainer()
    networks = trainer.trained_networks()
    finest = {id(parameter) for parameter in trainer.generator.finest()}
    before = {name: [p.clone() for p in network.parameters()] for name, network in networks.items()}
    small, large = _painted(trainer.generator, 32), _painted(trainer.generator, 64)
    for turn in range(3):
        statistics = trainer.step(made_batch(turn, 64), 4 * turn)
    assert all(torch.isfinite(value) for value in statistics.values())
    for name in ("encoder", "parts"):
        for old, new in zip(before[name], networks[name].parameters(), strict=True):
            assert torch.equal(old, new)
    for old, new in zip(before["generator"], trainer.generator.parameters(), strict=True):
        assert id(new) in finest or torch.equal(old, new)
    assert not torch.equal(large, _painted(trainer.generator, 64))
    assert torch.equal(small, _painted(trainer.generator, 32))
    critic = "patch_discriminator"
    assert any(
        not torch.equal(a, b) for a, b in zip(before[critic], networks[critic].parameters(), strict=True)
    )


def test_a_run_of_the_finest_level_goes_on_where_it_stood(tmp_path: Path) -> None:
    trainer = _trainer()
    trainer.step(made_batch(1, 64), 0)
    checkpoint.save(tmp_path, trainer, RunState(SETTINGS, ("a", "b"), 4, 1.0, ()))
    trainer.step(made_batch(2, 64), 4)
    again = _trainer()
    checkpoint.resume(tmp_path, again)
    again.step(made_batch(2, 64), 4)
    assert torch.equal(_painted(trainer.generator, 64), _painted(again.generator, 64))


def test_the_settings_choose_what_learns() -> None:
    assert type(make_recipe(SETTINGS.with_values(finest_crop=0), 2, CPU, None)) is Trainer
    assert type(make_recipe(SETTINGS, 2, CPU, None)) is FinestLevelTrainer
    with pytest.raises(SettingsError, match="from 32 to the resolution"):
        SETTINGS.with_values(finest_crop=128)


def test_cuts_lie_on_the_object() -> None:
    mask = torch.zeros(200, 1, 64, 64)
    mask[:, :, 40:60, 4:20] = 1
    corners = cut_corners(mask, torch.zeros(200, 3), 16, torch.Generator().manual_seed(0))
    middle = corners + 8
    assert middle[:, 0].min() >= 40 and middle[:, 0].max() <= 56  # as low as the picture allows
    assert middle[:, 1].min() >= 8 and middle[:, 1].max() <= 20
    assert len({tuple(corner) for corner in corners.tolist()}) > 5


def test_a_good_part_of_the_cuts_is_around_the_head() -> None:
    mask = torch.zeros(200, 1, 64, 64)
    mask[:, :, 40:60, 4:20] = 1
    heads = torch.tensor([[0.5, -0.5, 0.1]]).repeat(200, 1)  # away from the mask, to tell them apart
    heads[100:, 2] = 0  # not known
    corners = cut_corners(mask, heads, 16, torch.Generator().manual_seed(0))
    at_head = (corners == torch.tensor([16 - 8, 48 - 8])).all(1)
    assert 25 <= int(at_head[:100].sum()) <= 55
    assert not at_head[100:].any()


def test_a_cut_holds_the_pixels_at_its_corner() -> None:
    picture = torch.arange(2 * 3 * 8 * 8.0).view(2, 3, 8, 8)
    cut = cuts(picture, torch.tensor([[1, 2], [4, 0]]), 4)
    assert torch.equal(cut[0], picture[0, :, 1:5, 2:6])
    assert torch.equal(cut[1], picture[1, :, 4:8, 0:4])
