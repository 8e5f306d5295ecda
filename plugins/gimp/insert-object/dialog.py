"""The dialog: widgets and nothing else. What they mean is the live insertion's business."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from client.protocol import MAX_SEED, ClassInfo
from gi.repository import Gdk, GimpUi, GLib, Gtk
from settings import Settings, roll_seed
from thumbnails import VariationRow
from wording import _, class_label

VARIATIONS = 4
_HELP_PAGE = Path(__file__).resolve().parent / "help" / "insert-object.html"
_BORDER = 12  # GIMP's own dialogs
_SPACING = 6
_EDGE = 24  # screen pixels between the dialog and the screen's edge


class DialogListener(Protocol):
    """Who acts on what the user does."""

    def settings_changed(self) -> None:
        """Class, style, seed or shape is another one."""

    def variation_chosen(self, index: int) -> None:
        """Another thumbnail was picked."""

    def insert_pressed(self) -> None:
        """The user wants the chosen variation in the image."""

    def retry_pressed(self) -> None:
        """The user wants the daemon to be asked again."""

    def dismissed(self) -> None:
        """Cancel, Escape or the window's close button."""


class InsertDialog:
    """Shows settings, variations and how far things are; not modal, so that the canvas can be used."""

    def __init__(self, listener: DialogListener, *, editing: bool) -> None:
        self._listener = listener
        self._classes: tuple[ClassInfo, ...] = ()
        self._silent = False  # while the program itself sets widgets
        self._style_wanted = ""
        header_bar = Gtk.Settings.get_default().get_property("gtk-dialogs-use-header")
        title = _("Edit Object") if editing else _("Insert Object")
        self.window = GimpUi.Dialog(use_header_bar=header_bar, title=title, role="insert-object")
        GimpUi.window_set_transient(self.window)  # else a click on the canvas hides the dialog
        self.window.add_button(_("_Help"), Gtk.ResponseType.HELP)
        self.window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._insert = self.window.add_button(_("_Apply") if editing else _("_Insert"), Gtk.ResponseType.OK)
        self.window.set_default_response(Gtk.ResponseType.OK)
        self.window.set_alternative_button_order_from_array(
            [Gtk.ResponseType.OK, Gtk.ResponseType.CANCEL, Gtk.ResponseType.HELP]
        )
        self.window.connect("response", self._responded)
        self._build(editing=editing)

    def show(self) -> None:
        """Opens the dialog at the right edge of the screen, where it leaves the picture free."""
        self.window.show()
        screen = self.window.get_window()
        if screen is None:
            return
        room = Gdk.Display.get_default().get_monitor_at_window(screen).get_workarea()
        width, height = self.window.get_size()
        top = room.y + max(0, (room.height - height) // 2)
        self.window.move(room.x + room.width - width - _EDGE, top)

    # --- What the user has chosen -------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The choices as the widgets show them."""
        return Settings(
            class_name=self._class.get_active_id() or "",
            style=self._style.get_active_id() or "",
            seed=self._seed.get_value_as_int(),
            use_shape=self._shape.get_sensitive() and self._shape.get_active(),
            show_preview=self._preview.get_active(),
        )

    def set_settings(self, settings: Settings) -> None:
        """Shows choices, without telling the listener."""
        self._silent = True
        self._class.set_active_id(settings.class_name)
        self._style_wanted = settings.style
        self._fill_styles()
        self._seed.set_value(settings.seed)
        self._preview.set_active(settings.show_preview)
        self._silent = False

    def set_classes(self, classes: Sequence[ClassInfo], wanted: str) -> None:
        """Offers these classes and chooses the wanted one, or the first."""
        chosen = self._class.get_active_id() or wanted
        self._classes = tuple(classes)
        self._silent = True
        self._class.remove_all()
        for info in classes:
            self._class.append(info.name, class_label(info.label))
        if not self._class.set_active_id(chosen) and classes:
            self._class.set_active(0)
        self._fill_styles()
        self._silent = False

    def label_of(self, class_name: str) -> str:
        """The daemon's label of a class."""
        return next((info.label for info in self._classes if info.name == class_name), class_name)

    def offer_shape(self, *, offered: bool, chosen: bool) -> None:
        """Whether there is a shape to use, and whether to use it until the user says otherwise."""
        self._silent = True
        self._shape.set_sensitive(offered)
        self._shape.set_active(offered and chosen)
        self._silent = False

    # --- How far things are -------------------------------------------------------------------------

    def say(self, text: str, *, retry: bool = False) -> None:
        """One line below the variations; with a button that tries again if ``retry``."""
        self._note.set_text(text)
        self._retry.set_visible(retry)

    def show_progress(self, fraction: float | None) -> None:
        """The bar at this part of its way; None: empty."""
        self._progress.set_fraction(fraction or 0.0)

    def pulse(self) -> None:
        """The bar moves: something goes on, and nobody knows for how long."""
        self._progress.pulse()

    def allow(self, *, insert: bool, changes: bool) -> None:
        """What can be done: insert, if there is anything to; change it, unless Insert waits for it."""
        self._insert.set_sensitive(insert and changes)
        self._form.set_sensitive(changes)

    # --- Building -----------------------------------------------------------------------------------

    def _build(self, *, editing: bool) -> None:
        area = self.window.get_content_area()
        self._form = Gtk.Grid(column_spacing=_SPACING, row_spacing=_SPACING)
        self._form.set_border_width(_BORDER)
        area.pack_start(self._form, True, True, 0)

        self._class = Gtk.ComboBoxText()
        self._class.set_hexpand(True)
        self._class.set_button_sensitivity(Gtk.SensitivityType.ON)  # else it cannot have the first focus
        self._class.connect("changed", self._class_changed)
        self._label(_("C_lass:"), self._class, 0)
        self._form.attach(self._class, 1, 0, 2, 1)

        self._style = Gtk.ComboBoxText()
        self._style.set_no_show_all(True)
        self._style.connect("changed", self._changed)
        self._style_label = self._label(_("S_tyle:"), self._style, 1)
        self._style_label.set_no_show_all(True)
        self._form.attach(self._style, 1, 1, 2, 1)

        self._seed = Gtk.SpinButton.new_with_range(0, MAX_SEED, 1)
        self._seed.set_activates_default(True)
        self._seed.set_hexpand(True)
        self._seed.connect("value-changed", self._changed)
        self._label(_("_Seed:"), self._seed, 2)
        self._form.attach(self._seed, 1, 2, 1, 1)
        dice = Gtk.Button.new_with_mnemonic(_("_New Seed"))
        dice.set_tooltip_text(_("Rolls the dice for another look"))
        dice.connect("clicked", lambda _button: self._seed.set_value(roll_seed()))
        self._form.attach(dice, 2, 2, 1, 1)

        words = _("_Keep the layer's shape") if editing else _("Selection is the _object's shape")
        self._shape = Gtk.CheckButton.new_with_mnemonic(words)
        self._shape.set_sensitive(False)
        self._shape.connect("toggled", self._changed)
        self._form.attach(self._shape, 0, 3, 3, 1)

        self._preview = Gtk.CheckButton.new_with_mnemonic(_("_Preview on the picture"))
        self._preview.set_active(True)
        self._form.attach(self._preview, 0, 4, 3, 1)

        self.row = VariationRow(VARIATIONS, self._listener.variation_chosen)
        self._form.attach(self.row, 0, 5, 3, 1)
        self._build_status(area)
        area.show_all()
        self._retry.set_visible(False)

    def _build_status(self, area: Gtk.Box) -> None:
        status = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=_SPACING)
        status.set_border_width(_BORDER)
        self._progress = Gtk.ProgressBar()
        self._progress.set_pulse_step(0.02)
        line = Gtk.Box(spacing=_SPACING)
        self._note = Gtk.Label(xalign=0.0, yalign=0.0)
        self._note.set_line_wrap(True)
        self._note.set_max_width_chars(50)
        self._note.set_lines(2)
        self._note.set_selectable(False)
        self._retry = Gtk.Button.new_with_mnemonic(_("_Retry"))
        self._retry.set_valign(Gtk.Align.START)
        self._retry.connect("clicked", lambda _button: self._listener.retry_pressed())
        line.pack_start(self._note, True, True, 0)
        line.pack_end(self._retry, False, False, 0)
        status.pack_start(self._progress, False, False, 0)
        status.pack_start(line, False, False, 0)
        area.pack_start(status, False, False, 0)

    def _label(self, text: str, widget: Gtk.Widget, row: int) -> Gtk.Label:
        label = Gtk.Label.new_with_mnemonic(text)
        label.set_xalign(0.0)
        label.set_mnemonic_widget(widget)
        self._form.attach(label, 0, row, 1, 1)
        return label

    def _fill_styles(self) -> None:
        """The styles of the chosen class; hidden where it has none."""
        chosen = self._class.get_active_id()
        styles = next((info.styles for info in self._classes if info.name == chosen), ())
        wanted = self._style.get_active_id() or self._style_wanted
        self._style.remove_all()
        self._style.append("", _("From the seed"))
        for style in styles:
            self._style.append(style, _(style))
        if not self._style.set_active_id(wanted):
            self._style.set_active(0)
        for widget in (self._style, self._style_label):
            widget.set_visible(bool(styles))

    # --- Signals ------------------------------------------------------------------------------------

    def _class_changed(self, _combo: Gtk.ComboBox) -> None:
        if self._silent:
            return
        self._silent = True
        self._fill_styles()
        self._silent = False
        self._listener.settings_changed()

    def _changed(self, _widget: Gtk.Widget) -> None:
        if not self._silent:
            self._listener.settings_changed()

    def _responded(self, _dialog: Gtk.Dialog, response: int) -> None:
        if response == Gtk.ResponseType.HELP:
            self._show_help()
        elif response == Gtk.ResponseType.OK:
            self._listener.insert_pressed()
        else:
            self._listener.dismissed()

    def _show_help(self) -> None:
        try:
            Gtk.show_uri_on_window(self.window, _HELP_PAGE.as_uri(), Gdk.CURRENT_TIME)
        except GLib.Error as error:
            self.say(_("The help page is {file} ({reason}).").format(file=_HELP_PAGE, reason=error.message))


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
