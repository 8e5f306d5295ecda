"""How plots are drawn, as inline SVG.

Colours come from the page's style, which follows the reader's light or dark setting; dashes differ too, so
that nothing hangs on colour alone.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.pages.templates import PALETTE

INK, _RULE = PALETTE["ink"][0], PALETTE["rule"][0]
COLOURS = [light for name, (light, _) in PALETTE.items() if name.startswith("s")]
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
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}


def empty_axes(x_label: str, y_label: str) -> Axes:
    """A plot in the page's style with nothing in it yet."""
    with matplotlib.rc_context(_STYLE):
        return Figure(figsize=(6, 3.2), layout="constrained").add_subplot(xlabel=x_label, ylabel=y_label)


def drawn(axes: Axes, lines: int = 0) -> str:
    """The finished drawing as SVG, above it the names of its lines."""
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


def line_style(n: int, name: str) -> dict[str, Any]:
    """How series number `n` is drawn."""
    return {"color": COLOURS[n % 6], "linestyle": _DASHES[n % 6], "linewidth": 1.5, "label": name}


def line_plot(x_label: str, y_label: str, x: Sequence[float], y: Sequence[float]) -> str:
    """One line through the points."""
    axes = empty_axes(x_label, y_label)
    axes.plot(x, y, **line_style(0, y_label))
    return drawn(axes)
