"""Parts codes: what the encoder sees, where a code lies in a window, how it follows its outline."""

from __future__ import annotations

import torch
from torch.nn import functional

from models.masks.carrying import carried, seen_in_window
from models.masks.figures import centred_boxes
from models.masks.generator import MaskGenerator
from models.masks.geometry import masks_in_window
from models.masks.parts_code import FINER, joined, placed, split, summary
from models.masks.sampling import MaskSampler, generate_masks
from models.masks.shape_library import PARTS_SHAPE, ShapeLibrary
from models.parts_encoder import PartsEncoder, without_contrast, without_local_contrast
from models.photos.data import CLOSEUP_SCALE, CLOSEUP_SIDE, BatchSource, Windows
from tests.models.shapes_made_in_code import made_shapes


def one_cell(row: int, column: int) -> torch.Tensor:
    """A code (1, 8, 16, 16) that is 1 in a patch of cells and 0 elsewhere."""
    code = torch.zeros(1, 8, 16, 16)
    code[:, :, row - 1 : row + 2, column - 1 : column + 2] = 1
    return code


def centre(placed_code: torch.Tensor) -> tuple[float, float]:
    """Where a placed code is, (x, y) in fractions of the window."""
    weight = placed_code[0, 0].clamp(min=0)
    places = (torch.arange(weight.shape[0]) + 0.5) / weight.shape[0]
    return float((weight.sum(0) * places).sum() / weight.sum()), float(
        (weight.sum(1) * places).sum() / weight.sum()
    )


def test_a_code_seen_in_a_window_lies_where_its_object_lies() -> None:
    box = (0.1, 0.3, 0.7, 0.5)  # in the middle of its close-up, which is 1.2 × 0.6 wide
    head = seen_in_window(one_cell(8, 3), torch.tensor([box]))
    x, y = centre(head)
    assert abs(x - (0.4 + 0.72 * (3.5 / 16 - 0.5))) < 0.02
    assert abs(y - (0.4 + 0.72 * (8.5 / 16 - 0.5))) < 0.02


@torch.no_grad()
def test_colour_brightness_and_contrast_do_not_change_a_code() -> None:
    torch.manual_seed(0)
    encoder = PartsEncoder().eval()
    picture = functional.interpolate(torch.rand(1, 3, 64, 64) - 0.5, size=CLOSEUP_SIDE, mode="bilinear")
    mask = torch.zeros(1, 1, CLOSEUP_SIDE, CLOSEUP_SIDE)
    mask[..., 20:100, 30:110] = 1
    plain = encoder(picture, mask)
    tinted = picture + torch.tensor([0.3, -0.1, -0.2]).view(1, 3, 1, 1)
    assert (encoder(tinted, mask) - plain).abs().max() < 1e-3
    assert (encoder(0.5 * picture + 0.2, mask) - plain).abs().max() < 0.1 * plain.abs().max()
    behind = torch.where(mask > 0, picture, torch.tensor(0.7))
    assert (encoder(behind, mask) - plain).abs().max() < 1e-5


def test_what_the_encoder_sees_has_mean_0_and_variance_1_in_the_mask() -> None:
    picture = torch.rand(2, 3, 64, 64)
    mask = torch.zeros(2, 1, 64, 64)
    mask[..., 10:50, 20:40] = 1
    seen = without_contrast(picture, mask)
    inside = seen[mask > 0]
    assert inside.mean().abs() < 0.01
    assert abs(inside.std() - 1) < 0.05
    assert (seen[mask == 0] == 0).all()


def test_a_coarse_and_a_finer_code_travel_as_one() -> None:
    coarse, finer = torch.rand(2, 8, 16, 16), torch.rand(2, FINER, 32, 32)
    both = joined(coarse, finer)
    assert both.shape == (2, 8 + 4 * FINER, 16, 16)
    assert all(torch.equal(a, b) for a, b in zip(split(both), (coarse, finer), strict=True))
    assert torch.equal(summary(both), summary(coarse))


def test_a_finer_code_lies_where_the_coarse_one_does() -> None:
    shapes = made_shapes(4)
    field, aspect = shapes.fields[:1].float(), shapes.log_aspect[:1]
    still, box = torch.zeros(1, 2, 64, 64), torch.tensor([[0.1, 0.2, 0.9, 0.6]])
    coarse = one_cell(5, 9)
    finer = functional.interpolate(coarse[:, :FINER], scale_factor=2)
    for found in (
        carried(joined(coarse, finer), aspect, field, still, box),
        placed(joined(coarse, finer), torch.tensor([[[0.9, 0.0, 0.1], [0.0, 0.9, -0.1]]])),
    ):
        own, finer_one = split(found)
        assert own.shape == (1, 8, 32, 32) and finer_one.shape == (1, FINER, 64, 64)
        for a, b in zip(centre(own), centre(finer_one), strict=True):
            assert abs(a - b) < 0.01


