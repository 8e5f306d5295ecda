"""The variations of one document, oldest first, each with the recipe that makes it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from .client.protocol import PixelFrame, Rect
from .recipes import Recipe

KEPT_BYTES = 256 * 1024 * 1024  # pixels held per document; older ones are made again when asked for
KEPT_VARIATIONS = 500


@dataclass
class Variation:
    """One object: its recipe and, while there is room, its pixels and the corner they belong at."""

    recipe: Recipe
    x: int
    y: int
    pixels: PixelFrame | None = field(repr=False)
    live: bool = False  # made while the selection moved; replaced by the next one

    @property
    def rect(self) -> Rect:
        if self.pixels is None:
            return Rect(self.x, self.y, 0, 0)
        return Rect(self.x, self.y, self.pixels.width, self.pixels.height)


class History:
    """An ordered list of variations with a bound on the memory of their pixels."""

    def __init__(self, kept_bytes: int = KEPT_BYTES, kept_variations: int = KEPT_VARIATIONS) -> None:
        self._kept_bytes = kept_bytes
        self._kept_variations = kept_variations
        self.items: list[Variation] = []

    def __len__(self) -> int:
        return len(self.items)

    def add(self, variation: Variation) -> None:
        """Appends a variation; a live one takes the place of the live one before it."""
        if self.items and self.items[-1].live:
            self.items.pop()
        self.items.append(variation)
        del self.items[: max(0, len(self.items) - self._kept_variations)]
        self._forget_old_pixels()

    def find(self, recipe: Recipe) -> Variation | None:
        """The variation made by this recipe."""
        return next((item for item in reversed(self.items) if item.recipe == recipe), None)

    def _forget_old_pixels(self) -> None:
        held = 0
        for item in reversed(self.items):
            if item.pixels is None:
                continue
            held += len(item.pixels.data)
            if held > self._kept_bytes and item is not self.items[-1]:
                item.pixels = None
