"""The plots of a report: which figures they show, and what to read off them."""

from __future__ import annotations

from collections.abc import Callable

from models.evaluation.borders import RINGS
from models.evaluation.page import number, percent
from models.evaluation.result import ALL_CLASSES, Cell, Evaluation
from models.evaluation.svg_plots import Bar, Frame, Series, bar_plot, curve_plot, histogram, scatter_plot

REALISM_GOAL, SEAM_GOAL = 0.9, 0.9  # shares of the way from a grey blob to real pixels

Plot = tuple[str, str]
"""SVG and caption."""


def realism_by_class(cell: Cell, method: str) -> Plot:
    """Bars of the realism share, class by class, with standard errors."""
    bars = _bars(cell, method, lambda row: (row.realism_share, row.realism_share_error))
    title = f"Realism share of {method}, class by class"
    return (
        bar_plot(Frame(title, _read_out(bars), "", "realism share"), bars, goal=REALISM_GOAL),
        f"{title}. 0 is a grey blob, 1 the real object's own pixels; the dashed line is the goal, "
        "whiskers are standard errors, a dash means too few photos.",
    )


def seams_by_method(cell: Cell) -> Plot:
    """Bars of the seam score, method by method."""
    shown = [row for row in cell.rows if row.class_name == ALL_CLASSES]
    bars = [Bar(_short(row.method), row.seam_score, row.seam_score_error) for row in shown]
    title = "Seam score by method"
    return (
        bar_plot(Frame(title, _read_out(bars), "", "seam score"), bars, goal=SEAM_GOAL),
        f"{title}. 0 is the border of a hard grey cut-out, 1 that of the real object cut out and pasted in; "
        "above 1 is nearer to the borders in photos than the cut-out is.",
    )


def border_profiles(cell: Cell) -> Plot:
    """Curves of the mean step across the contour."""
    rings = [float(ring) for ring in range(-RINGS, RINGS + 1)]
    series = [
        Series(border.method, rings, border.steps)
        for border in cell.borders
        if "grey" not in border.method and "others" not in border.method
    ]
    heights = [f"{one.name} {number(one.y[RINGS])}" for one in series]
    title = "Steps across the border"
    return (
        curve_plot(
            Frame(
                title,
                f"Height at the contour: {', '.join(heights)}.",
                "pixels of a 128 px window from the contour; the object is on the right",
                "step over the object's own",
            ),
            series,
        ),
        f"{title}. A higher peak than in photos is a cut-out, a lower and wider one a ghost, a second peak a "
        "halo.",
    )


def light_scatters(found: Evaluation) -> list[Plot]:
    """Scatters of object light over scene light, for brightness and for colour, of the last method."""
    if not found.light_points:
        return []
    points, rivals = found.light_points[-1], found.light_points[:-1]
    slopes = {row.method: row for row in found.lighting if row.class_name == ALL_CLASSES}
    ours = slopes[points.method]
    brightness = Frame(
        "The object's brightness over the scene's",
        f"Median slope of {points.method} {number(ours.luminance_slope)}, R² "
        f"{number(ours.luminance_r_squared)}.",
        "scene, stops brighter than it is",
        "object, stops",
    )
    colour = Frame(
        "The object's red over blue, over the scene's",
        f"Median slope of {points.method} {number(ours.red_blue_slope)}, R² "
        f"{number(ours.red_blue_r_squared)}.",
        "scene, stops of red over blue",
        "object, stops",
    )
    first = [Series(points.method, points.scene, points.made, ours.luminance_slope)]
    second = [Series(points.method, points.red_blue_scene, points.red_blue_made, ours.red_blue_slope)]
    for rival in rivals:
        row = slopes[rival.method]
        first.append(Series(rival.method, (), (), row.luminance_slope))
        second.append(Series(rival.method, (), (), row.red_blue_slope))
    reading = "Dots are photos under one gain each, lines the median slopes; dotted is slope 1, the goal."
    return [
        (scatter_plot(brightness, first), f"{brightness.title}. {reading}"),
        (scatter_plot(colour, second), f"{colour.title}. {reading}"),
    ]


def spread_plots(found: Evaluation, names: dict[str, tuple[str, str, str]]) -> list[Plot]:
    """Histograms of made beside real; `names`: quantity -> (title, axis, caption)."""
    plots = []
    for name, (title, axis, caption) in names.items():
        spread = found.spreads.get(name)
        if spread is None:
            continue
        series = [Series("made", spread.made), Series("real", spread.real)]
        frame = Frame(
            title, f"{len(spread.made)} made beside {len(spread.real)} real.", axis, "% of pictures"
        )
        plots.append((histogram(frame, series), f"{title}. {caption}"))
    return plots


def _bars(cell: Cell, method: str, figure: Callable[..., tuple[float, float]]) -> list[Bar]:
    rows = [row for row in cell.rows if row.method == method]
    return [Bar(row.class_name, *figure(row)) for row in rows]


def _read_out(bars: list[Bar]) -> str:
    return ", ".join(f"{bar.label} {percent(bar.value)}" for bar in bars)


def _short(method: str) -> str:
    return method.replace("copy-paste + Reinhard", "Reinhard").replace("real photos, others", "other photos")
