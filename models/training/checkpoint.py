"""A training run on disk: safetensors for numbers, JSON for the rest, replaced whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.training.recipe import Recipe
from models.training.settings import TrainingSettings
from models.training.updates import laid_out_as

_TENSORS = "checkpoint.safetensors"
_DESCRIPTION = "checkpoint.json"


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message says why."""


@dataclass(frozen=True)
class RunState:
    """What a run knows besides its networks."""

    settings: TrainingSettings
    class_names: tuple[str, ...]
    images_seen: int
    seconds: float
    history: tuple[Mapping[str, Any], ...]  # earlier stages and runs that these weights come from


def exists(folder: Path) -> bool:
    return (folder / _DESCRIPTION).is_file() and (folder / _TENSORS).is_file()


def save(folder: Path, trainer: Recipe, state: RunState) -> None:
    """Writes both files; a crash in between leaves the older pair or a mismatch that ``load`` refuses."""
    tensors: dict[str, Tensor] = {"random": trainer.random.get_state()}
    for name, network in {**trainer.trained_networks(), **trainer.memory()}.items():
        for key, value in network.state_dict().items():
            tensors[f"{name}/{key}"] = value.detach().contiguous()
    for name, optimiser in (("adam_g", trainer.optimiser_g), ("adam_d", trainer.optimiser_d)):
        for index, values in optimiser.state_dict()["state"].items():
            for key, value in values.items():
                tensors[f"{name}/{index}/{key}"] = torch.as_tensor(value).contiguous()
    description = {
        "settings": state.settings.to_json(),
        "class_names": list(state.class_names),
        "images_seen": state.images_seen,
        "seconds": state.seconds,
        "history": [dict(entry) for entry in state.history],
    }
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{_TENSORS}.new"
    save_file(
        {k: v.clone() for k, v in tensors.items()},
        temporary,
        {"images_seen": str(state.images_seen)},
    )
    temporary.replace(folder / _TENSORS)
    text = folder / f"{_DESCRIPTION}.new"
    text.write_text(json.dumps(description, indent=1) + "\n", "utf-8")
    text.replace(folder / _DESCRIPTION)


def read_state(folder: Path) -> RunState:
    """Raises CheckpointError."""
    try:
        content = json.loads((folder / _DESCRIPTION).read_text("utf-8"))
        return RunState(
            TrainingSettings.from_json(content["settings"]),
            tuple(content["class_names"]),
            int(content["images_seen"]),
            float(content["seconds"]),
            tuple(content["history"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder} holds no readable training run: {error}.") from error


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a run, by path-like name. Raises CheckpointError."""
    try:
        return load_file(folder / _TENSORS)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder / _TENSORS} cannot be read: {error}.") from error


def part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The tensors of one network or optimiser of a run."""
    prefix = f"{name}/"
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}


def resume(folder: Path, trainer: Recipe) -> None:
    """Puts a run back exactly where it stood: weights, optimisers, random state.

    Raises:
        CheckpointError: unreadable, or of other networks than the trainer's.
    """
    tensors = read_tensors(folder)
    try:
        for name, network in trainer.trained_networks().items():
            network.load_state_dict(part(tensors, name))
        for name, kept in trainer.memory().items():
            if given := part(tensors, name):
                kept.load_state_dict(given)
        for name, optimiser in (("adam_g", trainer.optimiser_g), ("adam_d", trainer.optimiser_d)):
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in part(tensors, name).items():
                index, _, field = key.partition("/")
                state.setdefault(int(index), {})[field] = value
            optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
            _lay_out_as_parameters(optimiser)
        trainer.random.set_state(tensors["random"])
    except (RuntimeError, KeyError, ValueError) as error:
        raise CheckpointError(f"{folder} is a run of other networks: {error}") from error


def _lay_out_as_parameters(optimiser: torch.optim.Optimizer) -> None:
    """Gives averages the layout of their parameters."""
    for parameter, values in optimiser.state.items():
        for key, value in values.items():
            if value.shape == parameter.shape and value.ndim:
                values[key] = laid_out_as(parameter, value)


def start_from(folder: Path, trainer: Recipe) -> None:
    """Takes the averaged weights and the discriminators of another run as a start, at this resolution.

    Levels that the other run had not reached start as nothing (see ForegroundGenerator); optimisers, and
    discriminators that the other run did not have, start afresh.

    Raises:
        CheckpointError: unreadable, or of other networks than the trainer's.
    """
    tensors = read_tensors(folder)
    critics = trainer.critics.networks()
    for name, network in trainer.trained_networks().items():
        own = network.state_dict()
        given = part(tensors, name if name in critics else f"averaged_{name.removeprefix('averaged_')}")
        if name in critics and not given:
            continue
        wrong = [key for key, value in given.items() if key not in own or own[key].shape != value.shape]
        if wrong or not given:
            raise CheckpointError(f"{folder} is a run of another {name}: {', '.join(wrong[:3])}.")
        network.load_state_dict({**own, **given})
