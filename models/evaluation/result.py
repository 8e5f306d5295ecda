"""What an evaluation finds: rows of figures and contact sheets, ready to be written down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any

from PIL import Image

ALL_CLASSES = "all"
"""The class name of rows over every picture."""


class Shape(Enum):
    """Where the mask of an insertion comes from."""

    TRUE = "true mask"
    GENERATED = "generated mask"


class Background(Enum):
    """Which scene the object is put into: its own photo, the object removed, or another photo's."""

    OWN = "own background"
    OTHER = "other background"


@dataclass(frozen=True)
class RealismRow:
    """One method in one cell, over one class. Figures that cannot be had are nan."""

    method: str
    class_name: str
    count: int
    kid: float
    kid_error: float
    realism_share: float
    realism_share_error: float
    fcn_score: float  # mean IoU of an independent segmenter with the shape asked for
    fcn_share: float  # the same as a share of copy-paste's in this cell
    changed_pixels: int  # of all pictures; where alpha is 0, or beyond a soft edge for one that repaints all
    spill: float  # share of alpha farther outside the shape than the soft band reaches
    coverage: float  # mean alpha inside the shape
    seam_distance: float  # energy distance of the borders' figures to those of real photos
    seam_score: float
    """(seam distance of a hard grey cut-out - ours) / (the same - the pasted real object's), in this cell."""
    seam_score_error: float


@dataclass(frozen=True)
class Cell:
    """One of the four combinations of shape and background."""

    shape: Shape
    background: Background
    rows: tuple[RealismRow, ...] = ()

    @property
    def title(self) -> str:
        """Such as "True mask, own background"."""
        return f"{self.shape.value}, {self.background.value}".capitalize()

    @property
    def name(self) -> str:
        """The name of its contact sheet."""
        return f"cell-{self.shape.value}-{self.background.value}".replace(" ", "-")


@dataclass(frozen=True)
class LightingRow:
    """How one method's objects follow the scene's light: medians over pictures, of slope and R^2."""

    method: str
    class_name: str
    count: int
    luminance_slope: float
    luminance_slope_low: float  # 10th percentile over the pictures
    luminance_slope_high: float  # 90th percentile over the pictures
    luminance_r_squared: float
    red_blue_slope: float
    red_blue_r_squared: float


@dataclass(frozen=True)
class BlotchRow:
    """Stains and seams in what one method made, means over pictures; see `blotches.py`."""

    method: str
    class_name: str
    count: int
    strange: float  # share of the object's pixels that no object of the class has
    seam: float  # largest step along a straight line, over that of training objects of the class


@dataclass(frozen=True)
class FaceRow:
    """The heads that one method made, beside real heads; own shapes, other backgrounds."""

    method: str
    class_name: str
    count: int
    kid: float
    kid_error: float
    share: float  # the realism share of the heads alone: 0 is a grey fill, 1 real heads pasted in
    share_error: float


@dataclass(frozen=True)
class DiversityRow:
    """Mean LPIPS between looks of one shape, beside that between real objects of the class."""

    method: str
    class_name: str
    count: int
    between_seeds: float
    between_real: float
    share: float


@dataclass(frozen=True)
class MemorisationRow:
    """Median feature distance to the nearest training picture, of made and of held-out real pictures."""

    class_name: str
    count: int
    training_pictures: int
    made: float
    held_out: float
    ratio: float  # made / held_out; clearly below 1 means that training pictures are repeated


@dataclass(frozen=True)
class Sheet:
    """A contact sheet: pictures in rows, with a sentence about what to look for."""

    name: str
    title: str
    caption: str
    picture: Image.Image


@dataclass
class Evaluation:
    """All findings of one run."""

    facts: dict[str, str | int | float]  # circumstances in the order to show them
    cells: list[Cell] = field(default_factory=list)
    faces: list[FaceRow] = field(default_factory=list)
    blotches: list[BlotchRow] = field(default_factory=list)
    lighting: list[LightingRow] = field(default_factory=list)
    diversity: list[DiversityRow] = field(default_factory=list)
    memorisation: list[MemorisationRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; nan becomes None, pictures become file names."""
        content: dict[str, Any] = plain(self)
        return {**content, "sheets": {sheet.name: plain(sheet) for sheet in self.sheets}}


def plain(value: Any) -> Any:
    """The value as JSON knows it: None for nan, the numbers of tuples to five decimals."""
    if isinstance(value, Sheet):
        return f"{value.name}.png"
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple):
        return [plain(round(entry, 5) if isinstance(entry, float) else entry) for entry in value]
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
