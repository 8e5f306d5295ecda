"""A loop drawn around a place is told from an outline that was drawn for an object."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from models.masks.weights import load_mask_weights
from tests.conftest import WEIGHTS
from wire.selection_shape import SelectionShape, shape_of_rows

LEAST = {"car": 0.0, "monkey": 0.75}  # cars are as round as a loop, so are some monkeys that sit


def rows_of(picture: Image.Image) -> list[bytes]:
    part = picture.crop(picture.getbbox())
    data = part.tobytes()
    return [data[row * part.width : (row + 1) * part.width] for row in range(part.height)]


def drawn(*polygons: list[tuple[float, float]], size: tuple[int, int] = (400, 300)) -> list[bytes]:
    picture = Image.new("L", size)
    for polygon in polygons:
        ImageDraw.Draw(picture).polygon(polygon, fill=255)
    return rows_of(picture)


def oval(wobble: float = 0.0, phase: float = 0.0) -> list[tuple[float, float]]:
    turns = [2 * math.pi * step / 90 for step in range(90)]
    return [
        (200 + 180 * r * math.cos(t), 150 + 130 * r * math.sin(t))
        for t in turns
        for r in [1 - wobble + wobble * math.sin(3 * t + phase)]
    ]


@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("wobble", [0.0, 0.03, 0.05])
def test_ellipses_and_loops_are_no_outlines(wobble: float, phase: float) -> None:
    assert shape_of_rows(drawn(oval(wobble, phase))) == SelectionShape(1, is_outline=False)


def test_an_outline_with_legs_is_one() -> None:
    table = [(20, 20), (380, 20), (380, 280), (320, 280), (320, 90), (80, 90), (80, 280), (20, 280)]
    assert shape_of_rows(drawn(table)) == SelectionShape(1, is_outline=True)


def test_pieces_are_counted_without_crumbs() -> None:
    left, right = [(10, 10), (150, 10), (150, 200), (10, 200)], [(250, 60), (390, 60), (390, 280), (250, 280)]
    crumb = [(200, 290), (206, 290), (206, 296), (200, 296)]
    assert shape_of_rows(drawn(left, right, crumb)) == SelectionShape(2, is_outline=False)


def test_nothing_is_nothing() -> None:
    assert shape_of_rows([]) == shape_of_rows([bytes(5)] * 4) == SelectionShape(0, is_outline=False)


def test_the_shipped_outlines_are_told_as_such() -> None:
    _generator, library, names = load_mask_weights(WEIGHTS / "mask_generator.safetensors")
    frames = np.unpackbits(library.bits.numpy(), axis=1).reshape(len(library), 128, 128) * np.uint8(255)
    told = torch.tensor([shape_of_rows(rows_of(Image.fromarray(frame))).is_outline for frame in frames])
    for index, name in enumerate(names):
        share = told[library.class_index == index].float().mean().item()
        assert share >= LEAST.get(name, 0.8), (name, share)
