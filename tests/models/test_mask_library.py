"""The library of real outlines: its file, what is plausible, what is alike, and what training draws."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.masks.geometry import fill_ratio
from models.masks.shape_library import ShapeLibrary
from models.masks.shapes import ShapeSource, telling
from tests.models.shapes_made_in_code import made_library, made_shapes


@pytest.fixture(scope="module")
def library() -> ShapeLibrary:
    return made_library()


def test_it_gives_back_what_it_was_built_from_and_mirrored_too(library: ShapeLibrary) -> None:
    shapes, places = made_shapes(40), torch.tensor([3, 50, 79])
    assert torch.allclose(library.fields(places), shapes.fields[places].float(), atol=2e-3)
    mirrored = library.fields(places + len(library))
    assert torch.equal(mirrored, library.fields(places).flip(3))


def test_outlines_are_alike_within_their_class_and_mirrored_as_they_stand(library: ShapeLibrary) -> None:
    count = len(library)
    for place in (0, 30, 41, 79):
        alike = library.alike(place)
        assert (library.class_index[alike % count] == library.class_index[place]).all()
        assert torch.equal(library.alike(place + count), (alike + count) % (2 * count))
        own, others = library.fields(torch.tensor([place])) > 0, library.fields(alike) > 0
        assert ((own & others).sum((1, 2, 3)) / (own | others).sum((1, 2, 3))).min() > 0.5


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


def test_outlines_that_look_like_another_class_are_left_out() -> None:
    shapes = made_shapes(160)
    wrong = [5, 50, 100, 150]
    shapes.fields[wrong] = shapes.fields[200].clone()
    left = shapes.chosen(telling(shapes, 90))
    discs = left.fields[left.class_index == 0].float()
    assert 88 <= len(discs) <= 91
    assert fill_ratio(discs).min() > 0.7


def test_a_class_with_few_outlines_keeps_them_and_is_drawn_more_often() -> None:
    shapes = made_shapes(60)
    few = shapes.chosen(torch.arange(64))
    rare = few.chosen(telling(few, 30))
    assert torch.bincount(rare.class_index)[1] == 4
    batch = ShapeSource(rare, torch.Generator().manual_seed(1)).draw(400)
    assert batch.class_index.float().mean().item() > 2 * 4 / 64


def test_a_drawn_pair_is_of_one_class_and_alike() -> None:
    batch = ShapeSource(made_shapes(30), torch.Generator().manual_seed(1)).draw(32)
    first, second = batch.fields > 0, batch.others > 0
    share = (first & second).sum((1, 2, 3)) / (first | second).sum((1, 2, 3))
    assert share.min() > 0.5
    assert ((batch.log_aspect - batch.other_aspect).abs() < 0.5).all()


def test_a_box_is_filled_unless_that_would_stretch_the_object_beyond_recognition() -> None:
    library = replace(
        made_library(), aspect_range=torch.tensor([[-1.3, -0.8], [-0.2, 0.5]])
    )  # tall, and wide
    boxes = torch.tensor(
        [[0.4, 0.1, 0.6, 0.7], [0.1, 0.3, 0.9, 0.7], [0.1, 0.3, 0.9, 0.7], [0.4, 0.1, 0.6, 0.9]]
    )
    found = library.reached(boxes, torch.tensor([0, 1, 0, 1]))
    assert torch.equal(found[:2], boxes[:2])
    width, height = found[:, 2] - found[:, 0], found[:, 3] - found[:, 1]
    assert torch.allclose(
        width[2] / height[2], torch.tensor(-0.4).exp()
    )  # in the middle, of the box's height
    assert torch.allclose(found[2, [1, 3]], boxes[2, [1, 3]])
    assert torch.allclose(found[2, 0] + found[2, 2], torch.tensor(1.0))
    assert torch.allclose(width[3] / height[3], torch.tensor(-0.6).exp())  # on the ground, of the box's width
    assert torch.equal(found[3, [0, 2, 3]], boxes[3, [0, 2, 3]])
