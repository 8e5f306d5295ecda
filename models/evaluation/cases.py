"""The insertions that an evaluation makes: which photos, which scenes, which masks, which codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor

from models.evaluation.baselines import Cases, Insertion
from models.evaluation.result import Background, Shape
from models.hole import dilate, fill_hole
from models.masks.generator import LATENT
from models.photos.data import ObjectRecord, load_windows

CLEARANCE = 0.05  # how far beyond its mask an object is removed from its photo, as a share of the window


class Painter(Protocol):
    """Networks that paint an object into a given mask; shapes as in `models.bundle.Bundle`."""

    @property
    def resolution(self) -> int: ...

    @property
    def code_size(self) -> int: ...

    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]: ...


class Networks(Painter, Protocol):
    """The part of a bundle of weights that is evaluated; shapes as in `models.bundle.Bundle`."""

    @property
    def class_names(self) -> Sequence[str]: ...

    def make_masks(self, class_index: Tensor, boxes: Tensor, z: Tensor) -> Tensor: ...


@runtime_checkable
class DrawsLooks(Protocol):
    """Networks whose random numbers choose a look, instead of being one."""

    def draw_looks(self, class_index: Tensor, z: Tensor) -> Tensor: ...


@runtime_checkable
class Enlarges(Protocol):
    """Networks that bring objects to the size at which they are wanted."""

    def at_scale(
        self, colour: Tensor, alpha: Tensor, scale: float, seeds: Sequence[int]
    ) -> tuple[Tensor, Tensor]: ...


def looks_by_chance(networks: Painter, class_index: Tensor, z: Tensor) -> Tensor:
    """The appearance codes (B, code_size) that standard normal `z` (B, code_size or more) stands for."""
    own = z[:, : networks.code_size]
    return networks.draw_looks(class_index, own) if isinstance(networks, DrawsLooks) else own


@dataclass(frozen=True)
class Generated:
    """The networks as a row of the table, at their own resolution whatever the size of the pictures."""

    networks: Painter
    name: str = "this program"
    keeps_real_shape: bool = False
    repaints_scene: bool = False
    images_seen: int = 0
    """In training; 0 where it is not recorded."""

    def insert(self, cases: Cases) -> Insertion:
        own = self.networks.resolution
        rgb, alpha = self.networks.make_objects(
            resized(cases.scene, own),
            resized(cases.mask, own),
            cases.class_index,
            looks_by_chance(self.networks, cases.class_index, cases.code),
        )
        size = cases.scene.shape[-1]
        if isinstance(self.networks, Enlarges):  # as in use: what is judged large is made large
            rgb, alpha = self.networks.at_scale(rgb, alpha, size / own, range(len(rgb)))
        return Insertion(
            resized(rgb.float(), size), resized(alpha.float(), size), cases.mask, self.repaints_scene
        )


def resized(picture: Tensor, size: int) -> Tensor:
    """(B, C, S, S) to (B, C, size, size), bicubic as object layers are enlarged; never out of its range."""
    if picture.shape[-1] == size:
        return picture
    scaled = F.interpolate(picture, size=(size, size), mode="bicubic", align_corners=False, antialias=True)
    return scaled.clamp(float(picture.min()), float(picture.max()))


class NothingToEvaluate(ValueError):
    """No validation photo shows a class that the networks know."""


@dataclass(frozen=True)
class Sample:
    """The validation photos of one run, all on one device, ordered so that any first part is balanced.

    The window's side S is the size at which pictures are judged, not the networks' resolution.
    real (N, 3, S, S) in -1..1, real_mask (N, 1, S, S) in 0..1, class_index (N,), boxes (N, 4) as fractions,
    clean: `real` with the object removed, donor (N,): the index of the photo that lends the other background,
    codes (N, K, C) and shapes (N, 32): the random numbers of each photo, standard normal.
    """

    class_names: tuple[str, ...]
    real: Tensor
    real_mask: Tensor
    class_index: Tensor
    boxes: Tensor
    clean: Tensor
    donor: Tensor
    codes: Tensor
    shapes: Tensor

    def __len__(self) -> int:
        return len(self.real)

    def scenes(self, background: Background) -> Tensor:
        """(N, 3, S, S) in -1..1: the scenes without an object."""
        return self.clean if background is Background.OWN else self.clean[self.donor]

    def batches(self, scene: Tensor, mask: Tensor, size: int, look: int = 0) -> Iterator[tuple[slice, Cases]]:
        """The insertions of `scene` and `mask` (N, ...) in batches, with appearance code number `look`."""
        for start in range(0, len(scene), size):
            part = slice(start, min(start + size, len(scene)))
            yield (
                part,
                Cases(
                    scene[part],
                    mask[part],
                    self.real[part],
                    self.real_mask[part],
                    self.class_index[part],
                    self.codes[part, look],
                ),
            )


def pick_records(
    records: Sequence[ObjectRecord],
    split: str,
    class_names: Sequence[str],
    limit: int | None,
    generator: torch.Generator,
) -> list[ObjectRecord]:
    """At most `limit` records of the split and the classes, drawn at random, classes taking turns."""
    queues = []
    for name in class_names:
        of_class = [record for record in records if record.split == split and record.class_name == name]
        order = torch.randperm(len(of_class), generator=generator).tolist()
        queues.append([of_class[n] for n in order])
    longest = max((len(queue) for queue in queues), default=0)
    turns = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    return turns[:limit]


def load_sample(
    records: Sequence[ObjectRecord],
    networks: Networks,
    *,
    size: int,
    limit: int | None,
    looks: int,
    device: torch.device,
    generator: torch.Generator,
    code_size: int = 0,
) -> Sample:
    """Reads the validation photos in windows of `size` pixels, a power of two, and draws everything random.

    `code_size`: numbers of an appearance code, at least; rivals may want more of them than `networks`.

    Raises:
        NothingToEvaluate: no validation record of a known class.
        DataError: a photo that cannot be read.
    """
    picked = pick_records(records, "val", networks.class_names, limit, generator)
    if not picked:
        raise NothingToEvaluate(
            'The data folder has no validation photo (split "val") of the classes that the networks know: '
            f"{', '.join(networks.class_names)}."
        )
    windows = load_windows(picked, tuple(networks.class_names), size)
    real = (windows.images.float() / 127.5 - 1).to(device)
    real_mask = (windows.masks.float() / 255).to(device)
    clearance = max(1, round(CLEARANCE * size))
    return Sample(
        class_names=tuple(networks.class_names),
        real=real,
        real_mask=real_mask,
        class_index=windows.class_index.to(device),
        boxes=windows.boxes.to(device),
        clean=fill_hole(real, dilate(real_mask, clearance)),
        donor=donors(picked).to(device),
        codes=torch.randn(len(picked), looks, max(networks.code_size, code_size), generator=generator).to(
            device
        ),
        shapes=torch.randn(len(picked), LATENT, generator=generator).to(device),
    )


def donors(records: Sequence[ObjectRecord]) -> Tensor:
    """(N,) int64: for each record the next one of its class from another photo, else of any class.

    The other background comes from the same class, so that only object and harmony tell the pictures from
    real ones, not a horse in a living room.
    """
    count = len(records)
    found = []
    for n, record in enumerate(records):
        following = [(n + step) % count for step in range(1, count)]
        strangers = [m for m in following if records[m].photo != record.photo]
        alike = [m for m in strangers if records[m].class_name == record.class_name]
        found.append((alike or strangers or [n])[0])
    return torch.tensor(found)


def masks_for(sample: Sample, networks: Networks, shape: Shape, batch_size: int) -> Tensor:
    """(N, 1, S, S) in 0..1: the masks that are asked for in a cell."""
    if shape is Shape.TRUE:
        return sample.real_mask
    parts = []
    for start in range(0, len(sample), batch_size):
        part = slice(start, start + batch_size)
        mask = networks.make_masks(
            sample.class_index[part],
            sample.boxes[part],
            sample.shapes[part],
        )
        parts.append(resized(mask.float(), sample.real.shape[-1]))
    return torch.cat(parts)
