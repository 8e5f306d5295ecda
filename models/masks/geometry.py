"""Shapes as signed distance fields: from a mask to a field, clean-up, and back to a soft mask in a window.

A *frame* is the box seen by the mask networks: 64 × 64 cells, of which the middle 60 × 60 are the box itself
and a border of two cells lies outside, so that a contour that touches the box's side is still a zero crossing
between two cells. A *field* is the distance to the contour in cells, positive inside the object, truncated
at ±``TRUNCATION`` and divided by it: -1..1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from models.masks.pieces import filled_holes, grown, largest_component

FRAME = 64  # cells along a side of the frame
MARGIN = 2  # cells between the frame's side and the box
TRUNCATION = 6.0  # cells; a horse's leg is about four cells wide, so its middle is not yet truncated
FINE = 2 * FRAME  # cells along a side in which masks are kept, before distances are measured
_BEND = 0.05  # how far, in box sides, the inner parts of a shape are bent
_FAR = 1_000_000  # cells, in numbers that hold its square
_NEAR = 127  # cells, whose square twice over is a number of 16 bits
_AT_ONCE = 8  # frames whose distances are measured together: their numbers stay in a processor's cache
_CORRECTIONS = 10  # times that a drawn shape is fitted to its box again, at most
_THICKER = 0.35  # cells by which a contour grows where a thin part could not be drawn in one piece
_WELL_FITTED = 0.4  # pixels between box and drawn shape that need no correction


def squared_distance(target: Tensor, reach: int | None = None) -> Tensor:
    """Exact squared Euclidean distance of every cell to the nearest cell of ``target``, in cells.

    First along columns, by steps that double, then the minimum over columns of (vertical² + horizontal²),
    which is exact because the two axes separate (Saito and Toriwaki, Pattern Recognition 27, 1994).

    Args:
        target: (B, H, W) bool.
        reach: how far distances matter, in cells; those beyond come out too large, and sooner. None: all do.

    Returns:
        (B, H, W) float32; very large where a mask has no cell at all.
    """
    _, height, width = target.shape
    near = reach is not None and reach < _NEAR  # small whole numbers are several times as quick
    far, kind = (_NEAR, np.int16) if near else (_FAR, np.float32)
    reach = max(height, width) if reach is None else reach
    along = (~target).cpu().numpy() * kind(far)
    step = 1
    while step <= min(reach, height - 1):
        np.minimum(along[:, step:], along[:, :-step] + kind(step), out=along[:, step:])
        np.minimum(along[:, :-step], along[:, step:] + kind(step), out=along[:, :-step])
        step *= 2
    vertical = np.ascontiguousarray((along * along).transpose(2, 0, 1))  # (W, B, H)
    best, there = vertical.copy(), np.empty_like(vertical)
    for step in range(1, min(reach, width - 1) + 1):
        np.add(vertical, kind(step * step), out=there)
        np.minimum(best[step:], there[:-step], out=best[step:])
        np.minimum(best[:-step], there[step:], out=best[:-step])
    return torch.from_numpy(best.transpose(1, 2, 0).astype(np.float32, order="C")).to(target.device)


def signed_distance(inside: Tensor, reach: int | None = None) -> Tensor:
    """Distance to the contour in cells, positive inside: (B, H, W) bool -> (B, H, W) float32.

    The contour runs half-way between the last cell inside and the first one outside. ``reach``: as in
    ``squared_distance``.
    """
    to_outside, to_inside = squared_distance(torch.cat([~inside, inside]), reach).chunk(2)
    distance = (to_outside + to_inside).sqrt_() - 0.5  # one of the two is 0
    return torch.where(inside, distance, -distance)


def in_parts(stack: Tensor, count: int) -> Iterator[Tensor]:
    """The stack in pieces of at most ``count``, to bound the memory that a step takes."""
    for begin in range(0, len(stack), count):
        yield stack[begin : begin + count]


def boxed_mask(mask: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """The box's part of a mask drawn into a frame of doubled resolution, (128, 128) uint8 0 | 1."""
    scale = FINE // FRAME
    inner = (FRAME - 2 * MARGIN) * scale
    part = Image.fromarray(mask).crop(box).resize((inner, inner), Image.Resampling.HAMMING)
    return np.pad((np.asarray(part) >= 128).astype(np.uint8), MARGIN * scale)


def fields_of(frames: Tensor) -> Tensor:
    """Truncated fields (B, 1, 64, 64) in -1..1 of masks from :func:`boxed_mask`, (B, 128, 128) uint8."""
    scale = FINE // FRAME
    reach = math.ceil(TRUNCATION * scale) + 2 * scale  # what is truncated need not be known better
    distance = torch.cat([signed_distance(part, reach) for part in in_parts(frames > 0, _AT_ONCE)])
    cells = functional.avg_pool2d(distance[:, None], scale) / scale
    return (cells / TRUNCATION).clamp(-1, 1)


