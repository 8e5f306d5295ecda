"""Instance selection: objects unlike the rest of a large class are left out, small classes stay whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.photos.data import DataError, read_records
from models.training import instance_selection
from models.training.instance_selection import selected, typicality
from models.training.runs.training_run import TrainingRun, train
from models.training.settings import SettingsError, TrainingSettings
from tests.models.feature_files import write_features
from tests.models.shapes_made_in_code import write_photos


def _outlines(count: int, left: int) -> torch.Tensor:
    shapes = torch.zeros(count, 1, 48, 48)
    for row in range(count):
        shapes[row, 0, 10 : 38 + row % 3, left : left + 12] = 1
    return shapes


def test_what_is_unlike_the_others_comes_last() -> None:
    random = torch.Generator().manual_seed(0)
    features = torch.randn(60, 20, generator=random)
    features[:6] *= 4
    outlines = torch.cat([_outlines(6, 0), _outlines(54, 18)])
    outlines[:6, :, :, 20:] = torch.rand(6, 1, 48, 28, generator=random)  # each of its own
    order = typicality(features, outlines).argsort()
    assert set(order[:6].tolist()) == set(range(6))


def test_an_outline_and_its_mirror_image_are_alike() -> None:
    features = torch.zeros(12, 4)
    outlines = torch.cat([_outlines(6, 3), _outlines(6, 3).flip(3)])
    outlines[0] = 0
    outlines[0, 0, :5, :5] = 1
    score = typicality(features, outlines)
    assert score[1:].min() > score[0]


def test_a_share_of_what_is_beyond_the_fewest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path, 8)
    records = read_records(tmp_path)
    features = write_features(tmp_path)
    monkeypatch.setattr(instance_selection, "FEWEST", 4)
    kept = selected(records, 0.5, features)
    counts = {name: sum(r.class_name == name for r in kept) for name in {r.class_name for r in kept}}
    assert set(counts.values()) == {6}
    assert kept == [record for record in records if record in kept]  # in their order
    assert selected(records, 0.5, features) == kept
    monkeypatch.setattr(instance_selection, "FEWEST", 20)
    assert selected(records, 0.0, features) == records


def test_without_features_nothing_can_be_chosen(tmp_path: Path) -> None:
    write_photos(tmp_path, 5)
    settings = TrainingSettings(resolution=32, batch_size=4, discriminators="multi-scale", typical_share=0.5)
    run = TrainingRun(tmp_path, tmp_path / "run", settings, 0.01, "cpu")
    with pytest.raises(DataError, match="--features"):
        train(run)


def test_a_share_is_between_none_and_all() -> None:
    with pytest.raises(SettingsError, match="from 0 to 1"):
        TrainingSettings(typical_share=1.5)
