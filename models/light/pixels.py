"""Adjustments applied to a whole layer at its own size and depth (no torch)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.light.adjustments import (
    BRIGHTEST,
    DARKEST,
    LUMINANCE,
    PIVOT,
    RECOVERED,
    ROLL_OFF,
    Adjustments,
)

Samples = NDArray[Any]  # uint8 or uint16
Floats = NDArray[np.float32]

_ROWS = 256  # that are computed at once, so that a large layer takes no more memory than a small one


def lit_pixels(pixels: Samples, adjustments: Adjustments) -> Samples:
    """The layer under the adjustments; grain is left to others.

    Args:
        pixels: uint8 or uint16 (h, w, 4), sRGB, straight alpha.
        adjustments: see ``Adjustments``; where all are 0 the layer comes back as it is, bit for bit.

    Returns:
        A layer of the same shape and dtype; alpha is the same, bit for bit.
    """
    result: Samples = pixels.copy()
    frame = _frame(pixels[..., 3])
    if adjustments.is_none or frame is None:
        return result
    middle_x, middle_y, half = frame
    height, width = pixels.shape[:2]
    x = ((np.arange(width, dtype=np.float32) + 0.5 - middle_x) / half).astype(np.float32)
    y = ((np.arange(height, dtype=np.float32) + 0.5 - middle_y) / half).astype(np.float32)
    across, down = np.exp(adjustments.ramp_x * x), np.exp(adjustments.ramp_y * y)
    table = _opened(pixels.dtype, adjustments)
    most = np.iinfo(pixels.dtype).max
    for top in range(0, height, _ROWS):
        part = slice(top, top + _ROWS)
        light = table[pixels[part, :, :3]]
        light = _lit(light, adjustments, down[part, np.newaxis] * across)
        np.rint(_encoded(light) * np.float32(most), out=light)
        result[part, :, :3] = light.astype(pixels.dtype)
    return result


def _frame(alpha: Samples) -> tuple[float, float, float] | None:
    """Middle and half side of the square around what is at least half there, in pixels."""
    present = alpha >= np.iinfo(alpha.dtype).max / 2
    columns, rows = np.flatnonzero(present.any(0)), np.flatnonzero(present.any(1))
    if columns.size == 0:
        return None
    left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    return (left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top) / 2


def _opened(dtype: np.dtype[Any], adjustments: Adjustments) -> Floats:
    """Linear light of every code value, with what is held back in bright light spread."""
    value = np.linspace(0, 1, np.iinfo(dtype).max + 1)
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    room = 1 - RECOVERED
    spread = RECOVERED - room * np.log((1 - light.clip(RECOVERED, BRIGHTEST)) / room)
    opened = np.where(light > RECOVERED, light + adjustments.highlights * (spread - light), light)
    table: Floats = opened.astype(np.float32)
    return table


def _lit(light: Floats, adjustments: Adjustments, ramp: Floats) -> Floats:
    """Steps 2 to 5 of ``Adjustments`` on linear light (h, w, 3); ``ramp`` (h, w) multiplies it."""
    warmth, tint = adjustments.warmth, adjustments.tint
    balance = np.array([warmth / 2 - tint / 3, 2 * tint / 3, -warmth / 2 - tint / 3])
    power = np.exp(adjustments.contrast)
    gains = np.exp(adjustments.exposure + balance) * PIVOT ** (1 - power)
    if adjustments.saturation:
        grey = (light @ np.array(LUMINANCE, np.float32))[..., np.newaxis]
        light = grey + (light - grey) * np.float32(np.exp(adjustments.saturation))
    np.maximum(light, np.float32(DARKEST), out=light)
    if adjustments.contrast:
        np.power(light, np.float32(power), out=light)
    light *= gains.astype(np.float32)
    light *= ramp[..., np.newaxis]
    return _rolled_off(light, max(1.0, float(gains.max())))


def _rolled_off(light: Floats, most: float) -> Floats:
    if most <= 1:
        return light  # the curve is a straight line then
    room = 1 - ROLL_OFF
    white = (most - ROLL_OFF) / room
    above = np.maximum((light - np.float32(ROLL_OFF)) / np.float32(room), np.float32(0))
    bent = above * (1 + above / np.float32(white**2)) / (1 + above)
    rolled: Floats = np.minimum(light, np.float32(ROLL_OFF)) + np.float32(room) * bent
    return rolled


def _encoded(light: Floats) -> Floats:
    """Linear light as sRGB in 0..1 (IEC 61966-2-1)."""
    np.clip(light, 0, 1, out=light)
    low = light * np.float32(12.92)
    np.power(light, np.float32(1 / 2.4), out=light)
    light *= np.float32(1.055)
    light -= np.float32(0.055)
    encoded: Floats = np.where(low <= np.float32(0.0031308 * 12.92), low, light)
    return encoded
