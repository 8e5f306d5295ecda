"""The three ways on with a layer that somebody has worked on, as buttons in the docker."""

from __future__ import annotations

from .editing import Way
from .qt import QtWidgets, Signal
from .translations import tr
from .wire.sentences import (
    CHANGED_ABOVE,
    CHANGED_ABOVE_HINT,
    CHANGED_LIGHT,
    CHANGED_LIGHT_HINT,
    CHANGED_REPAINT,
    CHANGED_REPAINT_HINT,
)

_WORDS = {
    Way.LIGHT: (CHANGED_LIGHT, CHANGED_LIGHT_HINT),
    Way.ABOVE: (CHANGED_ABOVE, CHANGED_ABOVE_HINT),
    Way.REPAINT: (CHANGED_REPAINT, CHANGED_REPAINT_HINT),
}


class Question(QtWidgets.QWidget):
    """A button for each way; the sentence is the docker's message."""

    answered = Signal(object)  # a Way

    def __init__(self) -> None:
        super().__init__()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.buttons = {way: QtWidgets.QPushButton() for way in _WORDS}
        for way, button in self.buttons.items():
            words, hint = map(tr, _WORDS[way])
            button.setText(words.replace("_", "&"))
            button.setToolTip(hint)
            button.clicked.connect(lambda _checked=False, way=way: self.answered.emit(way))
            column.addWidget(button)
