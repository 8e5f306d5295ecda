"""How plots are drawn, as inline SVG.

Colours come from the page's style, which follows the reader's light or dark setting.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from models.pages.templates import PALETTE

INK, _RULE = PALETTE["ink"][0], PALETTE["rule"][0]
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
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}


def line_plot(x_label: str, y_label: str, x: Sequence[float], y: Sequence[float]) -> str:
    """One line through the points, as SVG in the page's style."""
    written = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6, 3.2), layout="constrained")
        axes = figure.add_subplot(xlabel=x_label, ylabel=y_label)
        axes.plot(x, y, color=PALETTE["s0"][0], linewidth=1.5)
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    drawing = "<svg" + written.getvalue().partition("<svg")[2]
    for name, (light, _) in PALETTE.items():
        drawing = drawing.replace(light, f"var(--{name})")
    return drawing
