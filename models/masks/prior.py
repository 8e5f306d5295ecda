"""Which latent codes are worth drawing: those near the codes of real outlines of the class.

A standard normal would mostly hit places between poses, where nothing real lies. Instead the user's ``z``
picks a real outline's code of the class and of nearly the box's shape, and moves it part of the way to one of
the codes next to it: a kernel density over the training codes, so to speak, with kernels along the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.masks.generator import LATENT

_ASPECT_BAND = 0.2  # log units that an outline's own box may differ from the user's
_FEWEST = 24  # codes to choose from, even if the band holds fewer
_LEAST_MIX, _MOST_MIX = 0.05, 0.35  # how far towards the neighbour


@dataclass
class CodePrior:
    """Codes of real outlines.

    codes float32 (N, D); class_index int64 (N,); log_aspect float32 (N,); neighbours int64 (N, K): the places
    of the outlines of the class that are most like each one, or its own place where there is none.
    """

    codes: Tensor
    class_index: Tensor
    log_aspect: Tensor
    neighbours: Tensor

    def __post_init__(self) -> None:
        # Fixed random directions: every code is picked equally often, and z that are close pick alike.
        random = torch.Generator().manual_seed(0)
        self._directions = torch.randn(len(self.codes), LATENT, generator=random)

    def pick(self, class_index: Tensor, log_aspect: Tensor, z: Tensor) -> Tensor:
        """The code for each class, box shape and ``z``; the same input gives the same code.

        Args:
            class_index, log_aspect: (B,).
            z: (B, 32), standard normal.

        Returns:
            (B, D) codes on the device of ``z``.
        """
        picked = [
            self._pick_one(index, aspect, wish)
            for index, aspect, wish in zip(
                class_index.tolist(), log_aspect.tolist(), z.float().cpu(), strict=True
            )
        ]
        return torch.stack(picked).to(z)

    def _pick_one(self, class_index: int, log_aspect: float, z: Tensor) -> Tensor:
        members = torch.where(self.class_index == class_index)[0]
        away = (self.log_aspect[members] - log_aspect).abs()
        nearest = away.topk(min(_FEWEST, len(members)), largest=False).values
        near = members[away <= max(_ASPECT_BAND, nearest.max().item())]
        anchor = near[(self._directions[near] @ z).argmax()]
        close = self.neighbours[anchor]
        neighbour = close[(self._directions[close] @ z).argmin()]
        chance = 0.5 + 0.5 * torch.erf(z[0] / 2**0.5)
        mix = _LEAST_MIX + (_MOST_MIX - _LEAST_MIX) * chance
        return torch.lerp(self.codes[anchor], self.codes[neighbour], mix)
