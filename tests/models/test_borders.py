"""Borders: what a hard cut-out, a halo and a washed-out edge are told from, on pictures made in code."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.borders import RINGS, border_figures, border_profile, halos, ring_distance
from models.hole import dilate
from models.masks.geometry import signed_distance

SIZE, COUNT = 64, 24


def blurred(picture: Tensor, size: int) -> Tensor:
    return F.avg_pool2d(picture, size, 1, size // 2, count_include_pad=False)


def texture(seed: int, generator: torch.Generator) -> Tensor:
    """(COUNT, 3, SIZE, SIZE) grain around a colour of each picture's own."""
    del seed
    grain = 0.5 * torch.randn(COUNT, 3, SIZE, SIZE, generator=generator)
    colour = 1.2 * torch.rand(COUNT, 3, 1, 1, generator=generator) - 0.6
    return (colour + blurred(grain, 3)).clamp(-1, 1)


def parts(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Object, scene, and the alpha of discs of several sizes."""
    generator = torch.Generator().manual_seed(seed)
    thing, scene = texture(seed, generator), texture(seed, generator)
    place = torch.arange(SIZE) - SIZE / 2 + 0.5
    away = (place.view(1, -1, 1).square() + place.view(1, 1, -1).square()).sqrt()
    radius = 13 + 6 * torch.rand(COUNT, 1, 1, generator=generator)
    return thing, scene, (radius - away + 0.5).clamp(0, 1).unsqueeze(1)


def figures(picture: Tensor, alpha: Tensor) -> Tensor:
    distance = ring_distance(alpha)
    return border_figures(border_profile(picture, distance), halos(picture, distance))


def laid(thing: Tensor, scene: Tensor, alpha: Tensor) -> Tensor:
    return scene + (thing - scene) * alpha


@pytest.fixture(scope="module")
def real() -> Tensor:
    thing, scene, alpha = parts(1)
    return figures(laid(thing, scene, alpha), alpha)


def distance_to(real: Tensor, picture: Tensor, alpha: Tensor) -> metrics.Estimate:
    halves = metrics.random_halves(COUNT, torch.Generator().manual_seed(0))
    return metrics.energy_distance(real, figures(picture, alpha), halves)


def score(real: Tensor, picture: Tensor, alpha: Tensor) -> float:
    """The seam score, with the anchors of an evaluation."""
    thing, scene, clean = parts(2)
    hard = (clean >= 0.5).float()
    grey = distance_to(real, laid(torch.zeros_like(thing), scene, hard), hard)
    pasted = distance_to(real, laid(thing, scene, clean), clean)
    return metrics.anchored_share(grey, distance_to(real, picture, alpha), pasted).value


def test_borders_of_the_same_making_are_as_good_as_pasted_ones(real: Tensor) -> None:
    thing, scene, alpha = parts(3)
    assert score(real, laid(thing, scene, alpha), alpha) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("tone", [1.0, -1.0], ids=["bright", "dark"])
def test_a_halo_costs_most_of_the_seam_score(real: Tensor, tone: float) -> None:
    thing, scene, alpha = parts(3)
    wide = torch.maximum(alpha, 0.7 * dilate(alpha, 2))
    rimmed = torch.where(alpha > 0.9, thing, torch.full_like(thing, tone))
    assert score(real, laid(rimmed, scene, wide), wide) < 0.4


def test_a_washed_out_border_is_worse_than_a_crisp_one(real: Tensor) -> None:
    thing, scene, alpha = parts(3)
    ghost = blurred(alpha, 9)
    crisp = score(real, laid(thing, scene, alpha), alpha)
    assert score(real, laid(thing, scene, ghost), ghost) < crisp - 0.2


def test_a_wider_halo_is_worse_than_a_narrow_one(real: Tensor) -> None:
    thing, scene, alpha = parts(3)
    scores = []
    for strength in (0.0, 0.2, 0.7):
        wide = torch.maximum(alpha, strength * dilate(alpha, 2))
        rimmed = torch.where(alpha > 0.9, thing, torch.ones_like(thing))
        scores.append(score(real, laid(rimmed if strength else thing, scene, wide), wide))
    assert scores == sorted(scores, reverse=True)


def test_a_bright_rim_outside_is_told_from_a_dark_one_inside() -> None:
    thing, scene, alpha = (torch.zeros(COUNT, 3, SIZE, SIZE), *parts(3)[1:])
    picture = laid(thing, scene * 0, alpha)
    distance = ring_distance(alpha).unsqueeze(1)
    bright = torch.where((distance < 0) & (distance > -2.5), torch.ones_like(picture), picture)
    dark = torch.where((distance > 0) & (distance < 2.5), -torch.ones_like(picture), picture)
    assert halos(picture, distance[:, 0]).max() < 1e-6
    assert halos(bright, distance[:, 0]).mean(dim=0).argmax() == 0
    assert halos(dark, distance[:, 0]).mean(dim=0).argmax() == 3


def test_a_step_is_found_in_its_ring() -> None:
    _, _, alpha = parts(3)
    hard = (alpha >= 0.5).float()
    profile = border_profile(hard.expand(-1, 3, -1, -1) * 2 - 1, ring_distance(alpha))
    assert profile[:, RINGS].min() > 0.5
    assert profile[:, RINGS + 2 :].nan_to_num().max() == 0


def test_distances_are_exact_near_the_contour() -> None:
    _, _, alpha = parts(3)
    exact = signed_distance(alpha[:, 0] >= 0.5)
    near = exact.abs() < RINGS + 2
    assert torch.allclose(ring_distance(alpha)[near], exact[near], atol=1e-4)


def test_a_picture_without_a_contour_has_no_figures_and_is_left_out(real: Tensor) -> None:
    thing, scene, alpha = parts(3)
    assert figures(scene, torch.zeros_like(alpha)).isnan().all()
    some = alpha.clone()
    some[:3] = 0
    assert distance_to(real, laid(thing, scene, some), some).value < 0.6


def test_the_energy_distance_grows_with_the_distance_of_the_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    halves = metrics.random_halves(60, generator)
    first, second = torch.randn(2, 60, 4, generator=generator)
    found = [metrics.energy_distance(first, second + shift, halves) for shift in (0.0, 0.5, 2.0)]
    assert abs(found[0].value) < 0.25
    assert found[0].value < found[1].value < found[2].value
    assert metrics.energy_distance(first, first.clone(), halves).value == pytest.approx(0, abs=1e-6)
