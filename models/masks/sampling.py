"""Masks for the user's boxes: draw, tidy, reject what is implausible, fit to the box."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from models.masks.generator import MaskGenerator, coarse_context
from models.masks.geometry import masks_in_window, smoothed, tidied
from models.masks.shape_library import ShapeLibrary

_ATTEMPTS = 4  # outlines drawn for a box before a real one is taken from the library
_STRETCH = 0.3  # log units beyond the class's range of box shapes that the networks are still asked for


def log_aspect_of(boxes: Tensor) -> Tensor:
    """log(width / height) of boxes (B, 4) given in fractions of a square window, (B,)."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return torch.log(width.clamp(min=1e-4) / height.clamp(min=1e-4)).clamp(-math.log(64), math.log(64))


@dataclass(frozen=True)
class MaskSampler:
    """A generator together with the library that judges and replaces its outlines."""

    generator: MaskGenerator
    shapes: ShapeLibrary

    def outlines(
        self, class_index: Tensor, log_aspect: Tensor, context: Tensor, z: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tidy, plausible outlines; the same input gives the same outline.

        The first plausible of a few attempts is kept (the later ones from ``z`` rotated, which is just as
        normal); if there is none, the library's nearest real outline.

        Args:
            class_index, log_aspect: (B,).
            context: (B, 3, 32, 32) in -1..1.
            z: (B, 32).

        Returns:
            fields (B, 1, 64, 64) and which of them are the library's (B,) bool.
        """
        low, high = self.shapes.aspect_range.to(log_aspect)[class_index].unbind(1)
        asked = torch.minimum(torch.maximum(log_aspect, low - _STRETCH), high + _STRETCH)
        first = self._drawn(class_index, asked, context, z)
        found, good = first.clone(), self.shapes.plausible(first, class_index)
        for attempt in range(1, _ATTEMPTS):
            again = torch.where(~good)[0]
            if len(again) == 0:
                break
            turned = z[again].roll(attempt * 7, 1)
            drawn = self._drawn(class_index[again], asked[again], context[again], turned)
            found[again] = drawn
            good[again] = self.shapes.plausible(drawn, class_index[again])
        bad = torch.where(~good)[0]
        if len(bad) > 0:
            found[bad] = self.shapes.nearest(first[bad], class_index[bad], asked[bad])
        return found, ~good

    def _drawn(self, class_index: Tensor, log_aspect: Tensor, context: Tensor, z: Tensor) -> Tensor:
        code = self.shapes.prior.pick(class_index, log_aspect, z)
        return tidied(smoothed(self.generator(class_index, log_aspect, context, code)))


@torch.inference_mode()
def generate_masks(
    generator: MaskGenerator,
    shapes: ShapeLibrary,
    class_index: Tensor,
    boxes: Tensor,
    scene: Tensor,
    z: Tensor,
    *,
    size: int,
) -> Tensor:
    """The soft mask of an object for each box, in its window.

    Args:
        class_index: (B,) int64.
        boxes: (B, 4) x0, y0, x1, y1 as fractions of the window.
        scene: (B, 3, S, S) in -1..1, S a multiple of 32; what is inside the box does not matter.
        z: (B, 32), standard normal: another one gives another outline.
        size: pixels along a side of the masks.

    Returns:
        (B, 1, size, size) in 0..1: one piece without holes that spans its box.
    """
    weights = next(generator.parameters())
    context = coarse_context(scene, boxes).to(weights.dtype)
    sampler = MaskSampler(generator, shapes)
    fields, _ = sampler.outlines(class_index, log_aspect_of(boxes), context, z)
    return masks_in_window(fields, boxes, size)
