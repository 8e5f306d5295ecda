"""The dialog: its window, and how far things are. What it all means is the live insertion's business."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dialog_parts import StatusLine, fits_the_screen, show_at_the_edge, show_help
from earlier import Earlier, Seen
from earlier_list import EarlierList
from form import InsertForm
from gi.repository import Gdk, GimpUi, Gtk
from reference_reader import ReferenceReader
from wording import _

from wire.protocol import Rect

_LATER_ROWS = 40  # screen pixels for model packs, which are shown once it is known that there are any
_RESET = 1  # GIMP's own response for its Reset buttons
_STEPS = {
    Gdk.KEY_Page_Down: 1,
    Gdk.KEY_KP_Page_Down: 1,
    Gdk.KEY_Page_Up: -1,
    Gdk.KEY_KP_Page_Up: -1,
}


class DialogListener(Protocol):
    """Who acts on what the user does."""

    def settings_changed(self) -> None:
        """Pack, class, style, seed, shape or shadow is another one."""

    def variation_chosen(self, index: int) -> None:
        """Another thumbnail was picked."""

    def earlier_chosen(self, seen: Seen) -> None:
        """An earlier variation was picked."""

    def insert_pressed(self) -> None:
        """The user wants the chosen variation in the image."""

    def reset_pressed(self) -> None:
        """The user wants the settings as they were at first."""

    def retry_pressed(self) -> None:
        """The user wants the daemon to be asked again."""

    def dismissed(self) -> None:
        """Cancel, Escape or the window's close button."""


class InsertDialog:
    """Shows settings, variations and how far things are; not modal, so that the canvas can be used."""

    def __init__(
        self, listener: DialogListener, reader: ReferenceReader, earlier: Earlier, *, editing: bool
    ) -> None:
        self._listener = listener
        header_bar = Gtk.Settings.get_default().get_property("gtk-dialogs-use-header")
        title = _("Edit Object") if editing else _("Insert Object")
        self.window = GimpUi.Dialog(use_header_bar=header_bar, title=title, role="insert-object")
        GimpUi.window_set_transient(self.window)  # else a click on the canvas hides the dialog
        self._add_buttons(editing=editing)
        self.window.set_default_response(Gtk.ResponseType.OK)
        self.window.set_alternative_button_order_from_array(
            [Gtk.ResponseType.OK, Gtk.ResponseType.CANCEL, _RESET, Gtk.ResponseType.HELP]
        )
        self.window.connect("response", self._responded)
        self.window.connect("key-press-event", self._key_pressed)
        area = self.window.get_content_area()
        self.form = InsertForm(
            listener.settings_changed,
            listener.variation_chosen,
            reader,
            EarlierList(earlier, listener.earlier_chosen),
            editing=editing,
        )
        area.pack_start(self.form, True, True, 0)
        self._status = StatusLine(listener.retry_pressed)
        area.pack_start(self._status, False, False, 0)
        area.show_all()

    def _add_buttons(self, *, editing: bool) -> None:
        words = _("The chosen variation takes this one's place (Enter)")
        first = _("As this layer was made")
        if not editing:
            words = _("The chosen variation becomes a layer of the picture (Enter)")
            first = _("Settings as they were at first; class and seed stay")
        for label, response, tooltip in (
            (_("_Help"), Gtk.ResponseType.HELP, _("Open the help page")),
            (_("R_eset"), _RESET, first),
            (_("_Cancel"), Gtk.ResponseType.CANCEL, _("Leave the picture as it was (Escape)")),
            (_("_Apply") if editing else _("_Insert"), Gtk.ResponseType.OK, words),
        ):
            button = self.window.add_button(label, response)
            button.set_tooltip_text(tooltip)
        self._insert = self.window.get_widget_for_response(Gtk.ResponseType.OK)
        self._insert.set_sensitive(False)

    def show(self, title: str, is_better_left: Callable[[Rect, int], bool]) -> None:
        """Opens the dialog at the edge of the screen where it covers less of the object's place."""
        self.window.set_title(title)
        if not fits_the_screen(self.window, _LATER_ROWS):
            self.form.gallery.show_lines(1)
        show_at_the_edge(self.window, is_better_left)

    # --- How far things are -------------------------------------------------------------------------

    def say(self, text: str, *, retry: bool = False) -> None:
        """One line below the variations; with a button that tries again if ``retry``."""
        self._status.say(text, retry=retry)

    def show_progress(self, fraction: float | None) -> None:
        """The bar at this part of its way; None: empty."""
        self._status.show_progress(fraction)

    def allow(self, *, insert: bool, changes: bool) -> None:
        """What can be done: insert, if there is anything to; change it, unless Insert waits for it."""
        self._insert.set_sensitive(insert and changes)
        self.form.set_sensitive(changes)

    # --- Signals ------------------------------------------------------------------------------------

    def _responded(self, _dialog: Gtk.Dialog, response: int) -> None:
        if response == Gtk.ResponseType.HELP:
            show_help(self.window, self._status)
        elif response == Gtk.ResponseType.OK:
            self._listener.insert_pressed()
        elif response == _RESET:
            self._listener.reset_pressed()
        else:
            self._listener.dismissed()

    def _key_pressed(self, _window: Gtk.Window, event: Gdk.EventKey) -> bool:
        """Ctrl with Page Down and Page Up goes through the variations, with Enter inserts, whatever has the
        focus."""
        if event.state & Gtk.accelerator_get_default_mod_mask() != Gdk.ModifierType.CONTROL_MASK:
            return False
        if event.keyval in (Gdk.KEY_Return, Gdk.KEY_KP_Enter):
            if self._insert.get_sensitive():
                self._listener.insert_pressed()
            return True
        step = _STEPS.get(event.keyval, 0)
        if step:
            self.form.gallery.step(step)
        return bool(step)


def ask(title: str, sentence: str, hint: str, *, yes: str) -> bool:
    """A question with two answers, for what cannot go on without one; Escape is a no."""
    question = Gtk.MessageDialog(
        message_type=Gtk.MessageType.QUESTION,
        buttons=Gtk.ButtonsType.NONE,
        text=sentence,
        secondary_text=hint,
        title=title,
    )
    GimpUi.window_set_transient(question)
    question.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    question.add_button(yes, Gtk.ResponseType.OK)
    question.set_default_response(Gtk.ResponseType.OK)
    answer = question.run()
    question.destroy()
    return bool(answer == Gtk.ResponseType.OK)
