"""Contact sheets: pictures side by side with labels, for a look before a number is believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

TILE = 128  # pixels; a tile's side in the sheet, unless asked otherwise
GAP = 4  # pixels between tiles
LABEL_HEIGHT = 18  # pixels above a tile for its label
_PAPER, _INK = (250, 250, 248), (40, 40, 40)


def contact_sheet(
    columns: Sequence[Tensor], labels: Sequence[str], row_labels: Sequence[str], tile: int = TILE
) -> Image.Image:
    """A sheet with one column a tensor (R, 3 or 1, S, S) in -1..1 and one row a picture `tile` pixels wide.

    Labels stand above the columns; a row's label above its first picture, below the column's label.
    """
    rows = len(row_labels)
    if any(len(column) != rows for column in columns) or len(columns) != len(labels):
        raise ValueError("Every column of a contact sheet needs a label, and every row a picture.")
    step = tile + GAP
    width = GAP + step * len(columns)
    height = LABEL_HEIGHT + GAP + (step + LABEL_HEIGHT) * rows
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    for n, (column, label) in enumerate(zip(columns, labels, strict=True)):
        draw.text((GAP + n * step, 2), label, fill=_INK, font=font)
        for row, one in enumerate(_tiles(column, tile)):
            top = LABEL_HEIGHT + GAP + row * (step + LABEL_HEIGHT) + LABEL_HEIGHT
            sheet.paste(one, (GAP + n * step, top))
    for row, label in enumerate(row_labels):
        draw.text((GAP, LABEL_HEIGHT + GAP + row * (step + LABEL_HEIGHT)), label, fill=_INK, font=font)
    return sheet


def _tiles(column: Tensor, tile: int) -> list[Image.Image]:
    pictures = column.detach().float().cpu().expand(-1, 3, -1, -1)
    if pictures.shape[-1] != tile:
        pictures = F.interpolate(pictures, size=(tile, tile), mode="bilinear", antialias=True)
    codes = ((pictures + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
    return [Image.fromarray(np.asarray(code)) for code in codes]