def warped(fields: Tensor, movement: Tensor) -> Tensor:
    """Shapes with their parts moved.

    Args:
        fields: (B, 1, 64, 64).
        movement: (B, 2, 64, 64) along x and y, in halves of the frame: from where each cell is taken.
    """
    size = fields.shape[-1]
    place = (torch.arange(size, device=fields.device) + 0.5) / size * 2 - 1  # -1..1
    grid = torch.stack([place[None, :].expand(size, -1), place[:, None].expand(-1, size)], 2)
    return functional.grid_sample(
        fields, grid + movement.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
    )


def bends(amounts: Tensor) -> Tensor:
    """A movement that bends the inner parts of a shape along x and y; the frame's sides stay in place.

    Args:
        amounts: (B, 4) in -1..1: two waves along x, two along y.

    Returns:
        (B, 2, 64, 64) for :func:`warped`.
    """
    place = (torch.arange(FRAME, device=amounts.device) + 0.5) / FRAME * 2 - 1  # -1..1
    bow, wave = torch.cos(place * math.pi / 2), torch.sin(place * math.pi)
    x = 2 * _BEND * (amounts[:, 0, None] * bow + 0.5 * amounts[:, 1, None] * wave)
    y = 2 * _BEND * (amounts[:, 2, None] * bow + 0.5 * amounts[:, 3, None] * wave)
    return torch.stack([x[:, None, :].expand(-1, FRAME, -1), y[:, :, None].expand(-1, -1, FRAME)], 1)


def tidied(fields: Tensor) -> Tensor:
    """Fields (B, 1, 64, 64) reduced to their largest piece, with holes filled and off the frame's border."""
    inside = functional.pad((fields > 0)[..., 1:-1, 1:-1], (1, 1, 1, 1))
    keep = filled_holes(largest_component(inside))
    least = 0.5 / TRUNCATION
    return torch.where(keep == (fields > 0), fields, torch.where(keep, least, -least).to(fields.dtype))


def fill_ratio(fields: Tensor) -> Tensor:
    """Share of the box that the object covers, (B, 1, 64, 64) -> (B,)."""
    box_cells = (FRAME - 2 * MARGIN) ** 2
    return (fields * TRUNCATION + 0.5).clamp(0, 1).sum((1, 2, 3)) / box_cells


def extent(fields: Tensor) -> Tensor:
    """Where the shapes begin and end, (B, 4) as x0, y0, x1, y1 in cells (0 is the frame's left or top side).

    The zero crossings are found by linear interpolation between cell centres. A field without an inside
    gives the box itself.
    """
    columns, rows = fields.amax((1, 2)), fields.amax((1, 3))  # (B, W), (B, H)
    ends = [_first(columns), _first(rows), FRAME - _first(columns.flip(1)), FRAME - _first(rows.flip(1))]
    found = torch.stack(ends, 1)
    box = found.new_tensor([MARGIN, MARGIN, FRAME - MARGIN, FRAME - MARGIN])
    return torch.where((columns.amax(1) > 0)[:, None], found, box)


def _first(profile: Tensor) -> Tensor:
    """Place of the first change from not inside to inside along a profile (B, N), in cells."""
    place = (profile > 0).float().argmax(1, keepdim=True)
    here = profile.gather(1, place)
    before = torch.where(place > 0, profile.gather(1, (place - 1).clamp(min=0)), here.new_tensor(-1.0))
    return (place + 0.5 - here / (here - before).clamp(min=1e-6)).squeeze(1)


