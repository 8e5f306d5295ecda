"""Plots are well-formed, follow the page's colours, and put marks where the values are."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from models.evaluation.plots import PALETTE, Series, bar_plot, curve_plot, histogram, scatter_plot

SVG = "{http://www.w3.org/2000/svg}"
PLOTS = {
    "bars": bar_plot(
        "share", [("cat", 0.5, 0.1), ("<dog>", math.nan, math.nan), ("cow", -0.2, math.nan)], 0.9
    ),
    "no bars": bar_plot("share", [], 0.9),
    "scatter": scatter_plot(
        "x", "y", [Series("ours", (-1.0, 0.0, 1.0), (-0.9, 0.0, math.nan), 0.9), Series("flat", (), (), 0.0)]
    ),
    "histogram": histogram("x", {"made": (0.1, 0.2, 0.9), "real": (0.5, math.inf)}),
    "no values": histogram("x", {"made": ()}),
    "curve": curve_plot("x", "y", [Series("ours", (-1.0, 0.0, 1.0), (1.0, math.nan, 2.0))]),
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
    drawing = bar_plot("share", [("a", 0.2, math.nan), ("b", 0.4, math.nan), ("c", math.nan, math.nan)], 0.9)
    bars = re.findall(r'<path d="([^"]+)"[^>]*style="fill: var\(--s0\)', drawing)
    heights = []
    for bar in bars:
        edges = [float(y) for _, y in re.findall(r"[ML] ([\d.-]+) ([\d.-]+)", bar)]
        heights.append(max(edges) - min(edges))
    assert len(heights) == 2
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert "–" in texts(drawing)
    assert "–" not in texts(bar_plot("share", [("a", 0.2, math.nan)], 0.9))


def test_series_differ_by_more_than_colour() -> None:
    drawing = curve_plot("x", "y", [Series(str(n), (0.0, 1.0), (0.0, 1.0)) for n in range(4)])
    lines = [style for style in re.findall(r'style="([^"]+)"', drawing) if "stroke: var(--s" in style]
    dashes = {tuple(re.findall(r"stroke-dasharray: ([\d., ]+)", style)) for style in lines}
    assert len(dashes) == 4


def test_the_same_values_give_the_same_drawing() -> None:
    values = {"made": (0.1, 0.2), "real": (0.3,)}
    assert histogram("x", values) == histogram("x", values)
