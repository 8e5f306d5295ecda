"""Judging light until nothing is left to say: the adjustments of an object in its scene."""

from __future__ import annotations

import torch
from torch import Tensor

from models.light.adjustments import JUDGED
from models.light.application import adjusted, frames_of, within_ranges
from models.light.network import LightNetwork
from models.light.scenes import without_objects

LOOKS = 12  # at most; most objects need one or two
BEGUN = 8.0  # code values of 255, root mean square over the object, from which anything is changed at all
NOTICED = 3.0  # the same, from which a further look counts: less, so that what was lit stays clear of it


@torch.no_grad()
def judged(network: LightNetwork, scene: Tensor, objects: Tensor, mask: Tensor) -> Tensor:
    """The adjustments (B, 8) that give objects the light of their scenes; 0 where they have it.

    The network says what is missing, sees the object with it, and says what is missing still. It ends where
    that is too little to be noticed, so that an object that has been lit is left as it is. It has learnt to
    look twice; one that lacks much more light than any in training takes a few looks more. Of the scene it
    sees what is around the object: the last pixels before its edge often show something of it, or of what
    was cut away from it.

    Args:
        scene, objects: (B, 3, S, S), sRGB in -1..1; mask: (B, 1, S, S) in 0..1.
    """
    frames, scene = frames_of(mask), without_objects(scene, mask)
    numbers = torch.zeros(len(mask), len(JUDGED), device=mask.device)
    shown = objects.clone()
    left = torch.arange(len(mask), device=mask.device)  # those that may still change
    for look in range(LOOKS):
        enough = NOTICED if look else BEGUN
        seen = mask[left] * shown[left] + (1 - mask[left]) * scene[left]
        further = within_ranges(numbers[left] + network(seen, mask[left]))
        becomes = adjusted(objects[left], further, frames[left])
        moves = distance(becomes, shown[left], mask[left]) >= enough
        left = left[moves]
        if len(left) == 0:
            break
        numbers[left], shown[left] = further[moves], becomes[moves]
    return numbers


def distance(one: Tensor, other: Tensor, mask: Tensor) -> Tensor:
    """Root mean square difference (B,) of two pictures over the object, in code values of 255."""
    squares = ((one - other) * 127.5).square().mean(1, keepdim=True) * mask
    return (squares.sum((1, 2, 3)) / mask.sum((1, 2, 3)).clamp(min=1)).sqrt()
