"""Reads from GIMP what a request needs: what the user sees, the selection, a layer's shape."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gi.repository import GdkPixbuf, Gegl, Gimp, GLib

from wire.protocol import PixelFormat, PixelFrame, Rect
from wire.selected_ground import SelectedGround, ground_of
from wire.selection_shape import HALF, SelectionShape, marked_part, shape_of_rows

SCENE_FORMAT = "R'G'B'A u8"  # a format *name* always means sRGB, whatever the picture's own profile
# What GIMP keeps selections in. Other formats would do too, but Babl takes a quarter of a second to find its
# way to one that has colours.
COVERAGE_FORMAT = "Y u8"
RECTANGLE_FILL = 0.97  # a shape that fills its box to this part is meant as a box
FINE_OVER_SIZE = 4  # how many more pixels than wanted GEGL gives, each way
ANALYSIS_PIXELS = 256  # longest side of the selection when its shape is judged
_HALF_TABLE = bytes(int(value >= HALF) for value in range(256))

Fingerprint = tuple[int, ...]


@dataclass(frozen=True)
class Selected:
    """The selection: the box around its better half, and whether that box is all there is to it."""

    box: Rect
    is_rectangle: bool
    shape: SelectionShape
    ground: SelectedGround


@functools.cache
def start_gegl() -> None:
    """Gets GEGL's buffers ready, once; before a dialog too, because GimpUi would start all of GEGL.

    Its operations, which take half of that time to load and which nothing here uses, are left out: GEGL
    looks for them in the folders that GEGL_PATH names, and here it names none.
    """
    before = os.environ.get("GEGL_PATH")
    os.environ["GEGL_PATH"] = ""
    try:
        Gegl.init(None)
    finally:
        del os.environ["GEGL_PATH"]
        if before is not None:
            os.environ["GEGL_PATH"] = before


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
    coverage = pixels_of(image.get_selection(), bounds, (width, height), COVERAGE_FORMAT)
    inside = coverage.translate(_HALF_TABLE)
    part = marked_part(inside, width, height)
    if part is None:
        return None
    fill = inside.count(1) / (part.width * part.height)
    if part == Rect(0, 0, width, height):
        box = bounds
    else:  # the selection fades out: the box is where it is selected by at least a half
        x, y = bounds.x + round(part.x / scale), bounds.y + round(part.y / scale)
        box = Rect(x, y, round(part.width / scale), round(part.height / scale))
    starts = (row * width + part.x for row in range(part.y, part.bottom))
    rows = [coverage[start : start + part.width] for start in starts]
    return Selected(box, fill >= RECTANGLE_FILL, shape_of_rows(rows), ground_of(box, rows))


def selection_shape(image: Gimp.Image, window: Rect, size: tuple[int, int]) -> PixelFrame:
    """The selection in the window as an a8 frame of that size: 0 outside, 255 inside."""
    width, height = size
    coverage = pixels_of(image.get_selection(), window, size, COVERAGE_FORMAT)
    return PixelFrame(width, height, PixelFormat.A8, coverage)


def layer_shape(layer: Gimp.Layer, window: Rect, size: tuple[int, int]) -> PixelFrame:
    """The layer's own alpha in the window as an a8 frame of that size."""
    width, height = size
    _ok, x, y = layer.get_offsets()
    moved = Rect(window.x - x, window.y - y, window.width, window.height)
    pixels = pixels_of(layer, moved, size, SCENE_FORMAT, outside=Gegl.AbyssPolicy.NONE)
    return PixelFrame(width, height, PixelFormat.A8, pixels[3::4])


def layer_pixels(layer: Gimp.Layer, part: Rect, size: tuple[int, int]) -> bytes:
    """A part of a layer, in its own coordinates, as rgba8 of that size."""
    return pixels_of(layer, part, size, SCENE_FORMAT, outside=Gegl.AbyssPolicy.NONE)


def layer_pixels_in(layer: Gimp.Layer, area: Rect, size: tuple[int, int]) -> PixelFrame:
    """A layer's own pixels in an area of it, in its own coordinates, as an rgba8 frame of that size."""
    width, height = size
    return PixelFrame(width, height, PixelFormat.RGBA8, pixels_of(layer, area, size, SCENE_FORMAT))


def pixels_of(
    drawable: Gimp.Drawable,
    area: Rect,
    size: tuple[int, int],
    pixels: str,
    *,
    outside: Gegl.AbyssPolicy = Gegl.AbyssPolicy.CLAMP,  # rounding may reach one pixel past the border
) -> bytes:
    """The area of a drawable, in its own coordinates, scaled down to ``size``.

    ``pixels`` is SCENE_FORMAT, four bytes a pixel, or COVERAGE_FORMAT, one byte.

    GEGL scales about the drawable's corner and begins at a whole scaled pixel, which may be half of one
    beside the area. So it only halves until few pixels are left; the exact rest is done here.
    """
    start_gegl()
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
        data = _scaled(data, (wide, high), size)
    if len(data) != width * height * (1 if pixels == COVERAGE_FORMAT else 4):
        raise ValueError(f"GIMP gave {len(data)} bytes for {width} × {height} pixels")
    return data


def _scaled(data: bytes, have: tuple[int, int], want: tuple[int, int]) -> bytes:
    """Pixels of one or four bytes at another size."""
    (wide, high), (width, height) = have, want
    is_coverage = len(data) == wide * high
    if is_coverage:  # as the red of opaque pixels
        opaque = bytearray(b"\xff") * (4 * len(data))
        opaque[::4] = data
        data = bytes(opaque)
    fine = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, True, 8, wide, high, wide * 4
    )
    scaled = fine.scale_simple(width, height, GdkPixbuf.InterpType.BILINEAR)
    pixels = bytes(scaled.read_pixel_bytes().get_data())
    return pixels[::4] if is_coverage else pixels


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


@contextmanager
def hidden(image: Gimp.Image, layers: Sequence[Gimp.Layer]) -> Iterator[None]:
    """These layers are out of sight in here, so that what is seen is the scene without them."""
    seen = [layer for layer in layers if layer.is_valid() and layer.get_visible()]
    if not seen:
        yield
        return
    with without_traces(image):
        for layer in seen:
            set_visible(layer, shown=False)
        try:
            yield
        finally:
            for layer in seen:
                set_visible(layer, shown=True)


def set_visible(layer: Gimp.Layer, *, shown: bool) -> None:
    """Shows or hides a layer, whether or not the user has locked that."""
    locked = layer.get_lock_visibility()
    if locked:
        layer.set_lock_visibility(False)
    layer.set_visible(shown)
    if locked:
        layer.set_lock_visibility(True)
