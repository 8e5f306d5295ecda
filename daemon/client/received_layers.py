"""What ``Client`` gives back: layers as arrays, with their places in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wire.protocol import Layer, Lit, PixelFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ShadowLayer:
    """An object's contact or cast shadow: paste it, as the object, but below it."""

    pixels: NDArray[Any] = field(repr=False)
    offset: tuple[int, int]


@dataclass(frozen=True)
class ObjectLayer:
    """One inserted object: paste ``pixels`` with their corner at ``offset`` of the picture.

    ``pixels`` is uint8 or uint16 (h, w, 4), straight alpha, sRGB. ``notes`` are sentences for the user about
    the request that made it. ``shadow``, the contact shadow, and ``cast``, which belongs below it, are there
    where they were asked for and fall on the picture.
    """

    pixels: NDArray[Any] = field(repr=False)
    offset: tuple[int, int]
    seed: int
    class_name: str
    notes: tuple[str, ...] = ()
    shadow: ShadowLayer | None = None
    cast: ShadowLayer | None = None


@dataclass(frozen=True)
class LitLayer:
    """A cut-out in the light of its picture: paste ``pixels``, of its own size and depth, at ``offset``.

    ``adjustments`` are the numbers behind it, at their whole strength: kept with the cut-out as it was, they
    light it again without being judged. All 0: it had the light already. ``shadow`` and ``cast`` are
    as for ``ObjectLayer``.
    """

    pixels: NDArray[Any] = field(repr=False)
    offset: tuple[int, int]
    adjustments: Mapping[str, float]
    notes: tuple[str, ...] = ()
    shadow: ShadowLayer | None = None
    cast: ShadowLayer | None = None


def object_layer(layer: Layer, notes: tuple[str, ...]) -> ObjectLayer:
    """A message's layer as arrays."""
    from daemon.painting.pixels import frame_pixels

    place = (layer.x, layer.y)
    shadows = shadows_of(layer)
    return ObjectLayer(frame_pixels(layer.pixels), place, layer.seed, layer.class_name, notes, *shadows)


def shadows_of(reply: Layer | Lit) -> tuple[ShadowLayer | None, ShadowLayer | None]:
    """The contact and the cast shadow that came with an object; None where there is none."""
    contact = _shadow(reply.shadow, reply.shadow_x, reply.shadow_y)
    return contact, _shadow(reply.cast, reply.cast_x, reply.cast_y)


def _shadow(frame: PixelFrame | None, x: int, y: int) -> ShadowLayer | None:
    from daemon.painting.pixels import frame_pixels

    return None if frame is None else ShadowLayer(frame_pixels(frame), (x, y))
