"""Which outlines a seed morphs for a class and a box shape: a real one, and one that is much like it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.masks.generator import LATENT
from models.masks.shape_library import ShapeLibrary

_ASPECT_BAND = 0.2  # log units that an outline's own box may differ from the user's
_FEWEST = 24  # outlines to choose from, even if the band holds fewer
_LEAST, _MOST = 0.0, 0.12  # how far to go towards the other: further, heads and wheels lose their form
_BENT = 0.5  # how much of the bend that geometry allows


@dataclass(frozen=True)
class Choice:
    """What the generator is given: places in the library (B,), amount (B,) in 0..1, bend (B, 4) in -1..1."""

    place: Tensor
    other: Tensor
    amount: Tensor
    bend: Tensor


class OutlineChooser:
    """Chooses from a library, each outline as often as its worth says; ``z`` that are close choose alike.

    The highest of independent Gumbel variates, each raised by the logarithm of a weight, belongs to an entry
    as often as the weights say (Gumbel, "Statistical theory of extreme values", 1954).
    """

    def __init__(self, library: ShapeLibrary) -> None:
        self._library = library
        self._aspect = library.log_aspect.repeat(2)
        self._class_index = library.class_index.repeat(2)
        self._worth = library.worth.repeat(2).double()
        random = torch.Generator().manual_seed(0)
        directions = torch.randn(len(self._aspect), LATENT, generator=random)
        self._directions = functional.normalize(directions) * LATENT**0.5

    def choose(self, class_index: Tensor, log_aspect: Tensor, z: Tensor) -> Choice:
        """The same input gives the same choice.

        Args:
            class_index, log_aspect: (B,).
            z: (B, 32), standard normal.
        """
        wishes = z.float().cpu()
        pairs = [
            self._pair(index, aspect, wish)
            for index, aspect, wish in zip(class_index.tolist(), log_aspect.tolist(), wishes, strict=True)
        ]
        places = torch.tensor(pairs, device=z.device)  # (B, 2)
        chance = torch.erf(wishes[:, :5] / 2**0.5).to(z.device)  # -1..1, each value as likely as any other
        amount = _LEAST + (_MOST - _LEAST) * (0.5 + 0.5 * chance[:, 0])
        return Choice(places[:, 0], places[:, 1], amount, _BENT * chance[:, 1:])

    def _pair(self, class_index: int, log_aspect: float, z: Tensor) -> tuple[int, int]:
        members = torch.where(self._class_index == class_index)[0]
        away = (self._aspect[members] - log_aspect).abs()
        nearest = away.topk(min(_FEWEST, len(members)), largest=False).values
        near = members[away <= max(_ASPECT_BAND, nearest.max().item())]
        normal = self._directions[near] @ functional.normalize(z, dim=0)  # nearly a standard normal variate
        gumbel = -(-torch.special.log_ndtr(normal.double())).log()
        place = int(near[(gumbel + self._worth[near]).argmax()])
        close = self._library.alike(place)
        return place, int(close[(self._directions[close] @ z).argmin()])
