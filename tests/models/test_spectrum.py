"""The distance of surfaces: a weave is seen, equal surfaces are near, its gradient takes the weave away."""

from __future__ import annotations

import math

import torch

from models.training.spectrum import PATCH, SpectrumDistance

SIDE = 96


def _mask(left: int = 10, right: int = 90) -> torch.Tensor:
    mask = torch.zeros(4, 1, SIDE, SIDE)
    mask[..., 10:90, left:right] = 1
    return mask


def _surface(seed: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    rough = torch.randn(4, 3, SIDE + 2, SIDE + 2, generator=random)
    return 0.3 * torch.nn.functional.avg_pool2d(rough, 3, 1)


def _weave(period: float = 3.7) -> torch.Tensor:
    rows = torch.sin(2 * math.pi * torch.arange(SIDE) / period)
    return 0.05 * rows[:, None].expand(SIDE, SIDE)


def _after_some_batches(change: torch.Tensor) -> tuple[SpectrumDistance, float]:
    distance = SpectrumDistance()
    for turn in range(6):
        found = distance(_surface(turn) + change, _surface(100 + turn), _mask())
    return distance, float(found)


def test_a_weave_is_far_and_an_equal_surface_near() -> None:
    assert _after_some_batches(_weave())[1] > 10 * _after_some_batches(torch.zeros(1))[1]


def test_its_gradient_takes_the_weave_away() -> None:
    distance, before = _after_some_batches(_weave())
    painted = (_surface(7) + _weave()).requires_grad_()
    distance(painted, _surface(8), _mask()).backward()
    assert painted.grad is not None
    inner = (slice(None), slice(None), slice(20, 80), slice(20, 80))
    along = (painted.grad[inner] * _weave()[20:80, 20:80]).sum()
    assert before > 0 and along > 0  # less of the weave is nearer


def test_only_the_object_counts() -> None:
    around = torch.zeros(1, 1, SIDE, SIDE)
    around[..., :8] = 3.0  # far outside the mask
    one, other = SpectrumDistance(), SpectrumDistance()
    assert torch.equal(
        one(_surface(1), _surface(2), _mask()), other(_surface(1) + around, _surface(2), _mask())
    )


def test_objects_smaller_than_a_patch_say_nothing() -> None:
    distance = SpectrumDistance()
    painted = _surface(1).requires_grad_()
    found = distance(painted, _surface(2), _mask(40, 40 + PATCH - 2))
    assert float(found) == 0
    assert not distance.real.any()
