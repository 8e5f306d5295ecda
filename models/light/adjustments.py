"""What gives an object's own pixels the light of a scene: a handful of named numbers (no torch).

Every number is 0 where nothing changes, and a share of the change is that share of every number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

PIVOT = 0.18  # linear light that contrast leaves alone: a grey card
RECOVERED = 0.6  # linear light above which ``highlights`` spreads what a camera has held back
BRIGHTEST = 0.98  # linear light beyond which nothing can be spread any more
ROLL_OFF = 0.8  # linear light from which on a brightened object comes to white more slowly
DARKEST = 1e-5  # linear light; below, a power says nothing
LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709, linear light


@dataclass(frozen=True)
class Adjustments:
    """The numbers, in the order in which the network gives the first eight of them.

    In linear light l of each pixel, of the object's own sRGB values:

    1. l above ``RECOVERED`` is spread by the share ``highlights``: what came near to white gets apart again;
    2. colours are exp(``saturation``) times as far from their grey;
    3. l becomes PIVOT · (l / PIVOT) ^ exp(``contrast``);
    4. l is multiplied by exp(``exposure``), by the gains of ``warmth`` (log ratio of red and blue) and
       ``tint`` (log ratio of green and the others), and by exp(``ramp_x`` · x + ``ramp_y`` · y), where x and
       y are -1..1 over the square around the object's box, to the right and down;
    5. what would be brighter than white comes to it ever more slowly.

    ``grain`` is the deviation of noise to be added, in code values of 255.
    """

    exposure: float = 0.0
    warmth: float = 0.0
    tint: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    ramp_x: float = 0.0
    ramp_y: float = 0.0
    highlights: float = 0.0
    grain: float = 0.0

    def scaled(self, share: float) -> Adjustments:
        """The same change, as strong as ``share`` says."""
        return Adjustments(*(share * getattr(self, item.name) for item in fields(self)))

    @property
    def is_none(self) -> bool:
        """Whether nothing changes."""
        return self == NONE

    def to_map(self) -> dict[str, float]:
        """The numbers by their names."""
        return {item.name: float(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_map(cls, numbers: Mapping[str, float]) -> Adjustments:
        """The numbers that :meth:`to_map` gave, now or in an older version; names that are missing are 0.

        Raises:
            ValueError: a name that none has, or a number beyond its range.
        """
        known = {name: value for name, value in numbers.items() if name not in GONE or value != 0}
        for name, value in known.items():
            if name not in RANGES:
                raise ValueError(f"there is no adjustment “{name}”")
            low, high = RANGES[name]
            if not low <= value <= high:
                raise ValueError(f"{name} is {value:g}, it must be {low:g} to {high:g}")
        return cls(**{name: float(value) for name, value in known.items()})


NONE = Adjustments()

RANGES: Mapping[str, tuple[float, float]] = {
    "exposure": (-2.0, 2.0),
    "warmth": (-1.5, 1.5),
    "tint": (-0.6, 0.6),
    "contrast": (-0.5, 0.5),
    "saturation": (-1.0, 0.7),
    "ramp_x": (-1.0, 1.0),
    "ramp_y": (-1.0, 1.0),
    "highlights": (0.0, 1.0),
    "grain": (0.0, 20.0),
}
JUDGED = ("exposure", "warmth", "tint", "contrast", "saturation", "ramp_x", "ramp_y", "highlights")
"""What the network gives; grain is measured."""
GONE = ("blur",)
"""What older records name, which was always 0."""
