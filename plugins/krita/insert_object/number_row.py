"""How many objects: one, a herd over the selection, or one in each part of the selection."""

from __future__ import annotations

from .pieces import number_field
from .qt import QtWidgets, Signal
from .translations import tr
from .wire.herd import MAX_HERD
from .wire.selected_ground import SelectedGround
from .wire.sentences import EACH_PART, EACH_PART_HINT, HERD_HINT


class NumberRow(QtWidgets.QWidget):
    """The box for the parts is there only while the selection has several."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.box = number_field(1, MAX_HERD, tr(HERD_HINT))
        self.each_check = QtWidgets.QCheckBox(tr(EACH_PART).replace("_", ""))
        self.each_check.setToolTip(tr(EACH_PART_HINT))
        self.each_check.hide()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.box)
        column.addWidget(self.each_check)
        self._has_parts = False
        self.box.valueChanged.connect(lambda _number: self.each_check.setEnabled(self.herd == 1))
        self.box.valueChanged.connect(self.changed)
        self.each_check.toggled.connect(self.changed)

    @property
    def herd(self) -> int:
        """How many objects stand in the selection."""
        return int(self.box.value())

    def set_herd(self, number: int) -> None:
        """Shows how many."""
        self.box.setValue(number)

    @property
    def each_part(self) -> bool:
        """Whether each part of the selection gets an object."""
        return self._has_parts and self.herd == 1 and bool(self.each_check.isChecked())

    def offer_parts(self, ground: SelectedGround | None) -> None:
        """Offers the parts of a selection, if it has several."""
        self._has_parts = ground is not None and len(ground.parts) > 1
        self.each_check.setVisible(self._has_parts)
        self.each_check.setChecked(ground is not None and ground.suggests_each)
