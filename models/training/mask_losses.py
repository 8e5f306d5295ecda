"""The losses of the mask generator: reconstruction, smoothness and contour terms."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from models.masks.generator import coverage, occupancy_logits


def reconstruction_loss(drawn: Tensor, truth: Tensor) -> Tensor:
    """How far a field is from the true one: cross entropy of occupancy plus L1 of distance, near and from
    afar, where parts that do not overlap yet are noticed too.

    Args:
        drawn, truth: (B, 1, 64, 64) fields in -1..1.
    """
    occupancy = functional.binary_cross_entropy_with_logits(occupancy_logits(drawn), coverage(truth))
    afar = functional.l1_loss(functional.avg_pool2d(drawn, 8), functional.avg_pool2d(truth, 8))
    return occupancy + 2.0 * functional.l1_loss(drawn, truth) + 2.0 * afar


def smoothness_loss(movement: Tensor) -> Tensor:
    """Mean squared difference of the movement between neighbouring cells, relative to the distance of the
    cells: 1 where parts are squeezed to nothing or stretched to twice their length.

    Args:
        movement: (B, 2, 64, 64) in halves of the frame.
    """
    cell = 2 / movement.shape[-1]
    across = (movement[..., 1:] - movement[..., :-1]) / cell
    down = (movement[..., 1:, :] - movement[..., :-1, :]) / cell
    return across.square().mean() + down.square().mean()


def critic_loss(real: Tensor, drawn: Tensor) -> Tensor:
    """Hinge loss of the critic from its scores (B,)."""
    return functional.relu(1 - real).mean() + functional.relu(1 + drawn).mean()


def contour_loss(drawn: Tensor) -> Tensor:
    """Hinge loss of the generator from the critic's scores (B,)."""
    return -drawn.mean()
