"""The docker's controls of a light: how much of it, before and after, and the layer's shadows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .cast_controls import CastControls
from .form import SWITCHES
from .history import LightChoice
from .pieces import row
from .qt import Qt, QtWidgets, Signal
from .translations import tr
from .wire.protocol import WITHOUT_SHADOWS, Wish


class LightRow(QtWidgets.QWidget):
    """A slider, and the shadows that the layer is to have; left alone, they stay as they are."""

    changed = Signal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._had, self._is_left_alone = WITHOUT_SHADOWS, True
        self.strength_slider = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        self.strength_slider.setRange(0, 100)
        self.strength_slider.setValue(100)
        self.strength_slider.setToolTip(tr("How much of the scene's light the layer gets; 0 takes it off"))
        self.before_check = QtWidgets.QCheckBox(tr("Before"))
        self.before_check.setToolTip(tr("Tick and untick it to compare; Apply gives the light all the same"))
        self.reset_button = QtWidgets.QPushButton(tr("Reset"))
        self.reset_button.setToolTip(tr("All of the light again, and the shadows as they were"))
        self.shadow_check, self.cast_check = (
            QtWidgets.QCheckBox(tr(SWITCHES[field][0])) for field in ("shadow", "cast_shadow")
        )
        for check, field in ((self.shadow_check, "shadow"), (self.cast_check, "cast_shadow")):
            check.setToolTip(tr(SWITCHES[field][1]))
        self.cast = CastControls()
        self.cast.hide()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(QtWidgets.QLabel(tr("Light")), self.strength_slider, 3))
        layout.addLayout(row(self.before_check, self.reset_button))
        for widget in (self.shadow_check, self.cast_check, self.cast):
            layout.addWidget(widget)
        self.strength_slider.valueChanged.connect(self.changed)
        self.before_check.toggled.connect(self.changed)
        self.reset_button.clicked.connect(self.reset)
        self.cast_check.toggled.connect(self.cast.setVisible)
        for changed in (self.shadow_check.toggled, self.cast_check.toggled, self.cast.changed):
            changed.connect(self._shadows_changed)

    @property
    def strength(self) -> float:
        """How much of the light is to be seen, 0..1."""
        return 0.0 if self.before_check.isChecked() else self.strength_slider.value() / 100

    @property
    def shadows(self) -> Wish | None:
        """A wish of the shadows that the layer is to have; None: those that it has, untouched."""
        if self._is_left_alone:
            return None
        throws = self.cast_check.isChecked()
        wish = replace(WITHOUT_SHADOWS, shadow=self.shadow_check.isChecked(), cast_shadow=throws)
        return replace(wish, **self.cast.choices) if throws else wish

    def begin(self, had: Wish, choice: LightChoice) -> None:
        """Shows what is wanted for another layer, which has these shadows."""
        self._had, shown = had, choice.shadows or had
        self.blockSignals(True)
        self.before_check.setChecked(False)
        self.strength_slider.setValue(round(100 * choice.strength))
        self.shadow_check.setChecked(shown.shadow)
        self.cast_check.setChecked(shown.cast_shadow)
        self.cast.show_choices(shown)
        self.blockSignals(False)
        self._is_left_alone = choice.shadows is None

    def reset(self) -> None:
        """All of the light, and the shadows as they were."""
        self.begin(self._had, LightChoice())
        self.changed.emit()

    def _shadows_changed(self, *_: Any) -> None:
        self._is_left_alone = False
        self.changed.emit()
