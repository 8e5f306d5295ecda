"""A page of figures: its style, tables, pictures and numbers; plain HTML without scripts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from models.evaluation.result import Sheet
from models.evaluation.svg_plots import PLOT_STYLE

_STYLE = (
    PLOT_STYLE
    + """
:root { color-scheme: light dark; --paper: #fafaf8; --quiet: #55554f; }
@media (prefers-color-scheme: dark) { :root { --paper: #1b1b1a; --quiet: #b4b4ac; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem;
       color: var(--ink); background: var(--paper); }
h1, h2, h3 { line-height: 1.2; font-weight: 600; }
h2 { margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0 1.4rem; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid var(--rule);
         font-variant-numeric: tabular-nums; }
th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
tr.ours td { font-weight: 600; }
figure { margin: 1rem 0 2rem; overflow-x: auto; }
figcaption, .note { color: var(--quiet); }
.plots { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; }
.plots figure { margin: .5rem 0 1rem; max-width: 580px; }
.met { font-weight: 600; }
"""
)


def page(title: str, heading: str, parts: Iterable[str]) -> str:
    """The whole page from its parts, which are HTML already."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n<h1>{escape(heading)}</h1>\n{body}\n</body></html>\n"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], marked: Sequence[bool] = ()) -> str:
    """An HTML table; the cells of `rows` are HTML already, those of `header` plain text."""
    lines = ['<div class="wide"><table>']
    if any(header):
        lines.append("<tr>" + "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header) + "</tr>")
    for n, row in enumerate(rows):
        opening = '<tr class="ours">' if n < len(marked) and marked[n] else "<tr>"
        lines.append(opening + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>")
    lines.append("</table></div>")
    return "\n".join(lines)


def facts_table(facts: dict[str, str | int | float]) -> str:
    """The circumstances of a run, one a line."""
    return table(["", ""], [[escape(name), escape(str(value))] for name, value in facts.items()])


def note(sentence: str) -> str:
    """A sentence of explanation."""
    return f'<p class="note">{escape(sentence)}</p>'


def sheet_figure(sheet: Sheet | None) -> str:
    """A contact sheet, which lies beside the page as PNG; nothing for None."""
    if sheet is None:
        return ""
    width, height = sheet.picture.size
    return (
        f'<figure><figcaption>{escape(sheet.caption)}</figcaption><img src="{escape(sheet.name)}.png" '
        f'width="{width}" height="{height}" loading="lazy" alt="{escape(sheet.title)}"></figure>'
    )


def plot_row(plots: Iterable[tuple[str, str]]) -> str:
    """Plots side by side, each with its caption: (SVG, sentence)."""
    figures = [
        f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>" for drawing, caption in plots
    ]
    return f'<div class="plots">{"".join(figures)}</div>' if figures else ""


def number(value: float) -> str:
    """Three decimals; a dash for what could not be measured."""
    return f"{round(value, 3) + 0.0:.3f}" if math.isfinite(value) else "–"  # no -0.000


def percent(value: float) -> str:
    """Whole per cent; a dash for what could not be measured."""
    return f"{100 * value:.0f} %" if math.isfinite(value) else "–"


def with_error(value: float, error: float) -> str:
    """A figure and its standard error, as far as they could be measured."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.3f} ± {error:.3f}" if math.isfinite(error) else f"{value:.3f}"
