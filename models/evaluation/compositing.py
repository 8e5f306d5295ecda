"""The finished picture as a user gets it: an 8-bit layer over an 8-bit scene."""

from __future__ import annotations

import torch
from torch import Tensor

from models.evaluation.baselines import Insertion


def composite(scene: Tensor, insertion: Insertion) -> tuple[Tensor, Tensor, Tensor]:
    """Lays the object over the scene (B, 3, S, S), which is in -1..1.

    Returns scene (B, 3, S, S), result (B, 3, S, S) and alpha (B, 1, S, S), all uint8.
    """
    scene8 = to_bytes(scene)
    rgb8 = to_bytes(insertion.rgb)
    alpha8 = (insertion.alpha * 255).round().clamp(0, 255).to(torch.uint8)
    share = alpha8.float() / 255
    result = scene8.float() + (rgb8.float() - scene8.float()) * share
    return scene8, result.round().to(torch.uint8), alpha8


def to_bytes(picture: Tensor) -> Tensor:
    """(B, 3, H, W) in -1..1 to uint8."""
    return ((picture + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_signed(picture: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) to float in -1..1."""
    return picture.float() / 127.5 - 1
