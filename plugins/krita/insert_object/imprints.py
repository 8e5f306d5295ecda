"""What a layer looks like, in short: whether somebody has worked on it is told by that."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from .annotations import kept_pixels, light_record_of
from .colour_spaces import Space, converted, srgb_space
from .documents import bounds_of, layer_id
from .pixels import QUICK_STRIP, read_scene, small_bgra
from .wire.imprint import SMALL, Digest, Imprint, Standing, small_size
from .wire.layer_record import LayerRecord
from .wire.light_record import digest, unpacked
from .wire.protocol import Rect

_GRID = 4 * SMALL  # pixels of the layer's longer side that are looked at for the small picture


def imprint_of(node: Any) -> Generator[None, None, Imprint | None]:
    """The imprint of a layer's own pixels, under no mask; None where it has none. Yields between strips."""
    rect, space = bounds_of(node), Space.of(node)
    if rect.width < 1 or rect.height < 1:
        return None
    step = max(1, -(-max(rect.width, rect.height) // _GRID))
    rows = max(1, QUICK_STRIP // rect.width)
    told, picked = Digest(), []
    for top in range(0, rect.height, rows):
        height = min(rows, rect.height - top)
        if top:
            yield
        data = memoryview(bytes(node.pixelData(rect.x, rect.y + top, rect.width, height)))
        told.add(data)
        stride = len(data) // height
        first = -top % step
        picked += [data[row * stride : (row + 1) * stride] for row in range(first, height, step)]
    size = len(picked[0]) // rect.width
    columns = range(0, rect.width * size, step * size)
    raw = b"".join(row[start : start + size] for row in picked for start in columns)
    grid = len(columns), len(picked)
    if not (space.is_srgb and space.depth == "U8"):
        yield
        raw = converted(raw, *grid, space, srgb_space("U8"))
    small = small_size(rect.width, rect.height)
    rgba = bytearray(small_bgra(raw, grid, small))
    rgba[0::4], rgba[2::4] = rgba[2::4], rgba[0::4]
    kind = f"{space.model} {space.depth} {space.profile}"
    return Imprint.of(told.text, kind, (rect.width, rect.height), small, rgba)


def standing_of(document: Any, node: Any, record: LayerRecord) -> Generator[None, None, Standing]:
    """What has become of an object's layer since it was inserted. Light that it was given is no change."""
    if record.imprint is None:
        return Standing()
    now = yield from imprint_of(node)
    light = light_record_of(document, layer_id(node))
    if now is not None and light is not None and light.lit == now.digest:
        rect = bounds_of(node)
        size = len(node.pixelData(rect.x, rect.y, 1, 1)) * rect.width * rect.height
        own = unpacked(kept_pixels(document, layer_id(node)), size)
        if own is not None and digest(own) == record.imprint.digest:
            return Standing()
    return record.standing(now, bounds_of(node))


def alpha_of(node: Any, window: Rect, size: tuple[int, int]) -> Generator[None, None, bytes]:
    """A layer's own coverage in ``window``, scaled to ``size``: 0 outside, 255 inside."""
    frame = yield from read_scene(_OwnPixels(node), window, size)
    return bytes(frame.data)[3::4]


class _OwnPixels:
    """A layer as a source of pixels, without what its masks make of them."""

    def __init__(self, node: Any) -> None:
        self.pixelData = node.pixelData
        self.colorModel, self.colorDepth = node.colorModel, node.colorDepth
        self.colorProfile = node.colorProfile
