"""Writes an evaluation down: report.json, report.html and its contact sheets as PNG files beside it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from models.evaluation.comparison import Comparison
from models.evaluation.page import number, percent, with_error
from models.evaluation.report_page import cell_title, to_html
from models.evaluation.result import ALL_CLASSES, Evaluation


class ReportUnwritable(OSError):
    """The report's folder cannot be made or written to."""


def prepare_folder(folder: Path) -> None:
    """Makes the report's folder and tries to write there, so that no long run ends without a report.

    Raises:
        ReportUnwritable: naming the folder and the system's reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise unwritable(folder, error) from error


def write_report(found: Evaluation, folder: Path) -> Path:
    """Writes everything into `folder`, which is made if need be; returns the path of the HTML page.

    Raises:
        ReportUnwritable: naming the folder and the system's reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sheet in found.sheets:
            sheet.picture.save(folder / f"{sheet.name}.png")
        content = json.dumps(found.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "report.json").write_text(content + "\n", encoding="utf-8")
        page = folder / "report.html"
        page.write_text(to_html(found), encoding="utf-8")
    except OSError as error:
        raise unwritable(folder, error) from error
    return page


def write_comparison(found: Comparison, folder: Path) -> Path:
    """Writes compare.json and the contact sheet into `folder`; returns the sheet's path.

    Raises:
        ReportUnwritable: naming the folder and the system's reason.
    """
    sheet = found.sheets[0]
    picture = folder / f"{sheet.name}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sheet.picture.save(picture)
        content = json.dumps(found.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "compare.json").write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise unwritable(folder, error) from error
    return picture


def unwritable(folder: Path, error: OSError) -> ReportUnwritable:
    """The error to raise when `folder` could not be written to."""
    return ReportUnwritable(
        f"The report cannot be written to {folder} ({error.strerror or error}). Name another folder "
        "with --out."
    )


def to_text(found: Evaluation) -> str:
    """The main figures as a few lines for a terminal."""
    lines = []
    for cell in found.cells:
        lines.append(cell_title(cell))
        lines += [
            f"  {row.method:24} KID {with_error(row.kid, row.kid_error)}   realism share "
            f"{number(row.realism_share)}   FCN-score {number(row.fcn_score)}   seam score "
            f"{number(row.seam_score)}   changed pixels {row.changed_pixels}"
            for row in cell.rows
            if row.class_name == ALL_CLASSES
        ]
    lines.append("Lighting")
    lines += [
        f"  {row.method:24} elasticity {number(row.luminance_slope)} "
        f"(R² {number(row.luminance_r_squared)})   red/blue {number(row.red_blue_slope)} "
        f"(R² {number(row.red_blue_r_squared)})"
        for row in found.lighting
        if row.class_name == ALL_CLASSES
    ]
    lines += [
        f"Looks, {row.method}: LPIPS between seeds is {percent(row.share)} of that between real objects"
        for row in found.diversity
        if row.class_name == ALL_CLASSES
    ]
    return "\n".join(lines)
