"""Samples for judging light: real objects put back into their own photos under a light that is not theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.light.scenes import without_objects
from models.photos.data import STORED_SCALE, TRAIN_SCALE, USE_SCALE, Windows
from models.photos.frames import frame_matrix, seen_in
from models.relight import Relight

ENLARGED = (1.08, 1.3)  # an object of that size hides its own rim, which a photo keeps around it
VARIED = 0.6  # share of training photos that get another light themselves; the object does not tell of it
AS_IT_IS = 0.4  # share of their objects that are given as the photo had them
EXPOSURE = 0.25  # deviation of a further log exposure in training, so that the largest changes are not rare


@dataclass(frozen=True)
class LightBatch:
    """Objects with the light they should have and the one that they have, all (B, 3, S, S) in -1..1: scene,
    fitting, given; mask (B, 1, S, S) in 0..1. ``is_changed`` (B,): whether given is not fitting."""

    scene: Tensor
    fitting: Tensor
    given: Tensor
    mask: Tensor
    is_changed: Tensor

    def composite(self, objects: Tensor) -> Tensor:
        """The objects in their scenes."""
        return self.mask * objects + (1 - self.mask) * self.scene

    def error(self, objects: Tensor) -> Tensor:
        """Mean square distance (B,) of objects to how they should be, over the object, in -1..1."""
        squares = (objects - self.fitting).square().mean(1, keepdim=True) * self.mask
        return squares.sum((1, 2, 3)) / self.mask.sum((1, 2, 3)).clamp(min=1)

    def points(self, count: int, random: torch.Generator) -> Tensor:
        """``count`` random pixels (B, N) of each object, numbered row by row."""
        weights = (self.mask > 0.5).flatten(1).float() + 1e-6
        return torch.multinomial(weights, count, replacement=True, generator=random)


def at_points(pictures: Tensor, points: Tensor) -> Tensor:
    """The pixels (B, C, 1, N) of pictures (B, C, S, S) at points (B, N)."""
    flat = pictures.flatten(2)
    return flat.gather(2, points[:, None].expand(-1, flat.shape[1], -1)).unsqueeze(2)


@dataclass(frozen=True)
class Wanted:
    """What kind of samples: the share whose light is changed, the share of objects that are enlarged so that
    nothing of their own rim is seen, and whether the photo's own light varies, too."""

    changed: float
    enlarged: float
    varied: bool


FOR_TRAINING = Wanted(changed=0.8, enlarged=0.4, varied=True)


def training_batch(windows: Windows, count: int, size: int, random: torch.Generator) -> LightBatch:
    """Random objects at random places and sizes, ``FOR_TRAINING``; of the scenes what is judged by."""
    pick = torch.randint(len(windows), (count,), generator=random)
    low, high = TRAIN_SCALE
    half = (low + (high - low) * torch.rand(count, generator=random)) / STORED_SCALE
    room = (1 - half).unsqueeze(1)
    middle = (torch.rand(count, 2, generator=random) * 2 - 1) * torch.minimum(
        room, (half - 1 / STORED_SCALE).clamp(min=0).unsqueeze(1)
    )
    mirror = torch.where(torch.rand(count, generator=random) < 0.5, -1.0, 1.0)
    batch = _batch(windows, pick, middle, half, mirror, size, FOR_TRAINING, random)
    return replace(batch, scene=without_objects(batch.scene, batch.mask))


def held_out_batch(
    windows: Windows, pick: Tensor, size: int, wanted: Wanted, random: torch.Generator
) -> LightBatch:
    """The objects ``pick`` (B,) in the windows that the program uses."""
    count = len(pick)
    half = torch.full((count,), USE_SCALE / STORED_SCALE)
    return _batch(windows, pick, torch.zeros(count, 2), half, torch.ones(count), size, wanted, random)


def _batch(
    windows: Windows,
    pick: Tensor,
    middle: Tensor,
    half: Tensor,
    mirror: Tensor,
    size: int,
    wanted: Wanted,
    random: torch.Generator,
) -> LightBatch:
    count = len(pick)

    def chance(share: float) -> Tensor:
        return torch.rand(count, generator=random) < share

    stored = torch.cat([windows.images[pick].float() / 127.5 - 1, windows.masks[pick].float() / 255], 1)
    low, high = ENLARGED
    by = low + (high - low) * torch.rand(count, generator=random)
    by = torch.where(chance(wanted.enlarged), by, torch.ones(count))
    boxes = windows.boxes[pick] * 2 - 1
    fixed = (boxes[:, :2] + boxes[:, 2:]) / 2  # the object's middle stays where it is
    closer = fixed + (middle - fixed) / by[:, None]
    whole = seen_in(stored, frame_matrix(middle[:, 0], middle[:, 1], half, mirror), size)
    scene, around = whole[:, :3].clamp(-1, 1), whole[:, 3:].clamp(0, 1)
    enlarged = by > 1  # beside such a one something of it as it was would tell its light
    scene[enlarged] = without_objects(scene[enlarged], around[enlarged])
    near = seen_in(stored, frame_matrix(closer[:, 0], closer[:, 1], half / by, mirror), size)
    own, mask = near[:, :3].clamp(-1, 1), near[:, 3:].clamp(0, 1)
    fitting = own
    change = Relight.random(count, random, probability=1.0)
    is_changed = chance(wanted.changed)
    changes = is_changed
    if wanted.varied:
        further = EXPOSURE * torch.randn(count, 1, 1, 1, generator=random)
        change = replace(change, gain=change.gain * further.exp())
        light = Relight.random(count, random, probability=VARIED)
        light = replace(light, ramp=torch.zeros_like(light.ramp))  # a ramp has a place
        scene, fitting = light.apply(scene), light.apply(own)
        changes = is_changed & (light.is_none | chance(1 - AS_IT_IS))
    changed = (change.apply(own) * 127.5).round() / 127.5
    given = torch.where(changes.view(-1, 1, 1, 1), changed, own)
    given = torch.where(is_changed.view(-1, 1, 1, 1), given, fitting)
    return LightBatch(scene, fitting, given, mask, is_changed)
