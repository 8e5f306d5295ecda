"""A training run: reads the data, steps until the time is up, shows where it is, leaves a checkpoint."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

import torch
from torch import Tensor
from tqdm import tqdm

from models.photos.data import (
    STORED_SCALE,
    BatchSource,
    DataError,
    class_names_of,
    load_windows,
    read_records,
)
from models.training import checkpoint
from models.training.checkpoint import RunState
from models.training.instance_selection import selected
from models.training.recipe import Recipe
from models.training.runs.recipes import make_recipe
from models.training.sample_grid import grid_batch, write_grid
from models.training.settings import TrainingSettings
from models.training.stopping import stop_on_signal
from models.training.workers import Workers, check_alike, share, share_buffers, state_of

_TOLD_SECONDS = 60.0  # between two lines about the progress, where no bar can be shown
_STEPS_BETWEEN_CHECKS = 200  # that the processes of a run hold the same weights
_STORED_OVER_SAMPLE = 1.45  # pixels kept of a window over the resolution: the sharpest crop loses little


@dataclass(frozen=True)
class TrainingRun:
    """Where a run reads, writes and ends. ``start`` is another run's folder, for its weights."""

    data: Path
    out: Path
    settings: TrainingSettings
    minutes: float
    device: str
    features: Path | None = None
    start: Path | None = None
    threads: int | None = None
    grid_every_kimg: float = 4.0
    checkpoint_minutes: float = 5.0
    grid_objects: int = 3  # of each class, in the grids


class Begin(Protocol):
    """Makes what a run starts from: its state, and its networks with the right weights."""

    def __call__(
        self, run: TrainingRun, class_names: tuple[str, ...], device: torch.device, workers: int
    ) -> tuple[RunState, Recipe]: ...


Watch = Callable[[Recipe, int], bool]
"""Called after each step with the networks and the images seen; True ends the run."""


def _never(_recipe: Recipe, _images_seen: int) -> bool:
    return False


def begin_or_resume(
    run: TrainingRun, class_names: tuple[str, ...], device: torch.device, workers: int
) -> tuple[RunState, Recipe]:
    """The run in ``run.out`` where it stood, else a new one, from ``run.start`` if that is given."""
    if checkpoint.exists(run.out):
        state = checkpoint.read_state(run.out)
    else:
        history: tuple[dict[str, object], ...] = ()
        if run.start is not None:
            earlier = checkpoint.read_state(run.start)
            class_names = earlier.class_names
            history = (*(dict(entry) for entry in earlier.history), _stage(earlier))
        state = RunState(run.settings, class_names, 0, 0.0, history)
    torch.manual_seed(state.settings.seed)
    recipe = make_recipe(state.settings, len(state.class_names), device, run.features, workers)
    recipe.random.manual_seed(state.settings.seed * 1000)
    if checkpoint.exists(run.out):
        checkpoint.resume(run.out, recipe)
    elif run.start is not None:
        checkpoint.start_from(run.start, recipe)
    return state, recipe


