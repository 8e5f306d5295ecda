"""Writes an evaluation down: a page, a JSON file, and contact sheets as PNG files beside them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.evaluation.plots import (
    PALETTE,
    border_profiles,
    light_scatters,
    realism_by_class,
    seams_by_method,
    spread_plots,
)
from models.evaluation.result import (
    ALL_CLASSES,
    Background,
    Evaluation,
    Shape,
    Sheet,
    figure,
    number,
    percent,
)

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_PAGES.filters.update(number=number, percent=percent, figure=figure)
_PAGES.globals["palette"] = PALETTE


_ANCHORS = ("real photos", "real photos, others", "grey fill", "copy-paste")  # the same for all weights


class ReportUnwritable(OSError):
    """The report's folder cannot be made or written to."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"The report cannot be written to {folder} ({error.strerror or error}). Name another folder "
            "with --out."
        )


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
        raise ReportUnwritable(folder, error) from error


def write_down(
    folder: Path, name: str, content: dict[str, Any], sheets: Sequence[Sheet], page: str = ""
) -> Path:
    """Writes NAME.json, the sheets, and with a `page` NAME.html into `folder`, which is made if need be.

    Returns:
        The path of the page; without one, that of the first sheet.

    Raises:
        ReportUnwritable: naming the folder and the system's reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sheet in sheets:
            sheet.picture.save(folder / f"{sheet.name}.png")
        written = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / f"{name}.json").write_text(f"{written}\n", encoding="utf-8")
        if not page:
            return folder / f"{sheets[0].name}.png"
        path = folder / f"{name}.html"
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReportUnwritable(folder, error) from error
    return path


def filled_page(template: str, **content: Any) -> str:
    """The page of one of the templates beside this file."""
    return _PAGES.get_template(template).render(content)


def to_html(found: Evaluation) -> str:
    """The page of an evaluation, complete but for the sheets, which it expects beside it."""
    rows = found.cells[0].rows if found.cells else ()
    methods = list(dict.fromkeys(row.method for row in rows))
    ours = methods[-1] if methods else ""
    plots = {
        "lighting": light_scatters(found),
        "copies": spread_plots(found, "nearest training picture"),
        "masks": spread_plots(found, "fill of the box", "width over height"),
    }
    if found.cells:
        used = found.cell(Shape.GENERATED, Background.OTHER)
        plots["realism"] = [realism_by_class(used, ours), seams_by_method(used), border_profiles(used)]
    return filled_page(
        "report.html",
        found=found,
        ours=ours,
        trained=[name for name in methods[:-1] if name not in _ANCHORS],
        plots=plots,
        sheets={sheet.name: sheet for sheet in found.sheets},
    )


def to_text(found: Evaluation) -> str:
    """The main figures as a few lines for a terminal."""
    lines = []
    for cell in found.cells:
        lines.append(cell.title)
        lines += [
            f"  {row.method:24} KID {figure(row.kid, row.kid_error)}   realism share "
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
