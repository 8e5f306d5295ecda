"""Real outlines kept beside the mask generator: what is plausible for a class, and what to fall back on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.masks.generator import CODE
from models.masks.geometry import FRAME, fields_of_bits, fill_ratio, tidied
from models.masks.prior import CodePrior
from models.masks.shapes import Shapes, descriptors

SHAPES_PER_CLASS = 64
_ASPECT_BAND = 0.25  # log units; a shape is stretched by at most this while nearer ones exist
_FEWEST_IN_BAND = 6
_BYTES = FRAME * FRAME // 8


@dataclass
class ShapeLibrary:
    """Outlines of the training set, one bit a cell, the classes' statistics, and the codes to draw from.

    bits uint8 (N, 512): frames of 64 × 64, eight cells a byte, row by row; class_index int64 (N,);
    log_aspect float32 (N,); fill_range float32 (C, 2): 1 and 99 % quantile of the share of the box that is
    covered; aspect_range float32 (C, 2): the same of the log aspect.
    """

    bits: Tensor
    class_index: Tensor
    log_aspect: Tensor
    fill_range: Tensor
    aspect_range: Tensor
    prior: CodePrior

    def __post_init__(self) -> None:
        self._unpacked: dict[int, tuple[Tensor, Tensor]] = {}

    def _class_fields(self, class_index: int) -> tuple[Tensor, Tensor]:
        """Fields (n, 1, 64, 64), each also mirrored, and log aspects (n,) of a class; unpacked when asked."""
        if class_index not in self._unpacked:
            members = self.class_index == class_index
            frames = np.unpackbits(self.bits[members].cpu().numpy(), axis=1).reshape(-1, FRAME, FRAME)
            fields = fields_of_bits(torch.from_numpy(frames) > 0)
            both = torch.cat([fields, fields.flip(3)])
            self._unpacked[class_index] = both, self.log_aspect[members].repeat(2)
        return self._unpacked[class_index]

    @classmethod
    def build(
        cls, shapes: Shapes, class_count: int, prior: CodePrior, *, per_class: int = SHAPES_PER_CLASS
    ) -> ShapeLibrary:
        """Chooses ``per_class`` outlines a class that together cover its variety.

        Centres of a k-medoids clustering over the shape and the aspect (mirrored alike), so that common
        poses and rare ones both find a neighbour.
        """
        chosen, fills, aspects = [], [], []
        ends = torch.tensor([0.01, 0.99])
        for index in range(class_count):
            members = torch.where(shapes.class_index == index)[0]
            part = shapes.chosen(members)
            outlines = part.fields.float()
            chosen.append(members[_medoids(outlines, part.log_aspect, per_class)])
            fills.append(torch.quantile(fill_ratio(outlines), ends))
            aspects.append(torch.quantile(part.log_aspect, ends))
        kept = shapes.chosen(torch.cat(chosen))
        frames = (kept.fields[:, 0] > 0).flatten(1).to(torch.uint8).cpu().numpy()
        return cls(
            torch.from_numpy(np.packbits(frames, axis=1)),
            kept.class_index.cpu(),
            kept.log_aspect.cpu(),
            torch.stack(fills).cpu(),
            torch.stack(aspects).cpu(),
            prior,
        )

    def to_tensors(self) -> dict[str, Tensor]:
        """What :meth:`from_tensors` reads, for a safetensors file."""
        return {
            "library.bits": self.bits,
            "library.class_index": self.class_index.to(torch.uint8),
            "library.log_aspect": self.log_aspect,
            "library.fill_range": self.fill_range,
            "library.aspect_range": self.aspect_range,
            "prior.codes": self.prior.codes.half(),
            "prior.class_index": self.prior.class_index.to(torch.uint8),
            "prior.log_aspect": self.prior.log_aspect,
            "prior.neighbours": self.prior.neighbours.to(torch.int32),
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> ShapeLibrary:
        """The library of a weight file.

        Raises:
            ValueError: the tensors are not of the documented shape.
        """
        bits, index = tensors["library.bits"], tensors["library.class_index"].long()
        aspect, fills = tensors["library.log_aspect"], tensors["library.fill_range"]
        aspects = tensors["library.aspect_range"]
        codes, code_index = tensors["prior.codes"].float(), tensors["prior.class_index"].long()
        code_aspect = tensors["prior.log_aspect"].float()
        close = tensors["prior.neighbours"].long()
        classes = len(fills)
        sound = (
            bits.shape == (len(index), _BYTES)
            and bits.dtype == torch.uint8
            and aspect.shape == index.shape
            and fills.shape == aspects.shape == (classes, 2)
            and set(index.tolist()) == set(code_index.tolist()) == set(range(classes))
            and codes.shape == (len(code_index), CODE)
            and code_aspect.shape == code_index.shape
            and len(close) == len(code_index)
            and 0 <= close.min() <= close.max() < len(code_index)
        )
        if not sound:
            raise ValueError("The shape library in the mask weights is damaged; install the weights again.")
        prior = CodePrior(codes, code_index, code_aspect, close)
        return cls(bits, index, aspect.float(), fills.float(), aspects.float(), prior)

    def plausible(self, outlines: Tensor, class_index: Tensor) -> Tensor:
        """Whether fields (B, 1, 64, 64) cover as much of their box as real ones of the class, (B,) bool."""
        fill = fill_ratio(outlines).cpu()
        low, high = self.fill_range[class_index.cpu()].unbind(1)
        return ((fill >= low) & (fill <= high)).to(outlines.device)

    def nearest(self, outlines: Tensor, class_index: Tensor, log_aspect: Tensor) -> Tensor:
        """The library's outline of the class that is most like each given one, mirrored where that fits.

        Only outlines of nearly the box's shape are considered, so that none is stretched more than needed.

        Args:
            outlines: (B, 1, 64, 64) fields.
            class_index, log_aspect: (B,).

        Returns:
            (B, 1, 64, 64) fields.
        """
        found = []
        wanted = descriptors(outlines.cpu(), log_aspect.cpu())
        for here, index, aspect in zip(wanted, class_index.tolist(), log_aspect.tolist(), strict=True):
            fields, aspects = self._class_fields(index)
            away = (aspects - aspect).abs()
            fewest = away.topk(min(2 * _FEWEST_IN_BAND, len(away)), largest=False).values.max().item()
            near = away <= max(_ASPECT_BAND, fewest)
            distance = (descriptors(fields[near], aspects[near]) - here).norm(dim=1)
            found.append(fields[near][distance.argmin()])
        return tidied(torch.stack(found)).to(outlines)


def _medoids(outlines: Tensor, log_aspect: Tensor, count: int) -> Tensor:
    """Indices of ``count`` outlines, each nearest to the middle of one cluster; all if there are fewer."""
    here = descriptors(outlines, log_aspect)
    if len(here) <= count:
        return torch.arange(len(here))
    mirrored = descriptors(outlines.flip(3), log_aspect)
    distance = torch.minimum(torch.cdist(here, here), torch.cdist(here, mirrored))  # (N, N)
    chosen = distance.sum(1).argmin()[None]
    while len(chosen) < count:  # farthest point first
        chosen = torch.cat([chosen, distance[chosen].amin(0).argmax()[None]])
    for _ in range(10):
        owner = distance[chosen].argmin(0)  # (N,)
        moved = []
        for cluster in range(count):
            members = torch.where(owner == cluster)[0]
            inner = distance[members][:, members].sum(1)
            moved.append(members[inner.argmin()])
        following = torch.stack(moved)
        if torch.equal(following, chosen):
            break
        chosen = following
    return chosen
