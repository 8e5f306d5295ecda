"""Pixels between Krita's colour spaces and the sRGB of the wire, in strips that never hold up the hand.

Krita keeps RGBA of 8 and 16 bit as B, G, R, A and floating point as R, G, B, A, tightly packed.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator
from typing import Any

from .colour_spaces import Space, converted, srgb_space
from .qt import Qt, QtCore, QtGui
from .wire.protocol import PixelFormat, PixelFrame, Rect

Format = QtGui.QImage.Format
QUICK_STRIP = 500_000  # pixels that are read or written in a few milliseconds without conversion
ROWS_PER_SMALL_ROW = 4  # of an object, that go into one row of its thumbnail
CONVERTED_STRIP = 60_000  # pixels whose conversion through Krita takes 10 to 40 ms


def packed(image: Any) -> bytes:
    """An image's rows without the padding that Qt puts behind them."""
    stride, row = image.bytesPerLine(), image.width() * image.depth() // 8
    pointer = image.constBits()
    pointer.setsize(stride * image.height())
    raw = bytes(pointer)
    if stride == row:
        return raw
    return b"".join(raw[start : start + row] for start in range(0, len(raw), stride))


def read_scene(source: Any, window: Rect, size: tuple[int, int]) -> Generator[None, None, PixelFrame]:
    """The picture in ``window`` as bgra8, scaled down to ``size``; yields between strips.

    ``source`` is the document, or the one layer that makes up the picture.
    """
    space = Space.of(source)
    quick = space.is_srgb and space.depth == "U8"

    def strip(x: int, y: int, width: int, height: int) -> Any:
        if not quick and hasattr(source, "projection"):
            return source.projection(x, y, width, height)
        raw = (getattr(source, "projectionPixelData", None) or source.pixelData)(x, y, width, height)
        if not quick:
            raw = converted(bytes(raw), width, height, space, srgb_space("U8"))
        return _image(raw, width, height, Format.Format_ARGB32)

    pixels = QUICK_STRIP if quick else CONVERTED_STRIP
    data = yield from _shrunk(strip, window, size, pixels, Format.Format_ARGB32)
    return PixelFrame(*size, PixelFormat.BGRA8, data)


def read_coverage(selection: Any, window: Rect, size: tuple[int, int]) -> Generator[None, None, PixelFrame]:
    """The selection's shape in ``window`` as a8, scaled down to ``size``; yields between strips."""

    def strip(x: int, y: int, width: int, height: int) -> Any:
        data = selection.pixelData(x, y, width, height)
        return _image(data, width, height, Format.Format_Grayscale8)

    data = yield from _shrunk(strip, window, size, QUICK_STRIP, Format.Format_Grayscale8)
    return PixelFrame(*size, PixelFormat.A8, data)


