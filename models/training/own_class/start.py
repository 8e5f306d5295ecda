"""What a new class starts from: the shipped networks, and the known class that paints it best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.bundle import HOLE_REACH, Bundle
from models.foreground_generator import composite
from models.hole import dilate, fill_hole
from models.photos.data import ObjectRecord, Windows, load_windows
from models.training import checkpoint, losses
from models.training.checkpoint import RunState
from models.training.recipe import Recipe
from models.training.runs.training_run import TrainingRun
from models.training.settings import TrainingSettings
from models.training.trainer import Trainer

_TRIED = 16  # photos on which the known classes are compared
_CLASS_CODE = "class_code.weight"  # the one tensor of the generator whose size depends on the classes


@dataclass(frozen=True)
class Nearest:
    """How well each known class repaints objects of the new one; lower is better."""

    errors: Mapping[str, float]  # class -> mean absolute difference in the mask, in -1..1

    @property
    def name(self) -> str:
        return min(self.errors, key=lambda name: self.errors[name])


@torch.inference_mode()
def nearest_class(bundle: Bundle, records: Sequence[ObjectRecord]) -> Nearest:
    """Repaints some objects as each known class, with their own looks, and compares.

    ``records`` are spread over; the first few of one photo series would say too little.
    """
    step = max(1, len(records) // _TRIED)
    chosen = [*records][::step][:_TRIED]
    windows = load_windows(chosen, sorted({record.class_name for record in chosen}), bundle.sides[0])
    photo, mask = as_pictures(windows)
    code = bundle.encode(photo, mask)
    errors = {}
    for index, name in enumerate(bundle.class_names):
        colour, _ = bundle.make_objects(photo, mask, torch.full((len(photo),), index), code)
        errors[name] = round(losses.masked_l1(colour.cpu(), photo, mask).item(), 4)
    return Nearest(errors)


def settings_for(bundle: Bundle, device: str, features: Path | None) -> TrainingSettings:
    """Settings for going on from the weights: their smallest resolution, for speed, and careful steps.

    The discriminators are new and the generator is not: they learn alone first and then count at once, or
    looks by chance would turn smooth meanwhile; the generator's steps are half as long as theirs.
    """
    base = TrainingSettings.for_device(device).with_values(
        resolution=bundle.sides[0],
        learning_rate=1e-4,
        critic_kimg=0.5,
        ramp_kimg=0.0,
        warmup_kimg=0.0,
    )
    return base if features is not None else base.with_values(weight_l1=10.0)


@dataclass(frozen=True)
class StartFromWeights:
    """Begins a run with shipped networks, their class replaced by the new one; or goes on with it.

    The discriminators, which are not shipped, start afresh.
    """

    bundle: Bundle
    nearest: Nearest | None  # needed for a new run

    def __call__(
        self, run: TrainingRun, class_names: tuple[str, ...], device: torch.device, workers: int
    ) -> tuple[RunState, Recipe]:
        resumed = checkpoint.exists(run.out)
        started: dict[str, Any] = {"weights": self.bundle.manifest.name}
        if self.nearest is not None:
            started["class"] = self.nearest.name
        state = RunState(run.settings, class_names, 0, 0.0, (started,))
        if resumed:
            state = checkpoint.read_state(run.out)
        torch.manual_seed(state.settings.seed)
        shape = replace(
            self.bundle.generator.shape,
            class_count=len(state.class_names),
            resolution=state.settings.resolution,
        )
        trainer = Trainer(state.settings, len(state.class_names), device, run.features, workers, shape=shape)
        trainer.random.manual_seed(state.settings.seed * 1000)
        if resumed:
            checkpoint.resume(run.out, trainer)
        else:
            self._adopt(trainer)
        return state, trainer

    def _adopt(self, trainer: Trainer) -> None:
        painted = {name: value.float() for name, value in self.bundle.generator.state_dict().items()}
        codes = painted[_CLASS_CODE]  # (classes, 32)
        row = codes.mean(0) if self.nearest is None else codes[self._place(self.nearest.name)]
        painted[_CLASS_CODE] = row.expand(trainer.class_count, -1).clone()
        looks = {name: value.float() for name, value in self.bundle.encoder.state_dict().items()}
        parts = {name: value.float() for name, value in self.bundle.parts_encoder.state_dict().items()}
        networks = trainer.trained_networks()
        kept = networks["generator"].state_dict().keys()  # without levels finer than those that learn
        painted = {name: value for name, value in painted.items() if name in kept}
        for name, weights in (("generator", painted), ("encoder", looks), ("parts", parts)):
            networks[name].load_state_dict(weights)
            networks[f"averaged_{name}"].load_state_dict(weights)

    def _place(self, name: str) -> int:
        return self.bundle.class_names.index(name)


def as_pictures(windows: Windows) -> tuple[Tensor, Tensor]:
    """Windows as the networks take them: photos (N, 3, S, S) in -1..1, masks (N, 1, S, S) in 0..1."""
    return windows.images.float() / 127.5 - 1, windows.masks.float() / 255


def over_scene(colour: Tensor, alpha: Tensor, photo: Tensor, mask: Tensor) -> Tensor:
    """Objects over the scene of a photo from which the real one is removed, (B, 3, S, S)."""
    hole = dilate(mask, max(1, round(HOLE_REACH * photo.shape[-1])))
    return composite(colour, alpha, fill_hole(photo, hole))
