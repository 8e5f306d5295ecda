"""The network that ranks objects: what it sees, what it does not, and its file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from models.files.plain_files import ModelCorrupt
from models.files.weights_file import fill
from models.quality import QUALITY_SIDE, QualityNetwork


def _objects(side: int = QUALITY_SIDE) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    colour = torch.rand(2, 3, side, side, generator=random) - 0.5
    alpha = torch.zeros(2, 1, side, side)
    alpha[..., side // 4 : 3 * side // 4, side // 8 : 7 * side // 8] = 1
    return colour, alpha, torch.tensor([0, 2])


def _network() -> QualityNetwork:
    torch.manual_seed(1)
    return QualityNetwork(3).eval()


@torch.no_grad()
def test_what_is_around_the_object_does_not_count() -> None:
    colour, alpha, classes = _objects()
    network = _network()
    elsewhere = torch.where(alpha > 0, colour, torch.rand_like(colour))
    assert torch.allclose(network(colour, alpha, classes), network(elsewhere, alpha, classes), atol=1e-5)
    marked = colour.clone()
    marked[:, :, 60:70, 60:70] = -0.9
    assert (network(marked, alpha, classes) - network(colour, alpha, classes)).abs().min() > 1e-4


@torch.no_grad()
@pytest.mark.parametrize("side", [64, 256])
def test_objects_of_any_size_are_judged(side: int) -> None:
    found = _network()(*_objects(side))
    assert found.shape == (2,) and torch.isfinite(found).all()


@torch.no_grad()
def test_it_does_not_count_where_in_the_window_the_object_lies_nor_how_large_it_is() -> None:
    network = _network()
    small = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(5)) - 0.5
    answers = []
    for left, top, times in ((10, 30, 2), (70, 8, 2), (4, 12, 4)):
        colour, alpha = torch.zeros(2, 3, 128, 128), torch.zeros(2, 1, 128, 128)
        size = 20 * times, 24 * times
        here = ..., slice(top, top + size[0]), slice(left, left + size[1])
        colour[here], alpha[here] = functional.interpolate(small, size, mode="bilinear"), 1
        answers.append(network(colour, alpha, torch.tensor([0, 2])))
    assert torch.allclose(answers[0], answers[1], atol=1e-4)
    assert torch.allclose(answers[0], answers[2], atol=0.05 * answers[0].abs().max().item())


@torch.no_grad()
def test_a_picture_without_an_object_has_an_answer_too() -> None:
    nothing = torch.zeros(1, 3, 128, 128), torch.zeros(1, 1, 128, 128), torch.tensor([1])
    assert torch.isfinite(_network()(*nothing)).all()


@torch.no_grad()
def test_a_saved_network_judges_as_before(tmp_path: Path) -> None:
    network, file = _network(), tmp_path / "quality.safetensors"
    network.save(file)
    loaded = QualityNetwork(3).eval()
    fill(loaded, file)
    assert torch.allclose(loaded(*_objects()), network(*_objects()), atol=2e-3)
    assert file.stat().st_size <= 2_000_000
    with pytest.raises(ModelCorrupt):
        fill(QualityNetwork(4), file)