def write_layer(node: Any, pixels: PixelFrame, x: int, y: int) -> Generator[None, None, None]:
    """Puts rgba8 or rgba16 pixels into a layer of any colour space; yields between strips.

    This is not an undo step and the canvas does not show it until the projection is refreshed.
    """
    space = Space.of(node)
    direct = space.is_srgb and space.depth in ("U8", "U16")
    width, data = pixels.width, memoryview(pixels.data)
    rows = max(1, (QUICK_STRIP if direct else CONVERTED_STRIP) // width)
    stride = width * pixels.format.bytes_per_pixel
    for top in range(0, pixels.height, rows):
        height = min(rows, pixels.height - top)
        strip = PixelFrame(width, height, pixels.format, data[top * stride : (top + height) * stride])
        if top:
            yield
        node.setPixelData(QtCore.QByteArray(in_space(strip, space)), x, y + top, width, height)


def clear_layer(node: Any, rect: Rect) -> Generator[None, None, None]:
    """Makes a rectangle of a layer transparent; yields between strips."""
    if rect.width < 1 or rect.height < 1:
        return
    pixel = len(node.pixelData(rect.x, rect.y, 1, 1))
    rows = max(1, QUICK_STRIP // rect.width)
    for top in range(0, rect.height, rows):
        height = min(rows, rect.height - top)
        if top:
            yield
        blank = QtCore.QByteArray(pixel * rect.width * height, b"\0")
        node.setPixelData(blank, rect.x, rect.y + top, rect.width, height)


def copied(node: Any, rect: Rect) -> Generator[None, None, list[tuple[tuple[int, int, int, int], Any]]]:
    """A layer's own pixels in a rectangle, strip by strip, each with its place; yields between them."""
    strips = []
    rows = max(1, QUICK_STRIP // max(1, rect.width))
    for top in range(0, rect.height, rows):
        place = rect.x, rect.y + top, rect.width, min(rows, rect.height - top)
        strips.append((place, node.pixelData(*place)))
        yield
    return strips


def in_space(pixels: PixelFrame, space: Space) -> bytes:
    """Wire pixels (rgba8 or rgba16, sRGB) as the bytes of another colour space."""
    depth = "U16" if pixels.format is PixelFormat.RGBA16 else "U8"
    raw = swapped_16(pixels.data) if depth == "U16" else _swapped_8(pixels)
    source = srgb_space(depth)
    if space.is_srgb and space.depth == depth:
        return raw
    return converted(raw, pixels.width, pixels.height, source, space)


def small_image(pixels: PixelFrame, width: int, height: int) -> Any:
    """Wire pixels as a small QImage; of a large object only some rows are looked at, to take no time."""
    stride, view = pixels.width * pixels.format.bytes_per_pixel, memoryview(pixels.data)
    step = max(1, pixels.height // (ROWS_PER_SMALL_ROW * height))
    rows = range(step // 2, pixels.height, step)
    data = b"".join(view[row * stride : (row + 1) * stride] for row in rows)
    wide = pixels.format is PixelFormat.RGBA16
    image = _image(data, pixels.width, len(rows), Format.Format_RGBA64 if wide else Format.Format_RGBA8888)
    return _scaled(image, width, height).convertToFormat(Format.Format_ARGB32)


def small_bgra(data: bytes, size: tuple[int, int], wanted: tuple[int, int]) -> bytes:
    """Packed bgra8 pixels at another size."""
    scaled = _scaled(_image(data, *size, Format.Format_ARGB32), *wanted)
    return packed(scaled.convertToFormat(Format.Format_ARGB32))


def _image(data: Any, width: int, height: int, image_format: Any) -> Any:
    """A QImage over packed rows; the bytes ride along, for Qt does not keep them alive."""
    raw = bytes(data)
    image = QtGui.QImage(raw, width, height, len(raw) // max(1, height), image_format)
    image.insert_object_bytes = raw
    return image


def _swapped_8(pixels: PixelFrame) -> bytes:
    image = _image(pixels.data, pixels.width, pixels.height, Format.Format_RGBA8888)
    return packed(image.convertToFormat(Format.Format_ARGB32))


def swapped_16(data: Any) -> bytes:
    """16-bit pixels with red and blue in each other's place."""
    samples = array("H", bytes(data))
    samples[0::4], samples[2::4] = samples[2::4], samples[0::4]
    return samples.tobytes()


def _shrunk(
    strip: Callable[[int, int, int, int], Any],
    window: Rect,
    size: tuple[int, int],
    strip_pixels: int,
    image_format: Any,
) -> Generator[None, None, bytes]:
    """Reads a window strip by strip, each shrunk by a whole factor, then scales the rest of the way."""
    factor = max(1, max(window.width, window.height) // max(size))
    rows = max(factor, strip_pixels // window.width // factor * factor)
    across = max(1, round(window.width / factor))
    parts: list[bytes] = []
    lines = 0
    for top in range(0, window.height, rows):
        height = min(rows, window.height - top)
        down = max(1, round(height / factor))
        if top:
            yield
        image = strip(window.x, window.y + top, window.width, height)
        parts.append(packed(_scaled(image, across, down).convertToFormat(image_format)))
        lines += down
    whole = _image(b"".join(parts), across, lines, image_format)
    return packed(_scaled(whole, *size).convertToFormat(image_format))


def _scaled(image: Any, width: int, height: int) -> Any:
    if (image.width(), image.height()) == (width, height):
        return image
    return image.scaled(
        width, height, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
