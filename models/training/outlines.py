"""The library of outlines that is shipped: which objects' outlines, each with the code of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from models.masks.shape_library import ShapeLibrary
from models.masks.shapes import read_outlines, telling
from models.parts_encoder import PartsEncoder
from models.photos.data import DataError, ObjectRecord, read_lines
from models.training.styles import parts_codes

MOST_OUTLINES = 100  # of a class, where none were chosen by eye


def read_choice(path: Path, data: Path) -> frozenset[Path]:
    """The pictures of a data folder whose objects' outlines were chosen by eye.

    The file holds a JSON object a line, whose ``image`` is that of the object's record; whatever else a line
    says is for people.

    Raises:
        DataError: no such file, or a line without an image.
    """
    return frozenset(read_lines(path, lambda row: data / row["image"]))


def library_of(
    records: Sequence[ObjectRecord],
    class_names: Sequence[str],
    encoder: PartsEncoder,
    choice: frozenset[Path] | None = None,
) -> tuple[ShapeLibrary, frozenset[Path]]:
    """The library of whole outlines, and the pictures of the objects in it.

    ``choice``: the pictures chosen by eye (``read_choice``); None: those that best say what they are.

    Raises:
        DataError: a class is left without an outline.
    """
    if choice is not None:
        records = [record for record in records if record.image in choice]
        if not records:
            raise DataError("None of the chosen outlines is of this data folder.")
    shapes, kept = read_outlines(records, class_names)
    if choice is None:
        places = telling(shapes, MOST_OUTLINES)
        shapes, kept = shapes.chosen(places), [kept[n] for n in places.tolist()]
    for index, name in enumerate(class_names):
        if not (shapes.class_index == index).any():
            raise DataError(f"No {name} for the outlines is whole: add photos that show one completely.")
    codes = parts_codes(encoder, kept, class_names)
    return ShapeLibrary.build(shapes, len(class_names), codes), frozenset(r.image for r in kept)


def load_parts_encoder(weights: Mapping[str, torch.Tensor]) -> PartsEncoder:
    """The encoder with the weights of a run's ``averaged_parts``."""
    finer = weights.get("finer.out.bias")
    encoder = PartsEncoder(0 if finer is None else len(finer))
    encoder.load_state_dict(dict(weights))
    return encoder.eval()
