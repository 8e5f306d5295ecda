"""Are other weights better than these? Both insert into the same scenes, and the difference is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from models.evaluation import metrics
from models.evaluation.baselines import CopyPaste, GreyFill, Method
from models.evaluation.cases import Generated, Networks, Sample, load_sample, masks_for
from models.evaluation.compositing import composite, to_signed
from models.evaluation.contact_sheets import contact_sheet
from models.evaluation.lighting import measure_lighting
from models.evaluation.realism import SMALLEST_SAMPLE, Halves, halves_by_class, soft_reach
from models.evaluation.result import ALL_CLASSES, Background, LightingRow, Shape, Sheet, finite
from models.evaluation.rivals import ForClasses, RivalUnusable
from models.evaluation.verdicts import Judges, Verdict, judge_method, judge_photos, segmenter_names
from models.photos.data import ObjectRecord

CERTAIN = 2.0  # standard errors of the difference that decide


class Better(Enum):
    """Which weights are better on realism share."""

    FIRST = "first"
    SECOND = "second"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Standing:
    """One set of weights over one class: generated masks on other backgrounds. nan: not to be had."""

    realism_share: float
    realism_share_error: float
    fcn_share: float
    seam_score: float
    luminance_slope: float
    red_blue_slope: float


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
        rows = []
        for row in self.rows:
            plain = asdict(row)
            for side in ("first", "second"):
                plain[side] = {name: finite(value) for name, value in plain[side].items()}
            plain.update(difference=finite(row.difference), error=finite(row.error), better=row.better.value)
            rows.append(plain)
        return {
            "first": self.first,
            "second": self.second,
            "better": self.overall.better.value,
            "facts": dict(self.facts),
            "classes": rows,
            "notes": list(self.notes),
            "sheets": {sheet.name: f"{sheet.name}.png" for sheet in self.sheets},
        }


@torch.inference_mode()
def compare(
    first: Networks,
    second: Networks,
    names: tuple[str, str],
    records: Sequence[ObjectRecord],
    judges: Judges,
    *,
    size: int,
    limit: int | None,
    seed: int,
    device: str,
    batch_size: int = 16,
    lighting_limit: int = 24,
    sheet_rows: int = 16,
) -> Comparison:
    """Both networks on the classes that both know, each with its own masks, in the same scenes.

    Raises:
        NothingToEvaluate, DataError: as `evaluate`.
        RivalUnusable: the two know no class in common.
    """
    known = tuple(name for name in first.class_names if name in second.class_names)
    if not known:
        raise RivalUnusable("The two sets of weights know no class in common, so nothing compares.")
    sides = [ForClasses(networks, known) for networks in (first, second)]
    generator = torch.Generator().manual_seed(seed)
    sample = load_sample(
        records,
        sides[0],
        size=size,
        limit=limit,
        looks=1,
        device=torch.device(device),
        generator=generator,
        code_size=sides[1].code_size,
    )
    scene = sample.scenes(Background.OTHER)
    masks = [masks_for(sample, side, Shape.GENERATED, batch_size) for side in sides]
    methods = [Generated(side, name) for side, name in zip(sides, names, strict=True)]
    verdicts = _judge(sample, scene, methods, masks, judges, batch_size)
    lights = [
        measure_lighting(sample, [method], limit=lighting_limit, batch_size=batch_size)[0]
        for method in methods
    ]
    rows = _rows(verdicts, halves_by_class(sample, generator), lights)
    facts: dict[str, str | int | float] = {
        "photos": len(sample),
        "first weights": names[0],
        "second weights": names[1],
        "judged at": size,
        "seed": seed,
    }
    unshared = sorted({*first.class_names, *second.class_names} - set(known))
    notes = [f"Known to one of them only, so not compared: {', '.join(unshared)}."] if unshared else []
    sheet = _sheet(sample, scene, methods, masks, sheet_rows)
    return Comparison(names[0], names[1], facts, rows, notes, [sheet])


@dataclass(frozen=True)
class _Verdicts:
    real: Verdict
    grey: Verdict
    pasted: Verdict
    sides: tuple[Verdict, Verdict]


def _judge(
    sample: Sample,
    scene: Tensor,
    methods: Sequence[Generated],
    masks: Sequence[Tensor],
    judges: Judges,
    batch_size: int,
) -> _Verdicts:
    size = sample.real.shape[-1]
    names = segmenter_names(sample)
    with tqdm(
        total=4 * len(sample), desc="judging pictures", unit="picture", disable=None, leave=False
    ) as bar:

        def judged(method: Method, mask: Tensor, reach: int) -> Verdict:
            return judge_method(sample, method, scene, mask, judges, reach, batch_size, bar)

        found = [
            judged(method, mask, soft_reach(size, method.networks.resolution))
            for method, mask in zip(methods, masks, strict=True)
        ]
        return _Verdicts(
            judge_photos(sample.real, sample.real_mask, names, judges, batch_size),
            judged(GreyFill(), sample.real_mask, 0),
            judged(CopyPaste(), sample.real_mask, 0),
            (found[0], found[1]),
        )


def _rows(
    verdicts: _Verdicts, halves: Halves, lights: Sequence[Sequence[LightingRow]]
) -> list[ClassComparison]:
    rows = []
    for class_name, (members, parts) in halves.items():
        if len(members) < (4 if class_name == ALL_CLASSES else SMALLEST_SAMPLE):
            continue
        index = members.to(verdicts.real.features.device)

        def likeness(verdict: Verdict, index: Tensor = index, parts: Tensor = parts) -> metrics.Estimate:
            return metrics.kid(verdicts.real.features[index].cpu(), verdict.features[index].cpu(), parts)

        def border(verdict: Verdict, index: Tensor = index, parts: Tensor = parts) -> metrics.Estimate:
            real = verdicts.real.border[index].cpu()
            return metrics.energy_distance(real, verdict.border[index].cpu(), parts)

        pasted_score = metrics.mean_or_nan(verdicts.pasted.iou[index])
        shares, standings = [], []
        for verdict, light in zip(verdicts.sides, lights, strict=True):
            share, seam = (
                metrics.anchored_share(distance(verdicts.grey), distance(verdict), distance(verdicts.pasted))
                for distance in (likeness, border)
            )
            followed = next((row for row in light if row.class_name == class_name), None)
            score = metrics.mean_or_nan(verdict.iou[index])
            shares.append(share)
            standings.append(
                Standing(
                    share.value,
                    share.error,
                    score / pasted_score if pasted_score > 0 else math.nan,
                    seam.value,
                    followed.luminance_slope if followed else math.nan,
                    followed.red_blue_slope if followed else math.nan,
                )
            )
        difference = metrics.Estimate(shares[1].value - shares[0].value, shares[1].halves - shares[0].halves)
        rows.append(
            ClassComparison(
                class_name, len(members), standings[0], standings[1], difference.value, difference.error
            )
        )
    return rows


def _sheet(
    sample: Sample, scene: Tensor, methods: Sequence[Method], masks: Sequence[Tensor], rows: int
) -> Sheet:
    """The scenes with either weights' object, side by side: numbers alone do not decide."""
    count = min(rows, len(sample))
    columns = [scene[:count]]
    for method, mask in zip(methods, masks, strict=True):
        _, cases = next(iter(sample.batches(scene[:count], mask[:count], count)))
        columns.append(to_signed(composite(cases.scene, method.insert(cases))[1]))
    return Sheet(
        "comparison",
        "The same scenes with either weights' object",
        "Look before you replace: the better figures should have the better pictures.",
        contact_sheet(
            columns, ["scene", "first", "second"], [sample.class_names[n] for n in sample.class_index[:count]]
        ),
    )


