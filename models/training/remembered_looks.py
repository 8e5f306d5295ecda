"""Looks of real objects, kept for a while, so that other objects of their class can be painted with them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

KEPT = 64  # looks of a class; older ones come from an encoder that has changed since


class RememberedLooks(nn.Module):
    """The newest appearance codes that the encoder found in real objects, by class.

    A style or a reference is the look of one object in the shape of another. The discriminators have to see
    such pairs: a network that meets each encoded look in its own object's shape only paints the rest blurred.
    """

    codes: Tensor
    seen: Tensor

    def __init__(self, class_count: int, code_size: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(class_count, KEPT, code_size))
        self.register_buffer("seen", torch.zeros(class_count, dtype=torch.long))

    def keep(self, codes: Tensor, class_index: Tensor) -> None:
        """Remembers codes (B, code_size) of objects of the classes (B,), instead of the oldest ones."""
        for code, index in zip(codes.detach().float(), class_index, strict=True):
            self.codes[index, self.seen[index] % KEPT] = code
            self.seen[index] += 1

    def draw(self, class_index: Tensor, otherwise: Tensor, random: torch.Generator) -> Tensor:
        """For each class (B,) one of its looks at random: (B, code_size); the row of ``otherwise``
        (B, code_size) for a class of which none has been seen."""
        known = self.seen[class_index].clamp(max=KEPT)
        share = torch.rand(len(class_index), generator=random, device=otherwise.device)
        place = (share * known).long().clamp(max=KEPT - 1)
        return torch.where((known > 0)[:, None], self.codes[class_index, place], otherwise)
