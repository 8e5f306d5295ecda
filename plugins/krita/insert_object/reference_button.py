"""The button that says what an object's look or shape is taken from, and its menu."""

from __future__ import annotations

from pathlib import Path

from .qt import QtWidgets, Signal
from .translations import tr
from .wire.reference import Model, Reference


class ReferenceButton(QtWidgets.QToolButton):
    """Shows the model. What the user chooses is read by whoever hears ``wanted``, and handed to ``take``."""

    layer_wanted = Signal()
    selection_wanted = Signal()
    file_wanted = Signal(object)  # its Path
    changed = Signal()  # another model, or other parts of it

    def __init__(self) -> None:
        super().__init__()
        self._model: Model | None = None
        self.setToolTip(tr("A layer, a selection or a picture that the object is to be like"))
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        menu = QtWidgets.QMenu(self)
        for words, do in (
            (tr("None"), lambda: self._choose(None)),
            (tr("The active layer"), self.layer_wanted.emit),
            (tr("What is selected now"), self.selection_wanted.emit),
            (tr("A picture file…"), self._ask_for_file),
        ):
            menu.addAction(words).triggered.connect(lambda _checked=False, do=do: do())
        menu.addSeparator()
        self.look_action, self.shape_action = (
            menu.addAction(words) for words in (tr("Its look"), tr("Its shape"))
        )
        for action in (self.look_action, self.shape_action):
            action.setCheckable(True)
            action.triggered.connect(self._take_parts)
        self.setMenu(menu)
        self.set_model(None)

    @property
    def model(self) -> Model | None:
        """What the user has taken; None: nothing."""
        return self._model

    def set_model(self, model: Model | None) -> None:
        """Shows another one, without telling anyone."""
        self._model = model
        if model is None:
            words, name = tr("None"), ""
        else:
            name = model.reference.name
            if model.look and model.shape:
                words = tr("{name}: look and shape", name=name)
            else:
                words = tr("{name}: look", name=name) if model.look else tr("{name}: shape", name=name)
        self.setText(words)
        self.look_action.setVisible(model is not None)
        self.look_action.setChecked(model is not None and model.look)
        self.shape_action.setVisible(model is not None and model.reference.outline is not None)
        self.shape_action.setChecked(model is not None and model.shape)

    def take(self, reference: Reference) -> None:
        """Takes the look of a reference that was just read."""
        self._choose(Model.after(self._model, reference))

    def _choose(self, model: Model | None) -> None:
        self.set_model(model)
        self.changed.emit()

    def _take_parts(self) -> None:
        if self._model is not None:
            parts = {"look": self.look_action.isChecked(), "shape": self.shape_action.isChecked()}
            self._choose(self._model.with_parts(**parts))

    def _ask_for_file(self) -> None:
        name, _filter = QtWidgets.QFileDialog.getOpenFileName(
            self.window(), tr("A picture of what the object is to be like")
        )
        if name:
            self.file_wanted.emit(Path(name))
