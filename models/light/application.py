"""Adjustments applied to pictures as tensors, differentiably; ``pixels.py`` does the same to whole layers."""

from __future__ import annotations

import torch
from torch import Tensor

from models.light.adjustments import BRIGHTEST, DARKEST, JUDGED, PIVOT, RANGES, RECOVERED, ROLL_OFF
from models.relight import balance_of, from_linear, luminance, to_linear

LOWEST = torch.tensor([RANGES[name][0] for name in JUDGED])
HIGHEST = torch.tensor([RANGES[name][1] for name in JUDGED])


def within_ranges(numbers: Tensor) -> Tensor:
    """Numbers (B, 8) held to their ranges; the gradient goes on where they leave them."""
    held = torch.maximum(torch.minimum(numbers, HIGHEST.to(numbers)), LOWEST.to(numbers))
    return numbers + (held - numbers).detach()


def frames_of(mask: Tensor) -> Tensor:
    """Centre x, y and half side (B, 3), in pixels, of the square around each object's box, the pixels of mask
    (B, 1, H, W) that are at least half there."""
    found = []
    for present in mask[:, 0] >= 0.5:
        columns, rows = present.any(0).nonzero().flatten(), present.any(1).nonzero().flatten()
        if len(columns) == 0:
            found.append((mask.shape[-1] / 2, mask.shape[-2] / 2, mask.shape[-1] / 2))
            continue
        left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
        half = max(int(right - left), int(bottom - top)) / 2
        found.append((float(left + right) / 2, float(top + bottom) / 2, half))
    return torch.tensor(found, device=mask.device)


def adjusted(picture: Tensor, numbers: Tensor, frames: Tensor) -> Tensor:
    """The picture under the adjustments, as :class:`Adjustments` describes them.

    Args:
        picture: (B, 3, H, W), sRGB in -1..1.
        numbers: (B, 8), in the order of ``JUDGED``.
        frames: (B, 3), where the object is, as ``frames_of`` tells.

    Returns:
        (B, 3, H, W), sRGB in -1..1.
    """
    height, width = picture.shape[-2:]
    x = torch.arange(width, device=picture.device) + 0.5 - frames[:, 0:1]  # (B, W)
    y = torch.arange(height, device=picture.device) + 0.5 - frames[:, 1:2]
    across, down = x / frames[:, 2:3], y / frames[:, 2:3]
    return adjusted_at(picture, numbers, across[:, None, None, :], down[:, None, :, None])


def adjusted_at(picture: Tensor, numbers: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The same for pixels whose places x, y, broadcast over the picture, are -1..1 in the object's square."""
    exposure, warmth, tint, contrast, saturation, ramp_x, ramp_y, highlights = (
        numbers[:, place].view(-1, 1, 1, 1) for place in range(len(JUDGED))
    )
    light = to_linear(picture)
    room = 1 - RECOVERED
    spread = RECOVERED - room * ((1 - light.clamp(RECOVERED, BRIGHTEST)) / room).log()
    light = torch.where(light > RECOVERED, light + highlights * (spread - light), light)
    grey = luminance(light)
    light = (grey + (light - grey) * saturation.exp()).clamp(min=DARKEST)
    power = contrast.exp()
    gains = exposure + balance_of(warmth, tint)  # (B, 3, 1, 1), logarithms
    light = PIVOT * (light / PIVOT) ** power * (gains + ramp_x * x + ramp_y * y).exp()
    most = PIVOT * (1 / PIVOT) ** power * gains.amax(1, keepdim=True).exp()  # what white becomes
    return from_linear(_rolled_off(light, most.clamp(min=1.0)))


def _rolled_off(light: Tensor, most: Tensor) -> Tensor:
    """Light in 0..``most`` brought to 0..1, the same below ``ROLL_OFF`` (Reinhard et al., "Photographic Tone
    Reproduction for Digital Images", 2002, equation 4, above it)."""
    room = 1 - ROLL_OFF
    above = ((light - ROLL_OFF) / room).clamp(min=0)
    white = (most - ROLL_OFF) / room
    return torch.where(
        light > ROLL_OFF, ROLL_OFF + room * above * (1 + above / white**2) / (1 + above), light
    )
