"""Reads from GIMP what a request needs: what the user sees, the selection, a layer's shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from client.protocol import PixelFormat, PixelFrame, Rect
from gi.repository import GdkPixbuf, Gegl, Gimp, GLib
from wording import Refusal, _

SCENE_FORMAT = "R'G'B'A u8"  # a format *name* always means sRGB, whatever the picture's own profile
COVERAGE_FORMAT = "RGBA u8"  # selections are linear coverage, which each colour then has
HALF_SELECTED = 128  # GIMP draws the marching ants where a selection passes one half
RECTANGLE_FILL = 0.97  # a shape that fills its box to this part is meant as a box
FINE_OVER_SIZE = 4  # how many more pixels than wanted GEGL gives, each way
ANALYSIS_PIXELS = 256  # longest side of the selection when its shape is judged
_HALF_TABLE = bytes(int(value >= HALF_SELECTED) for value in range(256))

Fingerprint = tuple[int, ...]


@dataclass(frozen=True)
class Selected:
    """The selection: the box around its better half, and whether that box is all there is to it."""

    box: Rect
    is_rectangle: bool


def fingerprint(image: Gimp.Image) -> Fingerprint:
    """A few numbers that change when the selection does; cheap enough to ask ten times a second."""
    _ok, non_empty, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
    if not non_empty:
        return ()
    thirds = [(x1 + (x2 - x1) * i // 4, y1 + (y2 - y1) * j // 4) for i in (1, 2, 3) for j in (1, 2, 3)]
    return (x1, y1, x2, y2, *(Gimp.Selection.value(image, x, y) for x, y in thirds))


def read_selection(image: Gimp.Image) -> Selected | None:
    """The selection as a box, None when nothing is selected (or nothing by at least a half)."""
    _ok, non_empty, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
    if not non_empty:
        return None
    bounds = Rect(x1, y1, x2 - x1, y2 - y1)
    scale = min(1.0, ANALYSIS_PIXELS / max(bounds.width, bounds.height))
    width, height = max(1, round(bounds.width * scale)), max(1, round(bounds.height * scale))
    coverage = _read(image.get_selection(), bounds, (width, height), COVERAGE_FORMAT)[::4]
    inside = coverage.translate(_HALF_TABLE)
    rows = [inside[row * width : (row + 1) * width] for row in range(height)]
    filled = [row for row in range(height) if 1 in rows[row]]
    if not filled:
        return None
    left = min(rows[row].find(1) for row in filled)
    right = max(rows[row].rfind(1) for row in filled) + 1
    top, bottom = filled[0], filled[-1] + 1
    fill = inside.count(1) / ((right - left) * (bottom - top))
    if (left, top, right, bottom) == (0, 0, width, height):
        box = bounds
    else:  # the selection fades out: the box is where it is selected by at least a half
        x, y = bounds.x + round(left / scale), bounds.y + round(top / scale)
        box = Rect(x, y, round((right - left) / scale), round((bottom - top) / scale))
    return Selected(box, fill >= RECTANGLE_FILL)


def selection_shape(image: Gimp.Image, window: Rect, size: tuple[int, int]) -> PixelFrame:
    """The selection in the window as an a8 frame of that size: 0 outside, 255 inside."""
    width, height = size
    coverage = _read(image.get_selection(), window, size, COVERAGE_FORMAT)[::4]
    return PixelFrame(width, height, PixelFormat.A8, coverage)


def layer_shape(layer: Gimp.Layer, window: Rect, size: tuple[int, int]) -> PixelFrame:
    """The layer's own alpha in the window as an a8 frame of that size."""
    width, height = size
    _ok, x, y = layer.get_offsets()
    moved = Rect(window.x - x, window.y - y, window.width, window.height)
    pixels = _read(layer, moved, size, SCENE_FORMAT, outside=Gegl.AbyssPolicy.NONE)
    return PixelFrame(width, height, PixelFormat.A8, pixels[3::4])


def layer_rectangle(layer: Gimp.Layer) -> Rect:
    """Where the layer lies in the image."""
    _ok, x, y = layer.get_offsets()
    return Rect(x, y, layer.get_width(), layer.get_height())


def visible_pixels(image: Gimp.Image, window: Rect, size: tuple[int, int]) -> PixelFrame:
    """What the user sees in the window, as an rgba8 frame of that size.

    GIMP shares the projection's tiles with the layer it makes here, so that only the window's own pixels
    are copied, however large the image.
    """
    seen = Gimp.Layer.new_from_visible(image, image, "insert-object")
    if seen is None:
        raise Refusal(_("The picture was closed before the object was ready."))
    try:
        width, height = size
        pixels = _read(seen, window, size, SCENE_FORMAT)
    finally:
        seen.delete()
    return PixelFrame(width, height, PixelFormat.RGBA8, pixels)


def _read(
    drawable: Gimp.Drawable,
    area: Rect,
    size: tuple[int, int],
    pixels: str,
    *,
    outside: Gegl.AbyssPolicy = Gegl.AbyssPolicy.CLAMP,  # rounding may reach one pixel past the border
) -> bytes:
    """The area of a drawable, in its own coordinates, scaled down to ``size``: four channels of 8 bits.

    GEGL scales about the drawable's corner and begins at a whole scaled pixel, which may be half of one
    beside the area. So it only halves until few pixels are left; the exact rest is done here.
    """
    width, height = size
    scale = 1.0
    while max(area.width, area.height) * scale > FINE_OVER_SIZE * max(size):
        scale /= 2
    wide, high = max(1, round(area.width * scale)), max(1, round(area.height * scale))
    buffer = drawable.get_buffer()
    region = Gegl.Rectangle.new(round(area.x * scale), round(area.y * scale), wide, high)
    data = bytes(buffer.get(region, scale, pixels, outside))
    del buffer  # before the drawable goes: GEGL would write its tiles back to nowhere
    if (wide, high) != size:
        fine = GdkPixbuf.Pixbuf.new_from_bytes(
            GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, True, 8, wide, high, wide * 4
        )
        scaled = fine.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR)
        data = bytes(scaled.read_pixel_bytes().get_data())
    if len(data) != width * height * 4:
        raise ValueError(f"GIMP gave {len(data)} bytes for {width} × {height} pixels")
    return data


@contextmanager
def without_traces(image: Gimp.Image) -> Iterator[None]:
    """Changes in here leave no undo step, and do not turn a saved image into an unsaved one."""
    was_dirty = image.is_dirty()
    image.undo_freeze()
    try:
        yield
    finally:
        image.undo_thaw()
        if not was_dirty:
            image.clean_all()
