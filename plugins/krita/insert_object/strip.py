"""The strip of thumbnails: every variation of the document, oldest left, newest right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .history import Variation
from .pixels import small_image
from .preview import title
from .qt import Qt, QtCore, QtGui, QtWidgets, Signal
from .wire.protocol import PixelFrame

THUMBNAIL = 64  # device independent pixels


class Strip(QtWidgets.QListWidget):
    """A single scrollable row of variations."""

    chosen = Signal(object)  # the Variation the user clicked or reached with the arrow keys

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._variations: list[Variation] = []
        self.setViewMode(QtWidgets.QListView.ViewMode.IconMode)
        self.setFlow(QtWidgets.QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QtWidgets.QListView.Movement.Static)
        self.setIconSize(QtCore.QSize(THUMBNAIL, THUMBNAIL))
        self.setSpacing(2)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        line = self.fontMetrics().height()
        bar = self.style().pixelMetric(QtWidgets.QStyle.PixelMetric.PM_ScrollBarExtent)
        self.setFixedHeight(THUMBNAIL + line + bar + 16)
        self.currentRowChanged.connect(self._row_changed)

    @property
    def variations(self) -> tuple[Variation, ...]:
        return tuple(self._variations)

    def show_all(self, variations: Sequence[Variation]) -> None:
        """Brings the strip in line with a history; only what differs is touched."""
        same = 0
        for old, new in zip(self._variations, variations):  # noqa: B905 - they differ in length by design
            if old is not new:
                break
            same += 1
        if same == len(self._variations) == len(variations):
            return
        self.blockSignals(True)
        while self.count() > same:
            self.takeItem(self.count() - 1)
        for variation in variations[same:]:
            self.addItem(self._item(variation))
        self._variations = list(variations)
        if self._variations:
            self.scrollToItem(self.item(self.count() - 1))  # the newest
        self.blockSignals(False)

    def mark(self, variation: Variation | None) -> None:
        """Marks the variation that is on the canvas, without choosing it."""
        row = -1
        if variation is not None:
            row = next((i for i, item in enumerate(self._variations) if item is variation), -1)
        if row == self.currentRow():
            return
        self.blockSignals(True)
        self.setCurrentRow(row)
        self.blockSignals(False)
        if row >= 0:
            self.scrollToItem(self.item(row))

    def _item(self, variation: Variation) -> Any:
        item = QtWidgets.QListWidgetItem(str(variation.recipe.wish.seed))
        item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
        style = variation.recipe.wish.style
        item.setToolTip(title(variation) + (f" · {style}" if style else ""))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, title(variation))
        if variation.pixels is not None:
            icon = QtGui.QIcon()
            for mode in (QtGui.QIcon.Mode.Normal, QtGui.QIcon.Mode.Selected):
                icon.addPixmap(self._thumbnail(variation), mode)  # else the selected one gets tinted
            item.setIcon(icon)
        return item

    def _thumbnail(self, variation: Variation) -> Any:
        ratio = self.devicePixelRatioF()
        side = round(THUMBNAIL * ratio)
        square = QtGui.QImage(side, side, QtGui.QImage.Format.Format_ARGB32_Premultiplied)
        square.fill(Qt.GlobalColor.transparent)
        whole = _united(variation)
        scale = side / max(whole.width(), whole.height())
        painter = QtGui.QPainter(square)
        painter.translate((side - whole.width() * scale) / 2, (side - whole.height() * scale) / 2)
        for frame, x, y in (
            (variation.shadow, variation.shadow_x, variation.shadow_y),
            (variation.pixels, variation.x, variation.y),
        ):
            if frame is not None:
                small = _scaled(frame, scale)
                painter.drawImage(QtCore.QPointF((x - whole.x()) * scale, (y - whole.y()) * scale), small)
        painter.end()
        square.setDevicePixelRatio(ratio)
        return QtGui.QPixmap.fromImage(square)

    def _row_changed(self, row: int) -> None:
        if 0 <= row < len(self._variations):
            self.chosen.emit(self._variations[row])


def _united(variation: Variation) -> Any:
    """The rectangle around object and shadow."""
    rects = (variation.rect, variation.shadow_rect)
    first, second = (QtCore.QRect(rect.x, rect.y, rect.width, rect.height) for rect in rects)
    return first.united(second) if not second.isEmpty() else first


def _scaled(frame: PixelFrame, scale: float) -> Any:
    return small_image(frame, max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
