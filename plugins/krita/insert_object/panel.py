"""The widgets of the docker. They know no Krita: they show a View and report what the user does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from .asked_seeds import Row
from .cast_controls import CastControls
from .choice import Choice
from .form import LARGEST, SMALLEST, SWITCHES, Form
from .light_row import LightRow
from .messages import Message, Tone
from .number_row import NumberRow
from .pieces import dice_icon, fill, line, lock_icon, number_field, row, say, scrolling, text_button
from .qt import Qt, QtCore, QtWidgets, Signal
from .question import Question
from .reference_button import ReferenceButton
from .strip import Strip
from .translations import tr
from .view import View
from .wire.protocol import MAX_SEED, MAX_VARIATIONS, ClassInfo, PackInfo, Wish


class Panel(QtWidgets.QWidget):
    """What to insert and how; Insert, Cancel, Apply, Discard; the strip; a message."""

    insert_wanted = Signal()
    cancel_wanted = Signal()
    apply_wanted = Signal()
    discard_wanted = Signal()
    edit_wanted = Signal()
    light_wanted = Signal()
    light_changed = Signal()
    compare_wanted = Signal(bool)  # the picture without the preview (True), or with it
    retry_wanted = Signal()
    reset_wanted = Signal()
    form_changed = Signal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape_possible = False
        self._tooltips: dict[Any, str] = {}  # of buttons, while they are not greyed
        self._dice = random.Random()
        self._base = Wish()  # holds what no widget shows
        self._row: Row | None = None  # of the seed, until the user types another one
        self.seed_is_typed = False  # and not yet asked for
        self._build()
        self._arrange()
        self._connect()

    # --- Form ----------------------------------------------------------------------------------------

    def form(self) -> Form:
        """What the user chose."""
        pack, class_name, style = self.choice.chosen
        return Form(
            replace(
                self._base,
                class_name=class_name,
                style=style,
                seed=self.seed_box.value(),
                pack=pack,
                **{field: switch.isChecked() for field, switch in self.switches.items()},
                shape_seed=self.shape_seed_box.value() if self.keep_shape_check.isChecked() else None,
                look_seed=self.look_seed_box.value() if self.keep_look_check.isChecked() else None,
                **self.cast.choices,
            ),
            variations=self.count_box.value(),
            use_shape=self.shape_check.isChecked() and self._shape_possible,
            live=self.live_check.isChecked(),
            keep_seed=self.keep_seed_button.isChecked(),
            row=self._row,
            herd=self.number.herd,
            each_part=self.number.each_part,
            model=self.reference_button.model,
            favourites=self.choice.favourites,
            thumbnail=self.size_slider.value(),
        )

    def set_form(self, form: Form) -> None:
        """Shows these settings; a pack, class or style that is not known leaves the choice as it is."""
        self.blockSignals(True)
        self._base = form.wish
        self.choice.set_favourites(form.favourites)
        self.choice.choose(form.wish.pack, form.wish.class_name, form.wish.style)
        self.seed_box.setValue(form.wish.seed)
        self._row, self.seed_is_typed = form.row, False
        self.count_box.setValue(form.variations)
        self.number.set_herd(form.herd)
        self.live_check.setChecked(form.live)
        for field, switch in self.switches.items():
            switch.setChecked(getattr(form.wish, field))
        for check, box, seed in (
            (self.keep_shape_check, self.shape_seed_box, form.wish.shape_seed),
            (self.keep_look_check, self.look_seed_box, form.wish.look_seed),
        ):
            check.setChecked(seed is not None)
            if seed is not None:
                box.setValue(seed)
        self.cast.show_choices(form.wish)
        self.keep_seed_button.setChecked(form.keep_seed)
        self.size_slider.setValue(form.thumbnail)
        self.reference_button.set_model(form.model)
        self.blockSignals(False)
        self.form_changed.emit()

    def set_packs(self, classes: Sequence[ClassInfo], packs: Sequence[PackInfo]) -> None:
        """Offers the shipped pack's classes and the further packs; keeps the choice where it can."""
        self.choice.offer(classes, packs)

    def set_limits(self, variations: int) -> None:
        """The largest number of variations that the daemon makes at once."""
        self.count_box.setMaximum(max(1, min(variations, MAX_VARIATIONS)))

    def set_shape_possible(self, *, possible: bool, chosen: bool) -> None:
        """A new selection: its shape can be used where it has one, and is by itself where ``chosen``."""
        self._shape_possible = possible
        self.shape_check.setEnabled(possible)
        self.shape_check.setChecked(possible and chosen)

    # --- View ----------------------------------------------------------------------------------------

    def show_view(self, view: View) -> None:
        """Brings every widget in line; cheap when nothing changed."""
        say(self.box_label, view.box)
        say(self.insert_button, tr("Insert again") if view.is_edit else tr("Insert"))
        self.insert_button.setEnabled(view.can_insert)
        self._explain(self.insert_button, "" if view.can_insert else view.why_not)
        self._explain(self.defaults_button, tr("As this layer was made") if view.is_edit else "")
        nothing = "" if view.can_apply or view.can_discard else tr("There is no preview yet: press Insert.")
        for button in (self.apply_button, self.discard_button, self.compare_button):
            self._explain(button, nothing)
        self.cancel_button.setVisible(view.can_cancel)
        self.insert_button.setVisible(not view.can_cancel)
        self.apply_button.setEnabled(view.can_apply)
        self.discard_button.setEnabled(view.can_discard)
        self.compare_button.setEnabled(view.can_compare)
        if self.compare_button.isChecked() is not view.is_compared:
            self.compare_button.setChecked(view.is_compared)
        self.edit_row.setVisible(view.can_edit)
        self.question.setVisible(view.asks)
        self.light_button.setVisible(view.can_light)
        self.light_row.setVisible(view.is_light)
        self.retry_button.setVisible(view.can_retry)
        self._show_progress(view.fraction)
        self.show_message(view.message)

    def _explain(self, button: Any, now: str) -> None:
        """A button says why it is greyed, or what it does now; with "" its own words come back."""
        words = self._tooltips.setdefault(button, button.toolTip())
        if button.toolTip() != (now or words):
            button.setToolTip(now or words)

    def show_message(self, message: Message | None) -> None:
        """The sentence at the bottom."""
        problem = message is not None and message.tone is Tone.PROBLEM
        say(self.message_label, message.text if message else "")
        self.message_label.setToolTip(message.details if message else "")
        self.warning_icon.setVisible(problem)

    def _show_progress(self, fraction: float | None) -> None:
        self.progress_bar.setVisible(fraction is not None)
        if fraction is not None:
            self.progress_bar.setRange(0, 0 if fraction < 0 else 1000)
            fill(self.progress_bar, round(max(0.0, fraction) * 1000))

    # --- Building ------------------------------------------------------------------------------------

    def _build(self) -> None:
        widgets = QtWidgets
        self.settings = widgets.QWidget()
        self.box_label = widgets.QLabel()
        self.choice = Choice(self)
        self.seed_box = number_field(0, MAX_SEED, tr("The same seed gives the same object again."))
        self.dice_button = widgets.QToolButton()
        self.dice_button.setToolTip(tr("Roll the dice for another seed"))
        self.keep_shape_check, self.keep_look_check = (
            widgets.QCheckBox(text) for text in (tr("Shape"), tr("Look"))
        )
        self.keep_shape_check.setToolTip(tr("Keep this shape: other seeds change the look alone"))
        self.keep_look_check.setToolTip(tr("Keep this look: other seeds change the shape alone"))
        kept = tr("The seed that this is kept of; another number gives another one")
        self.shape_seed_box, self.look_seed_box = (number_field(0, MAX_SEED, kept) for _ in range(2))
        self.keep_seed_button = widgets.QToolButton()
        self.keep_seed_button.setCheckable(True)
        self.keep_seed_button.setToolTip(tr("Begin the next insertion with the same seed"))
        self.reference_button = ReferenceButton()
        self.defaults_button = text_button(tr("Reset"))
        self.defaults_button.setToolTip(tr("Settings as they were at first; class and seed stay"))
        self.count_box = number_field(1, MAX_VARIATIONS, tr("How many different objects to make at once"))
        self.number = NumberRow()
        self.shape_check = widgets.QCheckBox(tr("Use the selection's shape"))
        self.shape_check.setToolTip(tr("Off: the object finds its own shape inside the selection's box."))
        self.shape_check.setEnabled(False)
        self.switches = {field: widgets.QCheckBox(tr(words)) for field, (words, _) in SWITCHES.items()}
        for field, (_, tooltip) in SWITCHES.items():
            self.switches[field].setToolTip(tr(tooltip))
        self.cast = CastControls()
        self.cast.hide()
        self.live_check = widgets.QCheckBox(tr("Live"))
        self.live_check.setToolTip(tr("The preview follows the selection and the settings."))
        self.insert_button = widgets.QPushButton(tr("Insert"))
        self.insert_button.setToolTip(tr("Make variations for the selection, and show the first"))
        self.cancel_button = widgets.QPushButton(tr("Cancel"))
        self.cancel_button.setToolTip(tr("Stop; variations that have come stay"))
        self.apply_button = widgets.QPushButton(tr("Apply"))
        self.discard_button = widgets.QPushButton(tr("Discard"))
        self.apply_button.setToolTip(tr("Keep the shown variation as a normal layer"))
        self.discard_button.setToolTip(tr("Take the preview away; the variations stay in the strip"))
        self.progress_bar = widgets.QProgressBar()
        self.progress_bar.setTextVisible(False)
        self.progress_bar.setMaximumHeight(8)
        self.strip = Strip()
        self.size_slider = widgets.QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(SMALLEST, LARGEST)
        self.size_slider.setMinimumWidth(40)
        self.size_slider.setToolTip(tr("How large the variations are shown"))
        self.compare_button = text_button(tr("Before"))
        self.compare_button.setCheckable(True)
        self.compare_button.setToolTip(tr("Show the picture without the preview, to compare"))
        self.edit_row = widgets.QWidget()
        self.edit_label = widgets.QLabel()
        self.edit_button, self.light_button = (
            widgets.QPushButton(tr("Edit")),
            widgets.QPushButton(tr("Light like the scene")),
        )
        self.edit_button.setToolTip(tr("Give this layer's object another seed, class or style"))
        self.light_button.setToolTip(
            tr("Give the active layer the light of where it is; its own pixels are kept, nothing is painted")
        )
        self.question = Question()
        self.light_row = LightRow()
        self.warning_icon = widgets.QLabel()
        self.message_label = widgets.QLabel()
        self.message_label.setWordWrap(True)
        for label in (self.box_label, self.edit_label):  # cut off rather than make the docker wider
            label.setSizePolicy(widgets.QSizePolicy.Policy.Ignored, widgets.QSizePolicy.Policy.Preferred)
        self.message_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry_button = widgets.QPushButton(tr("Try again"))
        self.retry_button.setToolTip(tr("Ask the service again, which is started if it has to be"))
        for hidden in (
            self.cancel_button,
            self.progress_bar,
            self.edit_row,
            self.question,
            self.light_row,
            self.light_button,
            self.retry_button,
            self.warning_icon,
        ):
            hidden.hide()

    def _arrange(self) -> None:
        self.shape_seed_label, self.look_seed_label = (
            QtWidgets.QLabel(text) for text in (tr("Shape seed"), tr("Look seed"))
        )
        for widget in (self.shape_seed_label, self.shape_seed_box, self.look_seed_label, self.look_seed_box):
            widget.hide()
        rows = (
            *self.choice.rows,
            (QtWidgets.QLabel(tr("Seed")), row(self.seed_box, line(self.dice_button, self.keep_seed_button))),
            (
                QtWidgets.QLabel(tr("Keep")),
                line(self.keep_shape_check, self.keep_look_check),
            ),
            (self.shape_seed_label, self.shape_seed_box),
            (self.look_seed_label, self.look_seed_box),
            (QtWidgets.QLabel(tr("Reference")), self.reference_button),
            (QtWidgets.QLabel(tr("Number")), self.number),
            (QtWidgets.QLabel(tr("Variations")), row(self.count_box, self.live_check)),
            (QtWidgets.QLabel(tr("Thumbnails")), self.size_slider),
            (QtWidgets.QLabel(tr("Box")), row(self.box_label, self.defaults_button)),
        )
        form = QtWidgets.QGridLayout()
        form.setColumnStretch(1, 1)
        for number, (label, field) in enumerate(rows):
            form.addWidget(label, number, 0)
            add = form.addWidget if isinstance(field, QtWidgets.QWidget) else form.addLayout
            add(field, number, 1)
        edit = QtWidgets.QVBoxLayout(self.edit_row)
        edit.setContentsMargins(0, 0, 0, 0)
        edit.addWidget(self.edit_label)
        edit.addWidget(self.edit_button)
        message = QtWidgets.QHBoxLayout()
        message.addWidget(self.warning_icon, 0, Qt.AlignmentFlag.AlignTop)
        message.addWidget(self.message_label, 1)
        inner = QtWidgets.QVBoxLayout(self.settings)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(form)
        inner.addWidget(self.shape_check)
        for field, switch in self.switches.items():
            inner.addWidget(switch)
            if field == "cast_shadow":
                inner.addWidget(self.cast)
        inner.addWidget(self.edit_row)
        inner.addWidget(self.light_button)
        inner.addWidget(self.light_row)
        inner.addStretch(1)
        column = QtWidgets.QVBoxLayout()
        column.setContentsMargins(5, 3, 5, 5)
        outer = QtWidgets.QVBoxLayout(self)  # its margins Krita takes away in a docker
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(column)
        column.addWidget(scrolling(self.settings))
        column.addWidget(self.strip)
        column.addWidget(self.insert_button)
        column.addWidget(self.cancel_button)
        column.addWidget(self.progress_bar)
        finish = row(self.apply_button, self.discard_button, 1)
        finish.addWidget(self.compare_button)
        column.addLayout(finish)
        column.addLayout(message)
        column.addWidget(self.question)
        column.addWidget(self.retry_button)
        self._show_icons()

    def _connect(self) -> None:
        for button, wanted in (
            (self.insert_button, self.insert_wanted),
            (self.cancel_button, self.cancel_wanted),
            (self.apply_button, self.apply_wanted),
            (self.discard_button, self.discard_wanted),
            (self.edit_button, self.edit_wanted),
            (self.light_button, self.light_wanted),
            (self.defaults_button, self.reset_wanted),
            (self.retry_button, self.retry_wanted),
        ):
            button.clicked.connect(wanted)
        self.apply_button.pressed.connect(lambda: self.light_row.before_check.setChecked(False))
        self.light_row.changed.connect(self.light_changed)
        self.dice_button.clicked.connect(self.roll)
        self.size_slider.valueChanged.connect(self.strip.set_side)
        self.compare_button.toggled.connect(self.compare_wanted)
        for check, label, box in (
            (self.keep_shape_check, self.shape_seed_label, self.shape_seed_box),
            (self.keep_look_check, self.look_seed_label, self.look_seed_box),
        ):
            check.toggled.connect(label.setVisible)
            check.toggled.connect(box.setVisible)
            check.toggled.connect(partial(self._keep, box))
            box.valueChanged.connect(self.form_changed)
        self.seed_box.valueChanged.connect(self._name_seed)
        self.switches["cast_shadow"].toggled.connect(self.cast.setVisible)
        for changed in (
            self.choice.changed,
            self.seed_box.valueChanged,
            self.count_box.valueChanged,
            self.number.changed,
            self.shape_check.toggled,
            *(switch.toggled for switch in self.switches.values()),
            self.cast.changed,
            self.keep_seed_button.toggled,
            self.size_slider.valueChanged,
            self.reference_button.changed,
            self.live_check.toggled,
        ):
            changed.connect(self.form_changed)

    def _keep(self, box: Any, kept: bool) -> None:  # noqa: FBT001 - from a signal
        """The shape, or the look, of this seed is kept from now on."""
        if kept:
            box.setValue(self.seed_box.value())
        self.form_changed.emit()

    def roll(self) -> None:
        """Another seed."""
        self.show_seed(self.form().rolled(self._dice))

    def show_seed(self, form: Form) -> None:
        """Shows the seed of these settings, which the user has not typed."""
        self.seed_box.setValue(form.wish.seed)
        self._row, self.seed_is_typed = form.row, False

    def _name_seed(self) -> None:
        self._row, self.seed_is_typed = None, True

    def _show_icons(self) -> None:
        side = self.fontMetrics().height()
        icon = self.style().standardIcon(QtWidgets.QStyle.StandardPixmap.SP_MessageBoxWarning)
        self.warning_icon.setPixmap(icon.pixmap(QtCore.QSize(side, side)))
        self.keep_seed_button.setIcon(lock_icon(self))
        self.dice_button.setIcon(dice_icon(self))  # its own palette is still the old one then

    def changeEvent(self, event: Any) -> None:
        """A new theme or font brings new icons."""
        super().changeEvent(event)
        if event.type() in (QtCore.QEvent.Type.PaletteChange, QtCore.QEvent.Type.StyleChange):
            self._show_icons()
