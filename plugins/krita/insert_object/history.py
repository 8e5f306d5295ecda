"""The variations of one document, oldest first, each with the recipe that makes it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .wire.layer_record import LayerRecord, Recipe
from .wire.protocol import OF_A_CAST_SHADOW, WITHOUT_SHADOWS, Layer, Lit, PixelFrame, Rect, Wish

KEPT_BYTES = 256 * 1024 * 1024  # pixels held per document; older ones are made again when asked for
KEPT_VARIATIONS = 200


@dataclass(frozen=True)
class LightChoice:
    """How much of its light a layer gets, 0..1, and a wish of its shadows; None: those that it has stay."""

    strength: float = 1.0
    shadows: Wish | None = None

    def wished(self, recipe: Recipe) -> Recipe:
        """The recipe with these shadows, or without any: those that are there have layers of their own."""
        shadows = self.shadows or WITHOUT_SHADOWS
        fields = {name: getattr(shadows, name) for name in ("shadow", "cast_shadow", *OF_A_CAST_SHADOW)}
        return replace(recipe, wish=replace(recipe.wish, **fields))


@dataclass(frozen=True)
class Kept:
    """What a layer that was lit keeps from the one whose place it takes, and how it was lit."""

    name: str
    record: LayerRecord | None
    choice: LightChoice = field(default_factory=LightChoice)
    adjustments: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass
class Variation:
    """One object: its recipe and, while there is room, its pixels and the corner they belong at."""

    recipe: Recipe
    x: int
    y: int
    pixels: PixelFrame | None = field(repr=False)
    live: bool = False  # made while the selection moved; replaced by the next one
    shadow: PixelFrame | None = field(default=None, repr=False)
    shadow_x: int = 0
    shadow_y: int = 0
    cast: PixelFrame | None = field(default=None, repr=False)
    cast_x: int = 0
    cast_y: int = 0
    keeps: Kept | None = None  # of a layer that was lit, not painted
    jpeg: bytes = field(default=b"", repr=False)  # how it looked, from the picture's file
    marked: bool = False  # the user wants it kept longest
    herd: tuple[Variation, ...] = field(default=(), repr=False)  # the objects of one, far ones first

    @classmethod
    def of(cls, recipe: Recipe, layer: Layer, *, live: bool = False) -> Variation:
        """What the daemon sent for a recipe."""
        variation = cls(recipe, 0, 0, None, live)
        variation.take(layer)
        return variation

    @classmethod
    def of_herd(cls, recipe: Recipe, herd: tuple[Variation, ...], *, live: bool = False) -> Variation:
        """Several objects that are one variation; its own place and pixels are those of the nearest."""
        near = herd[-1]
        return cls(recipe, near.x, near.y, near.pixels, live, herd=herd)

    @property
    def objects(self) -> tuple[Variation, ...]:
        """The objects of a herd, far ones first; else this one."""
        return self.herd or (self,)

    def take(self, layer: Layer) -> None:
        """Takes the pixels of object and shadows from a reply."""
        self.x, self.y, self.pixels = layer.x, layer.y, layer.pixels
        self.take_shadows(layer)

    def take_shadows(self, reply: Layer | Lit) -> None:
        """Takes the pixels of the shadows from a reply."""
        self.shadow, self.shadow_x, self.shadow_y = reply.shadow, reply.shadow_x, reply.shadow_y
        self.cast, self.cast_x, self.cast_y = reply.cast, reply.cast_x, reply.cast_y

    def forget_pixels(self) -> None:
        """Lets the pixels go; the recipe can make them again."""
        self.pixels = self.shadow = self.cast = None

    @property
    def drawn(self) -> PixelFrame:
        """The pixels. Raises ValueError where they are gone."""
        if self.pixels is None:
            raise ValueError("this variation's pixels are gone; its recipe makes them again")
        return self.pixels

    @property
    def rect(self) -> Rect:
        """Where the object's pixels lie; empty without pixels."""
        return _rect(self.x, self.y, self.pixels)

    @property
    def shadow_rect(self) -> Rect:
        """Where the contact shadow's pixels lie; empty without one."""
        return _rect(self.shadow_x, self.shadow_y, self.shadow)

    @property
    def cast_rect(self) -> Rect:
        """Where the cast shadow's pixels lie; empty without one."""
        return _rect(self.cast_x, self.cast_y, self.cast)

    @property
    def held_bytes(self) -> int:
        """The memory of the pixels."""
        if self.herd:
            return sum(each.held_bytes for each in self.herd)
        return sum(len(frame.data) for frame in (self.pixels, self.shadow, self.cast) if frame is not None)


def _rect(x: int, y: int, frame: PixelFrame | None) -> Rect:
    return Rect(x, y, frame.width, frame.height) if frame is not None else Rect(x, y, 0, 0)


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
        while len(self.items) > self._kept_variations:
            self.items.remove(next((item for item in self.items if not item.marked), self.items[0]))
        self._forget_old_pixels()

    def remove(self, variation: Variation) -> None:
        """Forgets a variation."""
        self.items = [item for item in self.items if item is not variation]

    def find(self, recipe: Recipe) -> Variation | None:
        """The variation made by this recipe."""
        return next((item for item in reversed(self.items) if item.recipe == recipe), None)

    def _forget_old_pixels(self) -> None:
        held = 0
        for item in reversed(self.items):
            if item.pixels is None:
                continue
            held += item.held_bytes
            if held > self._kept_bytes and item is not self.items[-1]:
                if item.herd:
                    self.remove(item)  # nothing makes it again
                item.forget_pixels()
