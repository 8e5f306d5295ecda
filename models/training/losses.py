"""The terms of the training loss, a function each; the training loop knows only their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

import torch
from torch import Tensor
from torch.nn import functional


class AdversarialLoss(str, Enum):
    """How a discriminator's logits become a loss."""

    HINGE = "hinge"  # Lim and Ye, "Geometric GAN", 2017
    NON_SATURATING = "non-saturating"  # Goodfellow et al., 2014
    LEAST_SQUARES = "lsgan"  # Mao et al., 2017
    WASSERSTEIN = "wgan-gp"  # Gulrajani et al., 2017; wants the gradient penalty
    RELATIVISTIC = "relativistic"  # Jolicoeur-Martineau, 2018, in pairs; wants R1 and R2 (Huang et al., 2024)

    @property
    def is_bounded(self) -> bool:
        """Whether a discriminator that is right by far gains nothing from being right by more."""
        return self is not AdversarialLoss.WASSERSTEIN

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """Mean loss over the discriminator's outputs for real and generated pictures."""
        if self is AdversarialLoss.RELATIVISTIC:
            return _relative(real, fake)
        return self._mean(real, true=1.0) + self._mean(fake, true=-1.0)

    def generator(self, fake: Sequence[Tensor], real: Sequence[Tensor] = ()) -> Tensor:
        """Loss that falls as the generated pictures are taken for real. ``real``, the outputs for real
        pictures, matters to the relativistic loss alone, which needs it."""
        if self is AdversarialLoss.RELATIVISTIC:
            return _relative(fake, real)
        if self in (AdversarialLoss.HINGE, AdversarialLoss.WASSERSTEIN):
            return torch.stack([-logits.mean() for logits in fake]).mean()
        return self._mean(fake, true=1.0)

    def _mean(self, outputs: Sequence[Tensor], true: float) -> Tensor:
        terms = []
        for logits in outputs:
            if self is AdversarialLoss.HINGE:
                terms.append(functional.relu(1 - true * logits).mean())
            elif self is AdversarialLoss.NON_SATURATING:
                terms.append(functional.softplus(-true * logits).mean())
            elif self is AdversarialLoss.WASSERSTEIN:
                terms.append(-true * logits.mean())
            else:
                terms.append((logits - true).square().mean())
        return torch.stack(terms).mean()


def _relative(better: Sequence[Tensor], worse: Sequence[Tensor]) -> Tensor:
    """Small where each logit of ``better`` is far above its partner in ``worse``."""
    terms = [functional.softplus(b - a).mean() for a, b in zip(better, worse, strict=True)]
    return torch.stack(terms).mean()


def squared_gradient(score: Callable[[list[Tensor]], Tensor], inputs: Sequence[Tensor]) -> Tensor:
    """Squared norm (B,) of the gradient of ``score`` with respect to all ``inputs`` of a sample together.

    It can itself be differentiated with respect to the discriminator's weights. ``score`` maps tensors of
    the inputs' shapes to (B,).
    """
    places = [value.detach().float().requires_grad_() for value in inputs]
    gradients = torch.autograd.grad(score(places).sum(), places, create_graph=True)
    return torch.stack([gradient.square().flatten(1).sum(1) for gradient in gradients]).sum(0)


def zero_centred(squared: Tensor) -> Tensor:
    """Half the mean squared gradient: R1 at real and R2 at generated pictures (Mescheder et al., 2018)."""
    return 0.5 * squared.mean()


def one_centred(squared: Tensor) -> Tensor:
    """Mean squared distance of the gradient's norm from 1, at pictures between real and generated ones
    (Gulrajani et al., "Improved Training of Wasserstein GANs", 2017)."""
    return ((squared + 1e-12).sqrt() - 1).square().mean()


def masked_l1(first: Tensor, second: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference (B, 3, S, S) inside the mask (B, 1, S, S)."""
    return ((first - second).abs() * mask).sum() / (mask.sum() * first.shape[1] + 1)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Of N(mean, variance) from N(0, 1), averaged over samples and dimensions."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).mean()


def mean_where(chosen: Tensor, value: Tensor) -> Tensor:
    """The mean of the values (B, …) of the samples that are chosen (B,); 0 if none is."""
    share = chosen.to(value).view(-1, *[1] * (value.ndim - 1))
    return (value * share).sum() / (share.sum() * value[0].numel()).clamp(min=1)


def edge_entropy(alpha: Tensor) -> Tensor:
    """4α(1-α) averaged: small where alpha has made up its mind."""
    return (4 * alpha * (1 - alpha)).mean()
