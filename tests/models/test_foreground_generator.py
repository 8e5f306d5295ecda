"""The foreground generator: shapes, soft alpha, growing in resolution, independence of samples."""

from __future__ import annotations

import pytest
import torch

from models.foreground_generator import (
    ForegroundGenerator,
    GeneratorShape,
    composite,
    within_range,
)
from models.mask_edges import ALPHA_REACH, covering_alpha, soft_edge
from models.masks.parts_code import FINER, channels, joined, split
from models.painted_region import whole
from models.painting_layers import Painting, fine_part

CHANNELS = {4: 16, 8: 16, 16: 16, 32: 16, 64: 16}
BASE = 16


def _generator(resolution: int, seed: int = 0, base: int = BASE) -> ForegroundGenerator:
    torch.manual_seed(seed)
    shape = GeneratorShape(resolution, 3, CHANNELS, code_size=8, style_size=16, base=base)
    return ForegroundGenerator(shape).eval()


def _inputs(count: int, side: int) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(5)
    mask = torch.zeros(count, 1, side, side)
    mask[:, :, side // 4 : -side // 4, side // 3 : -side // 4] = 1
    return (
        torch.rand(count, 3, side, side, generator=random) * 2 - 1,
        mask,
        torch.arange(count) % 3,
        torch.randn(count, 8, generator=random),
        torch.rand(count, channels(FINER), 32, 32, generator=random) * 2 - 1,
        torch.randn(count, 1, side, side, generator=random),
    )


@torch.no_grad()
def test_alpha_is_exactly_zero_and_one_beyond_the_soft_edge() -> None:
    generator = _generator(64)
    torch.nn.init.normal_(generator.paint["32"].coarse.weight, 0, 0.05)  # type: ignore[arg-type]
    _, mask, *_ = inputs = _inputs(2, 64)
    _, alpha = generator(*inputs)
    reach = 2 * round(ALPHA_REACH * 64 / 2 + 0.5)
    far = torch.nn.functional.max_pool2d(mask, 2 * reach + 1, 1, reach) == 0
    deep = torch.nn.functional.max_pool2d(1 - mask, 2 * reach + 1, 1, reach) == 0
    assert far.any() and deep.any()
    assert (alpha[far] == 0).all()
    assert (alpha[deep] == 1).all()
    assert ((alpha > 0) & (alpha < 1)).any()


@torch.no_grad()
def test_a_generator_grown_to_the_next_level_paints_what_it_painted() -> None:
    small, large = _generator(64, 0, 32), _generator(128, 1, 32)
    for _name, parameter in small.paint.named_parameters():
        torch.nn.init.normal_(parameter, 0, 0.02)
    state = large.state_dict()
    large.load_state_dict({**state, **small.state_dict()})
    scene, mask, index, code, parts, noise = _inputs(2, 128)
    scene = torch.nn.functional.interpolate(scene[..., :16, :16], size=128, mode="bilinear")
    halved = [torch.nn.functional.avg_pool2d(t, 2) for t in (scene, mask)]
    colour_small, _ = small(*halved, index, code, parts, noise[:, :, ::2, ::2])
    colour_large, _ = large(scene, mask, index, code, parts, noise)
    whole, before = (
        torch.nn.functional.avg_pool2d(colour, colour.shape[-1] // 16)
        for colour in (colour_large, colour_small)
    )
    assert (whole - before).abs().mean() < 0.2 * before.std()


@torch.no_grad()
def test_a_sample_does_not_depend_on_its_batch() -> None:
    generator = _generator(32)
    inputs = _inputs(4, 32)
    together, _ = generator(*inputs)
    alone, _ = generator(*(t[2:3] for t in inputs))
    assert torch.allclose(together[2:3], alone, atol=1e-4)


@torch.no_grad()
def test_scene_mask_class_code_and_parts_all_change_the_colour() -> None:
    generator = _generator(32)
    inputs = list(_inputs(1, 32))
    base, _ = generator(*inputs)
    changes = {0: -inputs[0], 1: inputs[1].flip(3), 2: inputs[2] + 1, 3: -inputs[3], 4: -inputs[4]}
    for place, other in changes.items():
        changed, _ = generator(*[other if i == place else t for i, t in enumerate(inputs)])
        assert (changed - base).abs().max() > 1e-3, f"input {place} has no influence"


@torch.no_grad()
def test_parts_change_the_picture_where_they_are() -> None:
    generator = _generator(32)
    inputs = list(_inputs(1, 32))
    base, _ = generator(*inputs)
    inputs[4] = inputs[4].clone()
    inputs[4][..., :8, :8] *= -1
    change = (generator(*inputs)[0] - base).abs()
    assert change[..., :8, :8].mean() > 5 * change[..., 20:, 20:].mean()


@torch.no_grad()
def test_the_finer_code_changes_every_level_that_paints_where_it_is() -> None:
    generator = _generator(64, base=16)
    for layer in (*(finer.out for finer in generator.finer_parts.values()), generator.paint["32"].coarse):  # type: ignore[union-attr]
        torch.nn.init.normal_(layer.weight, 0, 0.3)  # type: ignore[arg-type]
    inputs = list(_inputs(1, 64))
    coarse, finer = split(inputs[4])
    turned = finer.clone()
    turned[..., :16, :16] *= -1
    small = [inputs[0][..., ::2, ::2], inputs[1][..., ::2, ::2], *inputs[2:5], inputs[5][..., ::2, ::2]]
    for arguments in (small, inputs):
        base, _ = generator(*arguments)
        change = (generator(*arguments[:4], joined(coarse, turned), arguments[5])[0] - base).abs()
        corner = change.shape[-1] // 4
        assert change[..., :corner, :corner].mean() > 5 * change[..., -corner:, -corner:].mean()


@torch.no_grad()
def test_only_grain_makes_the_pixels_of_a_cell_differ() -> None:
    painting = Painting(8)
    for parameter in painting.parameters():
        torch.nn.init.normal_(parameter, 0, 0.3)
    even, none = torch.ones(1, 8, 16, 16), torch.zeros(1, 1, 32, 32)
    inside = painting(even, none)[..., 4:-4, 4:-4]  # away from the padding of the border
    assert (inside - inside[..., :1, :1]).abs().max() < 1e-5
    grained = painting(even, torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert grained[..., 4:-4, 4:-4].std() > 0.01


@torch.no_grad()
def test_a_new_painting_is_smooth() -> None:
    x = torch.randn(1, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    painting = Painting(8)
    torch.nn.init.normal_(painting.coarse.weight, 0, 0.3)
    noise = torch.randn(2, 1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    assert torch.equal(painting(x, noise[0]), painting(x, noise[1]))


def test_colours_stay_in_range_and_keep_a_gradient_however_large_the_numbers_are() -> None:
    x = torch.tensor([-1e4, -50.0, 0.0, 50.0, 1e4], requires_grad=True)
    y = within_range(x)
    assert y.abs().max() <= 1
    y.sum().backward()
    assert x.grad is not None and (x.grad[1:4] > 1e-6).all()


def test_a_composite_leaves_the_scene_alone_where_alpha_is_zero() -> None:
    scene, colour = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    alpha = torch.zeros(1, 1, 8, 8)
    alpha[..., 4:] = 1
    result = composite(colour, alpha, scene)
    assert torch.equal(result[..., :4], scene[..., :4])
    assert torch.equal(result[..., 4:], colour[..., 4:])


def test_a_soft_edge_is_as_wide_as_it_says() -> None:
    mask = torch.zeros(1, 1, 256, 256)
    mask[..., 128:] = 1
    row = soft_edge(mask)[0, 0, 128]
    soft = ((row > 0) & (row < 1)).nonzero().flatten()
    assert abs((soft.max() - soft.min() + 1).item() - 12) <= 1


def test_a_scene_below_the_smallest_level_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller than twice level 16"):
        _generator(32)(*_inputs(1, 16))


def test_a_thin_leg_is_not_faded_by_the_soft_edge() -> None:
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., 20:100, 60:62] = 1
    assert (covering_alpha(mask)[mask > 0] == 1).all()
    generator = _generator(64)
    with torch.no_grad():
        inputs = list(_inputs(1, 64))
        inputs[1] = torch.zeros(1, 1, 64, 64)
        inputs[1][..., 10:50, 30:32] = 1
        _, alpha = generator(*inputs)
    assert (alpha[inputs[1] > 0] == 1).all()


def test_a_finer_level_adds_detail_and_no_light() -> None:
    mask = torch.ones(1, 1, 64, 64)
    even = torch.full((1, 4, 64, 64), 0.7)
    assert fine_part(even, mask, whole(16)).abs().max() < 1e-5
    rows = torch.arange(64)
    checks = (((rows[:, None] + rows) % 2) * 2.0 - 1).expand(1, 4, 64, 64)
    torch.testing.assert_close(fine_part(checks, mask, whole(16)), checks)
    half = mask.clone()
    half[..., 32:] = 0  # what lies beside the object does not count
    beside = torch.where(half > 0, even, -even)
    assert fine_part(beside, half, whole(16))[..., :32].abs().max() < 5e-2


@pytest.mark.parametrize("place", [(40, 88, 30, 70), (0, 50, 70, 128), (60, 61, 60, 61)])
def test_an_object_is_painted_without_gradients_as_it_is_with_them(place: tuple[int, int, int, int]) -> None:
    """Without them, only its own part of the window is. Untrained weights show where it was cut out."""
    generator, inputs = _generator(128, base=32), list(_inputs(5, 128))
    for name, parameter in generator.paint.named_parameters():
        if "bias" not in name:
            torch.nn.init.normal_(parameter, 0, 0.05)
    top, bottom, left, right = place
    inputs[1] = torch.zeros(5, 1, 128, 128)
    inputs[1][:4, :, top:bottom, left:right] = 1
    inputs[1][4, :, 100:, 100:] = 1  # another place in the same batch
    learnt, alpha_learnt = (part.detach() for part in generator(*inputs))
    with torch.no_grad():
        painted, alpha = generator(*inputs)
    away = (painted - learnt).abs()[(alpha > 0).expand_as(painted)]
    assert away.mean() < 0.03 * learnt.std()
    assert away.max() < 0.7 * learnt.std()
    assert torch.allclose(alpha, alpha_learnt, atol=0.1)
    for n in (0, 4):
        with torch.no_grad():
            alone, _ = generator(*(part[n : n + 1] for part in inputs))
        assert torch.allclose(alone, painted[n : n + 1], atol=1e-5)
