"""Plots are well-formed, follow the page's colours, and put marks where the values are."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from models.evaluation.borders import RINGS
from models.evaluation.plots import bar_plot, border_plot, spread_plot
from models.evaluation.result import Border, Spread
from models.pages.drawings import line_plot
from models.pages.templates import PALETTE

SVG = "{http://www.w3.org/2000/svg}"


def bars(*heights: float, error: float = math.nan) -> str:
    rows = [
        SimpleNamespace(name=f"<{n}>", share=height, share_error=error) for n, height in enumerate(heights)
    ]
    return bar_plot(rows, "name", "share", 0.9)


def border(name: str, *steps: float) -> Border:
    return Border(name, (steps * (2 * RINGS + 1))[: 2 * RINGS + 1], 0.0)


PLOTS = {
    "bars": bars(0.5, math.nan, -0.2, error=0.1),
    "no bars": bars(),
    "spread": spread_plot("x", Spread((0.1, 0.2, 0.9), (0.5, math.inf))),
    "no values": spread_plot("x", Spread((), (math.nan,))),
    "line": line_plot("x", "y", (0, 10), (0.5, 0.4)),
    "curve": border_plot([border("ours", 1.0, math.nan, 2.0)]),
}


def texts(drawing: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_well_formed_and_free_of_what_is_not_a_number(name: str) -> None:
    root = ElementTree.fromstring(PLOTS[name])
    assert root.tag == f"{SVG}svg"
    drawn = [text for element in root.iter() for text in element.attrib.values()]
    assert not [text for text in drawn if re.search(r"\b(nan|inf)\b", text)]


@pytest.mark.parametrize("name", PLOTS)
def test_every_colour_of_a_plot_is_the_pages(name: str) -> None:
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", PLOTS[name]))
    assert colours
    assert colours <= {"none", *(f"var(--{colour})" for colour in PALETTE)}


def test_a_higher_bar_is_longer_and_an_unknown_one_is_a_dash() -> None:
    drawing = bars(0.2, 0.4, math.nan)
    heights = []
    for bar in re.findall(r'<path d="([^"]+)"[^>]*style="fill: var\(--s0\)', drawing):
        edges = [float(y) for _, y in re.findall(r"[ML] ([\d.-]+) ([\d.-]+)", bar)]
        heights.append(max(edges) - min(edges))
    assert len(heights) == 2
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert "–" in texts(drawing)
    assert "–" not in texts(bars(0.2))


def test_series_differ_by_more_than_colour_and_are_named() -> None:
    drawing = border_plot([border(str(n), 1.0) for n in range(11, 15)])
    lines = [style for style in re.findall(r'style="([^"]+)"', drawing) if "stroke: var(--s" in style]
    dashes = {tuple(re.findall(r"stroke-dasharray: ([\d., ]+)", style)) for style in lines}
    assert len(dashes) == 4
    assert {"11", "12", "13", "14"} <= set(texts(drawing))


def test_the_same_values_give_the_same_drawing() -> None:
    assert bars(0.2, 0.3) == bars(0.2, 0.3)
