"""What a seed may choose for a class and a box shape."""

from __future__ import annotations

from dataclasses import replace

import torch

from models.masks.choice import OutlineChooser
from models.masks.generator import LATENT
from tests.models.shapes_made_in_code import made_library

LIBRARY = made_library()
COUNT = len(LIBRARY)


def latents(count: int) -> torch.Tensor:
    return torch.randn(count, LATENT, generator=torch.Generator().manual_seed(2))


def test_outlines_come_from_the_class_asked_for() -> None:
    index = torch.arange(40) % 2
    choice = OutlineChooser(LIBRARY).choose(index, torch.zeros(40), latents(40))
    assert torch.equal(LIBRARY.class_index[choice.place % COUNT], index)
    assert torch.equal(LIBRARY.class_index[choice.other % COUNT], index)


def test_the_same_seed_chooses_the_same_and_others_choose_others() -> None:
    chooser, index, aspect = OutlineChooser(LIBRARY), torch.zeros(20, dtype=torch.int64), torch.zeros(20)
    choice, again = (chooser.choose(index, aspect, latents(20)) for _ in range(2))
    assert torch.equal(choice.place, again.place)
    assert torch.equal(choice.amount, again.amount)
    assert len(torch.unique(choice.place)) >= 10
    assert len(torch.unique(choice.amount)) == 20
    assert choice.bend.abs().max() <= 1


def test_outlines_are_of_nearly_the_box_shape() -> None:
    chooser = OutlineChooser(LIBRARY)
    index = torch.zeros(50, dtype=torch.int64)
    for aspect in (-0.3, 0.0, 0.3):
        choice = chooser.choose(index, torch.full((50,), aspect), latents(50))
        own = LIBRARY.log_aspect[choice.place % COUNT]
        near = (LIBRARY.log_aspect[LIBRARY.class_index == 0] - aspect).abs().repeat(2).sort().values
        assert (own - aspect).abs().max() <= max(0.2, near[23].item()) + 1e-6


def test_both_ways_round_are_chosen() -> None:
    choice = OutlineChooser(LIBRARY).choose(torch.ones(50, dtype=torch.int64), torch.zeros(50), latents(50))
    assert 0.2 < (choice.place >= COUNT).float().mean() < 0.8


def test_an_outline_is_drawn_as_often_as_its_worth_says() -> None:
    index = torch.zeros(4000, dtype=torch.int64)
    worth = torch.zeros(COUNT)
    worth[:10] = 1.5  # the logarithm of 4.5
    plain, weighted = (
        OutlineChooser(library).choose(index, torch.zeros(4000), latents(4000)).place % COUNT
        for library in (LIBRARY, replace(LIBRARY, worth=worth))
    )
    before, after = ((place < 10).float().mean().item() for place in (plain, weighted))
    odds = after / (1 - after) / (before / (1 - before))
    assert 3.6 < odds < 5.6
    assert len(torch.unique(weighted)) == len(torch.unique(plain))  # none is lost
