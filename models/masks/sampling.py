"""Masks for the user's boxes: draw, tidy, reject what is implausible, fit to the box."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.masks.choice import OutlineChooser
from models.masks.generator import MaskGenerator
from models.masks.geometry import masks_in_window, tidied
from models.masks.shape_library import ShapeLibrary

_ATTEMPTS = 4  # outlines drawn for a box before a real one is taken as it is


def log_aspect_of(boxes: Tensor) -> Tensor:
    """log(width / height) of boxes (B, 4) given in fractions of a square window, (B,)."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return torch.log(width.clamp(min=1e-4) / height.clamp(min=1e-4)).clamp(-math.log(64), math.log(64))


@dataclass(frozen=True)
class MaskSampler:
    """A generator together with the library of what it morphs."""

    generator: MaskGenerator
    shapes: ShapeLibrary
    _chooser: OutlineChooser = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_chooser", OutlineChooser(self.shapes))

    def outlines(self, class_index: Tensor, log_aspect: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Tidy, plausible outlines; the same input gives the same outline.

        The first plausible of a few attempts is kept (the later ones from ``z`` rotated, which is just as
        normal); if there is none, the real outline that the first began with.

        Args:
            class_index, log_aspect: (B,).
            z: (B, 32).

        Returns:
            fields (B, 1, 64, 64) and which of them are real ones (B,) bool.
        """
        real, found = self._drawn(class_index, log_aspect, z)
        good = self.shapes.plausible(found, class_index)
        for attempt in range(1, _ATTEMPTS):
            again = torch.where(~good)[0]
            if len(again) == 0:
                break
            turned = z[again].roll(attempt * 7, 1)
            _, drawn = self._drawn(class_index[again], log_aspect[again], turned)
            found[again] = drawn
            good[again] = self.shapes.plausible(drawn, class_index[again])
        return torch.where(good[:, None, None, None], found, real), ~good

    def _drawn(self, class_index: Tensor, log_aspect: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """The real outlines that it begins with, and what comes of them."""
        choice = self._chooser.choose(class_index, log_aspect, z)
        real, other = self.shapes.fields(torch.cat([choice.place, choice.other])).chunk(2)
        weights = next(self.generator.parameters())
        drawn = self.generator(real.to(weights), other.to(weights), choice.amount, choice.bend)
        return real, tidied(drawn)


@torch.inference_mode()
def generate_masks(
    sampler: MaskSampler, class_index: Tensor, boxes: Tensor, z: Tensor, *, size: int
) -> Tensor:
    """The soft mask of an object for each box, in its window.

    Args:
        sampler: generator and library.
        class_index: (B,) int64.
        boxes: (B, 4) x0, y0, x1, y1 as fractions of the window.
        z: (B, 32), standard normal: another one gives another outline.
        size: pixels along a side of the masks.

    Returns:
        (B, 1, size, size) in 0..1: one piece without holes that spans its box.
    """
    fields, _ = sampler.outlines(class_index, log_aspect_of(boxes), z)
    return masks_in_window(fields, boxes, size)
