"""Real outlines kept beside the mask generator: what it morphs, and what is plausible for a class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from models.masks.geometry import FINE, fields_of, fill_ratio
from models.masks.parts_code import FINER, PARTS_CELLS, PARTS_CHANNELS, channels, summary
from models.masks.shapes import Shapes, descriptors, neighbours

BYTES = FINE * FINE // 8  # of an outline
PARTS_SHAPE = (2, channels(FINER), PARTS_CELLS, PARTS_CELLS)  # of an outline's codes, as it is and mirrored
WORTH = "library.worth"  # the one tensor that a weight file may lack
MOST_WORTH = 8.0  # logarithm: beyond, the others of a class would never be drawn
_FULL_CODE = 127  # what a code of 1 is kept as, above the middle of a byte
_MIDDLE = 128


@dataclass(frozen=True)
class _Described:
    """What all outlines of a class are like, each and its mirror image."""

    places: Tensor  # int64 (2 n,)
    descriptors: Tensor  # (2 n, D)


@dataclass
class ShapeLibrary:
    """Outlines of the training set, one bit a cell, and the classes' statistics.

    Outlines are counted twice: place n + N is outline n mirrored.

    bits uint8 (N, 2048): frames of 128 × 128, eight cells a byte, row by row; parts uint8 (N, 2, C, 16, 16):
    codes of where the parts of each outline's object are, as it is and mirrored, 1..255 for -1..1;
    class_index int64 (N,); log_aspect float32 (N,); neighbours int64 (N, K): the places of the outlines of
    the class that are most like each one, its own where there is none; fill_range float32 (C, 2): 1 and 99 %
    quantile of the share of the box that is covered; aspect_range float32 (C, 2): the same of the log aspect;
    worth float32 (N,): the logarithm of how much more often than others of its class an outline is drawn.
    """

    bits: Tensor
    parts: Tensor
    class_index: Tensor
    log_aspect: Tensor
    neighbours: Tensor
    fill_range: Tensor
    aspect_range: Tensor
    worth: Tensor
    _described: dict[int, _Described] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.class_index)

    @classmethod
    def build(cls, shapes: Shapes, class_count: int, parts: Tensor | None = None) -> ShapeLibrary:
        """Of all outlines of ``shapes``, each of ``class_count`` classes with at least one.

        ``parts``: (N, 2, C, 16, 16) codes in -1..1 of their objects, as they are and mirrored; None: nothing
        is said of them.
        """
        shapes = shapes.to(torch.device("cpu"))
        codes = torch.zeros(len(shapes), *PARTS_SHAPE) if parts is None else parts.cpu()
        fills, aspects = [], []
        ends = torch.tensor([0.01, 0.99])
        for index in range(class_count):
            part = shapes.chosen(torch.where(shapes.class_index == index)[0])
            fills.append(torch.quantile(fill_ratio(part.fields.float()), ends))
            aspects.append(torch.quantile(part.log_aspect, ends))
        return cls(
            torch.from_numpy(np.packbits(shapes.frames.flatten(1).numpy(), axis=1)),
            (codes.clamp(-1, 1) * _FULL_CODE + _MIDDLE).round().to(torch.uint8),
            shapes.class_index,
            shapes.log_aspect,
            neighbours(shapes, summary(codes.transpose(0, 1).flatten(0, 1)))[: len(shapes)],
            torch.stack(fills),
            torch.stack(aspects),
            torch.zeros(len(shapes)),
        )

    def without(self, places: Iterable[int]) -> ShapeLibrary:
        """The library without some of its outlines.

        Raises:
            ValueError: a class would have none left.
        """
        gone = set(places)
        kept = torch.tensor([place for place in range(len(self)) if place not in gone], dtype=torch.int64)
        classes = len(self.fill_range)
        if len(set(self.class_index[kept].tolist())) < classes:
            raise ValueError("no outline would be left")
        frames = self._frames(kept)
        shapes = Shapes(fields_of(frames), frames, self.class_index[kept], self.log_aspect[kept])
        codes = torch.stack([self.codes(kept), self.codes(kept + len(self))], 1)
        built = self.build(shapes, classes, codes)
        return replace(built, worth=self.worth[kept])

    def to_tensors(self) -> dict[str, Tensor]:
        """What :meth:`from_tensors` reads, for a safetensors file."""
        return {
            "library.bits": self.bits,
            "library.parts": self.parts,
            "library.class_index": self.class_index.to(torch.uint8),
            "library.log_aspect": self.log_aspect,
            "library.neighbours": self.neighbours.to(torch.int32),
            "library.fill_range": self.fill_range,
            "library.aspect_range": self.aspect_range,
            WORTH: self.worth,
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> ShapeLibrary:
        """The library of a weight file.

        Raises:
            ValueError: the tensors are not of the documented shape.
        """
        bits, index = tensors["library.bits"], tensors["library.class_index"].long()
        aspect, close = tensors["library.log_aspect"].float(), tensors["library.neighbours"].long()
        parts = tensors["library.parts"]
        fills, aspects = tensors["library.fill_range"].float(), tensors["library.aspect_range"].float()
        worth = tensors[WORTH].float() if WORTH in tensors else torch.zeros(len(index))
        classes = len(fills)
        sound = (
            bits.shape == (len(index), BYTES)
            and bits.dtype == parts.dtype == torch.uint8
            and parts.shape == (len(index), 2, parts.shape[2], PARTS_CELLS, PARTS_CELLS)
            and parts.shape[2] >= PARTS_CHANNELS
            and aspect.shape == index.shape
            and fills.shape == aspects.shape == (classes, 2)
            and set(index.tolist()) == set(range(classes))
            and len(close) == len(index)
            and close.numel() > 0
            and 0 <= close.min() <= close.max() < 2 * len(index)
            and worth.shape == index.shape
            and bool((worth.abs() <= MOST_WORTH).all())
        )
        if not sound:
            raise ValueError("The shape library in the mask weights is damaged; install the weights again.")
        return cls(bits, parts, index, aspect, close, fills, aspects, worth)

    def fields(self, places: Tensor) -> Tensor:
        """The outlines at places (B,), (B, 1, 64, 64) fields on the device of ``places``."""
        count = len(self)
        own = places.cpu() % count
        plain = fields_of(self._frames(own))
        mirrored = (places.cpu() >= count)[:, None, None, None]
        return torch.where(mirrored, plain.flip(3), plain).to(places.device)

    def _frames(self, own: Tensor) -> Tensor:
        """What outlines (B,) are kept as, (B, 128, 128) uint8 0 | 1."""
        bits = np.unpackbits(self.bits[own].cpu().numpy(), axis=1)
        return torch.from_numpy(bits.reshape(-1, FINE, FINE))

    def codes(self, places: Tensor, *, mirrored: bool = False) -> Tensor:
        """Parts codes (B, C, 16, 16) in -1..1 of the objects at places (B,), or of their mirror images."""
        count = len(self)
        own, side = places.cpu() % count, places.cpu() // count
        kept = self.parts[own, 1 - side if mirrored else side]
        return ((kept.float() - _MIDDLE) / _FULL_CODE).to(places.device)

    def aspects(self, places: Tensor) -> Tensor:
        """log(width / height) of the boxes of the outlines at places (B,)."""
        return self.log_aspect[places.cpu() % len(self)].to(places.device)

    def nearest(self, fields: Tensor, log_aspect: Tensor, class_index: Tensor) -> Tensor:
        """The places (B,) of the outlines most like shapes (B, 1, 64, 64) of box shapes (B,), each of its
        class (B,)."""
        mine, wanted = descriptors(fields.cpu(), log_aspect.cpu()), class_index.cpu()
        places = torch.empty_like(wanted)
        for index in torch.unique(wanted).tolist():
            theirs, asking = self._of_class(index), wanted == index
            places[asking] = theirs.places[torch.cdist(mine[asking], theirs.descriptors).argmin(1)]
        return places.to(fields.device)

    def _of_class(self, index: int) -> _Described:
        """Described when it is first asked for, which takes a millisecond an outline."""
        if index not in self._described:
            own = torch.where(self.class_index == index)[0]
            plain, aspect = self.fields(own), self.log_aspect[own].repeat(2)
            described = descriptors(torch.cat([plain, plain.flip(3)]), aspect)
            self._described[index] = _Described(torch.cat([own, own + len(self)]), described)
        return self._described[index]

    def alike(self, place: int) -> Tensor:
        """The places of the outlines most like the one at ``place``, (K,)."""
        count = len(self)
        return (self.neighbours[place % count] + (count if place >= count else 0)) % (2 * count)

    def plausible(self, outlines: Tensor, class_index: Tensor) -> Tensor:
        """Whether fields (B, 1, 64, 64) cover as much of their box as real ones of the class, (B,) bool."""
        fill = fill_ratio(outlines).cpu()
        low, high = self.fill_range[class_index.cpu()].unbind(1)
        return ((fill >= low) & (fill <= high)).to(outlines.device)
