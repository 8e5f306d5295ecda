"""Masks for the user's boxes: draw, tidy, reject what is implausible, fit to the box, with their parts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from models.masks.carrying import carried
from models.masks.choice import OutlineChooser
from models.masks.generator import MaskGenerator
from models.masks.geometry import boxed_mask, boxes_of, fields_of, masks_in_window, tidied
from models.masks.parts_code import summary
from models.masks.shape_library import ShapeLibrary

_STRETCH = 0.25  # log units by which an outline may be widened or heightened to fill its box
_ATTEMPTS = 4  # outlines drawn for a box before a real one is taken as it is


def log_aspect_of(boxes: Tensor) -> Tensor:
    """log(width / height) of boxes (B, 4) given in fractions of a square window, (B,)."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return torch.log(width.clamp(min=1e-4) / height.clamp(min=1e-4)).clamp(-math.log(64), math.log(64))


def filled(boxes: Tensor, log_aspect: Tensor) -> Tensor:
    """What outlines with own boxes of log(width / height) (B,) fill of boxes (B, 4), given in fractions of a
    square window: all of it, unless that would squash them. Then they keep the box's height in its middle, or
    its width on its lower edge."""
    left, top, right, bottom = boxes.unbind(1)
    width, height = right - left, bottom - top
    widest, narrowest = (log_aspect + _STRETCH).exp(), (log_aspect - _STRETCH).exp()
    aside = (width - torch.minimum(width, widest * height)) / 2
    above = height - torch.minimum(height, width / narrowest)
    return torch.stack([left + aside, top + above, right - aside, bottom], 1)


@dataclass(frozen=True)
class Outlines:
    """Shapes made of outlines of the library: fields (B, 1, 64, 64); place (B,) of the outline that each is
    made of; movement (B, 2, 64, 64) that made it; is_real (B,) bool, which are outlines as they are."""

    fields: Tensor
    place: Tensor
    movement: Tensor
    is_real: Tensor

    def mirrored(self, library_size: int) -> Outlines:
        """The same turned around, left for right."""
        turned = self.movement.flip(3) * self.movement.new_tensor([-1.0, 1.0])[:, None, None]
        place = (self.place + library_size) % (2 * library_size)
        return Outlines(self.fields.flip(3), place, turned, self.is_real)


@dataclass(frozen=True)
class ShapedParts:
    """What is known of the shapes in a window.

    placed: (B, C, 32, 32) the parts codes as the generator takes them; alike: (B, 2, 128) what the parts are
    like, as ``parts_code.summary`` says it, of the object and of its mirror image.
    """

    placed: Tensor
    alike: Tensor

    def repeated(self, count: int) -> ShapedParts:
        """The one shape's ``count`` times over."""
        return ShapedParts(self.placed.expand(count, -1, -1, -1), self.alike.expand(count, -1, -1))


@dataclass(frozen=True)
class MaskSampler:
    """A generator together with the library of what it morphs."""

    generator: MaskGenerator
    shapes: ShapeLibrary
    _chooser: OutlineChooser = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_chooser", OutlineChooser(self.shapes))

    def outlines(self, class_index: Tensor, log_aspect: Tensor, z: Tensor) -> Outlines:
        """Tidy, plausible outlines; the same input gives the same outline.

        The first plausible of a few attempts is kept (the later ones from ``z`` rotated, which is just as
        normal); if there is none, the real outline that the first began with.

        Args:
            class_index, log_aspect: (B,).
            z: (B, 32).
        """
        found = self._drawn(class_index, log_aspect, z)
        good = self.shapes.plausible(found.fields, class_index)
        if good.all():
            return found
        first = found.place.clone()
        for attempt in range(1, _ATTEMPTS):
            again = torch.where(~good)[0]
            if len(again) == 0:
                break
            turned = z[again].roll(attempt * 7, 1)
            drawn = self._drawn(class_index[again], log_aspect[again], turned)
            found.fields[again], found.place[again] = drawn.fields, drawn.place
            found.movement[again] = drawn.movement
            good[again] = self.shapes.plausible(drawn.fields, class_index[again])
        real = self.shapes.fields(first).to(found.fields)
        kept = good[:, None, None, None]
        return Outlines(
            torch.where(kept, found.fields, real),
            torch.where(good, found.place, first),
            torch.where(kept, found.movement, 0.0),
            ~good,
        )

    def _drawn(self, class_index: Tensor, log_aspect: Tensor, z: Tensor) -> Outlines:
        choice = self._chooser.choose(class_index, log_aspect, z)
        real, other = self.shapes.fields(torch.cat([choice.place, choice.other])).chunk(2)
        weights = next(self.generator.parameters())
        drawn, movement = self.generator(real.to(weights), other.to(weights), choice.amount, choice.bend)
        is_real = torch.zeros_like(choice.place, dtype=torch.bool)
        return Outlines(tidied(drawn), choice.place, movement, is_real)

    @torch.no_grad()
    def parts_of(self, outlines: Outlines, boxes: Tensor) -> ShapedParts:
        """The parts of outlines that fill boxes (B, 4), given as fractions of the window."""
        place = outlines.place
        codes = self.shapes.codes(place)
        placed = carried(codes, self.shapes.aspects(place), outlines.fields, outlines.movement, boxes)
        alike = torch.stack([summary(codes), summary(self.shapes.codes(place, mirrored=True))], 1)
        return ShapedParts(placed, alike)

    @torch.no_grad()
    def registered(self, class_index: Tensor, masks: Tensor) -> tuple[Outlines, Tensor]:
        """Any masks (B, 1, S, S) in 0..1 as if made of the outline of their class (B,) that is most like
        each; and their boxes (B, 4)."""
        boxes = boxes_of(masks[:, 0].cpu() > 0.5)
        size = masks.shape[-1]
        frames = []
        for mask, box in zip(masks[:, 0].cpu(), (boxes * size).round().long().tolist(), strict=True):
            solid = (mask > 0.5).numpy().astype(np.uint8) * 255
            frames.append(boxed_mask(solid, (box[0], box[1], box[2], box[3])))
        fields = fields_of(torch.from_numpy(np.stack(frames))).to(masks.device)
        boxes = boxes.to(masks.device)
        place = self.shapes.nearest(fields, log_aspect_of(boxes), class_index)
        weights = next(self.generator.parameters())
        nearest = self.shapes.fields(place)
        movement = self.generator.movement(nearest.to(weights), fields.to(weights)).float()
        return Outlines(fields, place, movement, torch.zeros_like(place, dtype=torch.bool)), boxes


@torch.inference_mode()
def generate_masks(
    sampler: MaskSampler,
    class_index: Tensor,
    boxes: Tensor,
    z: Tensor,
    *,
    size: int,
    mirrored: bool = False,
) -> tuple[Tensor, ShapedParts]:
    """The soft mask of an object for each box, in its window, and where its parts are.

    Args:
        sampler: generator and library.
        class_index: (B,) int64.
        boxes: (B, 4) x0, y0, x1, y1 as fractions of the window.
        z: (B, 32), standard normal: another one gives another outline.
        size: pixels along a side of the masks.
        mirrored: whether the objects are turned around, left for right.

    Returns:
        masks (B, 1, size, size) in 0..1, each one piece without holes that spans its box, or what its outline
        can fill of it (``filled``), and their parts.
    """
    outlines = sampler.outlines(class_index, log_aspect_of(boxes), z)
    boxes = filled(boxes, sampler.shapes.aspects(outlines.place))
    if mirrored:
        outlines = outlines.mirrored(len(sampler.shapes))
    return masks_in_window(outlines.fields, boxes, size), sampler.parts_of(outlines, boxes)
