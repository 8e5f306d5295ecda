"""The losses of the mask generator: reconstruction, latent and contour terms."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from models.masks.generator import coverage, occupancy_logits


def reconstruction_loss(drawn: Tensor, truth: Tensor) -> Tensor:
    """How far a field is from the true one: cross entropy of occupancy plus L1 of distance.

    Args:
        drawn, truth: (B, 1, 64, 64) fields in -1..1.
    """
    occupancy = functional.binary_cross_entropy_with_logits(occupancy_logits(drawn), coverage(truth))
    return occupancy + 2.0 * functional.l1_loss(drawn, truth)


def latent_loss(mean: Tensor, log_variance: Tensor, free_nats: float) -> Tensor:
    """KL divergence of N(mean, variance) from N(0, 1), averaged over the latent's numbers.

    Each number may carry ``free_nats`` at no cost (free bits: Kingma et al., NeurIPS 2016), so that none
    dies early.

    Args:
        mean, log_variance: (B, 192).
    """
    each = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(0)
    return each.clamp(min=free_nats).mean()


def critic_loss(real: Tensor, drawn: Tensor) -> Tensor:
    """Hinge loss of the critic from its scores (B,)."""
    return functional.relu(1 - real).mean() + functional.relu(1 + drawn).mean()


def contour_loss(drawn: Tensor) -> Tensor:
    """Hinge loss of the generator from the critic's scores (B,)."""
    return -drawn.mean()
