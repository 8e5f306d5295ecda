"""A layer's own pixels, under no mask and no filter: where they are, as GIMP keeps them, in sRGB."""

from __future__ import annotations

from gi.repository import Babl, Gegl, Gimp

from wire.protocol import Rect


def pixels(layer: Gimp.Drawable, area: Rect, kind: str | None) -> bytes:
    """An area of a layer, in its own coordinates, in that format; transparent where the layer ends."""
    buffer = layer.get_buffer()
    region = Gegl.Rectangle.new(area.x, area.y, area.width, area.height)
    data = bytes(buffer.get(region, 1.0, kind, Gegl.AbyssPolicy.NONE))
    del buffer
    return data


def alpha(layer: Gimp.Layer, area: Rect) -> bytes:
    """The layer's own alpha, one byte a pixel."""
    if not layer.has_alpha():
        return b"\xff" * (area.width * area.height)
    data = pixels(layer, area, "R'G'B'A u8")
    return data[3::4]


def native(layer: Gimp.Layer, area: Rect) -> bytes:
    """Pixels as GIMP keeps them, bit for bit."""
    return pixels(layer, area, None)


def format_name(layer: Gimp.Layer) -> str:
    """What GIMP calls the format of :func:`native`."""
    return str(Babl.get_name(layer.get_format()))


def write_native(layer: Gimp.Layer, area: Rect, data: bytes) -> None:
    """Puts back what :func:`native` gave."""
    buffer = layer.get_buffer()
    region = Gegl.Rectangle.new(area.x, area.y, area.width, area.height)
    buffer.set(region, format_name(layer), data)
    buffer.flush()
    del buffer
    layer.update(area.x, area.y, area.width, area.height)


def bounds(coverage: bytes, width: int, height: int) -> Rect | None:
    """The smallest rectangle with all that is not quite transparent."""
    blank = bytes(width)
    rows = [coverage[row * width : (row + 1) * width] for row in range(height)]
    filled = [number for number, row in enumerate(rows) if row != blank]
    if not filled:
        return None
    seen = [rows[number] for number in filled]
    left = min(width - len(row.lstrip(b"\0")) for row in seen)
    right = max(len(row.rstrip(b"\0")) for row in seen)
    return Rect(left, filled[0], right - left, filled[-1] + 1 - filled[0])


def crop(plane: bytes, width: int, part: Rect) -> bytes:
    """A part of a plane of one byte a pixel."""
    starts = (row * width + part.x for row in range(part.y, part.bottom))
    return b"".join(plane[start : start + part.width] for start in starts)
