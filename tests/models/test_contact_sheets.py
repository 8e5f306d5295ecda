"""Contact sheets show what they were given, where they say."""

from __future__ import annotations

import pytest
import torch

from models.evaluation.sheets import GAP, LABEL_HEIGHT, TILE, contact_sheet


def test_each_picture_stands_in_its_row_and_column() -> None:
    left = torch.stack([torch.full((3, 16, 16), -1.0), torch.full((3, 16, 16), 1.0)])
    mask = torch.zeros(2, 1, 16, 16)
    sheet = contact_sheet({"photo": left, "mask": mask}, ["cat", "dog"])

    def centre(row: int, column: int) -> tuple[int, ...]:
        x = GAP + column * (TILE + GAP) + TILE // 2
        y = 2 * LABEL_HEIGHT + GAP + row * (TILE + GAP + LABEL_HEIGHT) + TILE // 2
        pixel = sheet.getpixel((x, y))
        assert isinstance(pixel, tuple)
        return pixel

    assert centre(0, 0) == (0, 0, 0)
    assert centre(1, 0) == (255, 255, 255)
    assert centre(0, 1) == centre(1, 1) == (128, 128, 128)


def test_a_column_without_a_picture_for_every_row_is_refused() -> None:
    with pytest.raises(ValueError, match="Every column"):
        contact_sheet({"photo": torch.zeros(1, 3, 8, 8)}, ["cat", "dog"])
