"""Are other weights better than these? Both insert into the same scenes, and the difference is measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.lighting import measure_lighting
from models.evaluation.methods import (
    CopyPaste,
    Finished,
    ForClasses,
    Generated,
    GreyFill,
    Method,
    Networks,
    PaintLayer,
    RivalUnusable,
)
from models.evaluation.realism import REAL_PHOTO, UNKNOWN, Halves, halves_by_class, realism_rows, soft_reach
from models.evaluation.report import filled
from models.evaluation.result import ALL_CLASSES, Background, LightingRow, Shape, Sheet, plain
from models.evaluation.sample import Options, load_sample
from models.evaluation.sheets import comparison_sheet
from models.evaluation.verdicts import FeatureNetworks, Verdict, judge_method, judge_photos, segmenter_names
from models.photos.data import ObjectRecord

CERTAIN = 2.0  # standard errors of the difference that decide


class Better(Enum):
    """Which weights are better on realism share."""

    FIRST = "first"
    SECOND = "second"
    UNDECIDED = "undecided"


Standing = Mapping[str, float]
"""One set of weights over one class, figures by name: generated masks on other backgrounds, nan where one
cannot be had."""

_REALISM = ("realism_share", "realism_share_error", "fcn_share", "seam_score")
_LIGHT = ("luminance_slope", "red_blue_slope")


@dataclass(frozen=True)
class ClassComparison:
    """Both weights over one class; `difference` is second minus first in realism share."""

    class_name: str
    count: int
    first: Standing
    second: Standing
    difference: float
    error: float
    """Standard error of the difference, on the same random halves: much smaller than those of the shares."""

    @property
    def better(self) -> Better:
        """The weights that lead by more than chance would make them."""
        if not abs(self.difference) > CERTAIN * self.error:  # also where one of them is nan
            return Better.UNDECIDED
        return Better.SECOND if self.difference > 0 else Better.FIRST


@dataclass
class Comparison:
    """Two sets of weights on the same photos."""

    first: str
    second: str
    facts: dict[str, str | int | float]
    rows: list[ClassComparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)

    @property
    def overall(self) -> ClassComparison:
        return next(row for row in self.rows if row.class_name == ALL_CLASSES)

    def to_json(self) -> dict[str, Any]:
        """Plain values; nan becomes None. `better` is "first", "second" or "undecided"."""
        content: dict[str, Any] = plain(self)
        classes = [
            {**its, "better": row.better.value}
            for its, row in zip(content.pop("rows"), self.rows, strict=True)
        ]
        content["sheets"] = {sheet.name: plain(sheet) for sheet in self.sheets}
        return {**content, "better": self.overall.better.value, "classes": classes}


@torch.inference_mode()
def compare(
    first: Networks,
    second: Networks,
    names: tuple[str, str],
    records: Sequence[ObjectRecord],
    judges: FeatureNetworks,
    options: Options,
    paint: tuple[PaintLayer, PaintLayer] | None = None,
) -> Comparison:
    """Both networks on the classes that both know, each with its own masks, in the same scenes; `paint`
    makes the objects of either as users get them.

    Raises:
        NothingToEvaluate, DataError: as `evaluate`.
        RivalUnusable: the two know no class in common.
    """
    known = tuple(name for name in first.class_names if name in second.class_names)
    if not known:
        raise RivalUnusable("The two sets of weights know no class in common, so nothing compares.")
    sides = [ForClasses(networks, known) for networks in (first, second)]
    generator = torch.Generator().manual_seed(options.seed)
    sample = load_sample(records, sides[0], options, generator, sides[1].code_size)
    scene = sample.scenes(Background.OTHER)
    masks = [sample.masks(side, Shape.GENERATED) for side in sides]
    titles = Better.FIRST.value, Better.SECOND.value
    methods: list[Method] = [Generated(*its) for its in zip(sides, titles, strict=True)]
    if paint is not None:
        methods = [Finished(its, known, title) for its, title in zip(paint, titles, strict=True)]
    numbers = segmenter_names(sample.class_names, sample.class_index)
    verdicts = {REAL_PHOTO: judge_photos(sample.real, sample.real_mask, numbers, judges)}
    reaches = [soft_reach(options.size, side.resolution) for side in sides]
    entries: list[tuple[Method, Tensor, int]] = [
        *((anchor, sample.real_mask, 0) for anchor in (GreyFill(), CopyPaste())),
        *zip(methods, masks, reaches, strict=True),
    ]
    total = len(entries) * len(sample)
    with tqdm(total=total, desc="judging pictures", unit="picture", disable=None, leave=False) as bar:
        for entry, mask, reach in entries:
            verdicts[entry.name] = judge_method(
                sample, entry, scene, mask, Shape.GENERATED, judges, reach, bar
            )
    lights = measure_lighting(sample, methods, options.lighting_limit)
    facts: dict[str, str | int | float] = {
        "photos": len(sample),
        "first weights": names[0],
        "second weights": names[1],
        "judged at": options.size,
        "seed": options.seed,
    }
    unshared = sorted({*first.class_names, *second.class_names} - set(known))
    notes = [f"Known to one of them only, so not compared: {', '.join(unshared)}."] if unshared else []
    rows = _rows(verdicts, halves_by_class(sample, generator), lights)
    return Comparison(
        *names, facts, rows, notes, [comparison_sheet(sample, scene, methods, masks, options.sheet_rows)]
    )


def _rows(
    verdicts: dict[str, Verdict], halves: Halves, lights: Sequence[LightingRow]
) -> list[ClassComparison]:
    measured, shares = realism_rows(verdicts, halves)
    found = {(row.class_name, row.method): row for row in measured}
    light = {(row.class_name, row.method): row for row in lights}
    rows = []
    for class_name, (members, _) in halves.items():
        sides = [(class_name, side.value) for side in (Better.FIRST, Better.SECOND)]
        if class_name != ALL_CLASSES and sides[0] not in shares:
            continue
        standing, rival = (
            {
                **{name: getattr(found[side], name) for name in _REALISM},
                **{name: getattr(light.get(side), name, math.nan) for name in _LIGHT},
            }
            for side in sides
        )
        first, second = (shares.get(side, UNKNOWN) for side in sides)
        difference = metrics.Estimate(second.value - first.value, second.halves - first.halves)
        rows.append(
            ClassComparison(class_name, len(members), standing, rival, difference.value, difference.error)
        )
    return rows


def to_text(found: Comparison) -> str:
    """What was found, for a terminal: the verdict first, then why."""
    return filled("compare.txt", found=found, certain=round(CERTAIN))
