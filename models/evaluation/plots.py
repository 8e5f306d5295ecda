"""The plots of a report as inline SVG: which figures they show, and what to read off them.

Colours come from the page's style, which follows the reader's light or dark setting; dashes differ too, so
that nothing hangs on colour alone. Each plot says in words what it shows, for those who do not see it.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.evaluation.borders import RINGS
from models.evaluation.result import ALL_CLASSES, Cell, Evaluation, number, percent

REALISM_GOAL, SEAM_GOAL = 0.9, 0.9  # shares of the way from a grey blob to real pixels

PALETTE = {  # of the page's style: on light paper, on dark paper
    "ink": ("#222222", "#e6e6e2"),
    "rule": ("#dcdcd6", "#3a3a38"),
    "s0": ("#1f5fa8", "#7ab3f0"),
    "s1": ("#b4541a", "#f0a06a"),
    "s2": ("#2e7d4f", "#7fcf9c"),
    "s3": ("#7a4fa3", "#c3a0ea"),
    "s4": ("#8a6d00", "#e0c25a"),
    "s5": ("#a8324f", "#f08aa5"),
}
_INK, _RULE = PALETTE["ink"][0], PALETTE["rule"][0]
_COLOURS = [light for name, (light, _) in PALETTE.items() if name.startswith("s")]
_DASHES = ("-", (0, (6, 3)), (0, (2, 3)), (0, (8, 3, 2, 3)), (0, (12, 4)), (0, (4, 2, 1, 2)))
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "insert-object",  # the same figures give the same file
    "font.size": 9,
    "axes.prop_cycle": cycler(color=_COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": _RULE,
    "lines.linewidth": 1.5,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
}


@dataclass(frozen=True)
class Plot:
    """A drawing as an `<svg>` element, the sentence below it, and what is read out instead of it."""

    svg: str
    title: str
    reading: str
    description: str


@dataclass(frozen=True)
class Series:
    """A named set of values y over x; `slope` is that of a scatter's line through the origin."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    slope: float = math.nan


class _Drawing:
    """An empty plot, and its SVG when it is done."""

    def __init__(self, x_label: str, y_label: str) -> None:
        self.figure = Figure(figsize=(6, 3.2), layout="constrained")
        self.axes: Axes = self.figure.add_subplot(xlabel=x_label, ylabel=y_label)
        self.svg = ""

    def legend(self, drawn: int) -> None:
        self.figure.legend(loc="outside upper left", ncols=min(drawn, 3), frameon=False)

    def finish(self) -> None:
        written = io.StringIO()
        self.figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
        self.svg = written.getvalue().partition("<svg")[2]
        self.svg = f"<svg{self.svg}"
        for name, (light, _) in PALETTE.items():
            self.svg = self.svg.replace(light, f"var(--{name})")


@contextmanager
def _drawing(x_label: str, y_label: str) -> Iterator[_Drawing]:
    with matplotlib.rc_context(_STYLE):
        drawing = _Drawing(x_label, y_label)
        yield drawing
        drawing.finish()


def bar_plot(y_label: str, bars: Sequence[tuple[str, float, float]], goal: float) -> str:
    """Bars of (label, value, standard error), and a dashed line at the goal; a dash for a value of nan."""
    with _drawing("", y_label) as drawing:
        axes = drawing.axes
        for place, (_, value, error) in enumerate(bars):
            if math.isfinite(value):
                whisker = error if math.isfinite(error) else None
                axes.bar(
                    place, value, 0.64, yerr=whisker, color=_COLOURS[0], alpha=0.75, ecolor=_INK, capsize=4
                )
            else:
                axes.text(place, 0, "–", ha="center", va="bottom")
        axes.axhline(goal, color=_INK, linestyle="--", linewidth=1)
        room = 66 // max(len(bars), 1)  # letters that a bar has room for
        labels = [textwrap.fill(label, room, break_long_words=False) for label, _, _ in bars]
        axes.set_xticks(range(len(bars)), labels)
        axes.set_xlim(-0.5, max(len(bars), 1) - 0.5)
    return drawing.svg


def scatter_plot(x_label: str, y_label: str, series: Sequence[Series]) -> str:
    """Points of each series, and the line of its slope through the origin; the dotted line is slope 1."""
    with _drawing(x_label, y_label) as drawing:
        axes = drawing.axes
        for n, one in enumerate(series):
            marker = "os^D"[n % 4]
            axes.scatter(one.x, one.y, 9, color=_colour(n), marker=marker, alpha=0.45, linewidths=0)
        axes.autoscale(enable=False)
        axes.axline((0, 0), slope=1, color=_INK, linestyle=":", linewidth=1)
        for n, one in enumerate(series):
            if math.isfinite(one.slope):
                axes.axline((0, 0), slope=one.slope, color=_colour(n), linestyle=_dash(n), label=one.name)
        drawing.legend(len(series))
    return drawing.svg


