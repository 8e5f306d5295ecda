"""Adjustments given to a layer's own pixels, at its own size and depth: light and grain."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.painting.grain import with_grain
from daemon.painting.pixels import Samples
from models.light.adjustments import Adjustments
from models.light.pixels import lit_pixels
from wire.protocol import ErrorCode, InsertObjectError

GRAIN_SEED = 0  # the same object in the same scene looks the same again


def adjustments_of(numbers: Mapping[str, float]) -> Adjustments:
    """The adjustments that a message names.

    Raises:
        InsertObjectError: ``bad-request`` for a name that there is none of, or a number out of its range.
    """
    try:
        return Adjustments.from_map(numbers)
    except ValueError as error:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            f"These adjustments cannot be applied: {error}.",
            "Leave them out; the light is then judged again.",
        ) from error


def with_light(pixels: Samples, adjustments: Adjustments, strength: float = 1.0) -> Samples:
    """The layer under a share of the adjustments.

    Args:
        pixels: uint8 or uint16 (h, w, 4), sRGB, straight alpha.
        adjustments: at their whole strength.
        strength: 0..1; at 0 the pixels come back as they are, bit for bit.

    Returns:
        A layer of the same shape and dtype, its alpha untouched.
    """
    applied = adjustments.scaled(strength)
    result = lit_pixels(pixels, applied)
    return with_grain(result, applied.grain, GRAIN_SEED) if applied.grain > 0 else result
