"""The light of a scene as gains of display values, so that a network can paint under one standard light.

What is painted under the standard light and multiplied by the gains follows a change of the scene's light by
construction; the network learns the rest. Brightness is read from the mean. Colour is read from the edges
(van de Weijer, Gevers and Gijsenij, "Edge-Based Color Constancy", 2007), since a scene's mean colour is its
things' colour as much as its light's: a meadow is not lit green. Light varies between blue and yellow, hardly
between green and magenta, so little of a green cast is believed.

The shares are near what real photos say: over 2,000 objects, those of one class turn by 0.60 of what the
edges of their scenes do between red and blue, by 0.34 between green and magenta. (By the scenes' means it is
0.43 and 0.19.)
"""

from __future__ import annotations

import math

from torch import Tensor

from models.relight import balance_of, shoulder

EXPOSURE_SHARE = 0.65  # of a change of brightness, in log display values
WARMTH_SHARE = 0.8  # of a change of the ratio between red and blue
TINT_SHARE = 0.35  # of a change of the ratio between green and the two others
FLAT_SHARE = 0.01  # of the mean beside the edges, for scenes that have none
STANDARD = 0.45  # mean display value of a photo under the standard light
KNEE = 0.8  # display value above which the bright are held back
LARGEST_GAIN = 2.5  # either way; beyond it a scene is dark or bright in itself


def scene_gains(scene: Tensor) -> Tensor:
    """Gains (B, 3, 1, 1) that the scene (B, 3, S, S) in -1..1 has over the standard light.

    A gain g of linear light changes display values by about g^(1/2.2), and the gains returned by that to the
    power of the shares above.
    """
    value = (scene.float() + 1) / 2
    mean = value.mean((2, 3), keepdim=True).clamp(min=0.02)  # (B, 3, 1, 1)
    exposure = mean.log().mean(1, keepdim=True) - math.log(STANDARD)
    colour = (_edges(value) + FLAT_SHARE * mean).log()
    red, green, blue = colour[:, 0:1], colour[:, 1:2], colour[:, 2:3]
    warmth, tint = WARMTH_SHARE * (red - blue), TINT_SHARE * (green - (red + blue) / 2)
    shift = EXPOSURE_SHARE * exposure + balance_of(warmth, tint)
    limit = math.log(LARGEST_GAIN)
    return shift.clamp(-limit, limit).exp()


def _edges(value: Tensor) -> Tensor:
    """Mean steepness (B, 3, 1, 1) of each channel of (B, 3, S, S), noise smoothed away."""
    rows = value[..., :-2, :] + value[..., 1:-1, :] + value[..., 2:, :]
    smooth = (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9  # several times as quick as pooling
    across = smooth[..., :-1, 1:] - smooth[..., :-1, :-1]
    down = smooth[..., 1:, :-1] - smooth[..., :-1, :-1]
    return (across.square() + down.square() + 1e-10).sqrt().mean((2, 3), keepdim=True)


def under_gains(picture: Tensor, gains: Tensor) -> Tensor:
    """The picture (B, 3, S, S) in -1..1 with its display values multiplied, clipped where they leave it."""
    return ((picture.float() + 1) * gains - 1).clamp(max=1.0)


def lit(picture: Tensor, gains: Tensor) -> Tensor:
    """The picture (B, 3, S, S) in -1..1 with its display values multiplied; bright ones come near to white
    without reaching it, as on film, so that white fur keeps its texture."""
    return 2 * shoulder((picture.float() + 1) / 2 * gains, KNEE) - 1
