"""The insertions that an evaluation makes: which photos, which scenes, which masks, which codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.evaluation.methods import Cases, Networks, resized
from models.evaluation.result import ALL_CLASSES, Background, Shape
from models.hole import dilate, fill_hole
from models.photos.data import ObjectRecord, load_windows
from models.seeds import numbers_of

BATCH = 16  # pictures that are made or judged at once
MAX_SEED = 2**31  # seeds are smaller
CLEARANCE = 0.05  # how far beyond its mask an object is removed from its photo, as a share of the window


@dataclass(frozen=True)
class Options:
    """What to measure and on how much. Counts are pictures."""

    seed: int = 0
    size: int = 128  # pixels of a judged window; the same for all networks, so that figures compare
    limit: int | None = None  # validation photos; None: all of them
    looks: int = 4  # seeds compared for one shape
    lighting_limit: int = 48  # photos that are relit; the median moves little beyond
    diversity_limit: int = 96
    training_per_photo: int = 4  # with a limit: training pictures read for one validation photo
    sheet_rows: int = 12
    device: str = "cpu"


class NothingToEvaluate(ValueError):
    """No validation photo shows a class that the networks know."""


@dataclass(frozen=True)
class Sample:
    """The validation photos of one run, all on one device, ordered so that any first part is balanced.

    The window's side S is the size at which pictures are judged, not the networks' resolution.
    real (N, 3, S, S) in -1..1, real_mask (N, 1, S, S) in 0..1, class_index (N,), boxes (N, 4) as fractions,
    clean: `real` with the object removed, donor (N,): the index of the photo that lends the other background,
    codes (N, K, C) and shapes (N, 32): the random numbers of each photo, standard normal, seeds (N, K, 2): of
    look and shape, the latter that of `shapes`; heads (N, 3): middle x, y and half side of each head in -1..1
    of the window, that 0 where none is known.
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
    seeds: Tensor
    heads: Tensor

    def __len__(self) -> int:
        return len(self.real)

    @property
    def labels(self) -> list[str]:
        """(N) the name of each photo's class."""
        return [self.class_names[n] for n in self.class_index.tolist()]

    def scenes(self, background: Background) -> Tensor:
        """(N, 3, S, S) in -1..1: the scenes without an object."""
        return self.clean if background is Background.OWN else self.clean[self.donor]

    def batches(
        self, scene: Tensor, mask: Tensor, shape: Shape = Shape.TRUE, *, look: int = 0, size: int = BATCH
    ) -> Iterator[tuple[slice, Cases]]:
        """The insertions of `scene` and `mask` (N, ...) of that shape in batches, look number `look`."""
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
                    self.boxes[part],
                    self.seeds[part, look],
                    shape is Shape.GENERATED,
                ),
            )

    def groups(self, count: int | None = None) -> dict[str, Tensor]:
        """Which (M,) of the first `count` photos, of all without it, show each class, and all of them."""
        index = self.class_index[:count].cpu()
        groups = {ALL_CLASSES: torch.arange(len(index))}
        for number, name in enumerate(self.class_names):
            groups[name] = (index == number).nonzero().flatten()
        return {name: members for name, members in groups.items() if len(members)}

    def masks(self, networks: Networks, shape: Shape) -> Tensor:
        """(N, 1, S, S) in 0..1: the masks that are asked for in a cell."""
        if shape is Shape.TRUE:
            return self.real_mask
        numbers = (torch.split(part, BATCH) for part in (self.class_index, self.boxes, self.shapes))
        made = [networks.make_masks(*part) for part in zip(*numbers, strict=True)]
        return torch.cat([resized(mask.float(), self.real.shape[-1]) for mask in made])


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


def pick_validation(
    records: Sequence[ObjectRecord], networks: Networks, options: Options, generator: torch.Generator
) -> list[ObjectRecord]:
    """The validation records to use. Raises NothingToEvaluate where there is none of a known class."""
    picked = pick_records(records, "val", networks.class_names, options.limit, generator)
    if not picked:
        raise NothingToEvaluate(
            'The data folder has no validation photo (split "val") of the classes that the networks know: '
            f"{', '.join(networks.class_names)}."
        )
    return picked


def load_sample(
    records: Sequence[ObjectRecord],
    networks: Networks,
    options: Options,
    generator: torch.Generator,
    code_size: int = 0,
) -> Sample:
    """Reads the validation photos and draws everything random.

    `code_size`: numbers of an appearance code, at least; rivals may want more of them than `networks`.

    Raises:
        NothingToEvaluate: no validation record of a known class.
        DataError: a photo that cannot be read.
    """
    picked = pick_validation(records, networks, options, generator)
    windows = load_windows(picked, tuple(networks.class_names), options.size)
    real = (windows.images.float() / 127.5 - 1).to(options.device)
    real_mask = (windows.masks.float() / 255).to(options.device)
    clearance = max(1, round(CLEARANCE * options.size))
    numbers = max(networks.code_size, code_size)
    codes = torch.randn(len(picked), options.looks, numbers, generator=generator)
    seeds = torch.randint(MAX_SEED, (len(picked), options.looks, 2), generator=generator)
    seeds[:, :, 1] = seeds[:, :1, 1]  # one shape
    shapes = [numbers_of(seed, networks.code_size).shape for seed in seeds[:, 0, 1].tolist()]
    return Sample(
        class_names=tuple(networks.class_names),
        real=real,
        real_mask=real_mask,
        class_index=windows.class_index.to(options.device),
        boxes=windows.boxes.to(options.device),
        clean=fill_hole(real, dilate(real_mask, clearance)),
        donor=donors(picked).to(options.device),
        codes=codes.to(options.device),
        shapes=torch.stack(shapes).to(options.device),
        seeds=seeds,
        heads=(2 * windows.heads - torch.tensor([1.0, 1.0, 0.0])).to(options.device),
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
