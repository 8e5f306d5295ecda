"""The power spectrum of surfaces: generated ones are to have as much of every fineness as real ones.

Discriminators of patches are slow to see a weave that is regular and faint, and an enlarging network makes
one easily (Durall, Keuper and Keuper, "Watch your Up-Convolution: CNN Based Generative Deep Neural Networks
are Failing to Reproduce Spectral Distributions", 2020). A mean over many patches shows it at once.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

PATCH = 32  # pixels along a side of what is transformed
_STEP = 8  # pixels between patches
_INSIDE = 0.99  # least part of the mask in all of a patch
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_KEPT = 0.95  # share of the remembered mean that a batch leaves: one alone has too few patches
_COARSEST = 2  # periods a patch below which its own contrast says more than its surface


class SpectrumDistance(nn.Module):
    """How far the mean spectrum of generated surfaces is from that of real ones, over the last batches."""

    window: Tensor
    counted: Tensor
    real: Tensor
    generated: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", _window())
        self.register_buffer("counted", _fine_ones())
        self.register_buffer("real", torch.zeros(PATCH, PATCH // 2 + 1))
        self.register_buffer("generated", torch.zeros(PATCH, PATCH // 2 + 1))

    def forward(self, generated: Tensor, real: Tensor, mask: Tensor) -> Tensor:
        """Mean squared difference of the logarithms, a scalar; 0 where no object is as large as a patch.

        Args:
            generated, real: (B, 3, S, S) in -1..1, objects under the same masks; gradients go to the first.
            mask: (B, 1, S, S) in 0..1.
        """
        inside = -functional.max_pool2d(-mask.float(), PATCH, _STEP).flatten(1) > _INSIDE  # (B, L)
        if not bool(inside.any()):
            return generated.new_zeros(())
        with torch.no_grad():
            self.real = self._mixed(self.real, self._power(real.detach(), inside))
        power = self._power(generated, inside)
        mixed = self._mixed(self.generated, power)
        self.generated = mixed.detach()
        # The gradient of a mean is as small as this batch's share in it.
        difference = (mixed.log() - self.real.log())[self.counted]
        distance: Tensor = difference.square().mean() / (1 - _KEPT)
        return distance

    def _mixed(self, remembered: Tensor, power: Tensor) -> Tensor:
        if not bool(remembered.any()):
            return power
        return _KEPT * remembered + (1 - _KEPT) * power

    def _power(self, picture: Tensor, inside: Tensor) -> Tensor:
        """The mean spectrum (PATCH, PATCH / 2 + 1) of the patches (B, L) that lie inside, at one contrast."""
        luma = (picture.float() * picture.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        patches = functional.unfold(luma, PATCH, stride=_STEP).transpose(1, 2)[inside]  # (N, PATCH²)
        patches = patches - patches.mean(1, keepdim=True)
        patches = patches / (patches.square().mean(1, keepdim=True) + 1e-4).sqrt()
        spectrum = torch.fft.rfft2(patches.view(-1, PATCH, PATCH) * self.window)
        power: Tensor = (spectrum.real.square() + spectrum.imag.square()).mean(0) + 1e-3
        return power


def _window() -> Tensor:
    hann = torch.hann_window(PATCH, periodic=False)
    return hann[:, None] * hann[None]


def _fine_ones() -> Tensor:
    """Which frequencies count."""
    rows = torch.fft.fftfreq(PATCH)[:, None] * PATCH
    columns = torch.fft.rfftfreq(PATCH)[None] * PATCH
    return torch.hypot(rows, columns) > _COARSEST
