"""Claim: two objects that overlap stay two, and the later one lies in front."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.evaluation import metrics
from models.evaluation.baselines import Insertion
from models.evaluation.borders import RINGS, border_profile, relative_profile, ring_distance
from models.evaluation.cases import Generated
from models.evaluation.claims.findings import Claim, Figure, Unit
from models.evaluation.claims.moves import Move, middles, moved, untouchable
from models.evaluation.claims.stage import CANVAS, TILE, Painted, Stage, insert
from models.evaluation.compositing import composite, to_signed
from models.evaluation.contact_sheets import contact_sheet
from models.evaluation.result import Sheet
from models.evaluation.verdicts import Segmenter, segment_iou
from models.features.networks import VOC_CLASSES

_BEHIND = Move("behind", scale=0.85, shift=(-0.1, -0.03))
_BEFORE = Move("before", scale=0.85, shift=(0.1, 0.04))
_TWIN = Move("twin", scale=0.85, mirror=-1.0, shift=(0.1, 0.04))
PASTED = "real objects, pasted"
_CLOSE = slice(
    round(0.14 * CANVAS), round(0.86 * CANVAS)
)  # both objects fill it, as objects fill VOC's photos
_SEEN = 8  # code values; a smaller difference does not show who lies in front


@dataclass(frozen=True)
class _Measured:
    disturbed: int
    first_iou: float
    second_iou: float
    alone_iou: float
    front: float
    border: float


@dataclass(frozen=True)
class _Pairs:
    """Two objects a scene, of different classes, one to be partly hidden by the other."""

    stage: Stage
    behind: Stage
    before: Stage
    behind_name: Tensor  # (N,) the segmenter's numbers, -1 for a class that it does not know
    before_name: Tensor
    partner: Tensor  # (N,) which of the stage's objects is the one before

    @classmethod
    def of(cls, stage: Stage) -> _Pairs:
        names = _segmenter_names(stage)
        partner = partners(stage.class_index, names)
        behind = stage.with_mask(moved(stage.mask, middles(stage.mask), _BEHIND))
        other = stage.chosen(partner).with_scene(stage.scene)
        before = other.with_mask(moved(other.mask, middles(other.mask), _BEFORE))
        return cls(stage, behind, before, names, names[partner], partner)


def claim_overlaps(
    methods: Sequence[Generated],
    photos: Stage,
    real: Tensor,
    shown: Stage,
    segmenter: Segmenter,
) -> Claim:
    """Pairs of objects, inserted in order: measured on `photos`, shown on `shown`.

    real: (N, 3, C, C) in -1..1, the photos' own objects, which are pasted in the same way for comparison.
    """
    pairs = _Pairs.of(photos)
    found = {method.name: _measure(method, pairs, segmenter) for method in methods}
    found[PASTED] = _measure_pasted(pairs, real, segmenter)
    columns = {method.name: _pictures(method, _Pairs.of(shown)) for method in methods}
    figures = (
        _figure(
            "visible pixels of the first object that the second one changed",
            "0",
            Unit.COUNT,
            found,
            "disturbed",
        ),
        _figure(
            "first object's visible part found by the segmenter (IoU)",
            "that of real objects",
            Unit.NUMBER,
            found,
            "first_iou",
        ),
        _figure(
            "second object found by the segmenter (IoU)",
            "that of real objects",
            Unit.NUMBER,
            found,
            "second_iou",
        ),
        _figure("one object alone found by the segmenter (IoU)", "–", Unit.NUMBER, found, "alone_iou"),
        _figure(
            "share of the overlap that changes when the order does", "near 100 %", Unit.SHARE, found, "front"
        ),
        _figure(
            "step between two of one class, over the object's own",
            "well above 1",
            Unit.NUMBER,
            found,
            "border",
        ),
    )
    labels = ["first", "then second", "second", "then first", "two of a class"]
    sheets = tuple(
        Sheet(
            f"claim-overlaps-{n}",
            f"Overlapping objects, {method.name}",
            f"{method.name}: the same two objects in either order, and two of one class.",
            contact_sheet(columns[method.name], labels, shown.labels, TILE),
        )
        for n, method in enumerate(methods)
    )
    known = int((pairs.behind_name >= 0).sum())
    notes = (
        f"{len(photos)} pairs; the segmenter knows the class of {known} of the first objects. It confuses "
        "classes where real animals touch, too: hence the real objects, pasted in alike.",
        "Two of one class: this program inserts one after the other; a one-shot method gets the joined mask "
        "in one pass, as such methods do. The step is measured along the contour of the one in front, inside "
        "the other.",
    )
    return Claim(
        "overlaps",
        "2. Two objects that overlap stay two",
        "Objects are inserted in order. The later one lies in front, the earlier one keeps every pixel that "
        "is still seen of it, and each is found as itself.",
        figures,
        sheets,
        notes,
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


def _segmenter_names(stage: Stage) -> Tensor:
    numbers = [VOC_CLASSES.index(name) if name in VOC_CLASSES else -1 for name in stage.class_names]
    return torch.tensor(numbers, device=stage.class_index.device)[stage.class_index]


def _measure(method: Generated, pairs: _Pairs, segmenter: Segmenter) -> _Measured:
    alone = insert(method, pairs.behind).picture
    both = insert(method, pairs.before.with_scene(alone))
    reverse = insert(method, pairs.behind.with_scene(insert(method, pairs.before).picture)).picture
    visible = (pairs.behind.mask >= 0.5) & untouchable(method, both, pairs.before.mask)
    _, step = _twins(method, pairs.stage)
    return _judged(pairs, (alone, both.picture, reverse), visible, step, segmenter)


def _measure_pasted(pairs: _Pairs, real: Tensor, segmenter: Segmenter) -> _Measured:
    """The real objects, moved as the masks are, pasted in either order."""
    behind = moved(real, middles(pairs.stage.mask), _BEHIND)
    other = pairs.stage.mask[pairs.partner]
    before = moved(real[pairs.partner], middles(other), _BEFORE)

    def pasted(scene: Tensor, rgb: Tensor, mask: Tensor) -> Tensor:
        return composite(to_signed(scene), Insertion(rgb, mask, mask))[1]

    alone = pasted(pairs.stage.scene, behind, pairs.behind.mask)
    both = pasted(alone, before, pairs.before.mask)
    reverse = pasted(pasted(pairs.stage.scene, before, pairs.before.mask), behind, pairs.behind.mask)
    visible = (pairs.behind.mask >= 0.5) & (pairs.before.mask == 0)
    return _judged(pairs, (alone, both, reverse), visible, math.nan, segmenter)


def _judged(
    pairs: _Pairs,
    pictures: tuple[Tensor, Tensor, Tensor],
    visible: Tensor,
    step: float,
    segmenter: Segmenter,
) -> _Measured:
    """Figures of the pictures with the first object alone, with both, and with both in reverse order."""
    alone, both, reverse = pictures
    behind, before = pairs.behind.mask >= 0.5, pairs.before.mask >= 0.5
    overlap = behind & before
    turned = (both.int() - reverse.int()).abs().amax(dim=1, keepdim=True) > _SEEN
    share = (turned & overlap).sum(dim=(1, 2, 3)) / overlap.sum(dim=(1, 2, 3)).clamp(min=1)
    share = torch.where(overlap.flatten(1).any(dim=1), share, torch.nan)
    finished = to_signed(both)

    def found(picture: Tensor, shape: Tensor, name: Tensor) -> float:
        near, its = picture[:, :, _CLOSE, _CLOSE], shape[:, :, _CLOSE, _CLOSE].float()
        return metrics.mean_or_nan(segment_iou(near, its, name, segmenter))

    return _Measured(
        disturbed=int(metrics.changed_pixels(alone, both, visible).sum()),
        first_iou=found(finished, behind & ~before, pairs.behind_name),
        second_iou=found(finished, before, pairs.before_name),
        alone_iou=found(to_signed(alone), behind, pairs.behind_name),
        front=metrics.mean_or_nan(share),
        border=step,
    )


def _pictures(method: Generated, pairs: _Pairs) -> list[Tensor]:
    alone = insert(method, pairs.behind).picture
    both = insert(method, pairs.before.with_scene(alone)).picture
    alone_before = insert(method, pairs.before).picture
    reverse = insert(method, pairs.behind.with_scene(alone_before)).picture
    twins, _ = _twins(method, pairs.stage)
    return [to_signed(picture) for picture in (alone, both, alone_before, reverse, twins.picture)]


def _twins(method: Generated, stage: Stage) -> tuple[Painted, float]:
    """Two of one class, with two looks: one after the other, or for a one-shot method at once."""
    middle = middles(stage.mask)
    back, front = (stage.with_mask(moved(stage.mask, middle, move)) for move in (_BEHIND, _TWIN))
    if method.repaints_scene:
        painted = insert(method, stage.with_mask(torch.maximum(back.mask, front.mask)))
    else:
        painted = insert(method, front.with_scene(insert(method, back).picture), look=1)
    distance = ring_distance(front.mask)
    inside = metrics.grown(1 - back.mask, 2)[:, 0] == 0
    within = torch.where(inside | (distance > 0), distance, distance - 4 * RINGS)
    seen = (inside & (distance.abs() < 1)).flatten(1).sum(
        dim=1
    ) >= RINGS  # pixels; else there is no such contour
    # Only where the contour runs inside the other object; its own busyness is taken from its whole inside.
    at_contour = torch.where(inside, distance, torch.full_like(distance, 4.0 * RINGS))
    picture = to_signed(painted.picture)
    own = border_profile(picture, within)
    own[:, RINGS] = border_profile(picture, at_contour)[:, RINGS]
    steps = relative_profile(own)[:, RINGS]
    return painted, metrics.mean_or_nan(torch.where(seen, steps, torch.nan))


def _figure(what: str, goal: str, unit: Unit, found: dict[str, _Measured], name: str) -> Figure:
    return Figure(what, goal, unit, {method: float(getattr(one, name)) for method, one in found.items()})
