"""How weights change at a step: down a loss's gradient, and averaged copies a little towards them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from models.training.workers import average


def descend(
    optimiser: torch.optim.Optimizer,
    loss: Tensor,
    parameters: Iterable[nn.Parameter],
    *,
    limit: float,
    workers: int = 1,
) -> Tensor:
    """A step of the optimiser; returns the gradient's norm before it was clipped to ``limit``.

    Only ``parameters`` are moved, though the loss's graph may run through other networks; those of them
    that the loss does not touch have a gradient of 0. The gradients of several ``workers`` (processes of
    ``torch.distributed``) are averaged.
    """
    parameters = list(parameters)
    optimiser.zero_grad(set_to_none=True)
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    gradients = [
        torch.zeros_like(parameter) if gradient is None else laid_out_as(parameter, gradient)
        for parameter, gradient in zip(parameters, found, strict=True)
    ]
    if workers > 1:
        average(gradients, workers)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    norm = nn.utils.clip_grad_norm_(parameters, limit)
    optimiser.step()
    return norm


def laid_out_as(parameter: Tensor, value: Tensor) -> Tensor:
    """A tensor of the parameter's shape in the parameter's layout: a fused step walks both in the order of
    memory, and the gradient of a weight that was used together with another is a slice of theirs."""
    same = value.stride() == parameter.stride()
    return value if same else torch.empty_like(parameter).copy_(value)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """How far the next steps of the optimiser go."""
    for group in optimiser.param_groups:
        group["lr"] = rate


@torch.no_grad()
def move_average(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Leaves a share ``keep`` of the averaged weights and takes the rest from the network's. Running
    statistics are taken as they are."""
    for target, source in zip(average.parameters(), network.parameters(), strict=True):
        target.lerp_(source, 1 - keep)
    for running, current in zip(average.buffers(), network.buffers(), strict=True):
        running.copy_(current)
