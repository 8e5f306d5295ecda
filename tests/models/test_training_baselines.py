"""The baselines: trained by the same command, repeatable by their code, blind to what is under the mask."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
import torch

from daemon.commands.train import add_parser
from daemon.commands.train_parts import settings_of
from models.training import checkpoint
from models.training.baselines.baseline_painter import uniform_of_code
from models.training.baselines.baseline_trainer import BaselineTrainer
from models.training.baselines.rivals import load_rival
from models.training.checkpoint import CheckpointError
from models.training.export import OtherParts, export_run
from models.training.runs.training_run import TrainingRun, train
from models.training.settings import TrainingSettings
from models.training.trainer import Trainer
from tests.models.feature_files import write_features
from tests.models.shapes_made_in_code import CLASSES, made_batch, write_photos

CPU = torch.device("cpu")
BASELINES = ("pix2pix", "source")


def _settings(network: str) -> TrainingSettings:
    return TrainingSettings(resolution=32, batch_size=4, width=8, seed=3).for_network(network)


def _trainer(network: str, features: Path | None = None, rate: float = 2e-4) -> BaselineTrainer:
    torch.manual_seed(3)
    trainer = BaselineTrainer(_settings(network).with_values(learning_rate=rate), 2, CPU, features)
    trainer.random.manual_seed(3)
    return trainer


def _saved(network: str, folder: Path, steps: int = 2) -> Path:
    trainer = _trainer(network)
    for place in range(steps):
        trainer.step(made_batch(place), 4 * place)
    checkpoint.save(folder, trainer, checkpoint.RunState(trainer.settings, CLASSES, 4 * steps, 1.0, ()))
    return folder


@pytest.mark.parametrize("network", BASELINES)
def test_a_baseline_learns_to_repaint_its_window(network: str) -> None:
    trainer, batch = _trainer(network, rate=2e-3), made_batch(1)
    batch.photo[:] = torch.tensor([0.6, -0.5, -0.5]).view(1, 3, 1, 1)

    def error() -> float:
        code = torch.zeros(4, 64)
        with torch.no_grad():
            window = trainer.generator(batch.photo, batch.mask, batch.class_index, code)
        return float((window - batch.photo).abs().mean())

    before = error()
    for step in range(25):
        trainer.step(batch, 4 * step)
    assert error() < 0.7 * before


def test_the_source_generator_takes_the_perceptual_loss_where_features_are_given(tmp_path: Path) -> None:
    statistics = _trainer("source", write_features(tmp_path)).step(made_batch(1), 0)
    assert {"Loss/G/lpips", "Loss/G/l1"} <= statistics.keys()
    assert all(torch.isfinite(value) for value in statistics.values())


@pytest.mark.parametrize("network", BASELINES)
def test_a_resumed_baseline_goes_on_as_if_it_had_not_stopped(network: str, tmp_path: Path) -> None:
    straight = _trainer(network)
    straight.step(made_batch(0), 0)
    resumed = _trainer(network)
    checkpoint.resume(_saved(network, tmp_path, steps=1), resumed)
    for trainer in (straight, resumed):
        trainer.step(made_batch(5), 4)
    for one, other in zip(
        straight.averaged.state_dict().values(), resumed.averaged.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("network", BASELINES)
def test_a_rival_paints_the_whole_window_and_knows_nothing_of_what_was_there(
    network: str, tmp_path: Path
) -> None:
    rival = load_rival(_saved(network, tmp_path), "cpu")
    assert rival.repaints_scene
    assert (rival.resolution, rival.class_names, rival.images_seen) == (32, CLASSES, 8)
    batch = made_batch(7)
    code = torch.randn(4, rival.code_size, generator=torch.Generator().manual_seed(1))
    rgb, alpha = rival.make_objects(batch.photo, batch.mask, batch.class_index, code)
    assert rgb.shape == (4, 3, 32, 32)
    assert rgb.abs().max() <= 1
    assert torch.equal(alpha, torch.ones(4, 1, 32, 32))
    other = torch.where(batch.mask > 0, -batch.photo, batch.photo)
    again, _ = rival.make_objects(other, batch.mask, batch.class_index, code)
    assert torch.equal(rgb, again)
    changed = (rgb - batch.photo).abs() * (1 - batch.mask)
    assert changed.mean() > 0.01  # which is what the comparison is to show


@pytest.mark.parametrize("network", BASELINES)
def test_a_rival_repeats_itself_for_a_code_and_varies_with_it(network: str, tmp_path: Path) -> None:
    rival = load_rival(_saved(network, tmp_path), "cpu")
    batch = made_batch(7)
    code = torch.randn(4, rival.code_size, generator=torch.Generator().manual_seed(1))
    first, _ = rival.make_objects(batch.photo, batch.mask, batch.class_index, code)
    alone, _ = rival.make_objects(batch.photo[2:3], batch.mask[2:3], batch.class_index[2:3], code[2:3])
    assert torch.allclose(first[2:3], alone, atol=1e-5)
    second, _ = rival.make_objects(batch.photo, batch.mask, batch.class_index, code + 1)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("network", BASELINES)
def test_a_rival_sees_the_class(network: str, tmp_path: Path) -> None:
    rival = load_rival(_saved(network, tmp_path), "cpu")
    batch, code = made_batch(7), torch.zeros(4, 64)
    first, _ = rival.make_objects(batch.photo, batch.mask, batch.class_index, code)
    second, _ = rival.make_objects(batch.photo, batch.mask, 1 - batch.class_index, code)
    assert not torch.equal(first, second)


def test_chance_from_a_code_is_uniform_and_its_own_for_each_code() -> None:
    code = torch.randn(6, 64, generator=torch.Generator().manual_seed(0))
    drawn = uniform_of_code(code, 4000)
    assert 0.45 < drawn.mean() < 0.55
    assert torch.equal(drawn, uniform_of_code(code, 4000))
    assert not torch.equal(drawn[0], drawn[1])


def test_a_run_of_our_own_network_is_no_rival(tmp_path: Path) -> None:
    settings = TrainingSettings(resolution=32, batch_size=4)
    torch.manual_seed(0)
    state = checkpoint.RunState(settings, CLASSES, 0, 0.0, ())
    checkpoint.save(tmp_path, Trainer(settings, 2, CPU, None), state)
    with pytest.raises(CheckpointError, match="pix2pix or source"):
        load_rival(tmp_path)


def test_a_baseline_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not exported"):
        export_run(_saved("pix2pix", tmp_path / "run", steps=0), tmp_path / "weights", OtherParts(), [])


@pytest.mark.parametrize("network", BASELINES)
def test_a_baseline_run_on_photos_leaves_a_checkpoint_and_a_grid_and_goes_on(
    network: str, tmp_path: Path
) -> None:
    data, out = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    write_photos(data, per_class=5)
    run = TrainingRun(data, out, _settings(network), 0.02, "cpu", threads=1)
    first = train(run)
    assert first.images_seen > 0
    assert list(out.glob("grid_*.png"))
    assert train(run).images_seen > first.images_seen
    assert load_rival(out).class_names == CLASSES


def test_the_command_line_gives_a_baseline_the_losses_of_its_paper() -> None:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    base = ["train", "--data", "d", "--out", "o", "--minutes", "1", "--network", "pix2pix"]
    plain = settings_of(parser.parse_args(base), "cpu")
    assert (plain.adversarial, plain.discriminators, plain.weight_l1) == ("non-saturating", "patch", 100)
    chosen = settings_of(
        parser.parse_args([*base, "--discriminators", "projected,multi-scale", "--adversarial", "hinge"]),
        "cpu",
    )
    assert (chosen.adversarial, chosen.discriminators) == ("hinge", "projected,multi-scale")
