"""How visible an object's border is: the steps across its contour and the rims along it, ring by ring.

A border is given away by a step that stands out from what is around it (what is busy hides it: visual
masking, as in Tao, Johnson and Paris, "Error-Tolerant Image Compositing", IJCV 103, 2013), by a step that is
harder or softer than a lens would draw it, and by a halo: a rim whose brightness lies neither within the
object's range nor within the scene's. All three are read off each picture here.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from models.masks.geometry import signed_distance
from models.relight import luminance

UNIT = 128  # windows of this side have rings one pixel wide; larger windows have wider rings
RINGS = 8  # rings on either side of the contour
_STEPS = (0, 1, 2)  # rings, from the contour inwards, whose steps are compared with the object's own
_NEAR, _FAR = 3, 8  # the surroundings of the contour: rings at these distances
_RIM = 2.5  # width of a rim on either side of the contour
_ALONG = 4  # rim and surroundings are averaged over this distance along the contour
_FAINTEST = 1 / 255  # one code value; what is fainter is not seen


def ring_distance(alpha: Tensor) -> Tensor:
    """Signed distance (B, S, S) from the contour of alpha (B, 1, S, S) in rings, positive inside.

    The contour runs where alpha passes 0.5. Exact up to RINGS + 3 rings, and never more than that.
    """
    size = alpha.shape[-1]
    unit = max(1.0, size / UNIT)
    reach = round((RINGS + 3) * unit)
    return signed_distance(alpha[:, 0] >= 0.5, reach).clamp(0.5 - reach, reach - 0.5) / unit


def border_profile(picture: Tensor, distance: Tensor) -> Tensor:
    """Mean colour step between neighbours across the contour, by distance from it.

    Args:
        picture: (B, 3, S, S) in -1..1.
        distance: (B, S, S) from `ring_distance`.

    Returns:
        (B, 2 * RINGS + 1) steps in 0..1 of the code values' range, from the outermost ring outside (first) to
        the innermost inside (last); nan for rings that a picture does not have.
    """
    shown = (picture + 1) / 2
    sums = torch.zeros(len(picture), 2 * RINGS + 1, device=picture.device)
    weights = torch.zeros_like(sums)
    for axis in (2, 3):
        size = picture.shape[axis]
        step = (shown.narrow(axis, 1, size - 1) - shown.narrow(axis, 0, size - 1)).square().mean(dim=1).sqrt()
        here, there = distance.narrow(axis - 1, 1, size - 1), distance.narrow(axis - 1, 0, size - 1)
        across = (here - there).abs().clamp(max=2)  # pairs along the contour say nothing about it
        ring = ((here + there) / 2).round().long() + RINGS
        weight = (across * ((ring >= 0) & (ring <= 2 * RINGS))).flatten(1)
        place = ring.clamp(0, 2 * RINGS).flatten(1)
        sums.scatter_add_(1, place, weight * step.flatten(1))
        weights.scatter_add_(1, place, weight)
    return torch.where(weights > 0, sums / weights.clamp(min=1e-6), torch.nan)


def relative_profile(profile: Tensor) -> Tensor:
    """A profile (B, 2 * RINGS + 1) over the mean step inside the object near its border, its own busyness.

    The scene's is left out: where an object was taken out of a photo, the scene is smooth for every method.
    """
    inside = profile[:, RINGS + _NEAR :].nanmean(dim=1, keepdim=True)
    return (profile + _FAINTEST) / (inside + _FAINTEST)


def halos(picture: Tensor, distance: Tensor) -> Tensor:
    """How far the rims along the contour leave the range between object and scene, as luminance of code
    values in 0..1: (B, 4) outer rim too bright, outer too dark, inner too bright, inner too dark."""
    distance = distance.unsqueeze(1)
    shown = luminance((picture + 1) / 2)  # of code values: nearer to what the eye compares than light
    unit = max(1.0, picture.shape[-1] / UNIT)
    wide = 2 * round((_FAR + _RIM) * unit) + 1
    outside = _local_mean(shown, (distance < 0.5 - _NEAR) & (distance >= -_FAR), wide)
    inside = _local_mean(shown, (distance > _NEAR - 0.5) & (distance <= _FAR), wide)
    # Where an object is thinner than the surroundings' distance, all of it near by stands in.
    inside = torch.where(inside.isnan(), _local_mean(shown, distance > 0, wide), inside)
    low, high = torch.minimum(outside, inside), torch.maximum(outside, inside)
    found = []
    for side in (-1, 1):
        rim = (distance * side > 0) & (distance * side <= _RIM)
        mean = _local_mean(shown, rim, 2 * round(_ALONG * unit) + 1)
        known = rim & low.isfinite() & mean.isfinite()
        for excess in (mean - high, low - mean):
            total = torch.where(known, excess.clamp(min=0), torch.zeros_like(excess)).sum(dim=(1, 2, 3))
            found.append(total / known.sum(dim=(1, 2, 3)).clamp(min=1))
    return torch.stack(found, dim=1)


def border_figures(profile: Tensor, halo: Tensor) -> Tensor:
    """(B, 7) from `border_profile` and `halos`: logarithms of the relative steps at the contour
    and of the halos. Rows of nan where there is no contour."""
    steps = relative_profile(profile)[:, [RINGS + step for step in _STEPS]].log()
    figures = torch.cat([steps, (halo + _FAINTEST).log()], dim=1)
    whole = figures.isfinite().all(dim=1, keepdim=True)
    return torch.where(whole, figures, torch.nan)


def _local_mean(values: Tensor, where: Tensor, size: int) -> Tensor:
    """Mean of `values` (B, 1, S, S) under `where` in squares of `size` pixels; nan where there is none."""
    weight = _averaged(where.to(values.dtype), size)
    return torch.where(weight > 1e-6, _averaged(values * where, size) / weight.clamp(min=1e-9), torch.nan)


def _averaged(values: Tensor, size: int) -> Tensor:
    """Box filter in two passes: the cost grows with the square's side, not with its area."""
    rows = F.avg_pool2d(values, (size, 1), 1, (size // 2, 0))
    return F.avg_pool2d(rows, (1, size), 1, (0, size // 2))
