"""A variation as a small picture: object and shadow, drawn from their pixels or kept as a JPEG in a file."""

from __future__ import annotations

from typing import Any

from .history import Variation
from .pixels import small_image
from .qt import Qt, QtCore, QtGui
from .wire.kept_history import THUMBNAIL_SIDE
from .wire.protocol import PixelFrame

_KEPT_SIDE = 160  # pixels
_QUALITY = 85
_GROUND = 0xFF606060  # a JPEG has no transparency


def drawn(variation: Variation, side: int) -> Any:
    """Object and shadow in a transparent square of ``side`` pixels, a QImage."""
    square = QtGui.QImage(side, side, QtGui.QImage.Format.Format_ARGB32_Premultiplied)
    square.fill(Qt.GlobalColor.transparent)
    whole = _united(variation)
    scale = side / max(whole.width(), whole.height())
    painter = QtGui.QPainter(square)
    painter.translate((side - whole.width() * scale) / 2, (side - whole.height() * scale) / 2)
    for each in variation.objects:
        for frame, x, y in (
            (each.cast, each.cast_x, each.cast_y),
            (each.shadow, each.shadow_x, each.shadow_y),
            (each.pixels, each.x, each.y),
        ):
            if frame is not None:
                small = _scaled(frame, scale)
                painter.drawImage(QtCore.QPointF((x - whole.x()) * scale, (y - whole.y()) * scale), small)
    painter.end()
    return square


def to_jpeg(variation: Variation) -> bytes:
    """The thumbnail that a file keeps; empty where the pixels are gone and none was made before."""
    if variation.pixels is None:
        return variation.jpeg
    ground = QtGui.QImage(_KEPT_SIDE, _KEPT_SIDE, QtGui.QImage.Format.Format_RGB32)
    ground.fill(_GROUND)
    painter = QtGui.QPainter(ground)
    painter.drawImage(0, 0, drawn(variation, _KEPT_SIDE))
    painter.end()
    buffer = QtCore.QBuffer()
    buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    ground.save(buffer, "JPG", _QUALITY)
    return bytes(buffer.data())


def from_jpeg(data: bytes) -> Any | None:
    """The picture of a JPEG from a file; None where it is none, or larger than a thumbnail."""
    if not data:
        return None
    kept = QtCore.QByteArray(data)
    buffer = QtCore.QBuffer(kept)
    buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
    reader = QtGui.QImageReader(buffer, QtCore.QByteArray(b"jpeg"))  # of no other kind, whatever is in it
    reader.setAutoDetectImageFormat(False)
    size = reader.size()
    if not size.isValid() or not 0 < max(size.width(), size.height()) <= THUMBNAIL_SIDE:
        return None
    image = reader.read()
    return None if image.isNull() else image


def _united(variation: Variation) -> Any:
    """The rectangle around objects and contact shadows; a cast one may be cut off."""
    whole = QtCore.QRect()
    for each in variation.objects:
        for rect in (each.rect, each.shadow_rect):
            whole = whole.united(QtCore.QRect(rect.x, rect.y, rect.width, rect.height))
    return whole


def _scaled(frame: PixelFrame, scale: float) -> Any:
    return small_image(frame, max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
