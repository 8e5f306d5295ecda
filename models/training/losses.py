"""The terms of the training loss, a function each; the training loop knows only their names."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import torch
from torch import Tensor
from torch.nn import functional


class AdversarialLoss(str, Enum):
    """How a discriminator's logits become a loss."""

    HINGE = "hinge"  # Lim and Ye, "Geometric GAN", 2017
    NON_SATURATING = "non-saturating"  # Goodfellow et al., 2014
    LEAST_SQUARES = "lsgan"  # Mao et al., 2017

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """Mean loss over the discriminator's outputs for real and generated pictures."""
        return self._mean(real, true=1.0) + self._mean(fake, true=-1.0)

    def generator(self, fake: Sequence[Tensor]) -> Tensor:
        """Loss that falls as the generated pictures are taken for real."""
        if self is AdversarialLoss.HINGE:
            return torch.stack([-logits.mean() for logits in fake]).mean()
        return self._mean(fake, true=1.0)

    def _mean(self, outputs: Sequence[Tensor], true: float) -> Tensor:
        terms = []
        for logits in outputs:
            if self is AdversarialLoss.HINGE:
                terms.append(functional.relu(1 - true * logits).mean())
            elif self is AdversarialLoss.NON_SATURATING:
                terms.append(functional.softplus(-true * logits).mean())
            else:
                terms.append((logits - true).square().mean())
        return torch.stack(terms).mean()


def masked_l1(first: Tensor, second: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference (B, 3, S, S) inside the mask (B, 1, S, S)."""
    return ((first - second).abs() * mask).sum() / (mask.sum() * first.shape[1] + 1)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Of N(mean, variance) from N(0, 1), averaged over samples and dimensions."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).mean()


def edge_entropy(alpha: Tensor) -> Tensor:
    """4α(1-α) averaged: small where alpha has made up its mind."""
    return (4 * alpha * (1 - alpha)).mean()
