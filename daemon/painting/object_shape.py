"""Where an object's outline comes from, when no mask gives it. Imports nothing."""

from __future__ import annotations

import enum


class ObjectShape(str, enum.Enum):
    """Who draws the outline."""

    DRAWN = "drawn"  # by the networks
    REFERENCE = "reference"  # it is the reference picture's, fitted into the box

    def __str__(self) -> str:
        return self.value
