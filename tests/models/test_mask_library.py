"""The library of real outlines: its file, what is plausible, what is alike, and what training draws."""

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


def test_what_is_nearest_to_a_shape_is_found_among_its_class_as_it_is_and_mirrored(
    library: ShapeLibrary,
) -> None:
    places = torch.tensor([3, 50, 44, 79, 50 + len(library)])
    of_classes = library.class_index[places % len(library)]
    fields, aspects = library.fields(places), library.aspects(places)
    assert torch.equal(library.nearest(fields, aspects, of_classes), places)
    others = library.nearest(fields, aspects, 1 - of_classes)
    assert torch.equal(library.class_index[others % len(library)], 1 - of_classes)


def test_only_outlines_of_the_wanted_class_are_looked_at_and_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = made_library()
    fields, aspects = library.fields(torch.tensor([3])), library.aspects(torch.tensor([3]))
    looked_at: list[int] = []
    read = ShapeLibrary.fields

    def counted(self: ShapeLibrary, places: torch.Tensor) -> torch.Tensor:
        looked_at.extend(places.tolist())
        return read(self, places)

    monkeypatch.setattr(ShapeLibrary, "fields", counted)
    for _ in range(2):
        library.nearest(fields, aspects, library.class_index[[3]])
    assert looked_at == torch.where(library.class_index == library.class_index[3])[0].tolist()


def test_it_survives_its_tensors(library: ShapeLibrary) -> None:
    again = ShapeLibrary.from_tensors(library.to_tensors())
    assert torch.equal(again.bits, library.bits)
    assert torch.equal(again.fill_range, library.fill_range)
    assert torch.equal(again.worth, library.worth)


def test_without_worth_all_outlines_are_worth_the_same(library: ShapeLibrary) -> None:
    tensors = library.to_tensors()
    del tensors["library.worth"]
    assert not ShapeLibrary.from_tensors(tensors).worth.any()


@pytest.mark.parametrize("worth", [float("nan"), 9.0])
def test_worth_beyond_reason_is_refused(library: ShapeLibrary, worth: float) -> None:
    tensors = library.to_tensors() | {"library.worth": torch.full((len(library),), worth)}
    with pytest.raises(ValueError, match="damaged"):
        ShapeLibrary.from_tensors(tensors)


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
