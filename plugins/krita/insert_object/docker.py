"""The docker itself: one per main window, showing the desk of that window's picture."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from krita import DockWidget

from .asked_seeds import Row
from .controller import Controller
from .copies import recipe_title
from .desk import Desk
from .documents import layer_id
from .editing import Way
from .form import load_form, save_form
from .history import LightChoice
from .lighting import can_be_lit
from .messages import Message
from .object_layers import object_of
from .panel import Panel
from .qt import QtCore, sip
from .reference_picture import of_file, of_layer, of_selection
from .selection import SelectionInfo, shape_of, suggests_shape
from .slots import safe_slot
from .targets import Purpose
from .translations import tr
from .view import view_of
from .wire.protocol import NOT_DRAWN
from .wire.reference import Model, Reference
from .wire.state import SessionState

POLL_MS = 150
LIVE_POLL_MS = 60


class InsertObjectDocker(DockWidget):
    """Asks the picture for its selection a few times a second, for Krita does not tell of changes."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        self._desk: Desk | None = None
        self._selection: SelectionInfo | None = None
        self._seen: tuple[object, ...] = ()  # selection and look at the last poll
        self._asked: tuple[object, ...] = ()  # those of the last live preview
        self._active = ("", "")  # the active layer with its name, and the title of our object there
        self._inserts_later: Desk | None = None  # Insert was pressed before the daemon was there
        self._can_light = False  # whether it has pixels of its own
        self.setWindowTitle(tr("Insert Object"))
        self.panel = Panel()
        self.setWidget(self.panel)
        self.panel.set_form(load_form(random.Random()))
        self._connect()
        controller.add_docker(self)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(POLL_MS)

    def _connect(self) -> None:
        panel, link = self.panel, self._controller.link
        panel.insert_wanted.connect(self.insert)
        panel.cancel_wanted.connect(self._cancel)
        panel.apply_wanted.connect(self._apply)
        panel.discard_wanted.connect(self._discard)
        panel.edit_wanted.connect(self._edit)
        panel.question.answered.connect(self._answer)
        panel.light_wanted.connect(self._light)
        panel.light_changed.connect(self._change_light)
        panel.retry_wanted.connect(self._retry)
        panel.compare_wanted.connect(self._compare)
        panel.reset_wanted.connect(self._reset)
        panel.form_changed.connect(self._keep_form)
        panel.strip.chosen.connect(self._choose)
        panel.strip.mark_wanted.connect(self._mark)
        panel.strip.delete_wanted.connect(self._delete)
        panel.reference_button.layer_wanted.connect(self._take_layer)
        panel.reference_button.selection_wanted.connect(self._take_selection)
        panel.reference_button.file_wanted.connect(self._take_file)
        link.changed.connect(self._render)

    # --- Krita asks ----------------------------------------------------------------------------------

    def canvasChanged(self, _canvas: Any) -> None:
        """Another picture, or none, is in front in this window."""
        self._look()

    # --- The user asks -------------------------------------------------------------------------------

    @safe_slot
    def insert(self) -> None:
        """Inserts into the selection with the settings of this docker."""
        self._look()
        link = self._controller.link
        if self._desk is not None and link.welcome is None and link.state is not SessionState.UNAVAILABLE:
            self._inserts_later = self._desk  # the first use: nobody knows the classes yet
        elif self._desk is not None:
            form = self.panel.form()
            is_named = form.keep_seed or self.panel.seed_is_typed
            if not is_named and self._desk.pressed.has_made(form):  # it is there, another one is wanted
                self.panel.show_seed(form.from_seed(self._desk.pressed.seeds.behind))
            self._desk.insert(self.panel.form())
            self.panel.seed_is_typed = False
            self._asked = self._wish(self._desk)

    @safe_slot
    def step(self, by: int) -> None:
        """Shows the next variation (1) or the one before (-1)."""
        self._show_front()
        self.panel.strip.step(by)

    @safe_slot
    def press(self, button: str) -> None:
        """Presses Apply or Discard, where there is anything to apply or discard."""
        self._show_front()
        {"apply": self.panel.apply_button, "discard": self.panel.discard_button}[button].click()

    @safe_slot
    def _cancel(self) -> None:
        if self._desk is not None:
            self._desk.cancel()

    @safe_slot
    def _apply(self) -> None:
        if self._desk is not None:
            self._asked = self._wish(self._desk)
            self._desk.apply()

    @safe_slot
    def _discard(self) -> None:
        if self._desk is not None:
            self._asked = self._wish(self._desk)
            self._desk.discard()

    @safe_slot
    def _edit(self) -> None:
        if self._desk is not None:
            recipe = self._desk.edit(self._desk.document.activeNode())
            if recipe is not None:
                self._fill_in(recipe)

    @safe_slot
    def _answer(self, way: Way) -> None:
        if self._desk is not None:
            recipe = self._desk.answer(way)
            self._begin_light(self._desk)
            if recipe is not None:
                self._fill_in(recipe)

    @safe_slot
    def _light(self) -> None:
        if self._desk is not None:
            self._desk.give_light(self._desk.document.activeNode())
            self._begin_light(self._desk)

    def _begin_light(self, desk: Desk) -> None:
        if desk.light is not None:
            self.panel.light_row.begin(desk.light.had, desk.light.wanted)

    @safe_slot
    def _change_light(self) -> None:
        if self._desk is not None:
            row = self.panel.light_row
            self._desk.change_light(LightChoice(row.strength, row.shadows))

    @safe_slot
    def _compare(self, before: bool) -> None:  # noqa: FBT001 - from a signal
        if self._desk is not None:
            self._desk.compare(before=before)

    @safe_slot
    def _reset(self) -> None:
        """Settings as they are at first, or as the edited layer was made."""
        if self._desk is not None and self._desk.editing is not None:
            self._fill_in(self._desk.editing)
        else:
            self.panel.set_form(self.panel.form().as_at_first())

    @safe_slot
    def _take_layer(self) -> None:
        if self._desk is not None:
            node = self._desk.document.activeNode()
            self._desk.read_reference(lambda _source: of_layer(node), self.panel.reference_button.take)

    @safe_slot
    def _take_selection(self) -> None:
        desk = self._desk
        if desk is not None:
            desk.look()
            desk.read_reference(
                lambda source: of_selection(desk.document, source, desk.selection),
                self.panel.reference_button.take,
            )

    @safe_slot
    def _take_file(self, path: Path) -> None:
        self.panel.reference_button.take(of_file(path))

    @safe_slot
    def _retry(self) -> None:
        self._controller.link.try_again()

    @safe_slot
    def _choose(self, variation: Any) -> None:
        if self._desk is not None:
            self._fill_in(variation.recipe)
            self._asked = self._wish(self._desk)
            self._desk.choose(variation)

    @safe_slot
    def _mark(self, variation: Any) -> None:
        if self._desk is not None:
            self._desk.kept.mark(variation)
            self.panel.strip.refresh(variation)

    @safe_slot
    def _delete(self, variation: Any) -> None:
        if self._desk is not None:
            self._desk.kept.delete(variation)

    @safe_slot
    def _keep_form(self) -> None:
        form = self.panel.form()
        self._timer.setInterval(LIVE_POLL_MS if form.live else POLL_MS)
        if form.wish.class_name:
            save_form(form)

    def show_message(self, message: Message) -> None:
        """A sentence for the user."""
        if self._desk is not None:
            self._desk.show_message(message)
        else:
            self.panel.show_message(message)

    # --- Following the picture -----------------------------------------------------------------------

    @safe_slot
    def _look(self) -> None:
        self._controller.forget_closed()
        self._take_desk(self._controller.desk(self._document()))
        desk = self._desk
        if not self.isVisible():
            if desk is not None:
                desk.follow_undo()
            return
        if desk is not None:
            self._controller.link.open()
            desk.look()
            self._follow_active_layer(desk)
            if desk.selection != self._selection:
                self._selection = desk.selection
                self.panel.set_shape_possible(
                    possible=shape_of(desk.selection), chosen=suggests_shape(desk.selection)
                )
                self.panel.number.offer_parts(desk.selection.ground if desk.selection else None)
            self._follow_live(desk)
        self._render()

    def _show_front(self) -> None:
        """Brings the panel up to date for a key, which may be pressed while the docker is not seen."""
        self._look()
        self._render()

    def _document(self) -> Any | None:
        """The picture in front in this docker's window."""
        canvas = self.canvas()
        view = canvas.view() if canvas is not None else None
        return view.document() if view is not None else None

    def _take_desk(self, desk: Desk | None) -> None:
        if desk is self._desk:
            return
        if self._desk is not None and not sip.isdeleted(self._desk):
            self._desk.changed.disconnect(self._render)
            self._desk.seen.disconnect(self._show_seed)
        self._desk, self._selection, self._seen, self._asked = desk, None, (), ()
        if desk is not None:
            desk.changed.connect(self._render)
            desk.seen.connect(self._show_seed)
            self._begin_light(desk)

    def _follow_active_layer(self, desk: Desk) -> None:
        node = desk.document.activeNode()
        identity = f"{layer_id(node)} {node.name()}" if node is not None else ""  # a preview changes its name
        if identity != self._active[0]:
            found = object_of(desk.document, node) if node is not None else None
            self._active = (identity, recipe_title(found[1].recipe) if found is not None else "")
            self._can_light = node is not None and can_be_lit(desk.document, node)
            self.panel.edit_label.setText(self._active[1])

    def _follow_live(self, desk: Desk) -> None:
        """Asks for a live preview once selection and settings rest for one poll."""
        is_at_a_layer = desk.editing is not None or desk.preview.replaces is not None
        if not self.panel.form().live or desk.is_busy or is_at_a_layer:
            return
        wish = self._wish(desk)
        resting, self._seen = wish == self._seen, wish
        if resting and wish != self._asked and desk.selection is not None and self._can_insert(desk):
            self._asked = wish
            desk.insert(self.panel.form(), Purpose.LIVE)

    def _wish(self, desk: Desk) -> tuple[object, ...]:
        return desk.selection, self.panel.form().look

    def _can_insert(self, desk: Desk) -> bool:
        return view_of(self._controller.link, desk, "").can_insert

    def _fill_in(self, recipe: Any) -> None:
        look = recipe.look
        model = None if look is None else Model(Reference(look.frame(), tr("As it was made")))
        wish = replace(recipe.wish, box=NOT_DRAWN)
        self.panel.set_form(replace(self.panel.form(), wish=wish, row=None, model=model))

    @safe_slot
    def _show_seed(self, row: Row, seed: int) -> None:
        """The seed in the docker is that of the object on the canvas, unless another is wished now."""
        form = self.panel.form()
        if form.row is None or form.row.first != row.first:
            return
        selection, look = self._asked or (None, None)
        self.panel.show_seed(replace(form, wish=replace(form.wish, seed=seed), row=row))
        if look == form.look:
            self._asked = (selection, self.panel.form().look)  # Live asks for nothing new

    @safe_slot
    def _render(self) -> None:
        link, desk = self._controller.link, self._desk
        if link.welcome is not None:
            self.panel.set_packs(link.welcome.classes, link.welcome.packs)
            self.panel.set_limits(link.welcome.limits.variations)
            later, self._inserts_later = self._inserts_later, None
            if later is not None and later is desk:
                QtCore.QTimer.singleShot(0, self.insert)
        self.panel.show_view(view_of(link, desk, self._active[1], can_light=self._can_light))
        self.panel.strip.show_all(desk.history.items if desk is not None else ())
        if desk is not None:
            self.panel.strip.mark(desk.preview.variation if desk.preview.is_shown else None)


def docker_class(controller: Controller) -> type[InsertObjectDocker]:
    """The class that Krita makes a docker of for each main window."""

    class Docker(InsertObjectDocker):
        def __init__(self) -> None:
            super().__init__(controller)

    return Docker
