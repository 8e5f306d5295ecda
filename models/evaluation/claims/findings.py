"""What a look at the claims finds: figures and pictures, claim by claim, ready to be written down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from models.evaluation.result import Sheet, finite


class Unit(Enum):
    """How a figure is written."""

    COUNT = "count"
    SHARE = "share"
    NUMBER = "number"

    def text(self, value: float) -> str:
        """The value in plain figures; a dash for what could not be measured."""
        if not math.isfinite(value):
            return "–"
        if self is Unit.COUNT:
            return f"{value:,.0f}"
        return f"{100 * value:.1f} %" if self is Unit.SHARE else f"{value:.3f}"


@dataclass(frozen=True)
class Figure:
    """One measurement: what it says, what it should be, and its value for each method by name; other names
    are references."""

    what: str
    goal: str
    unit: Unit
    values: Mapping[str, float]


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

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; nan becomes None, pictures become file names."""
        return {
            "facts": dict(self.facts),
            "methods": list(self.methods),
            "notes": list(self.notes),
            "claims": {
                claim.name: {
                    "title": claim.title,
                    "promise": claim.promise,
                    "figures": [
                        {
                            "what": figure.what,
                            "goal": figure.goal,
                            "values": {name: finite(value) for name, value in figure.values.items()},
                        }
                        for figure in claim.figures
                    ],
                    "sheets": [f"{sheet.name}.png" for sheet in claim.sheets],
                    "notes": list(claim.notes),
                }
                for claim in self.claims
            },
        }

    def to_text(self) -> str:
        """The figures as a few lines for a terminal."""
        lines = []
        for claim in self.claims:
            lines.append(claim.title)
            for figure in claim.figures:
                columns = dict.fromkeys((*self.methods, *figure.values))
                values = ", ".join(
                    f"{name} {figure.unit.text(figure.values.get(name, math.nan))}" for name in columns
                )
                lines.append(f"  {figure.what}: {values} (goal: {figure.goal})")
        return "\n".join([*lines, *self.notes])
