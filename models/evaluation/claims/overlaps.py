"""Claim: two objects that overlap stay two, and the later one lies in front."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.borders import RINGS, border_profile, relative_profile, ring_distance
from models.evaluation.claims.findings import Claim, Unit, figures_of, method_sheets
from models.evaluation.claims.moves import Move, middles, moved
from models.evaluation.claims.stage import CANVAS, Painted, Stage, insert
from models.evaluation.methods import Generated, Insertion, composite, to_signed
from models.evaluation.verdicts import segment_iou, segmenter_names
from models.features.networks import DeepLabVoc

_BEHIND = Move("behind", scale=0.85, shift=(-0.1, -0.03))
_BEFORE = Move("before", scale=0.85, shift=(0.1, 0.04))
_TWIN = Move("twin", scale=0.85, mirror=-1.0, shift=(0.1, 0.04))
PASTED = "real objects, pasted"
_CLOSE = slice(round(0.14 * CANVAS), round(0.86 * CANVAS))  # objects fill it, as they fill VOC's photos
_SEEN = 8  # code values; a smaller difference does not show who lies in front
_FIGURES = (
    ("visible pixels of the first object that the second one changed", "0", Unit.COUNT),
    ("first object's visible part found by the segmenter (IoU)", "that of real objects", Unit.NUMBER),
    ("second object found by the segmenter (IoU)", "that of real objects", Unit.NUMBER),
    ("one object alone found by the segmenter (IoU)", "–", Unit.NUMBER),
    ("share of the overlap that changes when the order does", "near 100 %", Unit.SHARE),
    ("step between two of one class, over the object's own", "well above 1", Unit.NUMBER),
)


@dataclass(frozen=True)
class _Pairs:
    """Two objects a scene, of different classes, one to be partly hidden by the other."""

    stage: Stage
    behind: Stage
    before: Stage
    names: tuple[Tensor, Tensor]  # (N,) each, the segmenter's numbers, -1 for a class that it does not know
    partner: Tensor  # (N,) which of the stage's objects is the one before

    @classmethod
    def of(cls, stage: Stage) -> _Pairs:
        names = segmenter_names(stage.class_names, stage.class_index)
        partner = partners(stage.class_index, names)
        behind = replace(stage, mask=moved(stage.mask, middles(stage.mask), _BEHIND))
        other = replace(stage.chosen(partner), scene=stage.scene)
        before = replace(other, mask=moved(other.mask, middles(other.mask), _BEFORE))
        return cls(stage, behind, before, (names, names[partner]), partner)


@dataclass(frozen=True)
class _Order:
    """The scenes with the first object, with both, with the second alone, and with both in reverse order:
    (N, 3, C, C) uint8 each; and where the second insertion had to leave everything as it was."""

    alone: Tensor
    both: Tensor
    before: Tensor
    reverse: Tensor
    outside: Tensor

    @classmethod
    def painted(cls, method: Generated, pairs: _Pairs) -> _Order:
        def paint(stage: Stage, scene: Tensor) -> Painted:
            return insert(method, replace(stage, scene=scene))

        scene = pairs.stage.scene
        alone, before = (paint(stage, scene).picture for stage in (pairs.behind, pairs.before))
        both = paint(pairs.before, alone)
        return cls(alone, both.picture, before, paint(pairs.behind, before).picture, both.outside)

    @classmethod
    def pasted(cls, real: Tensor, pairs: _Pairs) -> _Order:
        """The real objects (N, 3, C, C) in -1..1, moved as the masks are."""

        def paster(stage: Stage, its: Tensor, mask: Tensor, move: Move) -> Callable[[Tensor], Tensor]:
            cut = moved(its, middles(mask), move)
            return lambda scene: composite(to_signed(scene), Insertion(cut, stage.mask, stage.mask))[1]

        mask, scene = pairs.stage.mask, pairs.stage.scene
        behind = paster(pairs.behind, real, mask, _BEHIND)
        before = paster(pairs.before, real[pairs.partner], mask[pairs.partner], _BEFORE)
        alone, first = behind(scene), before(scene)
        return cls(alone, before(alone), first, behind(first), pairs.before.mask == 0)


def claim_overlaps(
    methods: Sequence[Generated], photos: Stage, real: Tensor, shown: Stage, segmenter: DeepLabVoc
) -> Claim:
    """Pairs of objects, inserted in order: measured on `photos`, shown on `shown`.

    real: (N, 3, C, C) in -1..1, the photos' own objects, which are pasted in the same way for comparison.
    """
    pairs = _Pairs.of(photos)
    found = {
        method.name: _measured(pairs, _Order.painted(method, pairs), _twins(method, photos)[1], segmenter)
        for method in methods
    }
    found[PASTED] = _measured(pairs, _Order.pasted(real, pairs), math.nan, segmenter)

    def pictures(method: Generated) -> dict[str, Tensor]:
        order = _Order.painted(method, _Pairs.of(shown))
        columns = {
            "first": order.alone,
            "then second": order.both,
            "second": order.before,
            "then first": order.reverse,
            "two of a class": _twins(method, shown)[0].picture,
        }
        return {label: to_signed(picture) for label, picture in columns.items()}

    painted = {method.name: pictures(method) for method in methods}
    caption = "the same two objects in either order, and two of one class."
    sheets = method_sheets("overlaps", "Overlapping objects", caption, painted, shown.labels)
    return Claim(
        "overlaps",
        "2. Two objects that overlap stay two",
        "Objects are inserted in order. The later one lies in front, the earlier one keeps every pixel that "
        "is still seen of it, and each is found as itself.",
        figures_of(_FIGURES, found),
        sheets,
        (
            f"{len(photos)} pairs; the segmenter knows the class of {int((pairs.names[0] >= 0).sum())} of "
            "the first objects. It confuses classes where real animals touch, too: hence the real objects, "
            "pasted in alike.",
            "Two of one class: this program inserts one after the other; a one-shot method gets the joined "
            "mask in one pass, as such methods do. The step is measured along the contour of the one in "
            "front, inside the other.",
        ),
    )


def partners(class_index: Tensor, names: Tensor) -> Tensor:
    """(N,) for each object the next one of another class, one that the segmenter knows if there is one."""
    count = len(class_index)
    chosen = []
    for n in range(count):
        following = [(n + step) % count for step in range(1, count)]
        others = [m for m in following if class_index[m] != class_index[n]]
        known = [m for m in others if names[m] >= 0]
        chosen.append((known or others or following or [n])[0])
    return torch.tensor(chosen, device=class_index.device)


def _measured(pairs: _Pairs, order: _Order, step: float, segmenter: DeepLabVoc) -> tuple[float, ...]:
    """The figures in their order."""
    behind, before = pairs.behind.mask >= 0.5, pairs.before.mask >= 0.5
    overlap = behind & before
    turned = (order.both.int() - order.reverse.int()).abs().amax(dim=1, keepdim=True) > _SEEN
    share = (turned & overlap).sum(dim=(1, 2, 3)) / overlap.sum(dim=(1, 2, 3)).clamp(min=1)
    share = torch.where(overlap.flatten(1).any(dim=1), share, torch.nan)

    def found(picture: Tensor, shape: Tensor, name: Tensor) -> float:
        near, its = to_signed(picture)[:, :, _CLOSE, _CLOSE], shape[:, :, _CLOSE, _CLOSE].float()
        return metrics.mean_or_nan(segment_iou(near, its, name, segmenter))

    return (
        int(metrics.changed_pixels(order.alone, order.both, behind & order.outside).sum()),
        found(order.both, behind & ~before, pairs.names[0]),
        found(order.both, before, pairs.names[1]),
        found(order.alone, behind, pairs.names[0]),
        metrics.mean_or_nan(share),
        step,
    )


def _twins(method: Generated, stage: Stage) -> tuple[Painted, float]:
    """Two of one class, with two looks: one after the other, or for a one-shot method at once."""
    middle = middles(stage.mask)
    back, front = (replace(stage, mask=moved(stage.mask, middle, move)) for move in (_BEHIND, _TWIN))
    if method.repaints_scene:
        painted = insert(method, replace(stage, mask=torch.maximum(back.mask, front.mask)))
    else:
        painted = insert(method, replace(front, scene=insert(method, back).picture), look=1)
    distance = ring_distance(front.mask)
    inside = metrics.grown(1 - back.mask, 2)[:, 0] == 0
    within = torch.where(inside | (distance > 0), distance, distance - 4 * RINGS)
    at_edge = (inside & (distance.abs() < 1)).flatten(1).sum(dim=1)
    seen = at_edge >= RINGS  # pixels; else there is no such contour
    # Only where the contour runs inside the other object; its own busyness is taken from its whole inside.
    at_contour = torch.where(inside, distance, torch.full_like(distance, 4.0 * RINGS))
    own = border_profile(painted.signed, within)
    own[:, RINGS] = border_profile(painted.signed, at_contour)[:, RINGS]
    steps = relative_profile(own)[:, RINGS]
    return painted, metrics.mean_or_nan(torch.where(seen, steps, torch.nan))
