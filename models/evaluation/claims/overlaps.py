"""Claim: two objects that overlap stay two, and the later one lies in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.claims.findings import Claim, Unit, figures_of, method_sheets
from models.evaluation.claims.moves import Move, shifted
from models.evaluation.claims.stage import Painted, Stage, insert
from models.evaluation.methods import Generated

_BEHIND = Move("behind", scale=0.85, shift=(-0.1, -0.03))
_BEFORE = Move("before", scale=0.85, shift=(0.1, 0.04))
_TWIN = Move("twin", scale=0.85, mirror=-1.0, shift=(0.1, 0.04))
_SEEN = 8  # code values; a smaller difference does not show who lies in front
_FIGURES = (
    ("visible pixels of the first object that the second one changed", "0", Unit.COUNT),
    ("share of the overlap that changes when the order does", "near 100 %", Unit.SHARE),
)


@dataclass(frozen=True)
class _Order:
    """The scenes with the first object, with both, with the second alone, and with both in reverse order."""

    alone: Painted
    both: Painted
    before: Painted
    reverse: Painted
    hidden: Tensor  # (N, 1, C, C) bool: where the second object lies over the first
    visible: Tensor  # (N, 1, C, C) bool: of the first object, what the second one had to leave as it was

    @classmethod
    def painted(cls, method: Generated, stage: Stage) -> _Order:
        """The objects of the stage, partly hidden by one of another class."""
        behind = shifted(stage, _BEHIND)
        before = shifted(replace(stage.chosen(partners(stage.class_index)), scene=stage.scene), _BEFORE)
        alone, second = insert(method, behind), insert(method, before)
        both = insert(method, replace(before, scene=alone.picture))
        reverse = insert(method, replace(behind, scene=second.picture))
        first, hiding = behind.mask >= 0.5, before.mask >= 0.5
        return cls(alone, both, second, reverse, first & hiding, first & both.outside)

    def figures(self) -> tuple[float, ...]:
        """In the order of the claim's lines."""
        difference = (self.both.picture.int() - self.reverse.picture.int()).abs()
        turned = (difference.amax(dim=1, keepdim=True) > _SEEN) & self.hidden
        share = turned.sum(dim=(1, 2, 3)) / self.hidden.sum(dim=(1, 2, 3))  # nan where nothing is hidden
        changed = metrics.changed_pixels(self.alone.picture, self.both.picture, self.visible)
        return int(changed.sum()), metrics.mean_or_nan(share)


def claim_overlaps(methods: Sequence[Generated], photos: Stage, shown: Stage) -> Claim:
    """Pairs of objects, inserted in order: measured on `photos`, shown on `shown`."""

    def pictures(method: Generated) -> dict[str, Tensor]:
        order = _Order.painted(method, shown)
        return {
            "first": order.alone.signed,
            "then second": order.both.signed,
            "second": order.before.signed,
            "then first": order.reverse.signed,
            "two of a class": _twins(method, shown).signed,
        }

    painted = {method.name: pictures(method) for method in methods}
    caption = "the same two objects in either order, and two of one class."
    return Claim(
        "overlaps",
        "2. Two objects that overlap stay two",
        "Objects are inserted in order. The later one lies in front, and the earlier one keeps every pixel "
        "that is still seen of it.",
        figures_of(_FIGURES, {method.name: _Order.painted(method, photos).figures() for method in methods}),
        method_sheets("overlaps", "Overlapping objects", caption, painted, shown.labels),
        (
            f"{len(photos)} pairs. Two of one class: this program inserts one after the other; a one-shot "
            "method gets the joined mask in one pass, as such methods do.",
        ),
    )


def partners(class_index: Tensor) -> Tensor:
    """(N,) for each object the next one of another class, else the next one."""
    count = len(class_index)
    chosen = []
    for n in range(count):
        following = [(n + step) % count for step in range(1, count)]
        others = [m for m in following if class_index[m] != class_index[n]]
        chosen.append((others or following or [n])[0])
    return torch.tensor(chosen, device=class_index.device)


def _twins(method: Generated, stage: Stage) -> Painted:
    """Two of one class, with two looks: one after the other, or for a one-shot method at once."""
    back, front = shifted(stage, _BEHIND), shifted(stage, _TWIN)
    if method.repaints_scene:
        return insert(method, replace(stage, mask=torch.maximum(back.mask, front.mask)))
    return insert(method, replace(front, scene=insert(method, back).picture), look=1)
