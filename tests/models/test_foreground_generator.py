"""The foreground generator: shapes, soft alpha, growing in resolution, independence of samples."""

from __future__ import annotations

import pytest
import torch

from models.foreground_generator import (
    ALPHA_REACH,
    ForegroundGenerator,
    GeneratorShape,
    composite,
    covering_alpha,
    soft_edge,
)

CHANNELS = {8: 16, 16: 16, 32: 16, 64: 16}


def _generator(resolution: int, seed: int = 0) -> ForegroundGenerator:
    torch.manual_seed(seed)
    shape = GeneratorShape(resolution, 3, CHANNELS, code_size=8, style_size=16, mask_channels=4)
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
        torch.randn(count, 1, side, side, generator=random),
    )


@torch.no_grad()
def test_alpha_is_exactly_zero_and_one_beyond_the_soft_edge() -> None:
    generator = _generator(64)
    torch.nn.init.normal_(generator.paint["64"].weight)  # type: ignore[arg-type]
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
    small, large = _generator(32, 0), _generator(64, 1)
    for _name, parameter in small.paint.named_parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    state = large.state_dict()
    large.load_state_dict({**state, **small.state_dict()})
    scene, mask, index, code, noise = _inputs(2, 64)
    halved = [torch.nn.functional.avg_pool2d(t, 2) for t in (scene, mask)]
    colour_small, _ = small(*halved, index, code, noise[:, :, ::2, ::2])
    colour_large, _ = large(scene, mask, index, code, noise)
    difference = torch.nn.functional.avg_pool2d(colour_large, 2) - colour_small
    assert difference.abs().mean() < 0.1 * colour_small.std()


@torch.no_grad()
def test_a_sample_does_not_depend_on_its_batch() -> None:
    generator = _generator(32)
    inputs = _inputs(4, 32)
    together, _ = generator(*inputs)
    alone, _ = generator(*(t[2:3] for t in inputs))
    assert torch.allclose(together[2:3], alone, atol=1e-4)


@torch.no_grad()
def test_code_class_scene_and_mask_all_change_the_colour() -> None:
    generator = _generator(32)
    inputs = list(_inputs(1, 32))
    base, _ = generator(*inputs)
    changes = {0: -inputs[0], 1: inputs[1].flip(3), 2: inputs[2] + 1, 3: -inputs[3]}
    torch.nn.init.normal_(generator.mask_scale["8"].weight)  # type: ignore[arg-type]
    base, _ = generator(*inputs)
    for place, other in changes.items():
        changed, _ = generator(*[other if i == place else t for i, t in enumerate(inputs)])
        assert (changed - base).abs().max() > 1e-3, f"input {place} has no influence"


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
    with pytest.raises((ValueError, IndexError)):
        _generator(32)(*_inputs(1, 4))


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
