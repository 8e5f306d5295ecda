"""An object set down on the ground of its scene: grass over its feet, and the shadows below it."""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.painting.cast_shadow import cast_shadow
from daemon.painting.footing import Footing
from daemon.painting.grass import behind_grass, out_of_shadow
from daemon.painting.pixels import Samples
from daemon.painting.resample import Floats
from daemon.painting.scene import SceneView
from daemon.painting.shadow import contact_shadow
from daemon.painting.shadow_layer import PlacedFrame
from wire.protocol import Wish


@dataclass(frozen=True)
class SetDown:
    """The object's pixels, and the shadows that were wished for and fall on the picture."""

    pixels: Samples = field(repr=False)
    shadow: PlacedFrame | None = None
    cast: PlacedFrame | None = None


def shadows_below(
    footing: Footing, wish: Wish, *, depth: int
) -> tuple[PlacedFrame | None, PlacedFrame | None]:
    """The contact and the cast shadow of an object that a wish names; None for one that it does not, or that
    does not fall on the picture. ``depth`` is 8 or 16, the bits per sample."""
    return (
        contact_shadow(footing, depth=depth) if wish.shadow else None,
        cast_shadow(footing, wish, depth=depth) if wish.cast_shadow else None,
    )


def set_down(pixels: Samples, x: int, y: int, alpha: Floats, view: SceneView, wish: Wish) -> SetDown:
    """What the wish says of shadows and grass, done to an object.

    Args:
        pixels: uint8 or uint16 (h, w, 4), straight alpha; left as it is.
        x, y: the layer's corner in the image.
        alpha: float32 (S, S) in 0..1, the object in the whole square; enough for soft shadows.
        view: the scene that the square was taken from.
        wish: names the shadows and the grass.
    """
    footing = Footing.of(alpha, view)
    shadow, cast = shadows_below(footing, wish, depth=8 * pixels.itemsize)
    grown = behind_grass(pixels, x, y, footing) if wish.behind_grass else None
    if grown is None:
        return SetDown(pixels, shadow, cast)
    lit = [None if below is None else out_of_shadow(below, grown, x, y) for below in (shadow, cast)]
    return SetDown(grown.pixels, *lit)
