"""The edges of masks: how far away a contour is, and alpha that is soft across it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

ALPHA_REACH = 6 / 256  # half width of the soft edge, as a share of the window


def far_hints(mask: Tensor) -> Tensor:
    """Two blurred copies of the mask that tell how far the contour is, at half its size:
    (B, 1, S, S) -> (B, 2, S/2, S/2)."""
    half = functional.avg_pool2d(mask, 2)
    near = _box_blur(half, half.shape[-1] // 32)
    far = _box_blur(near, half.shape[-1] // 8)
    return torch.cat([near, far], 1)


def _box_blur(mask: Tensor, radius: int) -> Tensor:
    """Means over squares of the mask (B, 1, S, S), in single precision; the mean of zeros is 0 and that of
    ones is 1, exactly."""
    radius = max(1, radius)
    place = torch.arange(mask.shape[-1], device=mask.device)
    reached = (place + radius).clamp(max=mask.shape[-1] - 1) - (place - radius).clamp(min=0)
    count = (reached + 1).float()
    padded = functional.pad(mask.float(), (radius,) * 4)
    rows = _sums(padded, 2 * radius + 1, 2) / count[:, None]
    return (_sums(rows, 2 * radius + 1, 3) / count).to(mask.dtype)


def _sums(x: Tensor, width: int, axis: int) -> Tensor:
    """The sums of ``width`` neighbours along an axis, which becomes shorter by ``width - 1``; by sums of half
    as many, so that wide ones cost little more than narrow ones."""
    if width == 1:
        return x
    half, places = width // 2, x.shape[axis] - width + 1
    halves = _sums(x, half, axis)
    both = halves.narrow(axis, 0, places) + halves.narrow(axis, half, places)
    return both + x.narrow(axis, width - 1, places) if width % 2 else both


def soft_edge(mask: Tensor) -> Tensor:
    """The mask with a ramp across its contour, ``ALPHA_REACH`` of the window to either side; exactly 0 and
    1 beyond it. (B, 1, S, S) in 0..1."""
    radius = max(1, round(ALPHA_REACH * mask.shape[-1] / 2))
    return _box_blur(_box_blur(mask, radius), radius)


def covering_alpha(mask: Tensor) -> Tensor:
    """Alpha of a real object: full inside its mask, however thin a leg is, soft outside. (B, 1, S, S)."""
    return torch.maximum(mask, _steep(soft_edge(mask)))


def _steep(soft: Tensor) -> Tensor:
    return ((soft - 0.5) * 2 + 0.5).clamp(0, 1)


def moved_alpha(mask: Tensor, change: Tensor) -> Tensor:
    """The soft mask, sharpened or moved by the network inside its ramp only; never less than the mask, or
    legs as thin as the ramp would fade."""
    soft = soft_edge(mask)
    ramp = 4 * soft * (1 - soft)
    moved = ((soft - 0.5) * 2 + 0.5 + 0.5 * torch.tanh(change) * ramp).clamp(0, 1)
    return torch.maximum(moved, mask)
