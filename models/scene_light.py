"""The light of a scene as gains of display values, so that a network can paint under one standard light.

What is painted under the standard light and multiplied by the gains follows a change of the scene's light by
construction; the network learns the rest. The share is less than the whole, because a scene's mean colour
is its things' colour as much as its light's: a meadow is not lit green.
"""

from __future__ import annotations

import torch
from torch import Tensor

EXPOSURE_SHARE = 0.5  # of a change of brightness, in log display values
BALANCE_SHARE = 0.7  # of a change of the ratios between red, green and blue
STANDARD = 0.45  # mean display value of a photo under the standard light
LARGEST_GAIN = 2.5  # either way; beyond it a scene is dark or bright in itself


def scene_gains(scene: Tensor) -> Tensor:
    """Gains (B, 3, 1, 1) that the scene (B, 3, S, S) in -1..1 has over the standard light.

    A gain g of linear light changes display values by about g^(1/2.2), and the gains returned by that to the
    power of the shares above.
    """
    mean = ((scene.float() + 1) / 2).mean((2, 3), keepdim=True).clamp(min=0.02)  # (B, 3, 1, 1)
    logs = mean.log()
    exposure = logs.mean(1, keepdim=True)
    balance = logs - exposure
    shift = EXPOSURE_SHARE * (exposure - torch.tensor(STANDARD).log().to(logs)) + BALANCE_SHARE * balance
    limit = torch.tensor(LARGEST_GAIN).log().item()
    return shift.clamp(-limit, limit).exp()


def under_gains(picture: Tensor, gains: Tensor) -> Tensor:
    """The picture (B, 3, S, S) in -1..1 with its display values multiplied, clipped where they leave it."""
    return ((picture.float() + 1) * gains - 1).clamp(max=1.0)
