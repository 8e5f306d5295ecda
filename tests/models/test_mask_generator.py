"""From class, box and scene to a mask: the promises that the insertion relies on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.masks.figures import box_misfit
from models.masks.generator import (
    CODE,
    LATENT,
    MaskGenerator,
    ShapeCritic,
    ShapeEncoder,
    coarse_context,
    start_from_components,
)
from models.masks.geometry import fill_ratio, largest_component
from models.masks.sampling import MaskSampler, generate_masks
from models.masks.shape_library import ShapeLibrary
from models.masks.weights import load_mask_weights, save_mask_weights
from tests.models.shapes_made_in_code import made_library, made_shapes

BOXES = torch.tensor([[0.2, 0.3, 0.8, 0.7], [0.35, 0.1, 0.65, 0.9], [0.14, 0.2, 0.86, 0.85]])


@pytest.fixture(scope="module")
def generator() -> MaskGenerator:
    torch.manual_seed(0)
    return MaskGenerator(2).eval()


@pytest.fixture(scope="module")
def library() -> ShapeLibrary:
    return made_library()


def draw(generator: MaskGenerator, library: ShapeLibrary, scene: torch.Tensor, seed: int) -> torch.Tensor:
    z = torch.randn(3, LATENT, generator=torch.Generator().manual_seed(seed))
    return generate_masks(generator, library, torch.tensor([0, 1, 1]), BOXES, scene, z, size=128)


def scene_of(seed: int) -> torch.Tensor:
    return torch.rand(3, 3, 128, 128, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_the_networks_have_the_documented_size_and_shapes(generator: MaskGenerator) -> None:
    assert 1.0e6 < sum(p.numel() for p in generator.parameters()) < 1.3e6
    index, aspect = torch.tensor([0, 1]), torch.tensor([0.1, -0.5])
    field = generator(index, aspect, torch.zeros(2, 3, 32, 32), torch.zeros(2, CODE))
    assert field.shape == (2, 1, 64, 64)
    assert field.abs().max() <= 1
    assert ShapeCritic(2)(field, index, aspect).shape == (2,)
    assert ShapeEncoder()(field)[0].shape == (2, CODE)


def test_untrained_networks_are_a_linear_shape_model() -> None:
    fields = made_shapes(60).fields.float()
    network, encoder = MaskGenerator(2), ShapeEncoder()
    start_from_components(network, encoder, fields)
    mean, _ = encoder(fields)
    assert mean.mean().abs() < 0.1
    many = len(fields)
    again = network(torch.zeros(many).long(), torch.zeros(many), torch.zeros(many, 3, 32, 32), mean)
    share = ((again > 0) & (fields > 0)).sum((1, 2, 3)) / ((again > 0) | (fields > 0)).sum((1, 2, 3))
    assert share.mean() > 0.9


def test_even_untrained_networks_give_one_piece_that_fits_the_box(
    generator: MaskGenerator, library: ShapeLibrary
) -> None:
    masks = draw(generator, library, scene_of(1), 1)
    assert masks.shape == (3, 1, 128, 128)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert box_misfit(masks, BOXES).max() <= 1
    inside = masks > 0.5
    assert torch.equal(largest_component(inside), inside)


def test_the_same_seed_gives_the_same_mask(generator: MaskGenerator, library: ShapeLibrary) -> None:
    assert torch.equal(draw(generator, library, scene_of(1), 5), draw(generator, library, scene_of(1), 5))


def test_a_mask_does_not_depend_on_the_others_of_its_batch(
    generator: MaskGenerator, library: ShapeLibrary
) -> None:
    scene, z = scene_of(1), torch.randn(3, LATENT, generator=torch.Generator().manual_seed(6))
    index = torch.tensor([0, 1, 1])
    together = generate_masks(generator, library, index, BOXES, scene, z, size=128)
    for place in range(3):
        part = slice(place, place + 1)
        alone = generate_masks(generator, library, index[part], BOXES[part], scene[part], z[part], size=128)
        assert (alone - together[part]).abs().max() < 1e-2


def test_what_lies_inside_the_box_has_no_influence(generator: MaskGenerator, library: ShapeLibrary) -> None:
    scene = scene_of(1)
    changed = scene.clone()
    for image, (x0, y0, x1, y1) in zip(changed, (BOXES * 128).tolist(), strict=True):
        image[:, int(y0) + 1 : int(y1), int(x0) + 1 : int(x1)] = -1
    assert torch.equal(coarse_context(scene, BOXES), coarse_context(changed, BOXES))
    assert torch.equal(draw(generator, library, scene, 5), draw(generator, library, changed, 5))


def test_the_scene_around_the_box_reaches_the_context() -> None:
    scene = torch.zeros(3, 3, 128, 128)
    bright = scene.clone()
    bright[:, :, :8] = 1
    assert (coarse_context(bright, BOXES) - coarse_context(scene, BOXES)).abs().max() == 1


def test_an_implausible_outline_is_replaced_from_the_library(library: ShapeLibrary) -> None:
    class Speck(MaskGenerator):
        def forward(
            self,
            class_index: torch.Tensor,
            log_aspect: torch.Tensor,  # noqa: ARG002
            context: torch.Tensor,  # noqa: ARG002
            code: torch.Tensor,  # noqa: ARG002
        ) -> torch.Tensor:
            field = -torch.ones(len(class_index), 1, 64, 64)
            field[:, :, 30:33, 30:33] = 1
            return field

    sampler = MaskSampler(Speck(2), library)
    index, aspect = torch.tensor([0, 1]), torch.tensor([0.3, -0.3])
    fields, replaced = sampler.outlines(index, aspect, torch.zeros(2, 3, 32, 32), torch.zeros(2, LATENT))
    assert replaced.all()
    assert library.plausible(fields, index)[1]
    assert torch.allclose(fill_ratio(fields), torch.tensor([0.785, 0.3]), atol=0.08)


def test_weights_survive_the_file(generator: MaskGenerator, library: ShapeLibrary, tmp_path: Path) -> None:
    file = tmp_path / "mask_generator.safetensors"
    save_mask_weights(file, generator, library, ("disc", "star"))
    again, shapes, names = load_mask_weights(file)
    assert names == ("disc", "star")
    assert torch.equal(shapes.bits, library.bits)
    before = draw(generator, library, scene_of(2), 3)
    assert (draw(again, shapes, scene_of(2), 3) - before).abs().mean() < 0.01
