"""A shadow, dark and light over the cells of a square, as a layer in image pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from PIL import Image

from daemon.painting.pixels import Samples, bounds, pixel_frame
from daemon.painting.resample import Area, Floats, band_of, in_bands
from wire.protocol import PixelFrame, Rect

FAINTEST = 1 / 255  # alpha from which a shadow is there

PlacedFrame: TypeAlias = "tuple[PixelFrame, int, int]"  # pixels, and x and y of their corner in the image
NO_SHADOW = None, 0, 0  # the same where there is none


@dataclass(frozen=True)
class Sheet:
    """A shadow's alpha, float32 (h, w), in cells whose first has its corner at ``left``, ``top`` in the
    image and that are ``scale`` image pixels wide and high; ``most`` is what the layer's alpha may reach."""

    alpha: Floats = field(repr=False)
    left: float
    top: float
    scale: float
    most: float


def shadow_layer(sheet: Sheet, colour: Floats, limits: Rect, depth: int) -> PlacedFrame | None:
    """The shadow in image pixels, cut to what is visible of it inside ``limits``.

    Args:
        sheet: how dark it is, and where.
        colour: (3,) in 0..1.
        limits: the part of the image that it may lie in.
        depth: bits per sample, 8 or 16.

    Returns:
        The pixels (rgba8 or rgba16, straight alpha) and their corner; None if nothing shows.
    """
    shown = bounds(sheet.alpha >= FAINTEST)
    area = _area(sheet, shown, limits) if shown else None
    if area is None:
        return None
    height, width = sheet.alpha.shape
    source = (
        max((area.x - sheet.left) / sheet.scale, 0.0),
        max((area.y - sheet.top) / sheet.scale, 0.0),
        min((area.right - sheet.left) / sheet.scale, float(width)),
        min((area.bottom - sheet.top) / sheet.scale, float(height)),
    )
    opacity = _enlarged(sheet, (area.width, area.height), source, depth)
    visible = bounds(opacity > 0)
    if visible is None:
        return None
    cut = opacity[visible.y : visible.bottom, visible.x : visible.right]
    tint = np.append(np.rint(np.clip(colour, 0, 1) * np.iinfo(cut.dtype).max), 0).astype(cut.dtype)
    whole = np.uint32 if depth == 8 else np.uint64  # four samples at once, which is quicker
    pixels = np.full(cut.shape, tint.view(whole)[0]).view(cut.dtype).reshape(*cut.shape, 4)
    pixels[..., 3] = cut
    return pixel_frame(pixels), area.x + visible.x, area.y + visible.y


def _enlarged(sheet: Sheet, size: tuple[int, int], source: Area, depth: int) -> Samples:
    """The alpha of a part of the sheet in image pixels, uint8 or uint16 (h, w)."""
    opacity = np.empty((size[1], size[0]), np.uint8 if depth == 8 else np.uint16)
    codes = np.iinfo(opacity.dtype).max
    most = round(sheet.most * codes)
    rounded = np.rint(sheet.alpha * np.float32(255)).astype(np.uint8) if depth == 8 else sheet.alpha
    picture = Image.fromarray(rounded)  # soft as it is, eight bits are enough to enlarge it from

    def enlarge(rows: slice) -> None:
        part = (size[0], rows.stop - rows.start)
        band = np.asarray(picture.resize(part, Image.Resampling.BICUBIC, band_of(source, rows, size[1])))
        opacity[rows] = np.minimum(band, most) if depth == 8 else np.rint(np.clip(band * codes, 0, most))

    in_bands(size[1], size[0], enlarge)
    return opacity


def _area(sheet: Sheet, shown: Rect, limits: Rect) -> Rect | None:
    """Where a part of the sheet lies in the image, with what the cubic kernel makes of its border."""
    reach = 2 * max(1.0, 1 / sheet.scale)  # the kernel's, in cells
    height, width = sheet.alpha.shape
    left = int(np.floor(sheet.left + max(shown.x - reach, 0) * sheet.scale))
    top = int(np.floor(sheet.top + max(shown.y - reach, 0) * sheet.scale))
    right = int(np.ceil(sheet.left + min(shown.right + reach, width) * sheet.scale))
    bottom = int(np.ceil(sheet.top + min(shown.bottom + reach, height) * sheet.scale))
    left, right = max(left, limits.x), min(right, limits.right)
    top, bottom = max(top, limits.y), min(bottom, limits.bottom)
    if right <= left or bottom <= top:
        return None
    return Rect(left, top, right - left, bottom - top)
