"""Training the refiner: real detail where the truth is known, real texture on what the generator paints.

Half of a batch are photos made half as large, where the refiner is to find the photo again; the other half
are objects of the foreground generator. Some of those have been doubled once before, as large boxes need it:
no photo in the data shows an object that large, but fur and petals look much the same from near. A
discriminator must tell neither half from photos. It sees only what is lost when a picture is made half as
large, since that is all the refiner is to add: given the whole picture it would judge the generator's faults,
which no refiner can mend. All are patches of the object alone: the scene is not the refiner's business.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from models.bundle import Bundle
from models.features.networks import Lpips
from models.photos.data import DataError, ObjectRecord, load_windows
from models.refiner import Refiner, enlarged
from models.training.discriminators import PatchDiscriminator
from models.training.losses import AdversarialLoss, masked_l1
from models.training.sample_grid import to_picture
from models.training.updates import descend, move_average

WINDOW_SCALE = 1.4  # as when the program is used
REAL_DETAIL = 0.8  # pixels that a photo must have for each pixel of a window, along a side
PATCH = 64  # pixels of the refiner's input in a training patch
OBJECTS_KEPT = 1500  # windows in memory
DETAIL_GAIN = 6.0  # brings the spread of photos' detail near 1
GRADIENT_LIMIT = 10.0  # norm at which gradients are clipped


@dataclass(frozen=True)
class RefinerSettings:
    """What shapes the refiner's training."""

    minutes: float
    batch_size: int = 16  # patches a step, half of them photos
    learning_rate: float = 2e-4
    weight_l1: float = 2.0  # photos: distance to the truth
    weight_lpips: float = 2.0  # photos: perceptual distance
    weight_adversarial: float = 1.5
    weight_size: float = 10.0  # generated objects: made half as large again, the result is what it was
    again_share: float = 0.5  # of the generated objects: doubled once before
    warmup: int = 200  # steps before the discriminator counts
    average: float = 0.999  # share of the averaged weights kept at each step
    seed: int = 0


@dataclass(frozen=True)
class _Objects:
    """Windows of real objects at 2S, of generated ones in the same masks at S; uint8."""

    real: Tensor  # (N, 3, 2S, 2S)
    mask: Tensor  # (N, 1, 2S, 2S)
    painted: Tensor  # (N, 3, S, S)
    class_index: Tensor  # (N,)


