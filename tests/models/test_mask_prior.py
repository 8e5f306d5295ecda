"""The prior over codes: what a seed may pick for a class and a box shape."""

from __future__ import annotations

import torch

from models.masks.prior import CodePrior


def made_prior() -> CodePrior:
    """Class 0 has codes around +5, class 1 around -5; box shapes run from tall to wide."""
    random = torch.Generator().manual_seed(1)
    codes = torch.randn(200, 32, generator=random)
    codes[:100] += 5
    codes[100:] -= 5
    index, aspect = torch.arange(200) // 100, torch.linspace(-1, 1, 100).repeat(2)
    following = torch.tensor([[(n + 1) % 100, (n + 99) % 100] for n in range(100)])
    return CodePrior(codes, index, aspect, torch.cat([following, following + 100]))


def test_codes_come_from_the_class_asked_for() -> None:
    random = torch.Generator().manual_seed(2)
    index = torch.arange(40) % 2
    codes = made_prior().pick(index, torch.zeros(40), torch.randn(40, 32, generator=random))
    assert torch.equal(codes.mean(1) < 0, index == 1)


def test_the_same_seed_picks_the_same_code_and_others_pick_others() -> None:
    prior = made_prior()
    z = torch.randn(20, 32, generator=torch.Generator().manual_seed(3))
    index, aspect = torch.zeros(20, dtype=torch.int64), torch.zeros(20)
    codes = prior.pick(index, aspect, z)
    assert torch.equal(codes, prior.pick(index, aspect, z))
    assert len(torch.unique(codes, dim=0)) >= 15


def test_codes_lie_between_real_ones_of_nearly_the_box_shape() -> None:
    prior = made_prior()
    prior.codes[:, 0] = prior.log_aspect * 10
    z = torch.randn(50, 32, generator=torch.Generator().manual_seed(3))
    for aspect in (-0.8, 0.0, 0.8):
        codes = prior.pick(torch.zeros(50, dtype=torch.int64), torch.full((50,), aspect), z)
        assert ((codes[:, 0] / 10 - aspect).abs() < 0.6).all()
        assert (torch.cdist(codes, prior.codes).amin(1) > 1e-3).all()


def test_a_class_with_one_outline_still_has_a_code() -> None:
    prior = CodePrior(torch.ones(1, 32), torch.tensor([0]), torch.tensor([0.0]), torch.zeros(1, 6).long())
    assert torch.equal(
        prior.pick(torch.tensor([0]), torch.tensor([1.5]), torch.zeros(1, 32)), torch.ones(1, 32)
    )
