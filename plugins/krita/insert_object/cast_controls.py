"""The docker's controls of a cast shadow: where it falls, how far, how soft and how dark."""

from __future__ import annotations

from typing import Any

from .form import PERCENTAGES, RANGES
from .qt import Qt, QtWidgets, Signal
from .translations import tr
from .wire.protocol import Wish


class CastControls(QtWidgets.QWidget):
    """Sliders, and a box that leaves the direction to the picture's light."""

    changed = Signal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.by_the_light = QtWidgets.QCheckBox(tr("By the light"))
        self.by_the_light.setToolTip(
            tr("The shadow falls away from the light, as far as the picture shows it")
        )
        self.by_the_light.setChecked(True)
        layout = QtWidgets.QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setColumnStretch(1, 1)
        self.sliders: dict[str, Any] = {}
        tooltip = tr("Where it falls: 0 away from you, 90 to the right, 180 towards you, 270 to the left")
        self._add(layout, 0, "cast_direction", tr("Direction"), tooltip)
        layout.addWidget(self.by_the_light, 1, 1, 1, 2)
        for row, (field, (words, hint)) in enumerate(PERCENTAGES.items(), 2):
            self._add(layout, row, field, tr(words), tr(hint))
        self._leave_to_the_light(True)
        self.by_the_light.toggled.connect(self._leave_to_the_light)
        self.by_the_light.toggled.connect(self.changed)

    @property
    def choices(self) -> dict[str, Any]:
        """The wish's fields as the controls show them."""
        given: dict[str, Any] = {field: slider.value() for field, slider in self.sliders.items()}
        if self.by_the_light.isChecked():
            given["cast_direction"] = None
        return given

    def show_choices(self, wish: Wish) -> None:
        """Shows a wish."""
        self.by_the_light.setChecked(wish.cast_direction is None)
        for field, slider in self.sliders.items():
            value = getattr(wish, field)
            if value is not None:
                slider.setValue(value)

    def _leave_to_the_light(self, left: bool) -> None:  # noqa: FBT001 - from a signal
        self.sliders["cast_direction"].setEnabled(not left)

    def _add(self, layout: Any, row: int, field: str, words: str, tooltip: str) -> None:
        slider = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        slider.setRange(*RANGES[field])
        slider.setMinimumWidth(40)
        slider.setToolTip(tooltip)
        value = QtWidgets.QLabel()
        value.setMinimumWidth(value.fontMetrics().horizontalAdvance("200 %"))
        unit = "°" if field == "cast_direction" else " %"
        slider.valueChanged.connect(lambda number: value.setText(f"{number}{unit}"))
        slider.setValue(getattr(Wish(), field) or 0)
        value.setText(f"{slider.value()}{unit}")
        slider.valueChanged.connect(self.changed)
        label = QtWidgets.QLabel(words)
        label.setBuddy(slider)
        self.sliders[field] = slider
        for column, widget in enumerate((label, slider, value)):
            layout.addWidget(widget, row, column)
