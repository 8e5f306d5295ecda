"""How well light is judged; ``python -m models.evaluation.object_light DATA`` prints the card's figures.

Held-out objects get a random change of light inside their own photos, and the change is to be taken back.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.methods import reinhard
from models.files.manifest import file_hash
from models.light.application import adjusted, frames_of
from models.light.judgement import distance, judged
from models.light.network import SIDE, LightNetwork
from models.light.weights import read_light_network
from models.photos.data import (
    STORED_SCALE,
    USE_SCALE,
    DataError,
    Windows,
    class_names_of,
    load_windows,
    read_records,
)
from models.relight import Relight, luminance, to_linear
from models.training.light_samples import LightBatch, Wanted, held_out_batch

OWN_RIM = Wanted(changed=1.0, enlarged=0.0, varied=False)  # the photo shows the object's rim as it was
NO_RIM = Wanted(changed=1.0, enlarged=1.0, varied=False)  # as of a cut-out from elsewhere
EXPOSURES = (0.5, 0.71, 1.0, 1.41, 2.0)  # gains of a scene in linear light
BATCH = 64
SQUARED = 127.5**2  # code values of 255, squared, in -1..1

Method = Callable[[LightBatch], Tensor]  # the objects as it makes them, (B, 3, S, S) in -1..1


@dataclass(frozen=True)
class LightFigures:
    """What the model card says. Errors are mean squares over the object, in code values of 255."""

    objects: int
    errors: dict[str, float]  # method -> error, own rim visible
    errors_no_rim: dict[str, float]
    fitting_moves: float  # root mean square by which an object that fits is changed, mean over objects
    again_moves: float  # the same of one that has been lit once
    left_alone: float  # share of those that fit that are not changed at all
    elasticity: float  # median slope of log object luminance over log scene luminance

    @property
    def ratio(self) -> float:
        """Error over that of the untouched object."""
        return self.errors["network"] / self.errors["untouched"]


def measure_light(network: LightNetwork, windows: Windows, *, seed: int = 0) -> LightFigures:
    """Judges every object of the windows, each under one change that ``seed`` draws."""
    lit = _network_method(network)
    methods: dict[str, Method] = {
        "untouched": lambda batch: batch.given,
        "network": lit,
        "Reinhard": lambda batch: reinhard(batch.given, batch.mask, batch.scene, 1 - batch.mask),
        "histogram matching": _matched,
    }
    errors = []
    for wanted in (OWN_RIM, NO_RIM):
        random = torch.Generator().manual_seed(seed)
        batches = [_batch(windows, start, wanted, random) for start in range(0, len(windows), BATCH)]
        found = {name: torch.cat([batch.error(_rounded(method(batch))) for batch in batches])
                 for name, method in methods.items()}  # fmt: skip
        errors.append({name: float(error.mean()) * SQUARED for name, error in found.items()})
    fitting, again, slopes = [], [], []
    for start in range(0, len(windows), BATCH):
        batch = _batch(windows, start, OWN_RIM, torch.Generator().manual_seed(seed + 1 + start))
        once = _rounded(lit(batch))
        again.append(distance(_rounded(lit(_given(batch, once))), once, batch.mask))
        kept = _given(batch, _rounded(batch.fitting))
        fitting.append(distance(_rounded(lit(kept)), kept.given, batch.mask))
        slopes.append(_slopes(lit, kept))
    moved = torch.cat(fitting)
    return LightFigures(
        len(windows),
        errors[0],
        errors[1],
        float(moved.mean()),
        float(torch.cat(again).mean()),
        float((moved < 0.5).float().mean()),
        float(torch.cat(slopes).median()),
    )


def _batch(windows: Windows, start: int, wanted: Wanted, random: torch.Generator) -> LightBatch:
    pick = torch.arange(start, min(start + BATCH, len(windows)))
    return held_out_batch(windows, pick, SIDE, wanted, random)


def _given(batch: LightBatch, objects: Tensor) -> LightBatch:
    return LightBatch(batch.scene, batch.fitting, objects, batch.mask, batch.is_changed)


def _rounded(objects: Tensor) -> Tensor:
    """As an 8-bit file keeps them."""
    return ((objects.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


def _network_method(network: LightNetwork) -> Method:
    def lit(batch: LightBatch) -> Tensor:
        numbers = judged(network, batch.scene, batch.given, batch.mask)
        changed = (numbers != 0).any(1).view(-1, 1, 1, 1)
        return torch.where(changed, adjusted(batch.given, numbers, frames_of(batch.mask)), batch.given)

    return lit


def _matched(batch: LightBatch) -> Tensor:
    """Each channel's histogram made that of the scene (Gonzalez and Woods, Digital Image Processing, 3.3)."""
    result = batch.given.clone()
    for place in range(len(result)):
        inside, outside = batch.mask[place, 0] > 0.5, batch.mask[place, 0] < 0.05
        for channel in range(3):
            values, wanted = batch.given[place, channel], batch.scene[place, channel][outside].sort().values
            own = values[inside].sort().values
            shares = torch.searchsorted(own, values.flatten()) / max(1, len(own))
            ranks = (shares * (len(wanted) - 1)).round().long().clamp(0, len(wanted) - 1)
            result[place, channel] = wanted[ranks].view_as(values)
    return result


def _slopes(lit: Method, batch: LightBatch) -> Tensor:
    """How the object's luminance follows that of its scene, relit by known gains: (B,) log–log slopes."""
    scenes: list[Tensor] = []
    objects: list[Tensor] = []
    for gain in EXPOSURES:
        change = Relight.by_gain(torch.full((len(batch.mask), 1), gain))
        under = LightBatch(
            change.apply(batch.scene), batch.fitting, batch.fitting, batch.mask, batch.is_changed
        )
        for found, picture, weight in (
            (scenes, under.scene, 1 - batch.mask),
            (objects, lit(under), batch.mask),
        ):
            found.append(metrics.weighted_mean(luminance(to_linear(picture)), weight)[:, 0])
    return metrics.elasticity(torch.stack(scenes, 1), torch.stack(objects, 1)).slope


def main() -> None:
    """Measures a weights file and prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluation.object_light", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with objects.jsonl; its objects that are not “train”")
    shipped = Path(__file__).resolve().parents[1] / "weights" / "light.safetensors"
    parser.add_argument("--weights", type=Path, default=shipped, help="light.safetensors (default: shipped)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    records = [record for record in read_records(options.data) if record.split != "train"]
    if not records:
        raise DataError("No object is held out: “split” is “train” everywhere.")
    side = round(SIDE * STORED_SCALE / USE_SCALE)
    windows = load_windows(records, class_names_of(records), side, STORED_SCALE)
    figures = measure_light(read_light_network(options.weights), windows, seed=options.seed)
    print(
        json.dumps({"sha256": file_hash(options.weights), "ratio": figures.ratio, **vars(figures)}, indent=1)
    )


if __name__ == "__main__":
    main()
