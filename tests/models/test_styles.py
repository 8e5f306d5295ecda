"""Style presets: clusters of looks with the name that a person would give them."""

from __future__ import annotations

import colorsys
from pathlib import Path

import pytest
import torch

from models.appearance_encoder import AppearanceEncoder
from models.parts_encoder import PartsEncoder
from models.photos.data import Windows, class_names_of, read_records
from models.training.styles import Encoders, cluster, colour_name, looks_and_styles
from tests.models.shapes_made_in_code import write_photos


def _windows(*colours: tuple[int, int, int]) -> Windows:
    """One 8 × 8 picture whose rows take the colours in turn, all of it object."""
    rows = torch.tensor([colours[i % len(colours)] for i in range(8)], dtype=torch.uint8)
    picture = rows.t()[None, :, :, None].expand(1, 3, 8, 8).contiguous()
    mask = torch.full((1, 1, 8, 8), 255, dtype=torch.uint8)
    return Windows(picture, mask, torch.zeros(1, dtype=torch.long), torch.zeros(1, 4), torch.zeros(1, 3))


@pytest.mark.parametrize(
    ("colours", "name"),
    [
        ([(15, 14, 12)], "black"),
        ([(240, 240, 238)], "white"),
        ([(128, 128, 130)], "grey"),
        ([(20, 20, 20), (240, 240, 240)], "black and white"),
        ([(200, 120, 60)], "ginger"),
        ([(130, 90, 60)], "brown"),
        ([(70, 45, 30)], "dark brown"),
        ([(215, 190, 150)], "cream"),
        ([(240, 210, 30)], "yellow"),
        ([(220, 30, 30)], "red"),
        ([(130, 60, 190)], "purple"),
    ],
)
def test_a_colour_has_the_name_that_a_person_would_give_it(
    colours: list[tuple[int, int, int]], name: str
) -> None:
    assert colour_name(_windows(*colours)) == name


def test_every_colour_has_a_name() -> None:
    for hue in range(0, 360, 7):
        for saturation in (0.1, 0.5, 1.0):
            rgb = colorsys.hsv_to_rgb(hue / 360, saturation, 0.8)
            assert colour_name(_windows(tuple(round(255 * v) for v in rgb)))  # type: ignore[arg-type]


def test_clusters_are_found_where_points_gather() -> None:
    random = torch.Generator().manual_seed(0)
    middles = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = (middles[:, None] + 0.3 * torch.randn(3, 20, 2, generator=random)).flatten(0, 1)
    labels = cluster(points, 3, random).view(3, 20)
    assert all(len(set(row.tolist())) == 1 for row in labels)
    assert len(set(labels[:, 0].tolist())) == 3


def test_a_class_with_few_objects_has_no_styles(tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=4)
    records = read_records(tmp_path)
    looks, styles = looks_and_styles(
        Encoders(AppearanceEncoder(8), PartsEncoder()), records, class_names_of(records)
    )
    assert styles == [{}, {}]
    assert len(looks.codes) == len(looks.parts) == len(records)


def test_looks_of_objects_whose_outlines_are_shipped_are_left_out(tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=9)
    records = read_records(tmp_path)
    encoders = Encoders(AppearanceEncoder(8), PartsEncoder())
    every, _ = looks_and_styles(encoders, records, class_names_of(records))
    shaped = {records[1].image, records[10].image}
    looks, _ = looks_and_styles(encoders, records, class_names_of(records), shaped=shaped)
    gone = [code for code in every.codes if not (looks.codes - code).abs().amax(1).lt(1e-5).any()]
    assert len(looks.codes) == len(records) - 2
    assert len(gone) == 2