def to_text(found: Comparison) -> str:
    """What was found, for a terminal: the verdict first, then why."""
    whole = found.overall
    verdict = {
        Better.FIRST: f"{found.first} (the first) are better.",
        Better.SECOND: f"{found.second} (the second) are better.",
        Better.UNDECIDED: f"Undecided: the difference is within {CERTAIN:g} standard errors.",
    }[whole.better]
    lines = [
        verdict,
        f"Realism share over {whole.count} photos, generated masks on other backgrounds: first "
        f"{whole.first.realism_share:.3f}, second {whole.second.realism_share:.3f}, difference "
        f"{whole.difference:+.3f} ± {whole.error:.3f}.",
    ]
    others = (
        ("FCN-score over pasting", "fcn_share"),
        ("seam score", "seam_score"),
        ("elasticity of brightness", "luminance_slope"),
        ("elasticity of red over blue", "red_blue_slope"),
    )
    for title, name in others:
        lines.append(
            f"  {title}: first {getattr(whole.first, name):.3f}, second {getattr(whole.second, name):.3f}"
        )
    lines += [
        f"  {row.class_name} ({row.count}): {row.difference:+.3f} ± {row.error:.3f}, {row.better.value}"
        for row in found.rows
        if row.class_name != ALL_CLASSES
    ]
    return "\n".join([*lines, *found.notes])
