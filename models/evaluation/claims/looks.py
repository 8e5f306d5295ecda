"""Claim: the same mask with another seed gives another look, with the same seed the same pixels."""

from __future__ import annotations

from collections.abc import Sequence

from models.evaluation.cases import Generated, Sample
from models.evaluation.claims.findings import Claim, Figure, Unit
from models.evaluation.claims.stage import TILE, Stage, insert
from models.evaluation.compositing import to_signed
from models.evaluation.contact_sheets import contact_sheet
from models.evaluation.result import ALL_CLASSES, Sheet
from models.evaluation.variety import measure_diversity
from models.features.networks import Lpips


def claim_looks(
    methods: Sequence[Generated], sample: Sample, stage: Stage, lpips: Lpips, *, rows: int, batch_size: int
) -> Claim:
    """Looks by seed, measured on the sample's windows and shown on the stage."""
    looks = stage.codes.shape[1]
    shares, distances, unequal, sheets = {}, {}, {}, []
    between_real = 0.0
    shown = stage.first(rows)
    for n, method in enumerate(methods):
        measured = measure_diversity(sample, method, lpips, limit=len(sample), batch_size=batch_size)
        whole = next(row for row in measured if row.class_name == ALL_CLASSES)
        shares[method.name], distances[method.name] = whole.share, whole.between_seeds
        between_real = whole.between_real
        pictures = [insert(method, shown, look=look).picture for look in range(looks)]
        again = insert(method, shown, look=0).picture
        unequal[method.name] = float((again != pictures[0]).any(dim=1).sum())
        sheets.append(
            Sheet(
                f"claim-looks-{n}",
                f"Looks by seed, {method.name}",
                f"{method.name}: one mask, one scene, {looks} seeds.",
                contact_sheet(
                    [to_signed(picture) for picture in pictures],
                    [f"seed {look + 1}" for look in range(looks)],
                    shown.labels,
                    TILE,
                ),
            )
        )
    figures = (
        Figure("LPIPS between seeds, over that between real objects", "30–60 %", Unit.SHARE, shares),
        Figure("LPIPS between seeds", f"{between_real:.3f} between real objects", Unit.NUMBER, distances),
        Figure("pixels that differ when a seed is used twice", "0", Unit.COUNT, unequal),
    )
    return Claim(
        "looks",
        "3. Another seed, another look",
        "One mask can be filled with many looks; a seed always gives the same one.",
        figures,
        tuple(sheets),
        (f"LPIPS on {len(sample)} objects, on flat grey inside their shape.",),
    )
