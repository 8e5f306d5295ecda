"""A step of the optimiser goes down the gradient, whatever layout autograd gives that in."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.training.updates import descend


def test_a_weight_that_is_used_together_with_another_goes_down_its_own_gradient() -> None:
    random = torch.Generator().manual_seed(0)
    shapes = ((4, 8, 3, 3), (4, 1, 3, 3))
    parts, grain = (
        nn.Parameter(torch.randn(shape, generator=random).to(memory_format=torch.channels_last))
        for shape in shapes
    )
    picture = torch.randn(2, 9, 6, 6, generator=random).to(memory_format=torch.channels_last)
    before = parts.detach().clone()
    loss = functional.conv2d(picture, torch.cat([parts, grain], 1)).square().mean()
    (gradient,) = torch.autograd.grad(loss, [parts], retain_graph=True)
    optimiser = torch.optim.Adam([parts, grain], 1e-3, fused=True)  # fused, as in training
    descend(optimiser, loss, [parts, grain], limit=1e9)
    moved = parts.detach() - before
    assert torch.equal(moved.sign(), -gradient.sign())
