"""Plots are well-formed, say in words what they show, and put marks where the values are."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from models.evaluation.svg_plots import (
    PLOT_STYLE,
    Bar,
    Frame,
    Series,
    bar_plot,
    curve_plot,
    histogram,
    scatter_plot,
    ticks,
)

SVG = "{http://www.w3.org/2000/svg}"
FRAME = Frame("Share & <share>", "cat 50 %", "x", "y")
PLOTS = {
    "bars": bar_plot(FRAME, [Bar("cat", 0.5, 0.1), Bar("<dog>", math.nan), Bar("cow", -0.2)], goal=0.9),
    "no bars": bar_plot(FRAME, []),
    "scatter": scatter_plot(
        FRAME, [Series("ours", (-1.0, 0.0, 1.0), (-0.9, 0.0, math.nan), 0.9), Series("flat", (), (), 0.0)]
    ),
    "histogram": histogram(FRAME, [Series("made", (0.1, 0.2, 0.9)), Series("real", (0.5, math.inf))]),
    "no values": histogram(FRAME, [Series("made", ())]),
    "curve": curve_plot(FRAME, [Series("ours", (-1.0, 0.0, 1.0), (1.0, math.nan, 2.0))]),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_well_formed_described_and_free_of_what_is_not_a_number(name: str) -> None:
    root = ElementTree.fromstring(PLOTS[name])
    assert root.attrib["role"] == "img"
    assert root.find(f"{SVG}title").text == FRAME.title  # type: ignore[union-attr]
    assert root.find(f"{SVG}desc").text == FRAME.description  # type: ignore[union-attr]
    drawn = [text for element in root.iter() for text in element.attrib.values()]
    assert not [text for text in drawn if "nan" in text or "inf" in text]


def test_a_higher_bar_is_longer_and_an_unknown_one_is_a_dash() -> None:
    root = ElementTree.fromstring(bar_plot(FRAME, [Bar("a", 0.2), Bar("b", 0.4), Bar("c", math.nan)]))
    heights = [float(bar.attrib["height"]) for bar in root.findall(f"{SVG}rect")]
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.02)
    assert len(heights) == 2
    assert "–" in [text.text for text in root.iter(f"{SVG}text")]


def test_every_colour_that_a_plot_uses_is_defined_for_light_and_dark() -> None:
    for n in range(6):
        assert PLOT_STYLE.count(f"--s{n}:") == 2


def test_series_differ_by_more_than_colour() -> None:
    root = ElementTree.fromstring(
        curve_plot(FRAME, [Series(str(n), (0.0, 1.0), (0.0, 1.0)) for n in range(4)])
    )
    lines = [path for path in root.findall(f"{SVG}path") if "line" in path.attrib["class"]]
    dashes = {path.attrib.get("stroke-dasharray", "") for path in lines}
    assert len(dashes) == 4


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 7.1), (0.0, 0.003), (5.0, 5.0)])
def test_ticks_are_few_round_and_within(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 1 <= len(found) <= 8
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in found)
