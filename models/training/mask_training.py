"""Training of the mask generator: to morph an outline into another so that none on the way looks odd."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from models.masks.figures import mask_figures, mask_sheet
from models.masks.generator import MaskGenerator, ShapeCritic
from models.masks.geometry import bends, warped
from models.masks.sampling import MaskSampler
from models.masks.shape_library import ShapeLibrary
from models.masks.shapes import ShapeBatch, Shapes, ShapeSource, read_shapes, telling
from models.masks.weights import load_mask_weights, save_mask_weights
from models.photos.data import DataError, ObjectRecord
from models.training.mask_losses import contour_loss, critic_loss, reconstruction_loss, smoothness_loss
from models.training.stopping import stop_on_signal
from models.training.updates import descend, move_average, set_rate

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_SAVES = 180.0
_GRADIENT_LIMIT = 5.0  # norm at which gradients are clipped


@dataclass(frozen=True)
class MaskRecipe:
    """Hyper-parameters. Weights are relative to a mean cross entropy per cell."""

    batch: int = 32  # pairs of outlines a step
    images: int = 250_000  # pairs after which the run is complete, however much time is left
    rate: float = 1e-3  # Adam step of the generator; falls to a twentieth
    critic_rate: float = 4e-4
    ramp: float = 0.02  # share of the run in which the step grows from 0
    alone_share: float = 0.3  # share of the run before the critic joins
    smoothness: float = 0.3
    adversarial: float = 0.02  # more lets the critic, which soon knows a small set by heart, add ripples
    ema_images: float = 4_000.0  # half-life of the averaged weights
    most: int = 100  # outlines a class that are kept: those that best say what they are
    judged: int = 96  # outlines a class that the figures are taken from


class MaskTrainer:
    """Networks, optimisers and one training step. All randomness comes from one seeded generator."""

    def __init__(self, class_count: int, *, seed: int, device: torch.device, recipe: MaskRecipe) -> None:
        self.recipe = recipe
        self.device = device
        self.random = torch.Generator(device).manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # the initial weights are drawn from the global generator
            self.generator = MaskGenerator()
            self.critic = ShapeCritic(class_count)
        for network in (self.generator, self.critic):
            network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.generator).requires_grad_(requires_grad=False)
        self.images = 0
        self._drawing = torch.optim.Adam(self.generator.parameters(), lr=recipe.rate, betas=(0.5, 0.99))
        self._judging = torch.optim.Adam(self.critic.parameters(), lr=recipe.critic_rate, betas=(0.0, 0.99))

    def step(self, batch: ShapeBatch, fraction: float) -> dict[str, Tensor]:
        """One step on ``batch``; ``fraction`` of the run is over. Returns the loss terms."""
        recipe = self.recipe
        ramp = min(1.0, fraction / recipe.ramp + 0.01)
        fall = 1.0 if fraction < 0.5 else max(0.05, 2.0 * (1.0 - fraction))
        set_rate(self._drawing, recipe.rate * ramp * fall)
        set_rate(self._judging, recipe.critic_rate * fall)
        with torch.autocast(self.device.type, torch.bfloat16):
            terms = self._draw(batch, adversarial=fraction >= recipe.alone_share)
        self._average(len(batch.class_index))
        self.images += len(batch.class_index)
        return terms

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.random, device=self.device)

    def _draw(self, batch: ShapeBatch, *, adversarial: bool) -> dict[str, Tensor]:
        recipe, count = self.recipe, len(batch.class_index)
        movement = self.generator.movement(batch.fields, batch.others)
        terms = {
            "Loss/reconstruction": reconstruction_loss(warped(batch.fields, movement), batch.others),
            "Loss/smoothness": recipe.smoothness * smoothness_loss(movement),
        }
        if adversarial:
            amount, bent = self._uniform(count), bends(self._uniform(count, 4) * 2 - 1)
            aspect = torch.lerp(batch.log_aspect, batch.other_aspect, amount)
            drawn = warped(batch.fields, movement * amount[:, None, None, None] + bent)
            self.critic.requires_grad_(requires_grad=False)
            score = self.critic(drawn, batch.class_index, aspect)
            terms["Loss/adversarial"] = recipe.adversarial * contour_loss(score)
            self.critic.requires_grad_(requires_grad=True)
        self._advance(self._drawing, sum(terms.values(), torch.zeros((), device=self.device)))
        if adversarial:
            real_score = self.critic(warped(batch.others, bent), batch.class_index, batch.other_aspect)
            drawn_score = self.critic(drawn.detach(), batch.class_index, aspect)
            terms["Loss/critic"] = critic_loss(real_score, drawn_score)
            terms["Score/real"], terms["Score/drawn"] = real_score.mean(), drawn_score.mean()
            self._advance(self._judging, terms["Loss/critic"])
        return {name: value.detach() for name, value in terms.items()}

    @staticmethod
    def _advance(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        descend(optimiser, loss, parameters, limit=_GRADIENT_LIMIT)

    def _average(self, count: int) -> None:
        keep = 0.5 ** (count / min(self.recipe.ema_images, 0.1 * self.images + 1))
        move_average(self.averaged, self.generator, keep)

    def state(self) -> dict[str, Tensor]:
        """Everything a later run goes on from; Adam's moments are left behind on purpose."""
        parts = {"generator": self.averaged, "critic": self.critic}
        return {
            f"{name}.{key}": value.contiguous()
            for name, part in parts.items()
            for key, value in part.state_dict().items()
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Takes over what :meth:`state` gave."""
        parts: dict[str, nn.Module] = {"generator": self.generator, "critic": self.critic}
        for name, part in parts.items():
            own = {key.split(".", 1)[1]: v for key, v in state.items() if key.split(".", 1)[0] == name}
            part.load_state_dict(own)
        self.averaged.load_state_dict(self.generator.state_dict())

    def begin_with(self, generator: MaskGenerator) -> None:
        """Takes over the weights of another run's generator; the critic starts afresh."""
        for part in (self.generator, self.averaged):
            part.load_state_dict(generator.state_dict())


def train_masks(
    records: Sequence[ObjectRecord],
    class_names: Sequence[str],
    out_file: Path,
    *,
    minutes: float,
    seed: int,
    device: str,
    threads: int,
    resume: bool,
    start: Path | None = None,
    recipe: MaskRecipe | None = None,
) -> dict[str, Any]:
    """Trains on the records' outlines and writes the weights, half precision, with the shape library.

    Writes ``out_file`` (safetensors) and, under the same name, ``.json`` (the figures returned), ``.png`` (a
    sheet of outlines to look at) and ``.training.safetensors`` (what ``resume`` goes on from). A new run
    begins with the generator of the weights file ``start``, if that is given. The run ends when ``minutes``
    are over or the recipe's number of images is reached; only in the second case do two runs with one seed
    on one CPU agree.

    Raises:
        DataError: a class without a usable object.
        ModelMissing, ModelCorrupt: from reading ``start``.
        OSError: a file cannot be written.
    """
    recipe = recipe or MaskRecipe()
    torch.set_num_threads(threads)
    place = torch.device(device)
    shapes = read_shapes([r for r in records if r.split == "train"], class_names)
    for index, name in enumerate(class_names):
        if not (shapes.class_index == index).any():
            raise DataError(f"No {name} for training is whole: add photos that show one completely.")
    shapes = shapes.chosen(telling(shapes, recipe.most))
    held_out = [r for r in records if r.split != "train"]
    trainer = MaskTrainer(len(class_names), seed=seed, device=place, recipe=recipe)
    state_file = out_file.with_suffix(".training.safetensors")
    if resume and state_file.exists():
        trainer.restore(load_file(state_file))
    elif start is not None:
        known, _, _ = load_mask_weights(start)
        trainer.begin_with(known)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    seconds = _run(trainer, shapes, state_file, minutes=minutes)
    generator = trainer.averaged.cpu().eval()
    library = ShapeLibrary.build(shapes, len(class_names))
    save_mask_weights(out_file, generator, library, class_names)
    sampler = MaskSampler(generator, library)
    Image.fromarray(mask_sheet(sampler)).save(out_file.with_suffix(".png"))
    figures: dict[str, Any] = {
        "images": trainer.images,
        "seconds": round(seconds),
        "seed": seed,
        "device": device,
        "outlines": len(shapes),
    }
    if held_out:
        validation = read_shapes(held_out, class_names)
        figures |= mask_figures(sampler, shapes, validation, class_names, count=recipe.judged)
    out_file.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return figures


def _run(trainer: MaskTrainer, shapes: Shapes, state_file: Path, *, minutes: float) -> float:
    """Steps until time or images are used up, or Ctrl+C, and keeps the state now and then; returns the
    seconds it took."""
    recipe = trainer.recipe
    source = ShapeSource(shapes.to(trainer.device), trainer.random)
    begin, steps, totals = time.monotonic(), 0, dict[str, Tensor]()
    kept = begin
    with (
        stop_on_signal() as stop,
        tqdm(total=recipe.images, desc="mask generator", unit="outline", disable=None) as bar,
    ):
        while trainer.images < recipe.images and not stop.wanted:
            elapsed = time.monotonic() - begin
            if elapsed >= 60 * minutes:
                break
            # Time counts in whole hundredths, so that a run with time to spare repeats exactly.
            fraction = max(trainer.images / recipe.images, int(100 * elapsed / (60 * minutes)) / 100)
            terms = trainer.step(source.draw(recipe.batch), fraction)
            bar.update(recipe.batch)
            for name, value in terms.items():
                totals[name] = totals.get(name, torch.zeros_like(value)) * 0.98 + value * 0.02
            steps += 1
            if time.monotonic() - kept > _SECONDS_BETWEEN_SAVES:
                save_file(trainer.state(), state_file)
                kept = time.monotonic()
            if steps % 100 == 0:
                report = "  ".join(f"{name} {value.item():.4f}" for name, value in totals.items())
                log.info("%d images, %.0f s  %s", trainer.images, elapsed, report)
    save_file(trainer.state(), state_file)
    return time.monotonic() - begin
