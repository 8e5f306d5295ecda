"""From class and box to a mask: the promises that the insertion relies on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.masks.figures import box_misfit
from models.masks.generator import LATENT, MaskGenerator, ShapeCritic
from models.masks.pieces import largest_component
from models.masks.sampling import MaskSampler, filled, generate_masks, log_aspect_of
from models.masks.weights import load_mask_weights, save_mask_weights
from tests.models.shapes_made_in_code import made_library, made_shapes

BOXES = torch.tensor([[0.2, 0.3, 0.8, 0.7], [0.35, 0.1, 0.65, 0.9], [0.14, 0.2, 0.86, 0.85]])
INDEX = torch.tensor([0, 1, 1])


def moving_generator() -> MaskGenerator:
    """One that moves something, as an untrained one does not."""
    torch.manual_seed(0)
    generator = MaskGenerator().eval().requires_grad_(requires_grad=False)
    torch.nn.init.normal_(generator.output.weight, std=0.02)
    return generator


@pytest.fixture(scope="module")
def sampler() -> MaskSampler:
    return MaskSampler(moving_generator(), made_library())


def latents(seed: int, count: int = 3) -> torch.Tensor:
    return torch.randn(count, LATENT, generator=torch.Generator().manual_seed(seed))


def draw(sampler: MaskSampler, seed: int) -> torch.Tensor:
    return generate_masks(sampler, INDEX, BOXES, latents(seed), size=128)[0]


def test_the_networks_have_the_documented_size_and_shapes() -> None:
    generator = MaskGenerator()
    assert 0.25e6 < sum(p.numel() for p in generator.parameters()) < 0.35e6
    fields = made_shapes(2).fields.float()[:2]
    drawn, movement = generator(fields, fields.flip(0), torch.tensor([0.2, 0.7]), torch.zeros(2, 4))
    assert movement.shape == (2, 2, 64, 64)
    assert drawn.shape == (2, 1, 64, 64)
    assert drawn.abs().max() <= 1
    assert ShapeCritic(2)(drawn, torch.tensor([0, 1]), torch.tensor([0.1, -0.5])).shape == (2,)


def test_untrained_or_going_no_way_the_first_outline_stays() -> None:
    fields = made_shapes(4).fields.float()
    none, all_the_way, straight = torch.zeros(8), torch.ones(8), torch.zeros(8, 4)
    untrained, moving, others = MaskGenerator(), moving_generator(), fields.flip(0)
    assert torch.allclose(untrained(fields, others, all_the_way, straight)[0], fields, atol=1e-4)
    assert torch.allclose(moving(fields, others, none, straight)[0], fields, atol=1e-4)
    assert (moving(fields, others, all_the_way, straight)[0] - fields).abs().max() > 0.1


def test_a_bend_moves_the_inside_of_a_shape_but_not_its_box() -> None:
    fields = made_shapes(4).fields.float()
    bent, _ = MaskGenerator()(fields, fields, torch.zeros(8), torch.ones(8, 4))
    assert ((bent > 0) != (fields > 0)).flatten(1).any(1).all()
    for side in (bent[..., 1, :], bent[..., -2, :], bent[..., 1], bent[..., -2]):
        assert (side < 0).all()


def test_masks_are_one_piece_that_fits_the_box(sampler: MaskSampler) -> None:
    masks = draw(sampler, 1)
    assert masks.shape == (3, 1, 128, 128)
    assert masks.min() >= 0
    assert masks.max() <= 1
    place = sampler.outlines(INDEX, log_aspect_of(BOXES), latents(1)).place
    assert box_misfit(masks, filled(BOXES, sampler.shapes.aspects(place))).max() <= 1
    inside = masks > 0.5
    assert torch.equal(largest_component(inside), inside)


def test_a_box_is_filled_unless_that_would_squash_the_outline() -> None:
    wide, tall = torch.tensor([0.1, 0.3, 0.9, 0.7]), torch.tensor([0.4, 0.1, 0.6, 0.9])
    boxes = torch.stack([wide, tall, wide, tall])
    found = filled(boxes, torch.tensor([0.5, -1.2, -0.9, 0.1]))
    assert torch.equal(found[:2], boxes[:2])
    width, height = found[:, 2] - found[:, 0], found[:, 3] - found[:, 1]
    assert torch.allclose(
        width[2] / height[2], torch.tensor(-0.65).exp()
    )  # in the middle, of the box's height
    assert torch.equal(found[2, [1, 3]], wide[[1, 3]])
    assert torch.allclose(found[2, 0] + found[2, 2], torch.tensor(1.0))
    assert torch.allclose(
        width[3] / height[3], torch.tensor(-0.15).exp()
    )  # on the ground, of the box's width
    assert torch.equal(found[3, [0, 2, 3]], tall[[0, 2, 3]])


def test_the_same_seed_gives_the_same_mask_and_another_another(sampler: MaskSampler) -> None:
    assert torch.equal(draw(sampler, 5), draw(sampler, 5))
    assert ((draw(sampler, 5) - draw(sampler, 6)).abs().amax((1, 2, 3)) > 0.5).all()


def test_a_mask_does_not_depend_on_the_others_of_its_batch(sampler: MaskSampler) -> None:
    z = latents(6)
    together, parts = generate_masks(sampler, INDEX, BOXES, z, size=128)
    for place in range(3):
        part = slice(place, place + 1)
        alone, own = generate_masks(sampler, INDEX[part], BOXES[part], z[part], size=128)
        assert (alone - together[part]).abs().max() < 1e-2
        assert (own.placed - parts.placed[part]).abs().max() < 1e-2


def test_a_mirrored_mask_is_the_other_ones_mirror_image_with_the_parts_of_the_mirrored_object(
    sampler: MaskSampler,
) -> None:
    z, box = latents(4), torch.tensor([[0.2, 0.3, 0.8, 0.7]]).expand(3, -1)
    plain, parts = generate_masks(sampler, INDEX, box, z, size=128)
    turned, turned_parts = generate_masks(sampler, INDEX, box, z, size=128, mirrored=True)
    assert (turned - plain.flip(3)).abs().mean() < 1e-3
    assert torch.equal(turned_parts.alike, parts.alike.flip(1))


def test_an_implausible_outline_is_replaced_by_a_real_one(sampler: MaskSampler) -> None:
    class Speck(MaskGenerator):
        def forward(
            self,
            outline: torch.Tensor,
            other: torch.Tensor,  # noqa: ARG002
            amount: torch.Tensor,  # noqa: ARG002
            bend: torch.Tensor,  # noqa: ARG002
        ) -> tuple[torch.Tensor, torch.Tensor]:
            field = -torch.ones_like(outline)
            field[:, :, 30:33, 30:33] = 1
            return field, torch.ones_like(outline).repeat(1, 2, 1, 1)

    library = sampler.shapes
    found = MaskSampler(Speck(), library).outlines(INDEX[:2], torch.tensor([0.3, -0.3]), latents(1, 2))
    assert found.is_real.all()
    assert (found.movement == 0).all()
    known = library.fields(torch.arange(2 * len(library)))
    for field in found.fields:
        assert (known - field).abs().flatten(1).amax(1).min() < 1e-5


def test_weights_survive_the_file(sampler: MaskSampler, tmp_path: Path) -> None:
    file = tmp_path / "mask_generator.safetensors"
    save_mask_weights(file, sampler.generator, sampler.shapes, ("disc", "star"))
    generator, shapes, names = load_mask_weights(file)
    assert names == ("disc", "star")
    assert torch.equal(shapes.bits, sampler.shapes.bits)
    assert torch.equal(shapes.parts, sampler.shapes.parts)
    assert (draw(MaskSampler(generator, shapes), 3) - draw(sampler, 3)).abs().mean() < 0.01
