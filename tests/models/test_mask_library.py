"""The library of real outlines: coverage of variety, rejection, fallback and its file."""

from __future__ import annotations

import pytest
import torch

from models.masks.geometry import fill_ratio
from models.masks.shape_library import ShapeLibrary
from models.masks.shapes import ShapeSource, telling
from tests.models.shapes_made_in_code import made_library, made_shapes


@pytest.fixture(scope="module")
def library() -> ShapeLibrary:
    return made_library()


def test_it_keeps_the_asked_number_of_each_class(library: ShapeLibrary) -> None:
    assert torch.bincount(library.class_index).tolist() == [12, 12]
    assert library.bits.shape == (24, 512)


def test_it_covers_the_box_shapes_of_the_training_set(library: ShapeLibrary) -> None:
    shapes = made_shapes(40)
    for index in range(2):
        kept = library.log_aspect[library.class_index == index]
        all_of_class = shapes.log_aspect[shapes.class_index == index]
        assert (all_of_class[:, None] - kept[None]).abs().amin(1).max() < 0.3


def test_it_survives_its_tensors(library: ShapeLibrary) -> None:
    again = ShapeLibrary.from_tensors(library.to_tensors())
    assert torch.equal(again.bits, library.bits)
    assert torch.equal(again.fill_range, library.fill_range)


def test_damaged_tensors_are_refused(library: ShapeLibrary) -> None:
    tensors = library.to_tensors()
    tensors["library.bits"] = tensors["library.bits"][:, :100]
    with pytest.raises(ValueError, match="damaged"):
        ShapeLibrary.from_tensors(tensors)


def test_real_outlines_are_plausible_and_a_full_box_is_not(library: ShapeLibrary) -> None:
    shapes = made_shapes(40)
    assert library.plausible(shapes.fields.float(), shapes.class_index).float().mean() > 0.9
    full = torch.ones(2, 1, 64, 64)
    assert not library.plausible(full, torch.tensor([0, 1])).any()


def test_the_nearest_outline_is_of_the_class_and_of_the_box_shape(library: ShapeLibrary) -> None:
    shapes = made_shapes(40)
    pick = torch.tensor([3, 17, 45, 71])
    asked = shapes.chosen(pick)
    found = library.nearest(asked.fields.float(), asked.class_index, asked.log_aspect)
    shared = ((found > 0) & (asked.fields > 0)).sum((1, 2, 3)).float()
    union = ((found > 0) | (asked.fields > 0)).sum((1, 2, 3)).float()
    assert (shared / union).min() > 0.75


def test_a_mirrored_outline_finds_its_twin(library: ShapeLibrary) -> None:
    own = library.nearest(made_shapes(40).fields[50:51].float(), torch.tensor([1]), torch.tensor([0.0]))
    own[:, :, :20, :32] = -1  # lopsided, so that mirroring matters
    plain = library.nearest(own, torch.tensor([1]), torch.tensor([0.0]))
    mirrored = library.nearest(own.flip(3), torch.tensor([1]), torch.tensor([0.0]))
    assert torch.equal(plain > 0, (mirrored > 0).flip(3))


def test_outlines_that_look_like_another_class_are_left_out() -> None:
    shapes = made_shapes(160)
    wrong = [5, 50, 100, 150]
    shapes.fields[wrong] = shapes.fields[200].clone()
    left = telling(shapes, 90)
    discs = left.fields[left.class_index == 0].float()
    assert 88 <= len(discs) <= 91
    assert fill_ratio(discs).min() > 0.7


def test_a_class_with_few_outlines_keeps_them_and_is_drawn_more_often() -> None:
    shapes = made_shapes(60)
    rare = telling(shapes.chosen(torch.cat([torch.arange(60), torch.tensor([60, 61, 62, 63])])), 30)
    assert torch.bincount(rare.class_index)[1] == 4
    batch = ShapeSource(rare, torch.Generator().manual_seed(1)).draw(400)
    assert batch.class_index.float().mean().item() > 2 * 4 / 64


def test_a_drawn_pair_is_of_one_class_and_alike() -> None:
    batch = ShapeSource(made_shapes(30), torch.Generator().manual_seed(1)).draw(64)
    first, second = batch.fields[:32] > 0, batch.fields[32:] > 0
    assert torch.equal(batch.class_index[:32], batch.class_index[32:])
    share = (first & second).sum((1, 2, 3)) / (first | second).sum((1, 2, 3))
    assert share.min() > 0.5


def test_training_samples_keep_their_box() -> None:
    shapes = made_shapes(10)
    batch = ShapeSource(shapes, torch.Generator().manual_seed(2)).draw(32)
    inside = batch.fields[:, 0] > 0
    assert not inside[:, 0].any()
    assert (inside.any(2).float().sum(1) >= 54).all()
    assert (inside.any(1).float().sum(1) >= 54).all()
