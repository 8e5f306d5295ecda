"""The plots of a report, as inline SVG.

Colours come from the page's style, which follows the reader's light or dark setting; dashes differ too, so
that nothing hangs on colour alone.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.evaluation.borders import RINGS
from models.evaluation.result import Border, LightingRow, Spread

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
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": _RULE,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
}


def _axes(x_label: str, y_label: str) -> Axes:
    with matplotlib.rc_context(_STYLE):
        return Figure(figsize=(6, 3.2), layout="constrained").add_subplot(xlabel=x_label, ylabel=y_label)


def _svg(axes: Axes, lines: int = 0) -> str:
    """The finished drawing, above it the names of its lines."""
    figure, written = axes.get_figure(root=True), io.StringIO()
    assert figure is not None
    with matplotlib.rc_context(_STYLE):
        if lines:
            figure.legend(loc="outside upper left", ncols=min(lines, 3), frameon=False)
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    drawing = "<svg" + written.getvalue().partition("<svg")[2]
    for name, (light, _) in PALETTE.items():
        drawing = drawing.replace(light, f"var(--{name})")
    return drawing


def _line(n: int, name: str) -> dict[str, Any]:
    """How series number `n` is drawn."""
    return {"color": _COLOURS[n % 6], "linestyle": _DASHES[n % 6], "linewidth": 1.5, "label": name}


def bar_plot(rows: Sequence[Any], label: str, value: str, goal: float) -> str:
    """Bars of the rows' fields `label` and `value`, with standard errors, and a dashed line at the goal; for
    a value of nan a dash."""
    axes = _axes("", value.replace("_", " "))
    for place, row in enumerate(rows):
        height, error = getattr(row, value), getattr(row, f"{value}_error")
        if math.isfinite(height):
            axes.bar(place, height, 0.64, color=_COLOURS[0], alpha=0.75)
        else:
            axes.text(place, 0, "–", ha="center", va="bottom", color=_INK)
        if math.isfinite(error):
            axes.errorbar(place, height, error, color=_INK, capsize=4)
    axes.axhline(goal, color=_INK, linestyle="--", linewidth=1)
    room = 66 // max(len(rows), 1)  # letters that a bar has room for
    labels = [textwrap.fill(getattr(row, label), room, break_long_words=False) for row in rows]
    axes.set_xticks(range(len(rows)), labels)
    axes.set_xlim(-0.5, max(len(rows), 1) - 0.5)
    return _svg(axes)


def light_plot(
    x_label: str, scene: Sequence[float], made: Sequence[float], rows: Sequence[LightingRow], slope: str
) -> str:
    """Points of object light over scene light, in stops, and for each row a line through the origin with its
    slope, which is the field `slope`; the dotted line is slope 1."""
    axes = _axes(x_label, "object, stops")
    axes.scatter(scene, made, 9, color=_COLOURS[0], alpha=0.45, linewidths=0)
    axes.autoscale(enable=False)
    axes.axline((0, 0), slope=1, color=_INK, linestyle=":", linewidth=1)
    for n, row in enumerate(rows):
        if math.isfinite(getattr(row, slope)):
            axes.axline((0, 0), slope=getattr(row, slope), **_line(n, row.method))
    return _svg(axes, len(rows))


def spread_plot(x_label: str, spread: Spread, bins: int = 20) -> str:
    """Outlines of the share of made and of real pictures in equal bins; what is not finite is left out."""
    axes = _axes(x_label, "% of pictures")
    finite = [np.array([x for x in values if math.isfinite(x)]) for values in (spread.made, spread.real)]
    edges = np.histogram_bin_edges(np.concatenate(finite), bins)
    for n, (name, values) in enumerate(zip(("made", "real"), finite, strict=True)):
        axes.stairs(100 * np.histogram(values, edges)[0] / max(len(values), 1), edges, **_line(n, name))
    return _svg(axes, len(finite))


def border_plot(borders: Sequence[Border]) -> str:
    """A curve a method of the mean step across the contour; what is not a number interrupts it."""
    rings = range(-RINGS, RINGS + 1)
    axes = _axes(
        "pixels of a 128 px window from the contour; the object is on the right", "step over the object's own"
    )
    for n, border in enumerate(borders):
        axes.plot(rings, border.steps, **_line(n, border.method))
    axes.set_ylim(bottom=0)
    return _svg(axes, len(borders))
