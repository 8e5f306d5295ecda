"""The figure on held-out photos that says when a new class is learnt, and the best weights by it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.features.networks import Lpips
from models.photos.data import STORED_SCALE, ObjectRecord, cut_batch, load_windows, use_frames
from models.training import checkpoint, losses
from models.training.checkpoint import CheckpointError
from models.training.own_class.start import over_scene
from models.training.recipe import Recipe

_MOST = 48  # held-out objects that are looked at
_BATCH = 8
_KEPT = ("averaged_generator", "averaged_encoder", "averaged_parts")
_WEIGHTS = "best.safetensors"
_CHECKS = "held_out.json"
_NOISE_SEED = 0


class HeldOut:
    """Repaints held-out objects with their own looks and compares: LPIPS on SqueezeNet, or L1 in the mask
    where no feature networks are at hand. Lower is better. No network that evaluation judges by is used."""

    def __init__(
        self, records: Sequence[ObjectRecord], class_names: Sequence[str], size: int, features: Path | None
    ) -> None:
        step = max(1, len(records) // _MOST)
        self.size = size
        self.windows = load_windows(
            [*records][::step][:_MOST], class_names, round(size * STORED_SCALE / 1.4), STORED_SCALE
        )
        self.lpips = Lpips(features) if features is not None else None
        random = torch.Generator().manual_seed(_NOISE_SEED)
        self._noise = torch.randn(1, 1, size, size, generator=random)

    @cached_property
    def fingerprint(self) -> str:
        """Another one where the figure is another, or of other objects: no two such compare."""
        digest = hashlib.sha256(f"{self.name} at {self.size}".encode())
        for tensor in (self.windows.images, self.windows.masks):
            digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()

    @property
    def name(self) -> str:
        """What the figure is."""
        return "LPIPS of held-out objects" if self.lpips is not None else "L1 of held-out objects"

    def __len__(self) -> int:
        return len(self.windows)

    @torch.no_grad()
    def figure(self, recipe: Recipe) -> float:
        """The mean over all held-out objects, with the averaged weights."""
        parts = [
            self._distance(recipe, slice(begin, begin + _BATCH)) for begin in range(0, len(self), _BATCH)
        ]
        return float(torch.cat(parts).mean())

    def _distance(self, recipe: Recipe, part: slice) -> Tensor:
        """(b,) distances of a few objects."""
        device = recipe.device
        places = torch.arange(len(self))[part]
        batch = cut_batch(self.windows, places, use_frames(len(places)), self.size).to(device)
        photo, mask = batch.photo, batch.mask
        noise = self._noise.to(device).expand(len(photo), -1, -1, -1)
        colour, alpha = recipe.paint(batch, recipe.looks_of(batch), noise)
        made, real = over_scene(colour, alpha, photo, mask), over_scene(photo, mask, photo, mask)
        if self.lpips is None:
            each = [
                losses.masked_l1(a[None], b[None], m[None]) for a, b, m in zip(made, real, mask, strict=True)
            ]
            return torch.stack(each).cpu()
        distance: Tensor = self.lpips.to(device)(made, real)
        return distance.cpu()


@dataclass
class Check:
    """One look at the held-out objects."""

    images_seen: int
    figure: float


@dataclass
class EarlyStop:
    """Looks at the held-out objects now and then, keeps the best weights, and ends a run that no longer gets
    better.

    A run may get worse for a while when the discriminators join: only what follows ``from_images`` is counted
    against ``patience``.
    """

    held_out: HeldOut
    folder: Path
    every_seconds: float
    patience: int
    from_images: int
    least_gain: float = 0.003  # share of the figure that counts as better
    still_until: int = 0  # images until which only the discriminators learn: nothing to look at but the start
    images_between: int = 0  # at least: a slow computer needs as many to get better as a fast one
    learning_over_looking: float = 9.0  # so that looks cost no more than a tenth of the time
    checks: list[Check] = field(default_factory=list)
    stopped_early: bool = False
    _next: float = 0.0
    _without_gain: int = 0
    _last: tuple[Recipe, int] | None = None

    def __post_init__(self) -> None:
        """A run that goes on remembers what it was like before, by the same objects."""
        path = self.folder / _CHECKS
        if path.is_file() and (self.folder / _WEIGHTS).is_file():
            try:
                kept = json.loads(path.read_text("utf-8"))
                if kept["of"] == self.held_out.fingerprint:
                    self.checks += [Check(int(seen), float(figure)) for seen, figure in kept["checks"]]
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise CheckpointError(f"{path} cannot be read: {error}.") from error

    def __call__(self, recipe: Recipe, images_seen: int) -> bool:
        """After a step; True when the run should end."""
        self._last = recipe, images_seen
        if time.monotonic() < self._next or (self.checks and images_seen < self._images_of_next()):
            return False
        self.look(recipe, images_seen)
        self.stopped_early = self._without_gain >= self.patience
        return self.stopped_early

    def _images_of_next(self) -> int:
        return max(self.still_until, self.checks[-1].images_seen + self.images_between)

    def finish(self) -> None:
        """A last look, at what the run ended with."""
        if self._last is not None and (not self.checks or self.checks[-1].images_seen < self._last[1]):
            self.look(*self._last)

    def look(self, recipe: Recipe, images_seen: int) -> float:
        """Takes the figure now and keeps the weights if they are the best so far."""
        figure = self.held_out.figure(recipe)
        begun = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        best = self.best
        if best is None or figure < best.figure * (1 - self.least_gain):
            self._without_gain = 0
        elif images_seen >= self.from_images:
            self._without_gain += 1
        self.checks.append(Check(images_seen, figure))
        if best is None or figure < best.figure:
            keep_best(self.folder, recipe)
        rows = [[check.images_seen, round(check.figure, 5)] for check in self.checks]
        kept = {"of": self.held_out.fingerprint, "checks": rows}
        (self.folder / _CHECKS).write_text(json.dumps(kept) + "\n", "utf-8")
        now = time.monotonic()
        self._next = now + max(self.every_seconds, self.learning_over_looking * (now - begun))
        return figure

    @property
    def best(self) -> Check | None:
        return min(self.checks, key=lambda check: check.figure, default=None)


def keep_best(folder: Path, recipe: Recipe) -> None:
    """Writes the averaged weights as the best of the run."""
    networks = recipe.trained_networks()
    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous().clone()
        for name in _KEPT
        for key, value in networks[name].state_dict().items()
    }
    temporary = folder / f"{_WEIGHTS}.new"
    save_file(tensors, temporary)
    temporary.replace(folder / _WEIGHTS)


def best_weights(folder: Path) -> dict[str, dict[str, Tensor]]:
    """The best weights of a run by network name, else those of its checkpoint. Raises CheckpointError."""
    path = folder / _WEIGHTS
    tensors = load_file(path) if path.is_file() else checkpoint.read_tensors(folder)
    return {name: checkpoint.part(tensors, name) for name in _KEPT}
