"""What a look at the claims finds: figures and pictures, claim by claim, and the page that shows them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from torch import Tensor

from models.evaluation.report import filled, write_down
from models.evaluation.result import Sheet, plain
from models.evaluation.sheets import contact_sheet

BASELINE = "one-shot baseline"
TILE = 180  # pixels of a scene on the page


class Unit(Enum):
    """How a figure is written."""

    COUNT = "{:,.0f}"
    SHARE = "{:.1%}"
    NUMBER = "{:.3f}"


@dataclass(frozen=True)
class Figure:
    """One measurement: what it says, what it should be, and its value for each method by name."""

    what: str
    goal: str
    unit: Unit
    values: Mapping[str, float]

    def text(self, method: str) -> str:
        """The method's value in words; a dash where it has none."""
        value = self.values.get(method, math.nan)
        return self.unit.value.format(value).replace("%", " %") if math.isfinite(value) else "–"


def figures_of(
    lines: Sequence[tuple[str, str, Unit]], values: Mapping[str, Sequence[float]]
) -> tuple[Figure, ...]:
    """A figure for each line of (what, goal, unit); `values`: of each method, in the order of the lines."""
    columns = zip(*values.values(), strict=True)
    return tuple(
        Figure(*line, dict(zip(values, map(float, column), strict=True)))
        for line, column in zip(lines, columns, strict=True)
    )


def method_sheets(
    name: str,
    title: str,
    caption: str,
    painted: Mapping[str, Mapping[str, Tensor]],
    labels: Sequence[str],
    tile: int = TILE,
) -> tuple[Sheet, ...]:
    """A contact sheet for each method, of the same scenes; `painted`: by method, the columns."""
    return tuple(
        Sheet(
            f"claim-{name}-{n}",
            f"{title}, {method}",
            f"{method}: {caption}",
            contact_sheet(columns, labels, tile),
        )
        for n, (method, columns) in enumerate(painted.items())
    )


@dataclass(frozen=True)
class Claim:
    """A promise with its evidence. `notes` say how it was measured and what could not be."""

    name: str
    title: str
    promise: str
    figures: tuple[Figure, ...]
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = ()


@dataclass
class Findings:
    """All claims of one run; `methods` are the columns, this program first."""

    facts: dict[str, str | int | float]
    methods: tuple[str, ...]
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def columns(self) -> list[str]:
        """The columns of a table: the methods; without a rival its place is empty."""
        return [*self.methods, *([BASELINE] if len(self.methods) == 1 else [])]

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; nan becomes None, pictures become file names."""
        content: dict[str, Any] = plain(self)
        for claim in content["claims"]:
            for figure in claim["figures"]:
                del figure["unit"]
        return {**content, "claims": {claim.pop("name"): claim for claim in content["claims"]}}

    def to_text(self) -> str:
        """The figures as a few lines for a terminal."""
        return filled("claims.txt", found=self)

    def to_html(self) -> str:
        """The page, complete but for the pictures, which it expects beside it."""
        return filled("claims.html", found=self)

    def write(self, folder: Path) -> Path:
        """Writes claims.html, claims.json and the pictures; returns the path of the page.

        Raises:
            ReportUnwritable: naming the folder and the system's reason.
        """
        sheets = [sheet for claim in self.claims for sheet in claim.sheets]
        return write_down(folder, "claims", self.to_json(), sheets, self.to_html())
