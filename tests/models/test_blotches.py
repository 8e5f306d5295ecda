"""Blotches: stains and seams are told from what real objects look like, on pictures made in code."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.evaluation.blotches import Surfaces, straight_steps, worst_first
from models.photos.data import Windows
from models.relight import from_linear

SIDE = 96
KINDS = ("spots", "burnt", "seam", "band")


def objects(count: int, seed: int, noise: float) -> tuple[Tensor, Tensor, Tensor]:
    """Brown ellipses, shaded from above, with a darker side and a grain, each in a light of its own:
    pictures (B, 3, S, S) in -1..1, masks (B, 1, S, S), and their class (B,)."""
    random = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, SIDE)] * 2, indexing="ij")
    mask = ((x / 0.75) ** 2 + (y / 0.6) ** 2 < 1).float().expand(count, 1, -1, -1)
    shade = torch.exp(-0.6 * y + 0.3 * torch.sin(5 * x + 6 * torch.rand(count, 1, 1, generator=random)))
    grain = torch.exp(noise * torch.randn(count, 3, SIDE, SIDE, generator=random))
    brown = torch.tensor([0.16, 0.10, 0.06]).view(1, 3, 1, 1)
    light = torch.exp(0.4 * torch.randn(count, 3, 1, 1, generator=random))
    pictures = from_linear((brown * shade[:, None] * grain * light).clamp(0, 1))
    return pictures, mask, torch.zeros(count, dtype=torch.long)


def blotched(pictures: Tensor, kind: str) -> Tensor:
    """The same with what painters call a blotch."""
    made = pictures.clone()
    if kind == "spots":
        made[:, :, 30:44, 34:50] = torch.tensor([-0.95, -0.8, -0.3]).view(1, 3, 1, 1)
    elif kind == "burnt":
        made[:, :, 40:60, 40:56] = 1.0
    elif kind == "seam":
        made[:, :, :, 52:] -= 0.15
    else:
        made[:, :, 40:48, :] = -0.95
    return made.clamp(-1, 1)


@pytest.fixture(scope="module")
def surfaces() -> Surfaces:
    pictures, masks, index = objects(32, 0, 0.05)
    images = ((pictures + 1) * 127.5).round().byte()
    nothing = torch.zeros(32, 4)
    return Surfaces.of(Windows(images, (masks * 255).byte(), index, nothing, nothing[:, :3]), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_real_ones_come_before_clean_made_ones_and_those_before_blotched_ones(
    surfaces: Surfaces, kind: str
) -> None:
    real, masks, index = objects(8, 1, 0.05)
    clean, _, _ = objects(8, 2, 0.1)  # rougher than real ones, but whole
    everything = torch.cat([real, clean, blotched(clean, kind)])
    thrice = masks.repeat(3, 1, 1, 1)
    strange, seams = (its(everything, thrice, index.repeat(3)) for its in (surfaces.strange, surfaces.seam))
    order = worst_first(strange, seams)
    assert set(order[:8].tolist()) == set(range(16, 24))
    of_real, of_clean, of_blotched = (strange / 0.02 + seams).view(3, 8).mean(1).tolist()
    assert of_real < of_clean < of_blotched
    assert of_blotched > 1.5 * of_clean


def test_the_light_of_a_scene_makes_no_blotches(surfaces: Surfaces) -> None:
    pictures, masks, index = objects(8, 3, 0.05)
    assert surfaces.strange(pictures, masks, index).max() < 0.06


def test_pictures_are_judged_on_their_own_device(surfaces: Surfaces) -> None:
    there = [its.to("meta") for its in objects(4, 1, 0.05)]  # a device that every computer has
    for judged in (surfaces.strange(*there), surfaces.seam(*there)):
        assert (judged.device.type, judged.shape) == ("meta", (4,))


def test_an_object_without_room_has_no_figure(surfaces: Surfaces) -> None:
    pictures, masks, index = objects(2, 3, 0.05)
    assert surfaces.strange(pictures, 0 * masks, index).isnan().all()
    assert straight_steps(pictures, 0 * masks).isnan().all()
