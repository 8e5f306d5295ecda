"""A training run: resumable, deterministic, growing, exported; losses and critics that do what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from models.bundle import Bundle
from models.files.manifest import Manifest
from models.files.part_files import MASKS
from models.foreground_generator import GeneratorShape
from models.masks.generator import MaskGenerator
from models.masks.weights import save_mask_weights
from models.photos.data import DataError, read_records
from models.training import checkpoint, losses
from models.training.checkpoint import CheckpointError
from models.training.discriminators import PatchDiscriminator, ProjectedDiscriminator, augment
from models.training.export import OtherParts, export_run, title_of
from models.training.runs.training_run import TrainingRun, train
from models.training.settings import SettingsError, TrainingSettings
from models.training.trainer import Trainer
from tests.models.shapes_made_in_code import CLASSES, made_batch, made_library, write_photos

SETTINGS = TrainingSettings(resolution=32, batch_size=4, seed=3)
CPU = torch.device("cpu")
ROOT = Path(__file__).resolve().parents[2]


def _trainer(settings: TrainingSettings = SETTINGS) -> Trainer:
    torch.manual_seed(settings.seed)
    trainer = Trainer(settings, 2, CPU, None)
    trainer.random.manual_seed(settings.seed)
    return trainer


def _weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.averaged.parameters()])


def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    straight, broken = _trainer(), _trainer()
    for trainer in (straight, broken):
        trainer.step(made_batch(1), 0)
    state = checkpoint.RunState(SETTINGS, CLASSES, 4, 1.0, ())
    checkpoint.save(tmp_path, broken, state)
    resumed = _trainer()
    checkpoint.resume(tmp_path, resumed)
    for trainer in (straight, resumed):
        trainer.step(made_batch(2), 4)
    assert torch.equal(_weights(straight), _weights(resumed))
    assert checkpoint.read_state(tmp_path) == state


def test_two_runs_with_one_seed_agree_and_with_two_differ() -> None:
    first, second, other = _trainer(), _trainer(), _trainer(SETTINGS.with_values(seed=4))
    for trainer in (first, second, other):
        trainer.step(made_batch(1), 0)
    assert torch.equal(_weights(first), _weights(second))
    assert not torch.equal(_weights(first), _weights(other))


def test_a_step_moves_every_trained_network() -> None:
    trainer = _trainer()
    before = {
        name: [p.detach().clone() for p in network.parameters()]
        for name, network in trainer.trained_networks().items()
    }
    statistics = trainer.step(made_batch(1), 5000)
    for name, network in trainer.trained_networks().items():
        moved = [not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True)]
        assert any(moved), f"{name} has not learnt"
    assert all(torch.isfinite(value) for value in statistics.values())


def test_new_discriminators_can_learn_alone_first() -> None:
    trainer = _trainer(SETTINGS.with_values(critic_kimg=0.1))
    before = _weights(trainer)
    critic = next(trainer.critics.networks()["patch_discriminator"].parameters()).clone()
    assert set(trainer.step(made_batch(1), 0)) == {"Loss/D"}
    assert torch.equal(before, _weights(trainer))
    assert not torch.equal(critic, next(trainer.critics.networks()["patch_discriminator"].parameters()))
    assert "Loss/G/l1" in trainer.step(made_batch(1), 100)
    assert not torch.equal(before, _weights(trainer))


def test_reconstruction_gets_better_with_training() -> None:
    trainer = _trainer(SETTINGS.with_values(weight_patch=0.0))
    batch = made_batch(1)
    batch.photo[:] = torch.tensor([0.6, -0.5, -0.5]).view(1, 3, 1, 1)  # red objects in a red scene
    history = [trainer.step(batch, 4 * step)["Loss/G/l1"].item() for step in range(40)]
    assert sum(history[-5:]) < 0.7 * sum(history[:5])


def test_a_run_at_a_higher_resolution_starts_from_a_lower_one(tmp_path: Path) -> None:
    def grown(resolution: int) -> Trainer:
        shape = GeneratorShape(resolution, 2, {4: 8, 8: 8, 16: 8, 32: 8}, 8, 16, base=16)
        return Trainer(SETTINGS.with_values(resolution=resolution), 2, CPU, None, shape=shape)

    low, high = grown(32), grown(64)
    low.step(made_batch(1), 0)
    checkpoint.save(tmp_path, low, checkpoint.RunState(SETTINGS, CLASSES, 4, 1.0, ()))
    checkpoint.start_from(tmp_path, high)
    name = "first.8.convolution.weight"
    assert torch.equal(high.generator.state_dict()[name], low.averaged.state_dict()[name])
    for part in ("coarse", "fine"):
        assert high.generator.state_dict()[f"paint.32.{part}.weight"].abs().max() == 0


def test_a_run_of_other_networks_is_refused(tmp_path: Path) -> None:
    trainer = _trainer()
    checkpoint.save(tmp_path, trainer, checkpoint.RunState(SETTINGS, CLASSES, 0, 0.0, ()))
    with pytest.raises(CheckpointError, match="other networks"):
        checkpoint.resume(tmp_path, _trainer(SETTINGS.with_values(resolution=64)))
    with pytest.raises(CheckpointError, match="another"):
        checkpoint.start_from(tmp_path, _trainer(SETTINGS.with_values(resolution=64)))


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no readable training run"):
        checkpoint.read_state(tmp_path)


def test_a_run_on_photos_leaves_a_checkpoint_a_grid_and_weights_that_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("models.training.runs.training_run._TOLD_SECONDS", 0.0)
    data, out, shipped = tmp_path / "data", tmp_path / "run", tmp_path / "weights"
    data.mkdir()
    write_photos(data, per_class=5)
    run = TrainingRun(data, out, SETTINGS, 0.03, "cpu", threads=1)
    first = train(run)
    assert first.images_seen > 0
    assert re.search(r"\d+ images seen in \d+ min; at most \d+ min left", capsys.readouterr().err)
    assert list(out.glob("grid_*.png"))
    again = train(run)
    assert again.images_seen > first.images_seen
    masks = tmp_path / "masks.safetensors"
    save_mask_weights(masks, MaskGenerator(), made_library(), CLASSES)
    records = [record for record in read_records(data) if record.split == "train"]
    with pytest.raises(DataError, match="no class unicorn"):
        export_run(out, shipped, OtherParts(masks), records, best_class="unicorn")
    export_run(out, shipped, OtherParts(masks), records, best_class=CLASSES[1])
    assert Manifest.read(shipped).best_class == CLASSES[1]
    assert Manifest.read(shipped).name == "disc and star, 32 px"
    bundle = Bundle.load(shipped)
    assert bundle.class_names == CLASSES
    size = sum(file.stat().st_size for file in shipped.iterdir())
    assert size < 48 << 20
    assert json.loads((shipped / "manifest.json").read_text("utf-8"))["provenance"]["images_seen"] > 0
    assert (shipped / MASKS).is_file()


@pytest.mark.parametrize(
    ("class_names", "title"),
    [
        (("lamp",), "lamp, 64 px"),
        (("lamp", "lantern", "street light"), "lamp, lantern and street light, 64 px"),
        (("a", "b", "c", "d"), "4 classes, 64 px"),
        (("a" * 64, "b" * 64), "2 classes, 64 px"),
    ],
)
def test_exported_weights_are_called_after_their_classes(class_names: tuple[str, ...], title: str) -> None:
    assert title_of(class_names, 64) == title


def test_two_processes_train_one_set_of_weights(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    write_photos(data, per_class=3)
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "daemon.command_line", "train", "--data", data, "--out", out, "--minutes", "0.05"),
        *("--device", "cpu", "--threads", "1", "--resolution", "32", "--batch-size", "4"),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = checkpoint.read_state(out).images_seen
    assert seen > 0
    assert seen % 8 == 0  # a step counts the samples of both


@pytest.mark.parametrize(
    "values", [{"resolution": 100}, {"network": "huge"}, {"batch_size": 2}, {"adversarial": "none"}]
)
def test_a_setting_that_cannot_work_is_refused(values: dict[str, object]) -> None:
    with pytest.raises((SettingsError, ValueError)):
        TrainingSettings().with_values(**values)


def test_the_kl_divergence_of_the_normal_distribution_is_zero() -> None:
    zero = torch.zeros(3, 8)
    assert losses.kl_divergence(zero, zero).item() == 0
    assert losses.kl_divergence(zero + 1, zero).item() == pytest.approx(0.5)


def test_augmentation_moves_picture_and_mask_together() -> None:
    mask = torch.zeros(16, 1, 32, 32)
    mask[..., 10:20, 12:22] = 1
    picture, moved = augment(mask.expand(-1, 3, -1, -1) * 10, mask, torch.Generator().manual_seed(0))
    kept = picture[:, :1] > 4
    assert (kept & (moved < 0.5)).sum() == 0
    assert not torch.equal(moved, mask)


def test_the_patch_discriminator_sees_the_class() -> None:
    torch.manual_seed(0)
    critic = PatchDiscriminator(2, width=8).eval()
    batch = made_batch(1)
    first = critic(batch.photo, batch.mask, batch.class_index)
    second = critic(batch.photo, batch.mask, 1 - batch.class_index)
    assert not torch.allclose(first[0], second[0])


def test_the_projected_discriminator_scores_each_feature_map_for_two_classes() -> None:
    torch.manual_seed(0)
    critic = ProjectedDiscriminator((6, 10), 3, width=8).eval()
    features = [torch.randn(2, 6, 16, 16) * 50, torch.randn(2, 10, 8, 8)]
    critic.calibrate(features)
    assert critic.feature_scale[0] == pytest.approx(1 / 50, rel=0.1)
    index = torch.tensor([0, 1])
    right, wrong = critic(features, torch.ones(2, 1, 32, 32), index, (index + 1) % 3)
    assert [t.shape[0] for t in right] == [2, 2]
    assert not torch.allclose(right[0], wrong[0])
