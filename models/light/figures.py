"""What is known of an object in its scene without learning: quantiles of both, and steps across its edge."""

from __future__ import annotations

import torch
from torch import Tensor

from models.hole import dilate

QUANTILES = (0.01, 0.05, 0.15, 0.35, 0.5, 0.65, 0.85, 0.95, 0.99)
EVERY = 2  # pixels from one that quantiles are taken of to the next
RIM = 2  # pixels on either side of the object's edge that are compared
_PLANES = 5  # red, green, blue, brightness, colourfulness
FIGURES = 2 * len(QUANTILES) * _PLANES + 2 * 3

INSIDE, OUTSIDE = 0.7, 0.3  # alpha from which on a pixel is the object's, and up to which it is the scene's
STEPS = 25  # bins of a step's size
LARGEST_STEP = 1.2  # in logarithms of light
DISTANCES = (1, 2)  # pixels from one side of the edge to the other
HISTOGRAMS = 3 * len(DISTANCES) * (STEPS + 1)


def figures_of(picture: Tensor, light: Tensor, mask: Tensor) -> Tensor:
    """Quantiles of object and scene, and the colours on both sides of the edge: (B, ``FIGURES``), most of it
    within -1..1, of picture (B, 3, S, S) in -1..1, its linear light, and mask (B, 1, S, S) in 0..1."""
    grey = picture.mean(1, keepdim=True)
    colourful = picture.amax(1, keepdim=True) - picture.amin(1, keepdim=True)
    planes = torch.cat([picture, grey, colourful], 1)
    is_object = mask > 0.5
    found = [_quantiles(planes, is_object), _quantiles(planes, ~(dilate(mask, 1) > 0.1))]
    brightness = light.clamp(min=1e-3).log()
    inner = mask * dilate(1 - mask, RIM)
    outer = (1 - mask) * dilate(mask, RIM)
    rims = [mean_over(brightness, rim) for rim in (inner, outer)]
    return torch.cat([*found, (rims[0] + rims[1]) / 4, rims[0] - rims[1]], 1).flatten(1)


def mean_over(x: Tensor, weight: Tensor) -> Tensor:
    """Mean (B, C) of x (B, C, H, W) over a weight (B, 1, H, W) in 0..1; 0 where there is none of it."""
    return (x * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-2)


def _quantiles(planes: Tensor, chosen: Tensor) -> Tensor:
    """Quantiles (B, P · Q) of planes (B, P, H, W) over the chosen pixels (B, 1, H, W)."""
    planes, chosen = planes[..., ::EVERY, ::EVERY], chosen[..., ::EVERY, ::EVERY]
    values = planes.masked_fill(~chosen, float("inf")).flatten(2).sort(2).values
    count = chosen.flatten(1).sum(1)  # (B,)
    shares = torch.tensor(QUANTILES, device=planes.device)
    places = ((count[:, None] - 1).clamp(min=0) * shares).round().long()  # (B, Q)
    taken = values.gather(2, places[:, None].expand(-1, planes.shape[1], -1))
    return torch.where(torch.isfinite(taken), taken, 0.0).flatten(1)


def steps_at_edge(light: Tensor, mask: Tensor) -> Tensor:
    """How often linear light (B, 3, S, S) steps by how much from scene to object, and the mean step,
    for each colour and distance: (B, ``HISTOGRAMS``).

    Along an object's edge a photo has many places without any step, where the object is as bright as what is
    behind it or the mask is not exact. Under another light all of them step by its change.
    """
    brightness = (light + 0.004).log()
    inside, outside = mask[:, 0] > INSIDE, mask[:, 0] < OUTSIDE
    found = []
    for distance in DISTANCES:
        total = light.new_zeros(len(light) * 3 * STEPS)
        count = light.new_zeros(len(light), 1, 1)
        for axis in (1, 2):
            inside_pair, outside_pair = (_neighbours(plane, axis, distance) for plane in (inside, outside))
            enters, leaves = outside_pair[0] & inside_pair[1], inside_pair[0] & outside_pair[1]
            which, row, column = torch.where(enters | leaves)  # few: a step is taken of no other pixels
            near, far = (
                pixels[which, :, row, column] for pixels in _neighbours(brightness, axis + 1, distance)
            )
            step = torch.where(enters[which, row, column, None], far - near, near - far)  # (N, 3)
            place = ((step / LARGEST_STEP + 1) * (STEPS - 1) / 2).clamp(0, STEPS - 1.001)
            low = place.floor()
            bins = (3 * which[:, None] + torch.arange(3, device=which.device)) * STEPS + low.long()
            upper = place - low
            total.index_add_(0, bins.flatten(), (1 - upper).flatten())
            total.index_add_(0, bins.flatten() + 1, upper.flatten())
            count += torch.bincount(which, minlength=len(light)).view(-1, 1, 1)
        found.append(total.view(-1, 3, STEPS) / (count + 4))
    shares = torch.cat(found, 1)
    sizes = torch.linspace(-1, 1, STEPS, device=light.device)
    mean = (shares * sizes).sum(2, keepdim=True)
    return torch.cat([6 * shares - 0.5, 3 * mean], 2).flatten(1)


def _neighbours(plane: Tensor, axis: int, distance: int) -> tuple[Tensor, Tensor]:
    """The pixels that have another so far along an axis, and those others."""
    length = plane.shape[axis] - distance
    return plane.narrow(axis, 0, length), plane.narrow(axis, distance, length)
