"""Writes an evaluation down: a page, a JSON file, and contact sheets as PNG files beside them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.evaluation.result import Evaluation, Sheet
from models.pages.templates import templates_in

_TEMPLATES = templates_in(Path(__file__).with_name("templates"))
_ANCHORS = ("real photos", "grey fill", "copy-paste")  # the same for all weights


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


def filled(template: str, **content: Any) -> str:
    """A page or a text from one of the templates beside this file."""
    return _TEMPLATES.get_template(template).render(content).strip()


def to_html(found: Evaluation) -> str:
    """The page of an evaluation, complete but for the sheets, which it expects beside it."""
    methods = list(dict.fromkeys(row.method for cell in found.cells for row in cell.rows))
    return filled(
        "report.html",
        found=found,
        ours=methods[-1],
        class_by_class=[methods[-1], *(name for name in methods[:-1] if name not in _ANCHORS)],
        sheets={sheet.name: sheet for sheet in found.sheets},
    )


def to_text(found: Evaluation) -> str:
    """The main figures as a few lines for a terminal."""
    return filled("report.txt", found=found)
