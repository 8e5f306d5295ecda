"""A plot is well-formed, follows the page's colours, and leaves out what is not a number."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

from models.pages.drawings import line_plot
from models.pages.templates import PALETTE

SVG = "{http://www.w3.org/2000/svg}"


def test_a_plot_is_well_formed_and_free_of_what_is_not_a_number() -> None:
    root = ElementTree.fromstring(line_plot("x", "y", (0, 5, 10), (0.5, math.nan, 0.4)))
    assert root.tag == f"{SVG}svg"
    drawn = [text for element in root.iter() for text in element.attrib.values()]
    assert not [text for text in drawn if re.search(r"\b(nan|inf)\b", text)]


def test_every_colour_of_a_plot_is_the_pages_and_the_same_values_give_the_same_drawing() -> None:
    drawing = line_plot("x", "y", (0, 10), (0.5, 0.4))
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", drawing))
    assert colours
    assert colours <= {"none", *(f"var(--{colour})" for colour in PALETTE)}
    assert drawing == line_plot("x", "y", (0, 10), (0.5, 0.4))