def masks_in_window(fields: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Draws shapes into their windows; each shape's extent becomes its box.

    One affine resample per shape, repeated where its outermost tips were lost between pixels. The field is
    interpolated with a cubic, and coverage follows from the distance in output pixels, so that contours are
    smooth at any size.

    Args:
        fields: (B, 1, 64, 64) in -1..1.
        boxes: (B, 4) x0, y0, x1, y1 as fractions of the window.
        size: pixels along a side of the window.

    Returns:
        (B, 1, size, size) soft masks in 0..1, each in one piece; the part above 0.5 spans the box to within
        a pixel.
    """
    work = fields.float()
    boxes = boxes.to(work)
    cells, target = extent(work), boxes
    distance = _placed(work, cells, target, size)
    for attempt in range(_CORRECTIONS):
        # A thin part may fall between pixels, and what it held is dropped: measure what remains, fit again.
        drawn = _drawn_extent(_joined(distance), size)
        loose = (drawn - boxes).abs().amax(1) * size >= _WELL_FITTED  # (B,)
        if not loose.any():
            break
        if attempt % 2 == 1:  # a finer fit was not enough: make thin parts thicker, and begin again
            work = work + (loose.float() * _THICKER / TRUNCATION).view(-1, 1, 1, 1)
            cells, again = extent(work), boxes
        else:
            stretch = (boxes[:, 2:] - boxes[:, :2]) / (drawn[:, 2:] - drawn[:, :2]).clamp(min=1.0 / size)
            start = boxes[:, :2] + (target[:, :2] - drawn[:, :2]) * stretch
            again = torch.cat([start, start + (target[:, 2:] - target[:, :2]) * stretch], 1)
        target = torch.where(loose[:, None], again, target)  # a shape never depends on its neighbours
        distance = _placed(work, cells, target, size)
    return _without_specks(_coverage(distance) * _inside_box(boxes, size))


def _joined(distance: Tensor) -> Tensor:
    """Placed fields (B, 1, S, S) of which only the largest piece is inside."""
    inside = distance > 0
    return torch.where(inside & ~largest_component(inside), -1.0, distance)


def _without_specks(masks: Tensor) -> Tensor:
    """Masks (B, 1, S, S) reduced to their largest piece and its soft contour."""
    solid = masks > 0.5
    piece = largest_component(solid)
    return torch.where(grown(piece) & (piece | ~solid), masks, 0.0)


def _placed(fields: Tensor, extents: Tensor, boxes: Tensor, size: int) -> Tensor:
    """The fields resampled so that ``extents`` (cells) falls on ``boxes`` (fractions), (B, 1, size, size)."""
    scale = (extents[:, 2:] - extents[:, :2]) / (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-4)  # cells
    pixel = (torch.arange(size, device=fields.device, dtype=torch.float32) + 0.5) / size
    x = extents[:, 0, None] + (pixel - boxes[:, 0, None]) * scale[:, 0, None]
    y = extents[:, 1, None] + (pixel - boxes[:, 1, None]) * scale[:, 1, None]
    across, down = _cubic_weights(x), _cubic_weights(y)  # (B, size, 64)
    # All weights of a pixel add up to 1 only within the frame; beyond it the field is -1.
    return (down @ (fields[:, 0] + 1) @ across.transpose(1, 2) - 1)[:, None]


def _cubic_weights(places: Tensor) -> Tensor:
    """Weights (B, N, 64) of cubic convolution at ``places`` (B, N; cells): Keys, IEEE ASSP 29, 1981."""
    centre = torch.arange(FRAME, device=places.device, dtype=torch.float32) + 0.5
    d = (places[:, :, None] - centre).abs()
    near = (1.5 * d - 2.5) * d.square() + 1
    far = ((2.5 - 0.5 * d) * d - 4) * d + 2
    return torch.where(d < 1, near, torch.where(d < 2, far, 0.0))


def _drawn_extent(distance: Tensor, size: int) -> Tensor:
    """Extent (B, 4) of placed fields as fractions of the window."""
    columns, rows = distance.amax((1, 2)), distance.amax((1, 3))
    ends = [_first(columns), _first(rows), size - _first(columns.flip(1)), size - _first(rows.flip(1))]
    return torch.stack(ends, 1) / size


def _coverage(distance: Tensor) -> Tensor:
    """Share of each pixel that is inside: the field over its own slope per pixel, plus a half."""
    padded = functional.pad(distance, (1, 1, 1, 1), mode="replicate")
    dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    slope = (dx.square() + dy.square()).sqrt().clamp(min=2e-3)
    return (distance / slope + 0.5).clamp(0, 1)


def _inside_box(boxes: Tensor, size: int) -> Tensor:
    """Share of each pixel that the box covers, (B, 1, size, size): nothing may stick out of the box."""
    edge = torch.arange(size, device=boxes.device, dtype=torch.float32)

    def covered(start: Tensor, end: Tensor) -> Tensor:
        first, last = start[:, None] * size, end[:, None] * size
        return (torch.minimum(edge + 1, last) - torch.maximum(edge, first)).clamp(0, 1)

    across, down = covered(boxes[:, 0], boxes[:, 2]), covered(boxes[:, 1], boxes[:, 3])
    return (down[:, :, None] * across[:, None, :])[:, None]


def boxes_of(inside: Tensor) -> Tensor:
    """The boxes (B, 4) of what is True in pictures (B, S, S): x0, y0, x1, y1 as fractions; the whole picture
    where nothing is."""
    size = inside.shape[-1]
    place = torch.arange(size, device=inside.device)
    columns, rows = inside.any(1), inside.any(2)  # (B, S)
    first = [torch.where(there, place, size).amin(1) for there in (columns, rows)]
    last = [torch.where(there, place + 1, 0).amax(1) for there in (columns, rows)]
    boxes = torch.stack([*first, *last], 1) / size
    return torch.where(columns.any(1)[:, None], boxes, boxes.new_tensor([0.0, 0.0, 1.0, 1.0]))
