"""A variation as a small picture: the object in its scene."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import GdkPixbuf, GLib
from object_layer import rectangle_of, shadows_in

from wire.protocol import Layer, PixelFormat, PixelFrame, Rect

SMALLEST, LARGEST = 160, 320  # screen pixels; a thumbnail is kept at the largest
_MARGIN = 1.15  # how much more than the box a thumbnail shows


def at_side(picture: GdkPixbuf.Pixbuf | None, side: int) -> GdkPixbuf.Pixbuf:
    """A thumbnail at a size; where there is none yet, a faint grey on whatever the theme has."""
    if picture is not None:
        return picture.scale_simple(side, side, GdkPixbuf.InterpType.BILINEAR)
    place = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, side, side)
    place.fill(0x80808040)
    return place


def thumbnail(scene: PixelFrame, window: Rect, box: Rect, replies: Sequence[Layer]) -> GdkPixbuf.Pixbuf:
    """Objects in their scene, far ones first, cut to a square round the box. ``scene`` is the window's rgba8
    pixels."""
    side = min(max(box.width, box.height) * _MARGIN, max(window.width, window.height))
    left = min(max(box.x + box.width / 2 - side / 2, window.x), max(window.right - side, window.x))
    top = min(max(box.y + box.height / 2 - side / 2, window.y), max(window.bottom - side, window.y))
    scale = LARGEST / side
    square = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, LARGEST, LARGEST)
    square.fill(0x808080FF)
    background = Rect(window.x, window.y, window.width, window.height)
    sheets = [(scene, background)]
    for reply in replies:
        sheets += [(_eight_bits(shadow.frame), shadow.place) for shadow in reversed(shadows_in(reply))]
        sheets.append((_eight_bits(reply.pixels), rectangle_of(reply)))
    for frame, place in sheets:
        _lay(square, frame, place, (left, top), scale)
    return square


def _lay(
    square: GdkPixbuf.Pixbuf, frame: PixelFrame, place: Rect, corner: tuple[float, float], scale: float
) -> None:
    """Mixes a frame that lies at ``place`` of the image into the square that begins at ``corner``."""
    data = GLib.Bytes.new(bytes(frame.data))
    source = GdkPixbuf.Pixbuf.new_from_bytes(
        data, GdkPixbuf.Colorspace.RGB, True, 8, frame.width, frame.height, frame.width * 4
    )
    left, top = (place.x - corner[0]) * scale, (place.y - corner[1]) * scale
    wide, high = place.width * scale, place.height * scale
    x0, y0 = max(0, round(left)), max(0, round(top))
    x1, y1 = min(LARGEST, round(left + wide)), min(LARGEST, round(top + high))
    if x1 > x0 and y1 > y0:
        smooth = GdkPixbuf.InterpType.BILINEAR
        stretch = wide / frame.width, high / frame.height
        source.composite(square, x0, y0, x1 - x0, y1 - y0, left, top, *stretch, smooth, 255)


def _eight_bits(frame: PixelFrame) -> PixelFrame:
    if frame.format is not PixelFormat.RGBA16:
        return frame
    return PixelFrame(frame.width, frame.height, PixelFormat.RGBA8, bytes(frame.data)[1::2])
