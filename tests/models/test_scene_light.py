"""Standard light: what is painted under it follows the scene's light by construction."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.scene_light import BALANCE_SHARE, EXPOSURE_SHARE, LARGEST_GAIN, scene_gains, under_gains


def scene(red: float, green: float, blue: float) -> Tensor:
    """A flat scene of these display values, 0..1."""
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, 8, 8) * 2 - 1


def test_a_brighter_scene_has_larger_gains_by_the_share_of_exposure() -> None:
    ratio = scene_gains(scene(0.6, 0.6, 0.6)) / scene_gains(scene(0.3, 0.3, 0.3))
    assert ratio.flatten().tolist() == pytest.approx([2**EXPOSURE_SHARE] * 3, rel=1e-4)


def test_a_colour_cast_goes_over_by_the_share_of_balance_and_leaves_brightness() -> None:
    plain, cast = scene_gains(scene(0.4, 0.4, 0.4)), scene_gains(scene(0.4 * 1.3, 0.4, 0.4 / 1.3))
    ratio = (cast / plain).flatten()
    assert float(ratio[0] / ratio[2]) == pytest.approx(1.3 ** (2 * BALANCE_SHARE), rel=1e-4)
    assert float(ratio.log().mean()) == pytest.approx(0, abs=1e-5)


def test_gains_stay_bounded_in_the_dark() -> None:
    assert float(scene_gains(scene(0, 0, 0)).min()) >= 1 / LARGEST_GAIN - 1e-6


def test_taking_the_light_away_and_giving_it_back_changes_nothing() -> None:
    picture = scene(0.2, 0.3, 0.4)
    gains = torch.tensor([1.2, 0.9, 0.8]).view(1, 3, 1, 1)
    torch.testing.assert_close(under_gains(under_gains(picture, 1 / gains), gains), picture)


def test_light_beyond_white_is_clipped() -> None:
    assert float(under_gains(scene(0.9, 0.9, 0.9), torch.full((1, 3, 1, 1), 2.0)).max()) == 1.0
