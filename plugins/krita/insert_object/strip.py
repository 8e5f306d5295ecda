"""The strip of thumbnails: every variation of the document, oldest left, newest right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .form import LARGEST, SMALLEST
from .history import Variation
from .qt import Qt, QtCore, QtGui, QtWidgets, Signal
from .thumbnails import drawn, from_jpeg
from .titles import title
from .translations import tr
from .wire.numbers import numbers_of

_GAP = 2
_FRAME = 6  # around a thumbnail, in the colour of what is chosen
_FRAMES = """
QListView::item { border: 2px solid transparent; }
QListView::item:selected { border-color: palette(highlight); background: transparent; }
"""


class Strip(QtWidgets.QListWidget):
    """Variations that scroll: in a row, or in rows where there is room for two."""

    chosen = Signal(object)  # the Variation the user clicked or reached with the arrow keys
    mark_wanted = Signal(object)  # a Variation to be kept longest, or no longer so
    delete_wanted = Signal(object)  # one to be forgotten

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._variations: list[Variation] = []
        self.setToolTip(tr("The variations of this picture; a click shows one on the canvas"))
        self.setViewMode(QtWidgets.QListView.ViewMode.IconMode)
        self.setFlow(QtWidgets.QListView.Flow.LeftToRight)
        self.setResizeMode(QtWidgets.QListView.ResizeMode.Adjust)
        self.setMovement(QtWidgets.QListView.Movement.Static)
        self.setSpacing(_GAP)
        self.setUniformItemSizes(True)
        for scroll in (self.setHorizontalScrollMode, self.setVerticalScrollMode):
            scroll(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setStyleSheet(_FRAMES)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)
        self.set_side(SMALLEST)
        self.currentRowChanged.connect(self._row_changed)

    def set_side(self, side: int) -> None:
        """How large a thumbnail is shown."""
        self.setIconSize(QtCore.QSize(side, side))
        bar = self.style().pixelMetric(QtWidgets.QStyle.PixelMetric.PM_ScrollBarExtent)
        self.setMinimumHeight(self._cell + bar + 2 * self.frameWidth())
        for item in self._items():
            item.setSizeHint(self._cell_size)
        self._wrap()

    def step(self, by: int) -> None:
        """Goes to the next variation (1) or the one before (-1)."""
        row = self.currentRow() + by if self.currentRow() >= 0 else self.count() - 1
        if 0 <= row < self.count():
            self.setCurrentRow(row)

    def focusInEvent(self, event: Any) -> None:
        """Tab brings the keys here and chooses nothing: Qt itself would choose the first variation."""
        row = self.currentRow()
        self.blockSignals(True)
        super().focusInEvent(event)
        if self.currentRow() != row:
            self.setCurrentRow(row)
        self.blockSignals(False)

    def sizeHint(self) -> Any:
        """One row; more room is taken where there is some."""
        return QtCore.QSize(2 * self._cell, self.minimumHeight())

    def resizeEvent(self, event: Any) -> None:
        """Another height may have room for more rows."""
        super().resizeEvent(event)
        self._wrap()

    def _wrap(self) -> None:
        wraps = self.height() >= 2 * self._cell
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        if wraps is not self.isWrapping():
            self.setWrapping(wraps)
            self.setVerticalScrollBarPolicy(needed if wraps else off)
            self.setHorizontalScrollBarPolicy(off if wraps else needed)

    @property
    def _cell(self) -> int:
        return int(self.iconSize().height()) + 2 * _GAP + _FRAME

    @property
    def _cell_size(self) -> Any:
        side = self.iconSize().height() + _FRAME
        return QtCore.QSize(side, side)

    def _items(self) -> list[Any]:
        return [self.item(row) for row in range(self.count())]

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
        if same == 0 and self._variations:
            self.scrollToItem(self.item(self.count() - 1))  # the newest of another picture
        self.blockSignals(False)

    def refresh(self, variation: Variation) -> None:
        """Tells again what is to be told of a variation."""
        row = next((i for i, item in enumerate(self._variations) if item is variation), -1)
        if row >= 0:
            self._describe(self.item(row), variation)

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
        item = QtWidgets.QListWidgetItem()
        item.setSizeHint(self._cell_size)
        self._describe(item, variation)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, title(variation))
        self._draw(item, variation)
        return item

    def _describe(self, item: Any, variation: Variation) -> None:
        style = variation.recipe.wish.style
        kept = tr(" · kept") if variation.marked else ""
        item.setToolTip(title(variation) + (f" · {style}" if style else "") + kept)

    def _draw(self, item: Any, variation: Variation) -> None:
        image = drawn(variation, LARGEST) if variation.pixels is not None else from_jpeg(variation.jpeg)
        if image is None:
            return
        icon = QtGui.QIcon()
        for mode in (QtGui.QIcon.Mode.Normal, QtGui.QIcon.Mode.Selected):
            icon.addPixmap(QtGui.QPixmap.fromImage(image), mode)  # else the selected one gets tinted
        item.setIcon(icon)

    def contextMenuEvent(self, event: Any) -> None:
        """The menu of the variation under the pointer, or of the chosen one."""
        item = self.itemAt(event.pos()) or self.currentItem()
        if item is not None:
            self.menu_of(self._variations[self.row(item)]).popup(event.globalPos())

    def menu_of(self, variation: Variation) -> Any:
        """What can be done with a variation."""
        menu = QtWidgets.QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for words, do in (
            (tr("Keep no longer") if variation.marked else tr("Keep"), self.mark_wanted.emit),
            (tr("Delete"), self.delete_wanted.emit),
            (tr("Copy its numbers"), _copy_numbers),
        ):
            menu.addAction(words).triggered.connect(lambda _checked=False, do=do: do(variation))
        return menu

    def _row_changed(self, row: int) -> None:
        if 0 <= row < len(self._variations):
            self.chosen.emit(self._variations[row])


def _copy_numbers(variation: Variation) -> None:
    QtWidgets.QApplication.clipboard().setText(numbers_of(variation.recipe.wish))
