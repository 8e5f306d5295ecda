"""Writes the claims down: claims.html with its pictures as PNG files beside it, and claims.json."""

from __future__ import annotations

import json
import math
from html import escape
from pathlib import Path

from models.evaluation.claims.findings import Claim, Findings
from models.evaluation.page import facts_table, note, page, sheet_figure, table
from models.evaluation.report import unwritable

BASELINE = "one-shot baseline"


def write_claims(found: Findings, folder: Path) -> Path:
    """Writes everything into `folder`, which is made if need be; returns the path of the HTML page.

    Raises:
        ReportUnwritable: naming the folder and the system's reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for claim in found.claims:
            for sheet in claim.sheets:
                sheet.picture.save(folder / f"{sheet.name}.png")
        content = json.dumps(found.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "claims.json").write_text(content + "\n", encoding="utf-8")
        path = folder / "claims.html"
        path.write_text(to_html(found), encoding="utf-8")
    except OSError as error:
        raise unwritable(folder, error) from error
    return path


def to_html(found: Findings) -> str:
    """The page, complete but for the pictures, which it expects beside it."""
    parts = [facts_table(found.facts), *(note(sentence) for sentence in found.notes)]
    for claim in found.claims:
        parts += _section(claim, found.methods)
    return page("Insert Object: claims", "What the program promises, and how it keeps it", parts)


def _section(claim: Claim, methods: tuple[str, ...]) -> list[str]:
    measured = dict.fromkeys(name for figure in claim.figures for name in figure.values)
    columns = [*(methods if len(methods) > 1 else (*methods, BASELINE))]
    columns += [name for name in measured if name not in columns]
    rows = [
        [
            escape(figure.what),
            *(figure.unit.text(figure.values.get(name, math.nan)) for name in columns),
            escape(figure.goal),
        ]
        for figure in claim.figures
    ]
    return [
        f"<h2>{escape(claim.title)}</h2>",
        f"<p>{escape(claim.promise)}</p>",
        table(["", *columns, "goal"], rows),
        *(note(sentence) for sentence in claim.notes),
        *(sheet_figure(sheet) for sheet in claim.sheets),
    ]