def histogram(x_label: str, series: dict[str, Sequence[float]], bins: int = 20) -> str:
    """Outlines of the share of each series' values in equal bins; what is not finite is left out."""
    finite = {name: np.array([x for x in values if math.isfinite(x)]) for name, values in series.items()}
    edges = np.histogram_bin_edges(np.concatenate(list(finite.values())), bins)
    with _drawing(x_label, "% of pictures") as drawing:
        for n, (name, values) in enumerate(finite.items()):
            shares = 100 * np.histogram(values, edges)[0] / max(len(values), 1)
            drawing.axes.stairs(
                shares, edges, color=_colour(n), linestyle=_dash(n), label=name, linewidth=1.5
            )
        drawing.legend(len(finite))
    return drawing.svg


def curve_plot(x_label: str, y_label: str, series: Sequence[Series]) -> str:
    """One line a series; what is not a number interrupts it."""
    with _drawing(x_label, y_label) as drawing:
        for n, one in enumerate(series):
            drawing.axes.plot(one.x, one.y, color=_colour(n), linestyle=_dash(n), label=one.name)
        drawing.axes.set_ylim(bottom=0)
        drawing.legend(len(series))
    return drawing.svg


def _colour(n: int) -> str:
    return _COLOURS[n % len(_COLOURS)]


def _dash(n: int) -> str | tuple[int, tuple[int, ...]]:
    return _DASHES[n % len(_DASHES)]


def realism_by_class(cell: Cell, method: str) -> Plot:
    """Bars of the realism share, class by class, with standard errors."""
    rows = [row for row in cell.rows if row.method == method]
    return Plot(
        bar_plot(
            "realism share",
            [(row.class_name, row.realism_share, row.realism_share_error) for row in rows],
            REALISM_GOAL,
        ),
        f"Realism share of {method}, class by class",
        "0 is a grey blob, 1 the real object's own pixels; the dashed line is the goal, whiskers are "
        "standard errors, a dash means too few photos.",
        ", ".join(f"{row.class_name} {percent(row.realism_share)}" for row in rows),
    )


def seams_by_method(cell: Cell) -> Plot:
    """Bars of the seam score, method by method."""
    short = {"copy-paste + Reinhard": "Reinhard", "real photos, others": "other photos"}
    bars = [
        (short.get(row.method, row.method), row.seam_score, row.seam_score_error)
        for row in cell.rows
        if row.class_name == ALL_CLASSES
    ]
    return Plot(
        bar_plot("seam score", bars, SEAM_GOAL),
        "Seam score by method",
        "0 is the border of a hard grey cut-out, 1 that of the real object cut out and pasted in; above 1 is "
        "nearer to the borders in photos than the cut-out is.",
        ", ".join(f"{label} {percent(value)}" for label, value, _ in bars),
    )


def border_profiles(cell: Cell) -> Plot:
    """Curves of the mean step across the contour."""
    series = [
        Series(border.method, range(-RINGS, RINGS + 1), border.steps)
        for border in cell.borders
        if "grey" not in border.method and "others" not in border.method
    ]
    return Plot(
        curve_plot(
            "pixels of a 128 px window from the contour; the object is on the right",
            "step over the object's own",
            series,
        ),
        "Steps across the border",
        "A higher peak than in photos is a cut-out, a lower and wider one a ghost, a second peak a halo.",
        f"Height at the contour: {', '.join(f'{one.name} {number(one.y[RINGS])}' for one in series)}.",
    )


def light_scatters(found: Evaluation) -> list[Plot]:
    """Scatters of object light over scene light, for brightness and for colour: points of the last method,
    slopes of all."""
    if not found.light_points:
        return []
    slopes = {row.method: row for row in found.lighting if row.class_name == ALL_CLASSES}
    *rivals, points = found.light_points
    ours = slopes[points.method]
    names = [points.method, *(rival.method for rival in rivals)]

    def scatter(title: str, unit: str, scene: Sequence[float], made: Sequence[float], kind: str) -> Plot:
        shown = {name: getattr(slopes[name], f"{kind}_slope") for name in names}
        first = Series(points.method, scene, made, shown[points.method])
        others = [Series(name, (), (), shown[name]) for name in names[1:]]
        return Plot(
            scatter_plot(f"scene, {unit}", "object, stops", [first, *others]),
            title,
            "Dots are photos under one gain each, lines the median slopes; dotted is slope 1, the goal.",
            f"Median slope of {points.method} {number(first.slope)}, R² "
            f"{number(getattr(ours, f'{kind}_r_squared'))}.",
        )

    return [
        scatter(
            "The object's brightness over the scene's",
            "stops brighter than it is",
            points.scene,
            points.made,
            "luminance",
        ),
        scatter(
            "The object's red over blue, over the scene's",
            "stops of red over blue",
            points.red_blue_scene,
            points.red_blue_made,
            "red_blue",
        ),
    ]


_SPREADS = {  # quantity -> title, axis, what to read off
    "nearest training picture": (
        "Distance to the nearest training picture",
        "cosine distance of features",
        "Made objects much nearer than held-out real ones would be copies.",
    ),
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


def spread_plots(found: Evaluation, *names: str) -> list[Plot]:
    """Histograms of made beside real, of those quantities that were measured."""
    plots = []
    for name, spread in found.spreads.items():
        if name in names:
            title, axis, reading = _SPREADS[name]
            drawn = histogram(axis, {"made": spread.made, "real": spread.real})
            described = f"{len(spread.made)} made beside {len(spread.real)} real."
            plots.append(Plot(drawn, title, reading, described))
    return plots
