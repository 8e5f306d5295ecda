"""A cut-out whose parts an object keeps: as the parts encoder sees it, and where it lies in the square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daemon.painting.pixels import bounds
from daemon.painting.resample import Floats, resampled
from daemon.painting.scene import SceneView, flattened
from models.masks.carrying import SEEN_SIDE, close_up_area
from wire.protocol import ErrorCode, InsertObjectError, PixelFrame, Rect
from wire.reference import SHOWN, fitted


@dataclass(frozen=True)
class CloseUp:
    """colours float32 (256, 256, 3) and mask (256, 256) in 0..1, the object's box in the middle; ``box``
    x0, y0, x1, y1 is that very box, as fractions of the square."""

    colours: Floats
    mask: Floats
    box: tuple[float, float, float, float]


def close_up(parts: PixelFrame, box: Rect, view: SceneView) -> CloseUp:
    """The close-up of a cut-out (rgba8 or bgra8) whose outline was fitted into the user's ``box``.

    Raises:
        InsertObjectError: ``bad-request`` if it shows nothing.
    """
    colours, alpha = flattened(parts)
    if alpha is None:
        alpha = np.full(colours.shape[:2], 255, np.uint8)
    shown = bounds(alpha >= SHOWN)
    if shown is None:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            "The picture of the parts is transparent everywhere.",
            "Give a picture of the object, cut out.",
        )
    left, top, right, bottom = close_up_area((shown.x, shown.y, shown.right, shown.bottom))
    framed = np.pad(alpha[..., np.newaxis], ((1, 1), (1, 1), (0, 0)))  # nothing is shown beyond its sides
    mask = resampled(framed, (left + 1, top + 1, right + 1, bottom + 1), SEEN_SIDE)
    place, square = fitted(shown, box), view.square
    return CloseUp(
        resampled(colours, (left, top, right, bottom), SEEN_SIDE),
        np.ascontiguousarray(mask[..., 0]),
        (
            (place.x - square.x) / square.width,
            (place.y - square.y) / square.height,
            (place.right - square.x) / square.width,
            (place.bottom - square.y) / square.height,
        ),
    )
