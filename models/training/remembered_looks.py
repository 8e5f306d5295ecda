"""Looks of real objects, kept for a while, so that other objects of their class can be painted with them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.masks.parts_code import PARTS_CHANNELS

KEPT = 64  # looks of a class; older ones come from an encoder that has changed since
ALIKE = 0.25  # share of them, those with the most similar parts, that one is drawn from


class RememberedLooks(nn.Module):
    """The newest appearance codes that the encoder found in real objects, by class.

    A style or a reference is the look of one object in the shape of another. The discriminators have to see
    such pairs: a network that meets each encoded look in its own object's shape only paints the rest blurred.
    The look of a face seen from the front says little about a side, so looks are drawn among those of objects
    whose parts are alike.
    """

    codes: Tensor
    parts: Tensor
    seen: Tensor

    def __init__(self, class_count: int, code_size: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(class_count, KEPT, code_size))
        self.register_buffer("parts", torch.zeros(class_count, KEPT, 16 * PARTS_CHANNELS))
        self.register_buffer("seen", torch.zeros(class_count, dtype=torch.long))

    def keep(self, codes: Tensor, parts: Tensor, class_index: Tensor) -> None:
        """Remembers codes (B, code_size) of objects of the classes (B,), instead of the oldest ones.
        ``parts``: what their parts are like, (B, 128), as ``parts_code.summary`` says it."""
        rows = zip(codes.detach().float(), parts.detach().float(), class_index, strict=True)
        for code, alike, index in rows:
            place = self.seen[index] % KEPT
            self.codes[index, place] = code
            self.parts[index, place] = alike
            self.seen[index] += 1

    def draw(self, class_index: Tensor, parts: Tensor, otherwise: Tensor, random: torch.Generator) -> Tensor:
        """For each class (B,) one of its looks at random, among those whose parts are like ``parts``
        (B, 128): (B, code_size); the row of ``otherwise`` (B, code_size) for a class of which none has been
        seen."""
        known = self.seen[class_index].clamp(max=KEPT)  # (B,)
        distance = (self.parts[class_index] - parts.detach().float()[:, None]).square().sum(2)  # (B, KEPT)
        empty = torch.arange(KEPT, device=distance.device) >= known[:, None]
        order = distance.masked_fill(empty, torch.inf).argsort(1)
        share = torch.rand(len(class_index), generator=random, device=otherwise.device)
        among = (known * ALIKE).ceil().clamp(min=1)
        place = order.gather(1, (share * among).long().clamp(max=KEPT - 1)[:, None])[:, 0]
        return torch.where((known > 0)[:, None], self.codes[class_index, place], otherwise)
