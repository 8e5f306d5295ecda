"""Training of the network that judges light: to find what undoes a random change of an object's light."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from models.files.part_files import LIGHT
from models.light.adjustments import JUDGED
from models.light.application import adjusted, adjusted_at, frames_of, within_ranges
from models.light.network import SIDE, LightNetwork
from models.photos.data import STORED_SCALE, USE_SCALE, DataError, ObjectRecord, class_names_of, load_windows
from models.training.light_samples import LightBatch, at_points, training_batch
from models.training.stopping import stop_on_signal
from models.training.updates import descend, move_average, set_rate

STORED_SIDE = round(SIDE * STORED_SCALE / USE_SCALE)  # pixels of a window in memory
_USUAL = 0.045  # mean square error of an untouched object, in -1..1
_GRADIENT_LIMIT = 5.0  # norm at which gradients are clipped


@dataclass(frozen=True)
class LightSettings:
    """What shapes the training."""

    minutes: float
    batch_size: int = 32
    learning_rate: float = 1e-3  # AdamW; falls along a cosine to a fiftieth
    weight_decay: float = 1e-4
    warmup: int = 100  # steps in which it grows from 0
    one_look: float = 0.7  # share of the time in which only a first look is trained, at half the cost
    weight_square: float = 1.0  # mean square error, over that of an untouched object
    weight_root: float = 0.5  # root of each object's, which counts small ones more: those that fit already
    weight_again: float = 0.5  # what a second look still changes
    points: int = 400  # pixels of each object that the loss is taken at
    average: float = 0.998  # share of the averaged weights kept at each step
    seed: int = 0


def train_light(records: Sequence[ObjectRecord], out: Path, settings: LightSettings) -> dict[str, float]:
    """Trains until the time is up or Ctrl+C; a run in the same folder goes on, with a fresh optimiser.

    Writes ``light.safetensors`` (averaged, half precision) and ``light.json`` (figures).

    Raises:
        DataError: no object for training.
    """
    chosen = [record for record in records if record.split == "train"]
    if not chosen:
        raise DataError("No object is for training: none has “split”: “train”.")
    windows = load_windows(chosen, class_names_of(chosen), STORED_SIDE, STORED_SCALE)
    random = torch.Generator().manual_seed(settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # the initial weights are drawn from the global generator
        network = LightNetwork()
    file = out / LIGHT
    if file.is_file():
        network.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).requires_grad_(requires_grad=False)
    parameters = list(network.parameters())
    optimiser = torch.optim.AdamW(
        parameters, settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay
    )
    out.mkdir(parents=True, exist_ok=True)
    terms: dict[str, Tensor] = {}
    begun, steps = time.monotonic(), 0
    with stop_on_signal() as stop, tqdm(unit="img", desc=f"training light at {SIDE} px", disable=None) as bar:
        while not stop.wanted and (done := (time.monotonic() - begun) / (60 * settings.minutes)) < 1:
            fall = 0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2
            rate = settings.learning_rate * fall * min(1.0, (steps + 1) / settings.warmup)
            set_rate(optimiser, rate)
            batch = training_batch(windows, settings.batch_size, SIDE, random)
            loss, terms = light_loss(
                network, batch, settings, random, looks=1 if done < settings.one_look else 2
            )
            descend(optimiser, loss, parameters, limit=_GRADIENT_LIMIT)
            move_average(averaged, network, min(settings.average, steps / (steps + 10)))
            steps += 1
            bar.update(settings.batch_size)
    save_file({name: value.half().contiguous() for name, value in averaged.state_dict().items()}, file)
    file.chmod(0o644)  # safetensors makes files that only their owner can read
    figures = {
        "images": float(steps * settings.batch_size),
        "seconds": round(time.monotonic() - begun, 1),
        "objects": float(len(windows)),
        **{name: round(float(value), 5) for name, value in terms.items()},
    }
    (out / "light.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return figures


def light_loss(
    network: LightNetwork,
    batch: LightBatch,
    settings: LightSettings,
    random: torch.Generator,
    *,
    looks: int,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of one look or two, the second at what the first has made, and its terms.

    It is taken at random pixels of the objects: what is done to a pixel depends on no other.
    """
    frames, size = frames_of(batch.mask), batch.mask.shape[-1]
    points = batch.points(settings.points, random)
    given, fitting = at_points(batch.given, points), at_points(batch.fitting, points)
    x, y = (
        ((place + 0.5 - frames[:, axis : axis + 1]) / frames[:, 2:3])[:, None, None]
        for axis, place in enumerate((points % size, points // size))
    )
    numbers, shown, before = torch.zeros(len(given), len(JUDGED)), batch.given, given
    total, terms = torch.zeros(()), dict[str, Tensor]()
    for look in ("first", "second")[:looks]:
        with torch.autocast("cpu", torch.bfloat16):
            further = network(batch.composite(shown), batch.mask)
        numbers = within_ranges(numbers + further)
        lit = adjusted_at(given, numbers, x, y)
        error, change = _squares(lit - fitting), _squares(lit - before)
        terms[f"Error/{look}"] = error.mean().detach()
        total = total + settings.weight_square * error.mean() / _USUAL
        total = total + settings.weight_root * _roots(error)
        if look == "second":
            again = _roots(change)
            terms["Error/again"] = again.detach()
            total = total + settings.weight_again * again
        elif looks > 1:
            numbers, before = numbers.detach(), lit.detach()
            shown = adjusted(batch.given, numbers, frames)
    return total, terms


def _squares(difference: Tensor) -> Tensor:
    return difference.square().mean((1, 2, 3))  # (B,)


def _roots(squares: Tensor) -> Tensor:
    return (squares + 1e-5).sqrt().mean() / math.sqrt(_USUAL)