def train_refiner(
    records: Sequence[ObjectRecord],
    weights: Path,
    out: Path,
    settings: RefinerSettings,
    features: Path | None = None,
) -> dict[str, float]:
    """Trains on the training photos that are large enough, for the generator in ``weights``.

    Writes ``refiner.safetensors`` (averaged weights), ``refiner.json`` (figures) and ``refiner.png`` (rows:
    generated, enlarged, refined, real) to ``out``; an earlier run there goes on with fresh optimisers.

    Raises:
        DataError: no photo is large enough.
        ModelMissing, ModelCorrupt, FeatureNetworkMissing: from reading the networks.
    """
    random = torch.Generator().manual_seed(settings.seed)
    torch.manual_seed(settings.seed)
    bundle = Bundle.load(weights, dtype=torch.bfloat16)
    objects = _load_objects(records, bundle, random)
    lpips = Lpips(features) if features is not None else None
    refiner, averaged = Refiner(), Refiner()
    critic = PatchDiscriminator(len(bundle.class_names))
    file = out / "refiner.safetensors"
    if file.is_file():
        refiner.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    averaged.load_state_dict(refiner.state_dict())
    averaged.requires_grad_(requires_grad=False)
    critic_file = out / "refiner.critic.safetensors"
    if critic_file.is_file():
        critic.load_state_dict(load_file(critic_file))
    step = _Step(refiner, critic, lpips, settings)
    out.mkdir(parents=True, exist_ok=True)
    begun, steps = time.monotonic(), 0
    figures: dict[str, float] = {}
    with tqdm(unit="patch", desc="training the refiner", disable=None) as bar:
        while time.monotonic() - begun < 60 * settings.minutes:
            figures = step(objects, random, counted=steps >= settings.warmup)
            move_average(averaged, refiner, settings.average)
            steps += 1
            bar.update(settings.batch_size)
            bar.set_postfix(l1=f"{figures['l1']:.3f}", refresh=False)
    save_file({name: value.half().contiguous() for name, value in averaged.state_dict().items()}, file)
    file.chmod(0o644)  # safetensors makes files that only their owner can read
    save_file({name: value.clone() for name, value in critic.state_dict().items()}, critic_file)
    figures |= {
        "patches": float(steps * settings.batch_size),
        "seconds": round(time.monotonic() - begun, 1),
        "objects": float(len(objects.real)),
    }
    (out / "refiner.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    _write_sheet(out / "refiner.png", averaged, objects)
    return figures


def _load_objects(
    records: Sequence[ObjectRecord], bundle: Bundle, random: torch.Generator, batch: int = 16
) -> _Objects:
    size = 2 * bundle.resolution
    large = [
        record
        for record in records
        if record.split == "train"
        and record.class_name in bundle.class_names
        and WINDOW_SCALE * max(_sides(record)) >= REAL_DETAIL * size
    ]
    if not large:
        raise DataError(
            f"No object is {round(REAL_DETAIL * size / WINDOW_SCALE)} pixels long or more, so nothing can be "
            "learnt about fine detail."
        )
    order = torch.randperm(len(large), generator=random).tolist()
    windows = load_windows(
        [large[place] for place in order[:OBJECTS_KEPT]], bundle.class_names, size, WINDOW_SCALE
    )
    painted = []
    for start in tqdm(range(0, len(windows), batch), desc="painting", disable=None, leave=False):
        part = slice(start, start + batch)
        scene = functional.avg_pool2d(windows.images[part].float() / 127.5 - 1, 2)
        mask = functional.avg_pool2d(windows.masks[part].float() / 255, 2)
        index = windows.class_index[part]
        parts = bundle.parts_for(index, mask)
        z = torch.randn(len(index), bundle.code_size, generator=random)
        code = bundle.draw_looks(index, z, parts)
        noise = torch.randn(len(index), 1, *mask.shape[-2:], generator=random)
        colour, _ = bundle.make_objects(scene, mask, index, code, noise, parts.placed)
        painted.append(((colour.cpu() + 1) * 127.5).round().byte())
    return _Objects(windows.images, windows.masks, torch.cat(painted), windows.class_index)


def _sides(record: ObjectRecord) -> tuple[int, int]:
    x0, y0, x1, y1 = record.box
    return x1 - x0, y1 - y0


class _Step:
    """One step of the refiner and its discriminator."""

    def __init__(
        self, refiner: Refiner, critic: PatchDiscriminator, lpips: Lpips | None, settings: RefinerSettings
    ) -> None:
        self.refiner, self.critic, self.lpips, self.settings = refiner, critic, lpips, settings
        betas = (0.0, 0.99)
        self.optimiser = torch.optim.Adam(refiner.parameters(), settings.learning_rate, betas)
        self.optimiser_d = torch.optim.Adam(critic.parameters(), settings.learning_rate, betas)

    def __call__(self, objects: _Objects, random: torch.Generator, *, counted: bool) -> dict[str, float]:
        settings = self.settings
        half = settings.batch_size // 2
        truth, truth_mask, _, truth_class = _patches(objects, half, random)
        _, mask, painted, index = _patches(objects, half, random)
        again = int(half * settings.again_share)
        if again:
            painted, mask = self._with_doubled(painted, mask, again, random)
        small = torch.cat([functional.avg_pool2d(truth, 2), painted])
        small_mask = functional.avg_pool2d(torch.cat([truth_mask, mask]), 2)
        noise = torch.randn(small_mask.shape, generator=random)
        with torch.autocast("cpu", torch.bfloat16):
            large = self.refiner(small, small_mask, noise)
        found, made = large[:half], large[half:]

        masks, classes = torch.cat([truth_mask, mask]), torch.cat([truth_class, index])
        loss_d = self._judge_d(truth, truth_mask, truth_class, large.detach(), masks, classes)
        descend(self.optimiser_d, loss_d, self.critic.parameters(), limit=GRADIENT_LIMIT)

        terms = {
            "l1": settings.weight_l1 * masked_l1(found, truth, truth_mask),
            "size": settings.weight_size
            * masked_l1(functional.avg_pool2d(made, 2), painted, small_mask[half:]),
        }
        if self.lpips is not None:
            with torch.autocast("cpu", torch.bfloat16):
                distance = self.lpips(found * truth_mask, truth * truth_mask)
            terms["lpips"] = settings.weight_lpips * distance.mean()
        if counted:
            with torch.autocast("cpu", torch.bfloat16):
                logits = self.critic(detail_of(large) * masks, masks, classes)
            terms["adversarial"] = settings.weight_adversarial * AdversarialLoss.HINGE.generator(logits)
        loss = torch.stack([term.float() for term in terms.values()]).sum()
        descend(self.optimiser, loss, self.refiner.parameters(), limit=GRADIENT_LIMIT)
        return {name: term.detach().item() for name, term in (*terms.items(), ("D", loss_d))}

    @torch.no_grad()
    def _with_doubled(
        self, painted: Tensor, mask: Tensor, count: int, random: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The patches (B, 3, P, P) and masks (B, 1, 2P, 2P), the first ``count`` of them doubled and cut to
        the size they had, around their middle or a little beside it."""
        small = functional.avg_pool2d(mask[:count], 2)
        noise = torch.randn(small.shape, generator=random)
        with torch.autocast("cpu", torch.bfloat16):
            large = self.refiner(painted[:count], small, noise)
        side = painted.shape[-1]
        top, left = torch.randint(side // 4, side - side // 4, (2,), generator=random).tolist()
        part = (..., slice(top, top + side), slice(left, left + side))
        near = functional.interpolate(mask[:count][part], scale_factor=2.0, mode="bilinear")
        return torch.cat([large[part], painted[count:]]), torch.cat([near, mask[count:]])

    def _judge_d(
        self, real: Tensor, real_mask: Tensor, real_class: Tensor, fake: Tensor, mask: Tensor, index: Tensor
    ) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return AdversarialLoss.HINGE.discriminator(
                self.critic(detail_of(real) * real_mask, real_mask, real_class),
                self.critic(detail_of(fake) * mask, mask, index),
            )


def detail_of(picture: Tensor) -> Tensor:
    """What is lost when a picture (B, 3, 2H, 2W) is made half as large, about as strong as the picture."""
    return DETAIL_GAIN * (picture - enlarged(functional.avg_pool2d(picture, 2)))


def _patches(objects: _Objects, count: int, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random patches around random points of random objects: photo (B, 3, 2P, 2P) in -1..1, mask
    (B, 1, 2P, 2P), painted (B, 3, P, P) in -1..1, class_index (B,)."""
    side = objects.painted.shape[-1]
    patch = min(PATCH, side)
    pick = torch.randint(len(objects.real), (count,), generator=random)
    photos, masks, painted = [], [], []
    for place in pick.tolist():
        inside = (objects.mask[place, 0, ::2, ::2] > 127).nonzero()
        point = inside[int(torch.randint(len(inside), (1,), generator=random))] if len(inside) else None
        row, column = (side // 2, side // 2) if point is None else point.tolist()
        top = min(max(row - patch // 2, 0), side - patch)
        left = min(max(column - patch // 2, 0), side - patch)
        small = (..., slice(top, top + patch), slice(left, left + patch))
        large = (..., slice(2 * top, 2 * (top + patch)), slice(2 * left, 2 * (left + patch)))
        photos.append(objects.real[place][large])
        masks.append(objects.mask[place][large])
        painted.append(objects.painted[place][small])
    return (
        torch.stack(photos).float() / 127.5 - 1,
        torch.stack(masks).float() / 255,
        torch.stack(painted).float() / 127.5 - 1,
        objects.class_index[pick],
    )


@torch.no_grad()
def _write_sheet(path: Path, refiner: Refiner, objects: _Objects, count: int = 8) -> None:
    painted = objects.painted[:count].float() / 127.5 - 1
    mask = objects.mask[:count].float() / 255
    random = torch.Generator().manual_seed(0)
    noise = torch.randn(len(painted), 1, *painted.shape[-2:], generator=random)
    refined = refiner(painted, functional.avg_pool2d(mask, 2), noise)
    real = objects.real[:count].float() / 127.5 - 1
    to_picture([enlarged(painted) * mask, refined * mask, real * mask]).save(path)