def train(run: TrainingRun, begin: Begin = begin_or_resume, watch: Watch = _never) -> RunState:
    """Trains until ``run.minutes`` are over, ``watch`` ends it or Ctrl+C; ``begin`` says what with.

    Raises:
        DataError, CheckpointError, FeatureNetworkMissing, WorkersDiffer, SettingsError: with what to do about
            it.
    """
    workers = Workers.join(run.device)
    device = workers.device(run.device)
    if run.threads is not None:
        torch.set_num_threads(run.threads)
    records = read_records(run.data)
    training = [record for record in records if record.split == "train"]
    if not training:
        raise DataError(f"{run.data} has no object whose split is train.")
    state, trainer = begin(run, class_names_of(records), device, workers.count)
    settings = state.settings
    class_weights = settings.class_weights(state.class_names)
    if settings.typical_share < 1:
        training = selected(training, settings.typical_share, _features_of(run))
    if workers.count > 1:
        share(state_of(trainer.trained_networks()).values())
    if workers.rank:  # each process draws samples of its own
        trainer.random.manual_seed(settings.seed * 1000 + workers.rank + state.images_seen)
    size = settings.resolution
    windows = load_windows(training, state.class_names, round(size * _STORED_OVER_SAMPLE), STORED_SCALE).to(
        device
    )
    source = BatchSource(windows, trainer.random, class_weights)
    preview = [record for record in records if record.split != "train"] or training
    grid = grid_batch(preview, state.class_names, size, run.grid_objects) if workers.leads else None
    begun, seen, spent = time.monotonic(), state.images_seen, state.seconds
    next_grid, next_save = seen, begun + 60 * run.checkpoint_minutes
    next_told = begun + _TOLD_SECONDS
    end = begun + 60 * run.minutes
    run.out.mkdir(parents=True, exist_ok=True)

    def now() -> RunState:
        return RunState(settings, state.class_names, seen, spent + time.monotonic() - begun, state.history)

    with (
        stop_on_signal() as stop,
        tqdm(unit="img", desc=f"training at {size} px", disable=None if workers.leads else True) as bar,
        (run.out / "log.jsonl").open("a", encoding="utf-8") as log,
    ):
        enough, logged = False, True
        while not workers.agree(
            device,
            stop=stop.wanted or enough or time.monotonic() > end,
        ):
            statistics = trainer.step(source.draw(settings.batch_size, size), seen)
            count = settings.batch_size * workers.count
            seen += count
            bar.update(count)
            if workers.count > 1:
                share_buffers(trainer.trained_networks().values())
                if (seen // count) % _STEPS_BETWEEN_CHECKS == 0:
                    check_alike(trainer.trained_networks())
            if not workers.leads:
                continue
            enough = watch(trainer, seen)
            logged = (seen // count) % 50 == 0
            if logged:
                _log(log, statistics, now(), bar)
            if grid is not None and seen >= next_grid:
                write_grid(run.out / f"grid_{size}_{seen // 1000:06d}k.png", trainer, grid)
                next_grid = seen + int(1000 * run.grid_every_kimg)
            if bar.disable and time.monotonic() > next_told:
                _tell(now(), end - time.monotonic())
                next_told += _TOLD_SECONDS
            if time.monotonic() > next_save:
                checkpoint.save(run.out, trainer, now())
                next_save = time.monotonic() + 60 * run.checkpoint_minutes
        final = now()
        if not logged:
            _log(log, statistics, final, bar)
        if workers.leads and grid is not None:
            checkpoint.save(run.out, trainer, final)
            write_grid(run.out / f"grid_{size}_{seen // 1000:06d}k.png", trainer, grid)
    workers.leave()
    return final


def _features_of(run: TrainingRun) -> Path:
    if run.features is None:
        raise DataError("Objects are chosen by frozen features (typical_share); add --features.")
    return run.features


def _stage(state: RunState) -> dict[str, object]:
    """An earlier run in the history of its successor."""
    return {
        "resolution": state.settings.resolution,
        "images_seen": state.images_seen,
        "seconds": round(state.seconds),
        "network": state.settings.network,
    }


def _log(stream: TextIO, statistics: dict[str, Tensor], state: RunState, bar: tqdm[None]) -> None:
    values = {name: round(value.item(), 4) for name, value in statistics.items()}
    line = {
        "images_seen": state.images_seen,
        "seconds": round(state.seconds, 1),
        "images_per_s": round(state.images_seen / max(state.seconds, 1e-6), 2),
    }
    stream.write(json.dumps({**line, **values}) + "\n")
    stream.flush()
    shown = {"D": "Loss/D", "l1": "Loss/G/l1"}
    bar.set_postfix(
        {name: f"{values[key]:.2f}" for name, key in shown.items() if key in values}, refresh=False
    )


def _tell(state: RunState, left: float) -> None:
    """A line about the progress, for output that is kept in a file."""
    rest = max(0.0, left) / 60
    print(
        f"{state.images_seen} images seen in {state.seconds / 60:.0f} min; at most {rest:.0f} min left",
        file=sys.stderr,
        flush=True,
    )
