"""Small pieces that the panel is made of: rows, number fields, the dice, changes only where needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .qt import Qt, QtCore, QtGui, QtWidgets


def number_field(low: int, high: int, hint: str) -> Any:
    """A field for a whole number."""
    box = QtWidgets.QSpinBox()
    box.setRange(low, high)
    box.setToolTip(hint)
    box.setKeyboardTracking(False)  # a half-typed number is not a wish
    box.setMinimumWidth(60)
    return box


def text_button(text: str) -> Any:
    """A button as narrow as its word."""
    button = QtWidgets.QToolButton()
    button.setText(text)
    button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)
    return button


def row(left: Any, right: Any, stretch: int = 0) -> Any:
    """Two widgets side by side; ``stretch`` is the right one's share beside the left one's 1."""
    layout = QtWidgets.QHBoxLayout()
    layout.addWidget(left, 1)
    if isinstance(right, QtWidgets.QLayout):
        layout.addLayout(right, stretch)
    else:
        layout.addWidget(right, stretch)
    return layout


def line(*widgets: Any) -> Any:
    """Widgets side by side from the left, each as wide as it has to be."""
    layout = QtWidgets.QHBoxLayout()
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return layout


def scrolling(widget: Any) -> Any:
    """A frameless area in which ``widget`` scrolls up and down and never sideways."""
    area = QtWidgets.QScrollArea()
    area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setSizeAdjustPolicy(QtWidgets.QAbstractScrollArea.SizeAdjustPolicy.AdjustToContents)
    area.setWidgetResizable(True)
    area.setWidget(widget)
    bar = area.style().pixelMetric(QtWidgets.QStyle.PixelMetric.PM_ScrollBarExtent)
    area.setMinimumWidth(widget.minimumSizeHint().width() + bar)
    return area


def choose(box: Any, data: str) -> None:
    """Chooses the entry of a combo box with that data, if there is one."""
    place = box.findData(data)
    if place >= 0:
        box.setCurrentIndex(place)


def say(widget: Any, text: str) -> None:
    """Sets a text that is not there yet; setting the same one again would cost a layout."""
    if widget.text() != text:
        widget.setText(text)


def fill(bar: Any, value: int) -> None:
    """Sets the value of a progress bar, to be painted with the next frame.

    Left alone, Qt paints the bar at once, and with it the whole window, canvas and all: 50 ms in Krita.
    """
    bar.setUpdatesEnabled(False)
    bar.setValue(value)
    bar.setUpdatesEnabled(True)


def dice_icon(widget: Any) -> Any:
    """A die showing five, in the colours and at the resolution of ``widget``."""
    return _icon(widget, _draw_dice)


def lock_icon(widget: Any) -> Any:
    """A padlock, in the colours and at the resolution of ``widget``."""
    return _icon(widget, _draw_lock)


def _icon(widget: Any, draw: Callable[[Any, float, Any], None]) -> Any:
    ratio = widget.devicePixelRatioF()
    side = widget.fontMetrics().height()
    pixmap = QtGui.QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    ink = widget.palette().color(QtGui.QPalette.ColorRole.ButtonText)
    painter.setPen(QtGui.QPen(ink, side / 12))
    draw(painter, side, ink)
    painter.end()
    return QtGui.QIcon(pixmap)


def _draw_dice(painter: Any, side: float, ink: Any) -> None:
    edge = side / 10
    painter.drawRoundedRect(QtCore.QRectF(edge, edge, side - 2 * edge, side - 2 * edge), side / 6, side / 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    for across, down in ((0.3, 0.3), (0.7, 0.3), (0.5, 0.5), (0.3, 0.7), (0.7, 0.7)):
        painter.drawEllipse(QtCore.QPointF(across * side, down * side), side / 13, side / 13)


def _draw_lock(painter: Any, side: float, ink: Any) -> None:
    shackle = QtCore.QRectF(0.3 * side, 0.12 * side, 0.4 * side, 0.6 * side)
    painter.drawArc(shackle, 0, 180 * 16)  # Qt counts in sixteenths of a degree
    painter.setBrush(ink)
    painter.drawRoundedRect(
        QtCore.QRectF(0.2 * side, 0.45 * side, 0.6 * side, 0.42 * side), side / 12, side / 12
    )