def test_the_finer_encoder_sees_neither_brightness_nor_contrast_of_a_place() -> None:
    mask = torch.ones(1, 1, 128, 128)
    eyes = functional.interpolate(torch.rand(1, 3, 32, 32) - 0.5, size=128, mode="bilinear")
    plain = without_local_contrast(eyes, mask)
    side = torch.linspace(-0.4, 0.4, 128).expand(1, 3, 128, 128)
    assert (without_local_contrast(eyes + side, mask) - plain).abs().mean() < 0.15 * plain.abs().mean()
    assert (without_local_contrast(eyes * (1 + side), mask) - plain).abs().mean() < 0.15 * plain.abs().mean()
    assert (without_local_contrast(eyes, 0 * mask) == 0).all()


def test_in_a_training_sample_the_code_lies_where_the_object_does_mirrored_or_not() -> None:
    windows = Windows(
        torch.zeros(1, 3, 190, 190, dtype=torch.uint8),
        torch.zeros(1, 1, 190, 190, dtype=torch.uint8),
        torch.zeros(1, dtype=torch.long),
        torch.tensor([[0.25, 0.3, 0.75, 0.7]]),
        torch.zeros(1, 3),
    )
    windows.masks[..., 60:80, 50:70] = 255  # a head in the upper left of the box
    source = BatchSource(windows, torch.Generator().manual_seed(3))
    batch = source.draw(24, 64)
    code = torch.nn.functional.adaptive_avg_pool2d(batch.closeup.mask, 16).expand(-1, 8, -1, -1)
    inside = placed(code, batch.closeup.placement)
    for n in range(24):
        x, y = centre(inside[n : n + 1])
        true_x, true_y = centre(batch.mask[n : n + 1])
        assert abs(x - true_x) < 0.02
        assert abs(y - true_y) < 0.02


def test_a_code_is_stretched_with_the_outline_to_the_users_box() -> None:
    shapes = made_shapes(4)
    tall = shapes.log_aspect.argmin()
    field, aspect = shapes.fields[tall, None].float(), shapes.log_aspect[tall, None]
    still = torch.zeros(1, 2, 64, 64)
    box = torch.tensor([[0.1, 0.2, 0.9, 0.6]])
    middle = carried(one_cell(8, 8) + one_cell(7, 7), aspect, field, still, box)
    x, y = centre(middle)
    assert abs(x - 0.5) < 0.03 and abs(y - 0.4) < 0.03
    # The top of a tall object's box is at this row of its close-up.
    top = round(8 - 8 / CLOSEUP_SCALE) + 1
    _, y = centre(carried(one_cell(top, 8), aspect, field, still, box))
    assert 0.18 < y < 0.28


def test_a_code_goes_along_where_a_part_of_the_outline_is_moved() -> None:
    shapes = made_shapes(4)
    field, aspect = shapes.fields[:1].float(), torch.zeros(1)
    box = torch.tensor([[0.2, 0.2, 0.8, 0.8]])
    moved = torch.zeros(1, 2, 64, 64)
    before, _ = centre(carried(one_cell(8, 8), aspect, field, moved, box))
    moved[:, 0] = 0.2  # every cell is taken from further right: what is there moves to the left
    after, _ = centre(carried(one_cell(8, 8), aspect, field, moved, box))
    assert abs(after - before + 0.2 / 2 * 0.6 * 64 / 60) < 0.02


def test_outlines_bring_the_codes_of_their_own_objects_mirrored_ones_those_of_the_mirrored() -> None:
    shapes = made_shapes(10)
    codes = torch.rand(len(shapes), *PARTS_SHAPE) * 2 - 1
    library = ShapeLibrary.build(shapes, 2, codes)
    places = torch.tensor([3, 3 + len(shapes)])
    assert (library.codes(places) - codes[3]).abs().max() < 0.01
    assert (library.codes(places, mirrored=True) - codes[3].flip(0)).abs().max() < 0.01
    sampler = MaskSampler(MaskGenerator(), library)
    box = torch.tensor([[0.2, 0.2, 0.8, 0.8]])
    _, parts = generate_masks(sampler, torch.tensor([1]), box, torch.ones(1, 32), size=64)
    distance = (summary(codes.flatten(0, 1)) - parts.alike[0, 0]).abs().amax(1)
    assert distance.min() < 0.01


def test_a_mask_of_the_users_own_takes_the_code_of_the_outline_most_like_it() -> None:
    shapes = made_shapes(10)
    codes = torch.rand(len(shapes), *PARTS_SHAPE) * 2 - 1
    sampler = MaskSampler(MaskGenerator(), ShapeLibrary.build(shapes, 2, codes))
    for n in (2, 14):
        box = centred_boxes(shapes.log_aspect[n, None])
        mask = masks_in_window(shapes.fields[n, None].float(), box, 128)
        outlines, found = sampler.registered(shapes.class_index[n, None], mask)
        assert (found - box).abs().max() < 0.02
        difference = sampler.shapes.fields(outlines.place) - shapes.fields[n, None].float()
        assert difference.abs().mean() < 0.03
        own = sampler.shapes.codes(outlines.place)
        parts = sampler.parts_of(outlines, found)
        assert torch.equal(parts.alike[:, 0], summary(own))
        still = torch.zeros(1, 2, 64, 64)
        expected = carried(own, shapes.log_aspect[n, None], outlines.fields, still, found)
        assert (parts.placed - expected).abs().max() < 1e-4  # an untrained generator moves nothing
