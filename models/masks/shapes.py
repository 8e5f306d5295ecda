"""Outlines of photographed objects as training examples for the mask generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from models.masks.geometry import (
    FRAME,
    MARGIN,
    TRUNCATION,
    boxed_mask,
    fields_of,
    fill_ratio,
    in_parts,
)
from models.masks.pieces import filled_holes, largest_component
from models.photos.data import PICTURE_ERRORS, DataError, ObjectRecord

_SMALLEST_SIDE = 20  # pixels; smaller objects have no legs or ears left
_LARGEST_LOG_ASPECT = 2.0
_LARGEST_FILL = 0.9  # share of the box; more is a rectangle, which looks like nothing
_WHOLE = 0.93  # share of the largest piece; less was cut in two by something in front
_NEIGHBOURS = 20  # outlines that are asked which class an outline looks like
_FLATTEST_BASE = 0.65  # share of the box's bottom that an outline touches; more was cut off there
_SQUARE_CORNER = 10  # cells of the fine frame: shorter straight parts around a corner come by chance
_FLATTEST_SIDE = 0.45  # the same of each other side
_LIMBS = 0.6  # weight of a long contour against that of looking like the class
_CONTOUR = (3.0, 5.0)  # sides of the box: the contour of a heap, and of a shape with limbs
_PARTS_SHARE = 0.7  # weight of parts that differ, against outlines that do, where outlines are alike
_PARTNERS = 6  # outlines of the class most like an outline, towards which it is morphed


@dataclass
class Shapes:
    """Outlines in memory.

    fields float16 (N, 1, 64, 64) in -1..1; frames uint8 (N, 128, 128) 0 | 1, what the fields were made from;
    class_index int64 (N,); log_aspect float32 (N,).
    """

    fields: Tensor
    frames: Tensor
    class_index: Tensor
    log_aspect: Tensor

    def __len__(self) -> int:
        return len(self.class_index)

    def chosen(self, index: Tensor) -> Shapes:
        return Shapes(*(getattr(self, part.name)[index] for part in fields(self)))

    def to(self, device: torch.device) -> Shapes:
        return Shapes(*(getattr(self, part.name).to(device) for part in fields(self)))


def cut_by_frame(record: ObjectRecord, width: int, height: int) -> bool:
    """Whether the object reaches the border of its picture, so that a part of it may be missing."""
    x0, y0, x1, y1 = record.box
    return x0 <= 0 or y0 <= 0 or x1 >= width or y1 >= height


def read_shapes(records: Sequence[ObjectRecord], class_names: Sequence[str]) -> Shapes:
    """Outlines of the objects that are whole and large enough; see ``read_outlines``."""
    return read_outlines(records, class_names)[0]


def read_outlines(
    records: Sequence[ObjectRecord], class_names: Sequence[str]
) -> tuple[Shapes, list[ObjectRecord]]:
    """Outlines of the objects that are whole and large enough, and the objects that they are of.

    Left out: objects at the picture's border, tiny or very long ones, ones in several pieces, near
    rectangles, and ones with a corner that was cut out at a right angle.

    Raises:
        DataError: no object is left, or a picture cannot be read.
    """
    kept: list[ObjectRecord] = []
    frames = []
    for record in tqdm(records, desc="reading masks", unit="mask", disable=None, leave=False):
        try:
            with Image.open(record.mask) as opened:
                mask = (np.asarray(opened.convert("L")) > 0).astype(np.uint8) * 255
        except PICTURE_ERRORS as error:
            raise DataError(f"{record.mask} cannot be read: {error}.") from error
        if cut_by_frame(record, mask.shape[1], mask.shape[0]) or not _usable(record):
            continue
        kept.append(record)
        frames.append(boxed_mask(mask, record.box))
    if not kept:
        raise DataError("No object is whole: every mask touches the border of its picture.")
    stack = torch.from_numpy(np.stack(frames))
    outlines = fields_of(stack)
    whole = torch.cat([_is_whole(part) for part in in_parts(outlines, 256)])
    whole &= torch.cat([~_has_square_corner(part) for part in in_parts(stack > 0, 256)])
    if not whole.any():
        raise DataError("No object is whole: every mask is in pieces, cut straight or a rectangle.")
    pieces = [filled_holes(largest_component(part)) for part in in_parts(stack[whole, None] > 0, 256)]
    stack = torch.cat(pieces)[:, 0].to(torch.uint8)
    kept = [record for record, good in zip(kept, whole.tolist(), strict=True) if good]
    index = torch.tensor([class_names.index(record.class_name) for record in kept])
    aspects = [math.log((r.box[2] - r.box[0]) / (r.box[3] - r.box[1])) for r in kept]
    return Shapes(fields_of(stack).half(), stack, index, torch.tensor(aspects)), kept


def _usable(record: ObjectRecord) -> bool:
    width, height = record.box[2] - record.box[0], record.box[3] - record.box[1]
    return min(width, height) >= _SMALLEST_SIDE and abs(math.log(width / height)) <= _LARGEST_LOG_ASPECT


def _is_whole(outlines: Tensor) -> Tensor:
    """(B, 1, 64, 64) fields -> (B,) bool."""
    inside = outlines > 0
    share = largest_component(inside).sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp(min=1)
    return (share >= _WHOLE) & (fill_ratio(outlines) <= _LARGEST_FILL) & ~_is_cut(outlines)


def _is_cut(outlines: Tensor) -> Tensor:
    """Whether a long straight part of the contour lies on a side of the box: (B, 1, 64, 64) -> (B,) bool."""
    box = (outlines[:, 0, MARGIN:-MARGIN, MARGIN:-MARGIN] > 0).float()
    base = box[:, -1].mean(1)
    sides = torch.stack([box[:, 0].mean(1), box[:, :, 0].mean(1), box[:, :, -1].mean(1)]).amax(0)
    return (base > _FLATTEST_BASE) | (sides > _FLATTEST_SIDE)


def _has_square_corner(inside: Tensor) -> Tensor:
    """Whether the contour turns at a right angle between two straight parts along the frame's axes, as masks
    do that were made with a rectangle: (B, 128, 128) bool -> (B,) bool."""
    across = inside[:, 1:] != inside[:, :-1]  # contour between two rows
    down = inside[..., 1:] != inside[..., :-1]  # between two columns
    to_left, to_right = _run(across)[..., :-1], _run(across.flip(2)).flip(2)[..., 1:]
    down = down.transpose(1, 2)
    to_top, to_bottom = _run(down)[..., :-1], _run(down.flip(2)).flip(2)[..., 1:]
    beside = torch.maximum(to_left, to_right)
    above = torch.maximum(to_top, to_bottom).transpose(1, 2)
    return torch.minimum(beside, above).amax((1, 2)) >= _SQUARE_CORNER


def _run(edge: Tensor) -> Tensor:
    """How many set cells end at each cell along the last axis, (B, H, W) bool -> (B, H, W) int64."""
    place = torch.arange(1, edge.shape[-1] + 1, device=edge.device)
    return place - torch.where(edge, 0, place).cummax(2).values


def contour_length(outlines: Tensor) -> Tensor:
    """Length of the contours in sides of the box, (B, 1, 64, 64) -> (B,)."""
    covered = (outlines.float() * TRUNCATION + 0.5).clamp(0, 1)
    dx = covered[..., 1:-1, 2:] - covered[..., 1:-1, :-2]
    dy = covered[..., 2:, 1:-1] - covered[..., :-2, 1:-1]
    return (dx.square() + dy.square()).sqrt().sum((1, 2, 3)) / 2 / (FRAME - 2 * MARGIN)


def descriptors(outlines: Tensor, log_aspect: Tensor) -> Tensor:
    """What makes outlines alike, (N, 257): the field at 16 × 16 and the box shape.

    Euclidean distances between them are distances between shapes; 1 is about 6 cells over the whole frame.
    """
    small = functional.avg_pool2d(outlines.float(), 4).flatten(1) / 16
    return torch.cat([small, log_aspect.float()[:, None] / 3], 1)


def with_mirrored(shapes: Shapes) -> Shapes:
    """The shapes, then their mirror images."""
    return Shapes(
        torch.cat([shapes.fields, shapes.fields.flip(3)]),
        torch.cat([shapes.frames, shapes.frames.flip(2)]),
        shapes.class_index.repeat(2),
        shapes.log_aspect.repeat(2),
    )


def neighbours(shapes: Shapes, parts: Tensor | None = None) -> Tensor:
    """The places of the outlines of the class that are most like each one and each mirrored one, (2 N, K).

    Places count the outlines, then their mirror images. Its own place where the class has too few.
    ``parts`` (2 N, D): what the parts of their objects are like; of the outlines that are alike, those whose
    parts are alike, too, come first.
    """
    both = with_mirrored(shapes)
    here = descriptors(both.fields, both.log_aspect)
    distance = torch.cdist(here, here)
    if parts is not None and parts.any():
        apart = torch.cdist(parts, parts)
        distance = distance / distance.mean() + _PARTS_SHARE * apart / apart.mean()
    distance[both.class_index[:, None] != both.class_index] = float("inf")
    distance.fill_diagonal_(float("inf"))
    nearest = distance.topk(min(_PARTNERS, len(both)), largest=False)
    own = torch.arange(len(both), device=here.device)[:, None]
    return torch.where(nearest.values.isinf(), own, nearest.indices)


def telling(shapes: Shapes, most: int) -> Tensor:
    """The places (M,) of the outlines that best say what they are, at most ``most`` a class, from each kind
    of box.

    An outline tells its class if the outlines most like it, mirrored or not, are of the same class, and if
    it has limbs, which make its contour long. This leaves out shapeless heaps, half-hidden objects and faulty
    masks. Narrow, usual and wide boxes are sorted separately.
    """
    here = descriptors(shapes.fields, shapes.log_aspect)
    mirrored = descriptors(shapes.fields.flip(3), shapes.log_aspect)
    distance = torch.minimum(torch.cdist(here, here), torch.cdist(here, mirrored))
    distance.fill_diagonal_(float("inf"))
    away, other = distance.topk(min(_NEIGHBOURS, len(shapes) - 1), largest=False)
    counts = torch.bincount(shapes.class_index).float().clamp(min=1)
    vote = counts.pow(-0.7)[shapes.class_index[other]] * torch.exp(-away / away[:, :1].clamp(min=0.05))
    agree = shapes.class_index[other] == shapes.class_index[:, None]
    named = (vote * agree).sum(1) / vote.sum(1)
    heap, limbs = _CONTOUR
    length = ((contour_length(shapes.fields) - heap) / (limbs - heap)).clamp(0, 1)
    keep = []
    for index in torch.unique(shapes.class_index):
        members = torch.where(shapes.class_index == index)[0]
        order = members[shapes.log_aspect[members].argsort()]
        merit = _ranks(named[order]) + _LIMBS * length[order]
        share = min(1.0, most / len(members))
        for place in torch.arange(len(order)).tensor_split(3):
            best = merit[place].argsort(descending=True, stable=True)
            keep.append(order[place[best[: max(1, round(share * len(place)))]]])
    return torch.cat(keep).sort().values


def _ranks(values: Tensor) -> Tensor:
    """Place of each value among all, (N,) in 0..1."""
    return values.argsort(stable=True).argsort().float() / max(1, len(values) - 1)


@dataclass
class ShapeBatch:
    """Pairs of similar outlines of a class: fields and others (B, 1, 64, 64), class_index (B,), log_aspect
    and other_aspect (B,), all but the class float32."""

    fields: Tensor
    others: Tensor
    class_index: Tensor
    log_aspect: Tensor
    other_aspect: Tensor


class ShapeSource:
    """Draws pairs of similar outlines, mirrored or not; small classes are drawn more often."""

    def __init__(self, shapes: Shapes, random: torch.Generator) -> None:
        self.shapes = with_mirrored(shapes)
        self.random = random
        self._neighbours = neighbours(shapes)
        counts = torch.bincount(self.shapes.class_index).float().clamp(min=1)
        self._weights = counts.pow(-0.6)[self.shapes.class_index]

    def draw(self, count: int) -> ShapeBatch:
        """``count`` pairs."""
        first = torch.multinomial(self._weights, count, replacement=True, generator=self.random)
        rank = torch.randint(self._neighbours.shape[1], (count,), generator=self.random, device=first.device)
        shape, other = self.shapes.chosen(first), self.shapes.chosen(self._neighbours[first, rank])
        return ShapeBatch(
            shape.fields.float(), other.fields.float(), shape.class_index, shape.log_aspect, other.log_aspect
        )
