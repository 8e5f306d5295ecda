"""Distance fields, clean-up and the way back to a mask in a window."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.masks.figures import box_misfit
from models.masks.geometry import (
    FINE,
    FRAME,
    MARGIN,
    TRUNCATION,
    boxed_mask,
    extent,
    fields_of,
    fill_ratio,
    masks_in_window,
    signed_distance,
    squared_distance,
    tidied,
)
from models.masks.pieces import filled_holes, largest_component


def disc(size: int, radius: float) -> torch.Tensor:
    """A disc in the middle, (size, size) bool."""
    place = torch.arange(size) + 0.5 - size / 2
    return place[:, None].square() + place[None].square() < radius**2


def coarse_fields(inside: torch.Tensor) -> torch.Tensor:
    """The fields (B, 1, 64, 64) of masks drawn in the frame's own cells, (B, 64, 64) bool."""
    return fields_of(inside.repeat_interleave(2, 1).repeat_interleave(2, 2))


def test_the_distance_transform_is_exact() -> None:
    target = torch.rand(3, 20, 17, generator=torch.Generator().manual_seed(1)) < 0.05
    target[:, 4, 4] = True
    found = squared_distance(target)
    for shape, distances in zip(target, found, strict=True):
        points = torch.nonzero(shape).float()
        cells = torch.cartesian_prod(torch.arange(20), torch.arange(17)).float()
        nearest = (cells[:, None] - points[None]).square().sum(2).amin(1).view(20, 17)
        assert torch.equal(distances, nearest)


def test_a_disc_has_the_distances_of_a_disc() -> None:
    radius = 20.0
    place = torch.arange(64) + 0.5 - 32
    true = radius - (place[:, None].square() + place[None].square()).sqrt()
    assert (signed_distance(disc(64, radius)[None])[0] - true).abs().max() < 0.8


def test_a_field_of_a_mask_spans_the_box_and_is_truncated() -> None:
    mask = np.zeros((90, 120), np.uint8)
    mask[20:70, 30:110] = 255
    field = fields_of(torch.from_numpy(boxed_mask(mask, (30, 20, 110, 70)))[None])
    assert field.shape == (1, 1, FRAME, FRAME)
    assert field.min() >= -1
    assert field.max() == 1
    side = float(FRAME - MARGIN)
    assert torch.allclose(extent(field), torch.tensor([[MARGIN, MARGIN, side, side]]), atol=0.1)
    assert fill_ratio(field).item() == pytest.approx(1.0, abs=0.02)


def test_only_the_largest_piece_stays_and_its_holes_are_filled() -> None:
    inside = torch.zeros(2, 1, FRAME, FRAME, dtype=torch.bool)
    inside[0, 0, 10:40, 10:40] = True
    inside[0, 0, 20:25, 20:25] = False
    inside[0, 0, 50:58, 50:58] = True
    inside[1, 0] = disc(FRAME, 12)
    expected = inside.clone()
    expected[0, 0, 20:25, 20:25] = True
    expected[0, 0, 50:58, 50:58] = False
    assert torch.equal(tidied(coarse_fields(inside[:, 0])) > 0, expected)


def test_a_winding_line_is_one_piece() -> None:
    inside = torch.zeros(1, 1, FRAME, FRAME, dtype=torch.bool)
    inside[0, 0, 2:62:2, 2:62] = True
    for turn, row in enumerate(range(3, 61, 2)):
        inside[0, 0, row, 61 if turn % 2 == 0 else 2] = True
    assert torch.equal(largest_component(inside), inside)


def test_a_bay_that_opens_at_a_corner_is_no_hole() -> None:
    inside = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    inside[0, 0, 2:6, 2:6] = True
    inside[0, 0, 3:5, 3:5] = False
    assert filled_holes(inside)[0, 0, 3:5, 3:5].all()
    inside[0, 0, 2, 2] = False
    assert torch.equal(filled_holes(inside), inside)


def test_pieces_that_touch_at_a_corner_only_are_two() -> None:
    inside = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    inside[0, 0, 1:5, 1:5] = True
    inside[0, 0, 5:7, 5:7] = True
    assert largest_component(inside).sum() == 16


@pytest.mark.parametrize("size", [64, 128, 256])
def test_a_mask_spans_its_box_to_within_a_pixel(size: int) -> None:
    random = torch.Generator().manual_seed(size)
    blobs = torch.nn.functional.interpolate(torch.randn(24, 1, 9, 9, generator=random), FRAME, mode="bicubic")
    middle = coarse_fields(disc(FRAME, 14)[None]).expand(24, -1, -1, -1)
    fields = tidied((blobs * 0.8 + middle * 3 - 0.3).clamp(-1, 1))
    start = torch.rand(24, 2, generator=random) * 0.4
    boxes = torch.cat([start, start + 0.25 + torch.rand(24, 2, generator=random) * 0.3], 1)
    masks = masks_in_window(fields, boxes, size)
    assert masks.shape == (24, 1, size, size)
    assert box_misfit(masks, boxes).max() <= 1.0


@pytest.mark.parametrize("size", [64, 128])
def test_a_thread_thin_tail_leaves_one_piece_that_still_spans_its_box(size: int) -> None:
    inside = disc(FRAME, 14).clone()
    for cell in range(3, 61):
        inside[cell, cell] = inside[cell, cell + 1] = True  # a diagonal of single cells
    boxes = torch.tensor([[0.1, 0.4, 0.9, 0.6]])
    mask = masks_in_window(tidied(coarse_fields(inside[None])), boxes, size)
    assert torch.equal(largest_component(mask > 0.5), mask > 0.5)
    assert box_misfit(mask, boxes).max() <= 1.0


def test_no_pixel_outside_the_box_is_touched() -> None:
    boxes = torch.tensor([[0.25, 0.375, 0.75, 0.625]])
    mask = masks_in_window(coarse_fields(disc(FRAME, 25)[None]), boxes, 64)[0, 0]
    mask[24:40, 16:48] = 0
    assert mask.abs().max() == 0


def test_a_contour_is_smooth_and_one_pixel_wide_at_any_size() -> None:
    large = disc(240, 120).to(torch.uint8).mul(255).numpy()
    fields = fields_of(torch.from_numpy(boxed_mask(large, (0, 0, 240, 240)))[None])
    boxes = torch.tensor([[0.1, 0.1, 0.9, 0.9]])
    for size in (128, 256):
        mask = masks_in_window(fields, boxes, size)[0, 0]
        place = (torch.arange(size) + 0.5) / size - 0.5
        radius = (place[:, None].square() + place[None].square()).sqrt() * size
        true = (0.4 * size - radius + 0.5).clamp(0, 1)
        around = 2 * np.pi * 0.4 * size
        assert (mask - true).abs().sum() < 0.35 * around  # pixels, on average
        assert ((mask > 0.02) & (mask < 0.98)).sum() < 2 * around


def test_the_field_is_measured_in_cells() -> None:
    field = fields_of(disc(FINE, 40)[None]) * TRUNCATION
    assert field[0, 0, 32, 14].item() == pytest.approx(2.5, abs=0.5)


def test_the_pieces_and_holes_of_a_shape_are_the_same_whatever_shapes_it_comes_with() -> None:
    random = torch.Generator().manual_seed(0)
    shapes = torch.rand(40, 1, 9, 12, generator=random) < torch.linspace(0, 1, 40)[:, None, None, None]
    for change in (largest_component, filled_holes):
        alone = torch.cat([change(shape[None]) for shape in shapes])
        assert torch.equal(change(shapes), alone)
