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

from models.data import DataError, ObjectRecord, load_windows
from models.masks.generator import CONTEXT, coarse_context
from models.masks.geometry import (
    FRAME,
    MARGIN,
    TRUNCATION,
    boxed_mask,
    fields_of,
    fill_ratio,
    in_parts,
    largest_component,
    tidied,
)

_SMALLEST_SIDE = 20  # pixels; smaller objects have no legs or ears left
_LARGEST_LOG_ASPECT = 2.0
_LARGEST_FILL = 0.9  # share of the box; more is a rectangle, which looks like nothing
_WHOLE = 0.93  # share of the largest piece; less was cut in two by something in front
_NEIGHBOURS = 20  # outlines that are asked which class an outline looks like
_FLATTEST_BASE = 0.75  # share of the box's bottom that an outline touches; more was cut off there
_FLATTEST_SIDE = 0.45  # the same of each other side
_LIMBS = 0.6  # weight of a long contour against that of looking like the class
_CONTOUR = (3.0, 5.0)  # sides of the box: the contour of a heap, and of a shape with limbs
_PARTNERS = 6  # outlines of the class most like an outline, between which blends are drawn
_WARP = 0.05  # how far, in box sides, the inner parts of a shape are moved in training


@dataclass
class Shapes:
    """Outlines in memory.

    fields float16 (N, 1, 64, 64) in -1..1; contexts float16 (N, 3, 32, 32) in -1..1; class_index int64
    (N,); log_aspect float32 (N,).
    """

    fields: Tensor
    contexts: Tensor
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
    """Outlines of the objects that are whole and large enough.

    Left out: objects at the picture's border, tiny or very long ones, ones in several pieces, and near
    rectangles.

    Raises:
        DataError: no object is left, or a picture cannot be read.
    """
    kept: list[ObjectRecord] = []
    frames = []
    for record in tqdm(records, desc="reading masks", unit="mask", disable=None, leave=False):
        try:
            with Image.open(record.mask) as opened:
                mask = (np.asarray(opened.convert("L")) > 0).astype(np.uint8) * 255
        except OSError as error:
            raise DataError(f"{record.mask} cannot be read: {error}.") from error
        if cut_by_frame(record, mask.shape[1], mask.shape[0]) or not _usable(record):
            continue
        kept.append(record)
        frames.append(boxed_mask(mask, record.box))
    if not kept:
        raise DataError("No object is whole: every mask touches the border of its picture.")
    outlines = fields_of(torch.from_numpy(np.stack(frames)))
    whole = torch.cat([_is_whole(part) for part in in_parts(outlines, 256)])
    if not whole.any():
        raise DataError("No object is whole: every mask is in pieces, cut straight or a rectangle.")
    outlines = torch.cat([tidied(part) for part in in_parts(outlines[whole], 256)])
    kept = [record for record, good in zip(kept, whole.tolist(), strict=True) if good]
    windows = load_windows(kept, class_names, 2 * CONTEXT)
    contexts = coarse_context(windows.images.float() / 127.5 - 1, windows.boxes)
    aspects = [math.log((r.box[2] - r.box[0]) / (r.box[3] - r.box[1])) for r in kept]
    return Shapes(outlines.half(), contexts.half(), windows.class_index, torch.tensor(aspects))


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
        torch.cat([shapes.contexts, shapes.contexts.flip(3)]),
        shapes.class_index.repeat(2),
        shapes.log_aspect.repeat(2),
    )


def neighbours(shapes: Shapes) -> Tensor:
    """The places of the outlines of the class that are most like each one as it stands, (N, 6) int64.

    Its own place where the class has too few.
    """
    here = descriptors(shapes.fields, shapes.log_aspect)
    distance = torch.cdist(here, here)
    distance[shapes.class_index[:, None] != shapes.class_index] = float("inf")
    distance.fill_diagonal_(float("inf"))
    nearest = distance.topk(min(_PARTNERS, len(shapes)), largest=False)
    own = torch.arange(len(shapes), device=here.device)[:, None]
    return torch.where(nearest.values.isinf(), own, nearest.indices)


def telling(shapes: Shapes, most: int) -> Shapes:
    """The outlines that best say what they are, at most ``most`` a class, from each kind of box.

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
    return shapes.chosen(torch.cat(keep).sort().values)


def _ranks(values: Tensor) -> Tensor:
    """Place of each value among all, (N,) in 0..1."""
    return values.argsort(stable=True).argsort().float() / max(1, len(values) - 1)


@dataclass
class ShapeBatch:
    """fields (B, 1, 64, 64), contexts (B, 3, 32, 32), class_index (B,), log_aspect (B,), all float32.

    The first half are outlines drawn at random, the second half a similar one of the class for each.
    """

    fields: Tensor
    contexts: Tensor
    class_index: Tensor
    log_aspect: Tensor


class ShapeSource:
    """Draws pairs of similar outlines, mirrored and gently warped; small classes are drawn more often."""

    def __init__(self, shapes: Shapes, random: torch.Generator) -> None:
        self.shapes = with_mirrored(shapes)
        self.random = random
        self._neighbours = neighbours(self.shapes)
        counts = torch.bincount(self.shapes.class_index).float().clamp(min=1)
        self._weights = counts.pow(-0.6)[self.shapes.class_index]

    def draw(self, count: int) -> ShapeBatch:
        """``count`` outlines, an even number."""
        half = count // 2
        first = torch.multinomial(self._weights, half, replacement=True, generator=self.random)
        device = first.device
        rank = torch.randint(self._neighbours.shape[1], (half,), generator=self.random, device=device)
        part = self.shapes.chosen(torch.cat([first, self._neighbours[first, rank]]))
        uniform = torch.rand(half, 5, generator=self.random, device=device).repeat(2, 1)
        return ShapeBatch(
            _warped(part.fields.float(), uniform[:, :4] * 2 - 1),
            part.contexts.float(),
            part.class_index,
            part.log_aspect + (uniform[:, 4] - 0.5) * 0.2,
        )


def _warped(outlines: Tensor, amounts: Tensor) -> Tensor:
    """Moves the inner parts of shapes along x and y; the box's sides stay in place.

    Args:
        outlines: (B, 1, 64, 64).
        amounts: (B, 4) in -1..1: two waves along x, two along y.
    """
    size = outlines.shape[-1]
    place = (torch.arange(size, device=outlines.device) + 0.5) / size * 2 - 1  # -1..1
    bow, wave = torch.cos(place * math.pi / 2), torch.sin(place * math.pi)
    x = place + 2 * _WARP * (amounts[:, 0, None] * bow + 0.5 * amounts[:, 1, None] * wave)
    y = place + 2 * _WARP * (amounts[:, 2, None] * bow + 0.5 * amounts[:, 3, None] * wave)
    grid = torch.stack(
        [x[:, None, :].expand(-1, size, -1), y[:, :, None].expand(-1, -1, size)], 3
    )  # (B, 64, 64, 2)
    return functional.grid_sample(outlines, grid, padding_mode="border", align_corners=False)
