"""Standard light: what is painted under it follows the scene's light by construction."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from models.scene_light import (
    EXPOSURE_SHARE,
    KNEE,
    LARGEST_GAIN,
    TINT_SHARE,
    WARMTH_SHARE,
    lit,
    scene_gains,
    under_gains,
)


def scene(red: float, green: float, blue: float) -> Tensor:
    """A flat scene of these display values, 0..1."""
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, 8, 8) * 2 - 1


def test_a_brighter_scene_has_larger_gains_by_the_share_of_exposure() -> None:
    ratio = scene_gains(scene(0.6, 0.6, 0.6)) / scene_gains(scene(0.3, 0.3, 0.3))
    assert ratio.flatten().tolist() == pytest.approx([2**EXPOSURE_SHARE] * 3, rel=1e-4)


def leaves(*colour: float) -> Tensor:
    """A scene of things in a colour, some in shadow: each pixel the colour times a brightness."""
    bright = 0.2 + 0.8 * torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    return bright * torch.tensor(colour).view(1, 3, 1, 1) * 2 - 1


@pytest.mark.parametrize("plain", [scene(0.4, 0.4, 0.4), leaves(0.4, 0.4, 0.4)], ids=["flat", "textured"])
def test_a_cast_goes_over_by_the_shares_of_warmth_and_tint_and_leaves_brightness(plain: Tensor) -> None:
    cast = under_gains(plain, torch.tensor([1.3, 1.0, 1 / 1.3]).view(1, 3, 1, 1))
    ratio = (scene_gains(cast) / scene_gains(plain)).flatten().log()
    assert float(ratio[0] - ratio[2]) == pytest.approx(2 * WARMTH_SHARE * math.log(1.3), rel=0.01)
    assert float(ratio.mean()) == pytest.approx(0, abs=1e-3)
    green = under_gains(plain, torch.tensor([1.0, 1.3, 1.0]).view(1, 3, 1, 1))
    ratio = (scene_gains(green) / scene_gains(plain)).flatten().log()
    assert float(ratio[1] - (ratio[0] + ratio[2]) / 2) == pytest.approx(TINT_SHARE * math.log(1.3), rel=0.01)


def test_green_things_in_grey_light_do_not_make_the_light_green() -> None:
    grass, wall = leaves(0.35, 0.5, 0.25), leaves(0.6, 0.6, 0.6)
    mixed = torch.cat([grass[..., :8], wall[..., 8:]], 3)
    mean = ((mixed + 1) / 2).mean((0, 2, 3)).log()
    gains = scene_gains(mixed).flatten().log()
    tint = float(gains[1] - (gains[0] + gains[2]) / 2)
    assert 0 <= tint < 0.35 * float(mean[1] - (mean[0] + mean[2]) / 2)


def test_gains_stay_bounded_in_the_dark() -> None:
    assert float(scene_gains(scene(0, 0, 0)).min()) >= 1 / LARGEST_GAIN - 1e-6


def test_taking_the_light_away_and_giving_it_back_changes_nothing() -> None:
    picture = scene(0.2, 0.3, 0.4)
    gains = torch.tensor([1.2, 0.9, 0.8]).view(1, 3, 1, 1)
    torch.testing.assert_close(under_gains(under_gains(picture, 1 / gains), gains), picture)


def test_light_beyond_white_is_clipped() -> None:
    assert float(under_gains(scene(0.9, 0.9, 0.9), torch.full((1, 3, 1, 1), 2.0)).max()) == 1.0


def test_bright_things_keep_their_texture_in_bright_light() -> None:
    fur = scene(0.8, 0.85, 0.9)
    made = (lit(fur, torch.full((1, 3, 1, 1), 1.5)) + 1) / 2
    red, green, blue = made[0, :, 0, 0].tolist()
    assert KNEE < red < green - 0.005 < blue - 0.008
    assert blue < 1
    dark = scene(0.2, 0.3, 0.4)
    torch.testing.assert_close(lit(dark, torch.full((1, 3, 1, 1), 1.5)), scene(0.3, 0.45, 0.6))
