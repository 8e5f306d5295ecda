"""Parts codes carried along: from the outline that a shape was made of into the user's window."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.masks.geometry import FRAME, MARGIN, extent
from models.masks.parts_code import PLACED_CELLS, each_size, placed
from models.photos.data import CLOSEUP_SCALE, CLOSEUP_SIDE

SEEN_SIDE = CLOSEUP_SIDE  # pixels along a side of what shows the area of ``close_up_area``


def carried(parts: Tensor, log_aspect: Tensor, fields: Tensor, movement: Tensor, boxes: Tensor) -> Tensor:
    """Codes as the generator takes them, each following its outline into the window.

    Args:
        parts: (B, C, 16, 16) codes of the close-ups of the outlines' own objects.
        log_aspect: (B,) log(width / height) of those objects' boxes.
        fields: (B, 1, 64, 64) the shapes that were made of the outlines.
        movement: (B, 2, 64, 64) from where each of their cells was taken, in halves of the frame.
        boxes: (B, 4) x0, y0, x1, y1 where the shapes lie, as fractions of the window.

    Returns:
        (B, C, 32, 32), 0 where a close-up says nothing; finer codes folded.
    """
    extents = extent(fields.float())
    sides = torch.stack([log_aspect.clamp(max=0), -log_aspect.clamp(min=0)], 1).exp()  # (B, 2) of the longer

    def place(codes: Tensor, cells: int) -> Tensor:
        grid = _frame_places(extents, boxes.to(fields), cells)  # (B, cells, cells, 2)
        moved = functional.grid_sample(movement.float(), grid, padding_mode="border", align_corners=False)
        in_box = (grid + moved.permute(0, 2, 3, 1)) * (FRAME / (FRAME - 2 * MARGIN))  # -1..1 is the box
        in_closeup = in_box * (sides / CLOSEUP_SCALE).to(in_box)[:, None, None]
        return functional.grid_sample(codes.float(), in_closeup, align_corners=False)

    return each_size(parts, PLACED_CELLS, place)


def close_up_area(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The square (left, top, right, bottom) that a close-up shows of an object with that box."""
    left, top, right, bottom = box
    half = CLOSEUP_SCALE * max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half, y - half, x + half, y + half


def seen_in_window(parts: Tensor, boxes: Tensor) -> Tensor:
    """Codes (B, C, 16, 16) of close-ups of objects that lie in a window as they are, with boxes (B, 4) given
    as its fractions: (B, C, 32, 32), 0 where a close-up says nothing."""
    boxes = boxes.to(parts)
    middle = boxes[:, :2] + boxes[:, 2:] - 1  # (B, 2) in -1..1
    half = CLOSEUP_SCALE * (boxes[:, 2:] - boxes[:, :2]).amax(1).clamp(min=1e-4)  # (B,) in the same
    scaling = torch.eye(2).to(parts) / half[:, None, None]
    return placed(parts, torch.cat([scaling, (-middle / half[:, None])[:, :, None]], 2))


def _frame_places(extents: Tensor, boxes: Tensor, cells: int) -> Tensor:
    """Where the cells of a window lie in the frame of a shape whose ``extents`` (B, 4) fill ``boxes``:
    (B, cells, cells, 2) in -1..1."""
    place = (torch.arange(cells, device=boxes.device) + 0.5) / cells
    scale = (extents[:, 2:] - extents[:, :2]) / (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-4)
    x = extents[:, 0, None] + (place - boxes[:, 0, None]) * scale[:, 0, None]  # (B, cells) in frame cells
    y = extents[:, 1, None] + (place - boxes[:, 1, None]) * scale[:, 1, None]
    both = torch.stack([x[:, None, :].expand(-1, cells, -1), y[:, :, None].expand(-1, -1, cells)], 3)
    return both / FRAME * 2 - 1
