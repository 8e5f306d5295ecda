"""The page of an evaluation: plain HTML tables, with the contact sheets beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from models.evaluation.result import ALL_CLASSES, Cell, Evaluation, RealismRow, Sheet

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; background: #fafaf8; }
h1, h2, h3 { line-height: 1.2; font-weight: 600; }
h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: .6rem 0 1.4rem; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #ddd;
         font-variant-numeric: tabular-nums; }
th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
tr.ours td { font-weight: 600; }
figure { margin: 1rem 0 2rem; overflow-x: auto; }
figcaption, .note { color: #555; }
"""


def to_html(found: Evaluation) -> str:
    """The page, complete but for the sheets, which it expects beside it."""
    sheets = {sheet.name: sheet for sheet in found.sheets}
    parts = ["<h1>How good are these weights?</h1>", _facts(found)]
    parts.append("<h2>Realism, shape and background</h2>")
    parts += [f'<p class="note">{escape(note)}</p>' for note in found.notes]
    for cell in found.cells:
        parts.append(f"<h3>{escape(cell_title(cell))}</h3>")
        parts.append(_realism_table(cell, [row for row in cell.rows if row.class_name == ALL_CLASSES]))
        parts.append(_figure(sheets, f"cell-{cell.shape.value}-{cell.background.value}".replace(" ", "-")))
    parts.append("<h2>Class by class</h2>")
    for cell in found.cells:
        ours = _last_method(cell)
        parts.append(f"<h3>{escape(cell_title(cell))}, {escape(ours)}</h3>")
        parts.append(_class_table([row for row in cell.rows if row.method == ours]))
    parts.append("<h2>Lighting</h2>")
    parts.append(_lighting_table(found))
    parts.append(_figure(sheets, "lighting"))
    parts.append("<h2>Looks</h2>")
    parts.append(_diversity_table(found))
    parts.append(_figure(sheets, "looks"))
    if found.memorisation:
        parts.append("<h2>Copies of training pictures</h2>")
        parts.append(_memorisation_table(found))
        parts.append(_figure(sheets, "copies"))
    parts.append("<h2>Generated masks</h2>")
    parts.append(_mask_table(found))
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Insert Object: evaluation</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def cell_title(cell: Cell) -> str:
    """Such as "True mask, own background"."""
    return f"{cell.shape.value}, {cell.background.value}".capitalize()


def _last_method(cell: Cell) -> str:
    return cell.rows[-1].method if cell.rows else ""


def _facts(found: Evaluation) -> str:
    return _table(["", ""], [[escape(name), escape(str(value))] for name, value in found.facts.items()])


def _realism_table(cell: Cell, rows: Sequence[RealismRow]) -> str:
    header = [
        "method",
        "photos",
        "KID",
        "realism share",
        "FCN-score",
        "of copy-paste",
        "changed pixels",
        "spill",
        "coverage",
    ]
    body = [
        [
            escape(row.method),
            str(row.count),
            with_error(row.kid, row.kid_error),
            with_error(row.realism_share, row.realism_share_error),
            number(row.fcn_score),
            percent(row.fcn_share),
            str(row.changed_pixels),
            percent(row.spill),
            percent(row.coverage),
        ]
        for row in rows
    ]
    return _table(header, body, marked=[row.method == _last_method(cell) for row in rows])


def _class_table(rows: Sequence[RealismRow]) -> str:
    header = ["class", "photos", "KID", "realism share", "FCN-score", "of copy-paste", "changed pixels"]
    return _table(
        header,
        [
            [
                escape(row.class_name),
                str(row.count),
                with_error(row.kid, row.kid_error),
                with_error(row.realism_share, row.realism_share_error),
                number(row.fcn_score),
                percent(row.fcn_share),
                str(row.changed_pixels),
            ]
            for row in rows
        ],
    )


def _lighting_table(found: Evaluation) -> str:
    header = [
        "method",
        "class",
        "photos",
        "elasticity",
        "10–90 % of photos",
        "R²",
        "red/blue",
        "red/blue R²",
    ]
    ours = found.lighting[-1].method if found.lighting else ""
    shown = [row for row in found.lighting if row.class_name == ALL_CLASSES or row.method == ours]
    return _table(
        header,
        [
            [
                escape(row.method),
                escape(row.class_name),
                str(row.count),
                number(row.luminance_slope),
                f"{number(row.luminance_slope_low)} – {number(row.luminance_slope_high)}",
                number(row.luminance_r_squared),
                number(row.red_blue_slope),
                number(row.red_blue_r_squared),
            ]
            for row in shown
        ],
        marked=[row.method == ours and row.class_name == ALL_CLASSES for row in shown],
    )


def _diversity_table(found: Evaluation) -> str:
    return _table(
        ["class", "photos", "LPIPS between seeds", "between real objects", "share"],
        [
            [
                escape(row.class_name),
                str(row.count),
                number(row.between_seeds),
                number(row.between_real),
                percent(row.share),
            ]
            for row in found.diversity
        ],
    )


def _memorisation_table(found: Evaluation) -> str:
    return _table(
        ["class", "photos", "training pictures", "made to nearest", "held-out to nearest", "ratio"],
        [
            [
                escape(row.class_name),
                str(row.count),
                str(row.training_pictures),
                number(row.made),
                number(row.held_out),
                number(row.ratio),
            ]
            for row in found.memorisation
        ],
    )


def _mask_table(found: Evaluation) -> str:
    return _table(
        ["class", "masks", "box fit (IoU)", "in one piece", "fill of the box", "real masks' fill"],
        [
            [
                escape(row.class_name),
                str(row.count),
                number(row.box_fit),
                percent(row.one_piece),
                percent(row.fill),
                percent(row.fill_real),
            ]
            for row in found.masks
        ],
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], marked: Sequence[bool] = ()) -> str:
    """An HTML table; the cells of `rows` are HTML already, those of `header` plain text."""
    lines = ["<table>"]
    if any(header):
        lines.append("<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in header) + "</tr>")
    for n, row in enumerate(rows):
        opening = '<tr class="ours">' if n < len(marked) and marked[n] else "<tr>"
        lines.append(opening + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>")
    lines.append("</table>")
    return "\n".join(lines)


def _figure(sheets: dict[str, Sheet], name: str) -> str:
    sheet = sheets.get(name)
    if sheet is None:
        return ""
    width, height = sheet.picture.size
    return (
        f'<figure><figcaption>{escape(sheet.caption)}</figcaption><img src="{escape(sheet.name)}.png" '
        f'width="{width}" height="{height}" alt="{escape(sheet.title)}"></figure>'
    )


def number(value: float) -> str:
    """Three decimals; a dash for what could not be measured."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def percent(value: float) -> str:
    """Whole per cent; a dash for what could not be measured."""
    return f"{100 * value:.0f} %" if math.isfinite(value) else "–"


def with_error(value: float, error: float) -> str:
    """A figure and its standard error, as far as they could be measured."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.3f} ± {error:.3f}" if math.isfinite(error) else f"{value:.3f}"
