"""Pictures that look or shape is taken from: a layer, what is selected, a file; and shapes of them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from .canvas import WAIT, Steps
from .documents import bounds_of
from .pixels import packed, read_coverage, read_scene
from .preview import Preview
from .qt import Qt, QtCore, QtGui
from .selection import SelectionInfo, current_selection
from .translations import tr
from .wire.protocol import ErrorCode, InsertObjectError, PixelFormat, PixelFrame, Rect
from .wire.reference import Reference, covered, fitted, in_window, kept_size, looked_at, shown_part

MOST_PIXELS = 400_000_000  # of a file; Qt would take four bytes for each

Reading = Generator[Any, None, Reference]


def unhindered(
    preview: Preview, reading: Callable[[Any], Reading], then: Callable[[Reference], None]
) -> Steps:
    """Hands over what is read from the document while the preview is out of sight."""
    with preview.out_of_sight() as source:
        yield WAIT
        reference = yield from reading(source)
    then(reference)


def of_layer(node: Any) -> Reading:
    """What a layer shows, with as much around it as the networks want.

    Raises:
        InsertObjectError: it shows nothing.
    """
    place = bounds_of(node)
    if place.width > 0 and place.height > 0:
        small = kept_size(place)
        whole = yield from _pixels(node, place, small)
        part = shown_part(whole[3::4], *small)
        if part is not None:
            inside = part.carried(Rect(0, 0, *small), Rect(0, 0, place.width, place.height))
            area = looked_at(inside, place.width, place.height)
            size = kept_size(area)
            there = Rect(place.x + area.x, place.y + area.y, area.width, area.height)
            pixels = yield from _pixels(node, there, size)
            return Reference(PixelFrame(*size, PixelFormat.RGBA8, pixels), node.name())
    raise InsertObjectError(
        ErrorCode.BAD_REQUEST, "The layer shows nothing.", "Choose the layer that the object is on."
    )


def of_selection(document: Any, source: Any, selected: SelectionInfo | None) -> Reading:
    """What is seen in the selection; one that is no rectangle also tells the object's shape.

    Raises:
        InsertObjectError: nothing is selected.
    """
    selection = current_selection(document)
    if selected is None or selection is None:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            "Nothing is selected.",
            "Select the object that the new one is to be like.",
        )
    area = looked_at(selected.box, document.width(), document.height())
    size = kept_size(area)
    pixels = yield from _pixels(source, area, size)
    alpha = b"\xff" * (size[0] * size[1])
    if not selected.rectangular:
        shape = yield from read_coverage(selection, area, size)
        alpha = bytes(shape.data)
    return Reference(covered(pixels, alpha, *size), tr("Selection"))


def of_file(path: Path) -> Reference:
    """A picture file.

    Raises:
        InsertObjectError: it cannot be read.
    """
    reader = QtGui.QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    image = QtGui.QImage()
    if size.isValid() and 0 < size.width() * size.height() <= MOST_PIXELS:
        image = reader.read()
    if image.isNull():
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            f"“{path.name}” cannot be read as a picture.",
            "Open it in Krita and save it as PNG or JPEG.",
        )
    whole = Rect(0, 0, image.width(), image.height())
    small = kept_size(whole)
    part = shown_part(_rgba(image, whole, small)[3::4], *small)
    if part is None:
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST, "The layer shows nothing.", "Choose the layer that the object is on."
        )
    area = looked_at(part.carried(Rect(0, 0, *small), whole), whole.width, whole.height)
    size = kept_size(area)
    return Reference(PixelFrame(*size, PixelFormat.RGBA8, _rgba(image, area, size)), path.name)


def shape_in(reference: Reference, box: Rect, window: Rect, size: tuple[int, int]) -> PixelFrame | None:
    """The reference's outline, fitted into the box, as an a8 frame of the window; None: it tells none."""
    outline = reference.outline
    if outline is None:
        return None
    frame = reference.pixels
    alpha = bytes(frame.data)[3::4]
    source = QtGui.QImage(
        alpha, frame.width, frame.height, frame.width, QtGui.QImage.Format.Format_Grayscale8
    )
    cut = source.copy(outline.x, outline.y, outline.width, outline.height)
    sheet = QtGui.QImage(*size, QtGui.QImage.Format.Format_Grayscale8)
    sheet.fill(0)
    painter = QtGui.QPainter(sheet)
    painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QtCore.QRectF(*in_window(fitted(outline, box), window, size)), cut)
    painter.end()
    return PixelFrame(*size, PixelFormat.A8, packed(sheet))


def _pixels(source: Any, area: Rect, size: tuple[int, int]) -> Generator[None, None, bytes]:
    """An area of the document or a layer as rgba8."""
    frame = yield from read_scene(source, area, size)
    pixels = bytearray(frame.data)
    pixels[0::4], pixels[2::4] = pixels[2::4], pixels[0::4]
    return bytes(pixels)


def _rgba(image: Any, area: Rect, size: tuple[int, int]) -> bytes:
    cut = image.copy(area.x, area.y, area.width, area.height)
    small = cut.scaled(
        *size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return packed(small.convertToFormat(QtGui.QImage.Format.Format_RGBA8888))
