"""What to insert: the model pack, the class and the style, each list following the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .pieces import choose, row
from .qt import QtCore, QtWidgets, Signal
from .translations import language, tr
from .wire.protocol import ClassInfo, PackInfo

SHIPPED = ""  # the name of the pack that comes with the program


class Choice(QtCore.QObject):
    """Three lists for the panel to lay out. Pack and style are hidden while there is nothing to choose."""

    changed = Signal()  # the user chose something else

    def __init__(self, panel: QtWidgets.QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        self._packs: tuple[PackInfo, ...] = ()
        self._wanted: tuple[str, str, str] | None = None  # chosen before the daemon told what there is
        self.pack_box, self.class_box, self.style_box = (QtWidgets.QComboBox() for _ in range(3))
        for box in (self.pack_box, self.class_box, self.style_box):
            box.setSizeAdjustPolicy(
                QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(6)
        self.pack_box.setToolTip(tr("Where the classes come from"))
        self.class_box.setToolTip(tr("What to insert; type the beginning of a name to find it"))
        self.favourites: tuple[str, ...] = ()  # of all packs, "pack/class"
        self.star_button = QtWidgets.QToolButton()
        self.star_button.setCheckable(True)
        self.star_button.setToolTip(tr("Favourite: stands first in the list"))
        self.star_button.clicked.connect(self._starred)
        self.style_box.setToolTip(tr("A look of the class that has a name, instead of one from the seed"))
        self.pack_label, self.class_label, self.style_label = (
            QtWidgets.QLabel(text) for text in (tr("Model pack"), tr("Class"), tr("Style"))
        )
        self._fill_styles()
        self._fill_packs()
        self.pack_box.currentIndexChanged.connect(self._pack_changed)
        self.class_box.currentIndexChanged.connect(self._class_changed)
        self.style_box.currentIndexChanged.connect(self._style_changed)

    @property
    def rows(self) -> tuple[tuple[Any, Any], ...]:
        """Label and list, from top to bottom."""
        return (
            (self.pack_label, self.pack_box),
            (self.class_label, row(self.class_box, self.star_button)),
            (self.style_label, self.style_box),
        )

    @property
    def chosen(self) -> tuple[str, str, str]:
        """Names of pack, class and style; empty: the shipped pack, none yet, from the seed."""
        style = str(self.style_box.currentData() or "") if self.style_box.isVisibleTo(self._panel) else ""
        return str(self.pack_box.currentData() or SHIPPED), str(self.class_box.currentData() or ""), style

    def choose(self, pack: str, class_name: str, style: str) -> None:
        """Shows this choice; what is not known is left as it is, and taken up should it become known."""
        choose(self.pack_box, pack)
        choose(self.class_box, class_name)
        choose(self.style_box, style)
        wanted = pack, class_name, style
        self._wanted = None if self.chosen == wanted else wanted

    def offer(self, classes: Sequence[ClassInfo], packs: Sequence[PackInfo]) -> None:
        """Offers what the daemon has; keeps the choice where it can."""
        offered = (PackInfo(SHIPPED, tr("Standard"), tuple(classes)), *packs)
        if offered == self._packs:
            return
        self._packs = offered
        chosen = self._wanted or self.chosen
        self._fill_packs()
        self.choose(*chosen)

    def _pack_changed(self) -> None:
        self._wanted = None
        self._fill_classes()
        self.changed.emit()

    def _class_changed(self) -> None:
        self._wanted = None
        self._show_star()
        self._fill_styles()
        self.changed.emit()

    def _style_changed(self) -> None:
        self._wanted = None
        self.changed.emit()

    def _fill_packs(self) -> None:
        _fill(self.pack_box, [(tr(pack.label), pack.name) for pack in self._packs])
        self._show_row(self.pack_label, self.pack_box, shown=len(self._packs) > 1)
        self._fill_classes()

    def _fill_classes(self) -> None:
        pack = self.pack_box.currentData()
        classes = next((item.classes for item in self._packs if item.name == pack), ())
        entries = [(item.label_in(language()), item.name) for item in classes]
        entries.sort(key=lambda entry: not self._is_favourite(entry[1]))
        _fill(self.class_box, entries)
        stars = sum(self._is_favourite(name) for _label, name in entries)
        if 0 < stars < len(entries):
            self.class_box.insertSeparator(stars)
        self._show_star()
        self._fill_styles()

    def set_favourites(self, favourites: Sequence[str]) -> None:
        """The classes that stand first, "pack/class"."""
        if tuple(favourites) != self.favourites:
            self.favourites = tuple(favourites)
            self._fill_classes()

    def _is_favourite(self, name: str) -> bool:
        return f"{self.pack_box.currentData() or SHIPPED}/{name}" in self.favourites

    def _show_star(self) -> None:
        name = str(self.class_box.currentData() or "")
        starred = bool(name) and self._is_favourite(name)
        self.star_button.setEnabled(bool(name))
        self.star_button.setChecked(starred)
        self.star_button.setText("★" if starred else "☆")

    def _starred(self) -> None:
        name = f"{self.pack_box.currentData() or SHIPPED}/{self.class_box.currentData()}"
        others = tuple(other for other in self.favourites if other != name)
        self.set_favourites((*others, name) if self.star_button.isChecked() else others)
        self.changed.emit()

    def _fill_styles(self) -> None:
        pack, name = self.pack_box.currentData(), self.class_box.currentData()
        classes = next((item.classes for item in self._packs if item.name == pack), ())
        styles = next((item.styles for item in classes if item.name == name), ())
        _fill(self.style_box, [(tr("From the seed"), ""), *((tr(style), style) for style in styles)])
        self._show_row(self.style_label, self.style_box, shown=bool(styles))

    def _show_row(self, label: Any, box: Any, *, shown: bool) -> None:
        label.setVisible(shown)
        box.setVisible(shown)


def _fill(box: Any, entries: Sequence[tuple[str, str]]) -> None:
    """Other entries for a list, silently; the chosen one stays chosen where it is still there."""
    chosen = str(box.currentData() or "")
    box.blockSignals(True)
    box.clear()
    for text, data in entries:
        box.addItem(text, data)
    choose(box, chosen)
    box.blockSignals(False)
