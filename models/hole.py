"""Filling the place of an object from around it, so that no trace of what was there is left."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_ENOUGH = 1e-4  # share of known pixels under which a coarse cell counts as empty


def fill_hole(scene: Tensor, hole: Tensor) -> Tensor:
    """Fills ``hole`` smoothly from the known pixels around it (push–pull interpolation).

    The known pixels are averaged level by level down to one pixel, then each level's empty cells take the
    colour of the level below (Gortler et al., "The Lumigraph", SIGGRAPH 1996).

    Args:
        scene: (B, 3, S, S), any range; S a power of two.
        hole: (B, 1, S, S); anything above 0.02 is a hole.

    Returns:
        (B, 3, S, S), equal to ``scene`` outside the hole and independent of it inside.
    """
    known = (hole < 0.02).to(scene.dtype)
    return _fill(scene * known, known)


def _fill(colour: Tensor, known: Tensor) -> Tensor:
    """``colour`` is premultiplied by ``known``; returns it filled everywhere."""
    if colour.shape[-1] == 1:
        return colour / known.clamp(min=_ENOUGH)
    coarse = _fill(_halved(colour), _halved(known))
    below = functional.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
    own = colour / known.clamp(min=_ENOUGH)
    return below + (own - below) * known.clamp(max=1)


def _halved(x: Tensor) -> Tensor:
    """The means of 2 × 2 pixels, several times as quickly as pooling finds them."""
    rows = x[..., ::2, :] + x[..., 1::2, :]
    return (rows[..., ::2] + rows[..., 1::2]) / 4


def dilate(mask: Tensor, radius: int) -> Tensor:
    """The mask grown by ``radius`` pixels (square), (B, 1, S, S)."""
    return _stretched(_stretched(mask, radius, 2), radius, 3)


def _stretched(mask: Tensor, radius: int, axis: int) -> Tensor:
    """The largest values within a radius along an axis, first ahead and then behind, by steps that double:
    a tenth of the time of pooling."""
    size = mask.shape[axis]
    radius = min(radius, size - 1)
    for ahead in (True, False):
        reached = 0
        while reached < radius:
            step = min(reached + 1, radius - reached)
            wider = mask.clone()
            part = wider.narrow(axis, 0 if ahead else step, size - step)
            torch.maximum(part, mask.narrow(axis, step if ahead else 0, size - step), out=part)
            mask, reached = wider, reached + step
    return mask


def random_dilate(mask: Tensor, smallest: int, largest: int, generator: torch.Generator) -> Tensor:
    """The mask grown by one radius drawn for the batch, in pixels, both ends included."""
    radius = int(
        torch.randint(smallest, largest + 1, (), generator=generator, device=generator.device).item()
    )
    return dilate(mask, radius)


def without_rim(photo: Tensor, mask: Tensor, radius: int) -> Tensor:
    """A photo whose object has the colours of its inside up to its edge.

    Masks seldom end just where the object does, and pixels on the edge are mixtures, so that an object taken
    out of its photo wears a thin rim of what was behind it. Parts thinner than twice the radius stay as they
    are.

    Args:
        photo: (B, 3, S, S), any range; S a power of two.
        mask: (B, 1, S, S) in 0..1.
        radius: of the rim, in pixels.
    """
    inner = 1 - dilate((mask <= 0.5).to(photo.dtype), radius)
    near = dilate(inner, radius + 1) * (1 - inner)
    return torch.lerp(photo, fill_hole(photo, 1 - inner), near)
