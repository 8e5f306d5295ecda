"""The plots of a report, as inline SVG."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.evaluation.borders import RINGS
from models.evaluation.result import Border, Spread
from models.pages.drawings import COLOURS, INK, drawn, empty_axes, line_style


def bar_plot(rows: Sequence[Any], label: str, value: str, goal: float) -> str:
    """Bars of the rows' fields `label` and `value`, with standard errors, and a dashed line at the goal; for
    a value of nan a dash."""
    axes = empty_axes("", value.replace("_", " "))
    for place, row in enumerate(rows):
        height, error = getattr(row, value), getattr(row, f"{value}_error")
        if math.isfinite(height):
            axes.bar(place, height, 0.64, color=COLOURS[0], alpha=0.75)
        else:
            axes.text(place, 0, "–", ha="center", va="bottom", color=INK)
        if math.isfinite(error):
            axes.errorbar(place, height, error, color=INK, capsize=4)
    axes.axhline(goal, color=INK, linestyle="--", linewidth=1)
    room = 66 // max(len(rows), 1)  # letters that a bar has room for
    labels = [textwrap.fill(getattr(row, label), room, break_long_words=False) for row in rows]
    axes.set_xticks(range(len(rows)), labels)
    axes.set_xlim(-0.5, max(len(rows), 1) - 0.5)
    return drawn(axes)


def spread_plot(x_label: str, spread: Spread, bins: int = 20) -> str:
    """Outlines of the share of made and of real pictures in equal bins; what is not finite is left out."""
    axes = empty_axes(x_label, "% of pictures")
    finite = [np.array([x for x in values if math.isfinite(x)]) for values in (spread.made, spread.real)]
    edges = np.histogram_bin_edges(np.concatenate(finite), bins)
    for n, (name, values) in enumerate(zip(("made", "real"), finite, strict=True)):
        axes.stairs(100 * np.histogram(values, edges)[0] / max(len(values), 1), edges, **line_style(n, name))
    return drawn(axes, len(finite))


def border_plot(borders: Sequence[Border]) -> str:
    """A curve a method of the mean step across the contour; what is not a number interrupts it."""
    rings = range(-RINGS, RINGS + 1)
    axes = empty_axes(
        "pixels of a 128 px window from the contour; the object is on the right", "step over the object's own"
    )
    for n, border in enumerate(borders):
        axes.plot(rings, border.steps, **line_style(n, border.method))
    axes.set_ylim(bottom=0)
    return drawn(axes, len(borders))
