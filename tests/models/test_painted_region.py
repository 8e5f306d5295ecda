"""The part of the window that is painted: whose it is, that nothing moves, and what lies around it."""

from __future__ import annotations

import torch

from models.painted_region import PaintedRegion, painted_regions, whole
from models.painting_layers import BROAD, fine_part


def _mask(top: int, bottom: int, left: int, right: int) -> torch.Tensor:
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., top:bottom, left:right] = 1
    return mask


def test_each_object_has_a_region_of_its_own_with_room_around_it() -> None:
    masks = torch.cat([_mask(40, 80, 60, 61), _mask(0, 4, 120, 128), torch.zeros(1, 1, 128, 128)])
    assert painted_regions(masks, 32) == [
        PaintedRegion(8, 13, 22, 18, 32),
        PaintedRegion(0, 28, 3, 32, 32),
        whole(32),
    ]


def test_what_is_cut_out_comes_back_to_its_place_with_nothing_around_it() -> None:
    region = PaintedRegion(2, 5, 9, 11, 16)
    picture = torch.rand(2, 3, 64, 64)
    back = region.back(region.of(picture), 64)
    assert torch.equal(back[..., 8:36, 20:44], picture[..., 8:36, 20:44])
    assert torch.count_nonzero(back) == torch.count_nonzero(back[..., 8:36, 20:44])
    assert whole(16).back(whole(16).of(picture), 64) is picture


def test_a_part_of_a_finer_level_loses_the_mean_that_the_whole_loses() -> None:
    random = torch.Generator().manual_seed(2)
    mask = _mask(50, 80, 44, 90)
    branch = torch.rand(1, 4, 128, 128, generator=random)
    region = painted_regions(mask, 32)[0]
    assert 4 * region.top % BROAD and 4 * region.left % BROAD  # it does not begin where a cell does
    part = region.back(fine_part(region.of(branch), region.of(mask), region), 128)
    assert torch.allclose(part * mask, fine_part(branch, mask, whole(32)) * mask, atol=5e-3)
