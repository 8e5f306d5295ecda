"""Ctrl+C in a training: it ends, and what was learnt is there."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.photos.data import read_records
from models.training import background_training, light_training, mask_training
from models.training.background_training import BackgroundSettings, train_backgrounds
from models.training.light_training import LightSettings, train_light
from models.training.mask_training import train_masks
from models.training.stopping import stop_on_signal
from tests.models.shapes_made_in_code import write_photos
from tests.models.test_backgrounds import write_landscapes

HOUR = 60.0  # minutes: whatever ends before was stopped


def _light(folder: Path) -> Path:
    write_photos(folder, per_class=2)
    train_light(read_records(folder), folder / "out", LightSettings(HOUR, batch_size=2))
    return folder / "out" / "light.safetensors"


def _backgrounds(folder: Path) -> Path:
    write_landscapes(folder, 4)
    settings = BackgroundSettings(minutes=HOUR, batch_size=4)
    train_backgrounds(read_records(folder), folder / "out", settings, None)
    return folder / "out" / "background.safetensors"


def _masks(folder: Path) -> Path:
    write_photos(folder, per_class=2)
    file, names = folder / "out" / "masks.safetensors", ("disc", "star")
    train_masks(
        read_records(folder), names, file, minutes=HOUR, seed=0, device="cpu", threads=1, resume=False
    )
    return file


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("where", "step", "train"),
    [
        (light_training, "light_loss", _light),
        (background_training._Run, "step", _backgrounds),
        (mask_training.MaskTrainer, "step", _masks),
    ],
)
def test_a_training_that_is_stopped_writes_what_it_has_learnt(
    where: Any,
    step: str,
    train: Callable[[Path], Path],
    number: signal.Signals,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = getattr(where, step)

    def with_signal(*arguments: Any, **named: Any) -> Any:
        signal.raise_signal(number)
        return whole(*arguments, **named)

    monkeypatch.setattr(where, step, with_signal)
    (tmp_path / "out").mkdir()
    assert train(tmp_path).is_file()


def test_one_inside_another_tells_the_outer_one_and_leaves_the_signal_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signal() as outer:
        with stop_on_signal() as inner:
            signal.raise_signal(signal.SIGINT)
        assert inner.wanted and outer.wanted
        assert signal.getsignal(signal.SIGINT) is outer
    assert signal.getsignal(signal.SIGINT) is before
