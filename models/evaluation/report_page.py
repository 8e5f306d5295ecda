"""The page of an evaluation: tables, plots and contact sheets, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from models.evaluation.page import (
    facts_table,
    note,
    number,
    page,
    percent,
    plot_row,
    sheet_figure,
    table,
    with_error,
)
from models.evaluation.report_plots import (
    border_profiles,
    light_scatters,
    realism_by_class,
    seams_by_method,
    spread_plots,
)
from models.evaluation.result import ALL_CLASSES, Background, Cell, Evaluation, RealismRow, Shape

_COPIES = {
    "nearest training picture": (
        "Distance to the nearest training picture",
        "cosine distance of features",
        "Made objects much nearer than held-out real ones would be copies.",
    )
}
_MASKS = {
    "fill of the box": (
        "How much of its box a mask fills",
        "share of the box",
        "The two outlines should lie on each other.",
    ),
    "width over height": (
        "How wide masks are",
        "log2 of width over height",
        "Generated masks take the box that they are asked for, so these should agree.",
    ),
}


def to_html(found: Evaluation) -> str:
    """The page, complete but for the sheets, which it expects beside it."""
    sheets = {sheet.name: sheet for sheet in found.sheets}
    parts = [facts_table(found.facts), "<h2>Realism, shape, background and seams</h2>"]
    parts += [note(sentence) for sentence in found.notes]
    if found.cells:
        used = found.cell(Shape.GENERATED, Background.OTHER)
        parts.append(
            plot_row(
                [realism_by_class(used, _last_method(used)), seams_by_method(used), border_profiles(used)]
            )
        )
        parts.append(note("The plots show generated masks on other backgrounds, which is what a user does."))
    for cell in found.cells:
        parts.append(f"<h3>{escape(cell_title(cell))}</h3>")
        parts.append(_realism_table(cell, [row for row in cell.rows if row.class_name == ALL_CLASSES]))
        name = f"cell-{cell.shape.value}-{cell.background.value}".replace(" ", "-")
        parts.append(sheet_figure(sheets.get(name)))
    parts.append("<h2>Class by class</h2>")
    for cell in found.cells:
        parts.append(f"<h3>{escape(cell_title(cell))}</h3>")
        parts.append(_class_table(cell))
    parts += ["<h2>Lighting</h2>", plot_row(light_scatters(found)), _lighting_table(found)]
    parts.append(sheet_figure(sheets.get("lighting")))
    parts += ["<h2>Looks</h2>", _diversity_table(found), sheet_figure(sheets.get("looks"))]
    if found.memorisation:
        parts.append("<h2>Copies of training pictures</h2>")
        parts += [plot_row(spread_plots(found, _COPIES)), _memorisation_table(found)]
        parts.append(sheet_figure(sheets.get("copies")))
    parts += ["<h2>Generated masks</h2>", plot_row(spread_plots(found, _MASKS)), _mask_table(found)]
    return page("Insert Object: evaluation", "How good are these weights?", parts)


def cell_title(cell: Cell) -> str:
    """Such as "True mask, own background"."""
    return f"{cell.shape.value}, {cell.background.value}".capitalize()


def _last_method(cell: Cell) -> str:
    return cell.rows[-1].method if cell.rows else ""


def _realism_table(cell: Cell, rows: Sequence[RealismRow]) -> str:
    header = [
        "method",
        "photos",
        "KID",
        "realism share",
        "FCN-score",
        "of copy-paste",
        "seam score",
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
            with_error(row.seam_score, row.seam_score_error),
            str(row.changed_pixels),
            percent(row.spill),
            percent(row.coverage),
        ]
        for row in rows
    ]
    return table(header, body, marked=[row.method == _last_method(cell) for row in rows])


def _class_table(cell: Cell) -> str:
    """Ours and whatever is trained, class by class."""
    ours = _last_method(cell)
    untrained = ("real photos", "real photos, others", "grey fill", "copy-paste")
    methods = [row.method for row in cell.rows if row.class_name == ALL_CLASSES]
    shown = [ours, *(name for name in methods if name not in (*untrained, ours))]
    rows = [row for name in shown for row in cell.rows if row.method == name]
    return table(
        ["method", "class", "photos", "KID", "realism share", "FCN-score", "of copy-paste", "seam score"],
        [
            [
                escape(row.method),
                escape(row.class_name),
                str(row.count),
                with_error(row.kid, row.kid_error),
                with_error(row.realism_share, row.realism_share_error),
                number(row.fcn_score),
                percent(row.fcn_share),
                with_error(row.seam_score, row.seam_score_error),
            ]
            for row in rows
        ],
        marked=[row.method == ours and row.class_name == ALL_CLASSES for row in rows],
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
    return table(
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
    return table(
        ["method", "class", "photos", "LPIPS between seeds", "between real objects", "share"],
        [
            [
                escape(row.method),
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
    return table(
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
    return table(
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
