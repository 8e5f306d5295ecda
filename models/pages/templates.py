"""Pages and texts from Jinja2's templates, and how figures are written in them."""

from __future__ import annotations

import math
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

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


def templates_in(folder: Path, **known: Any) -> Environment:
    """The templates of a folder, which may extend those beside this file; they know `known` by name."""
    templates = Environment(
        loader=FileSystemLoader([folder, Path(__file__).with_name("templates")]),
        autoescape=select_autoescape(),  # in pages, not in texts
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(change=change, figure=figure, number=number, percent=percent)
    templates.globals.update(known, palette=PALETTE)
    return templates


def plots_need() -> str:
    """What to run before plots can be drawn, as the end of a sentence; "" where they can."""
    if find_spec("matplotlib") is not None:  # Jinja2, the rest of the extra, comes with PyTorch, too
        return ""
    return (
        f"matplotlib; in the folder of install.py, run {sys.executable} -m pip install --require-hashes "
        "--no-deps -r requirements-evaluation.lock"
    )


def number(value: float) -> str:
    """Three decimals; a dash for what could not be measured."""
    return f"{round(value, 3) + 0.0:.3f}" if math.isfinite(value) else "–"  # no -0.000


def percent(value: float) -> str:
    """Whole per cent; a dash for what could not be measured."""
    return f"{100 * value:.0f} %" if math.isfinite(value) else "–"


def change(value: float, error: float) -> str:
    """A difference with its sign and its standard error."""
    return f"{value:+.3f} ± {error:.3f}"


def figure(value: float, error: float) -> str:
    """A figure and its standard error, as far as they could be measured."""
    return f"{value:.3f} ± {error:.3f}" if math.isfinite(value) and math.isfinite(error) else number(value)
