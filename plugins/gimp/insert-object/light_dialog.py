"""The dialog that gives a layer the scene's light. What it all means is the business of ``light_live``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dialog_parts import BORDER, SPACING, StatusLine, show_at_the_edge, show_help
from gi.repository import GimpUi, Gtk
from wording import _

from wire.protocol import Rect

_RESET = 1  # the response of the button; GTK's own are below 0


class LightListener(Protocol):
    """Who acts on what the user does."""

    def apply_pressed(self) -> None:
        """The user wants the layer as it is shown."""

    def retry_pressed(self) -> None:
        """The user wants the daemon to be asked again."""

    def dismissed(self) -> None:
        """Cancel, Escape or the window's close button."""


class LightDialog:
    """A slider, before and after, and the shadow; not modal, so that the canvas can be used."""

    def __init__(
        self, listener: LightListener, image_name: str, layer_name: str, *, has_shadow: bool
    ) -> None:
        self._listener = listener
        header_bar = Gtk.Settings.get_default().get_property("gtk-dialogs-use-header")
        title = _("Light Layer Like the Scene")
        self.window = GimpUi.Dialog(use_header_bar=header_bar, title=title, role="insert-object-light")
        GimpUi.window_set_transient(self.window)  # else a click on the canvas hides the dialog
        self.window.add_button(_("_Help"), Gtk.ResponseType.HELP)
        self.window.add_button(_("R_eset"), _RESET)
        self.window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._apply = self.window.add_button(_("_Apply"), Gtk.ResponseType.OK)
        self._apply.set_sensitive(False)
        self.window.set_default_response(Gtk.ResponseType.OK)
        self.window.set_alternative_button_order_from_array(
            [Gtk.ResponseType.OK, Gtk.ResponseType.CANCEL, _RESET, Gtk.ResponseType.HELP]
        )
        self.window.connect("response", self._responded)
        area = self.window.get_content_area()
        area.pack_start(self._controls(image_name, layer_name, has_shadow=has_shadow), True, True, 0)
        self.status = StatusLine(listener.retry_pressed)
        area.pack_start(self.status, False, False, 0)
        area.show_all()

    def show(self, is_better_left: Callable[[Rect, int], bool]) -> None:
        """Opens the dialog beside the picture."""
        show_at_the_edge(self.window, is_better_left)

    @property
    def strength(self) -> float:
        """The share of the change that the user wants, 0..1."""
        return float(self._strength.get_value()) / 100

    @strength.setter
    def strength(self, value: float) -> None:
        self._strength.set_value(100 * value)

    @property
    def shadow(self) -> bool:
        """Whether the layer is to get a new contact shadow."""
        return bool(self._shadow.get_active())

    @property
    def shows_before(self) -> bool:
        """Whether the user looks at the layer as it was."""
        return bool(self._before.get_active())

    def allow_apply(self, *, allowed: bool) -> None:
        """Whether there is anything to apply."""
        self._apply.set_sensitive(allowed)

    def _controls(self, image_name: str, layer_name: str, *, has_shadow: bool) -> Gtk.Grid:
        grid = Gtk.Grid(column_spacing=SPACING, row_spacing=SPACING)
        grid.set_border_width(BORDER)
        what = Gtk.Label(
            label=_("“{layer}” in {image}").format(layer=layer_name, image=image_name), xalign=0.0
        )
        what.set_line_wrap(True)
        grid.attach(what, 0, 0, 2, 1)
        label = Gtk.Label.new_with_mnemonic(_("_Strength:"))
        label.set_xalign(0.0)
        self._strength = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, 100, 1)
        self._strength.set_size_request(240, -1)
        self._strength.set_hexpand(True)
        self._strength.add_mark(0, Gtk.PositionType.BOTTOM, _("as it was"))
        self._strength.add_mark(100, Gtk.PositionType.BOTTOM, _("like the scene"))
        self._strength.set_tooltip_text(_("How much of the scene's light the layer gets; 0 takes it off"))
        label.set_mnemonic_widget(self._strength)
        grid.attach(label, 0, 1, 1, 1)
        grid.attach(self._strength, 1, 1, 1, 1)
        words = _("Make a new contact shado_w") if has_shadow else _("Contact shado_w")
        self._shadow = Gtk.CheckButton.new_with_mnemonic(words)
        self._shadow.set_tooltip_text(_("A soft shadow on the ground, as a layer below this one"))
        grid.attach(self._shadow, 0, 2, 2, 1)
        self._before = Gtk.CheckButton.new_with_mnemonic(_("Show how it was _before"))
        self._before.set_tooltip_text(
            _("Tick and untick it to compare; Apply applies the light all the same")
        )
        grid.attach(self._before, 0, 3, 2, 1)
        return grid

    def _responded(self, _dialog: Gtk.Dialog, response: int) -> None:
        if response == Gtk.ResponseType.HELP:
            show_help(self.window, self.status)
        elif response == _RESET:
            self.strength = 1.0
            self._shadow.set_active(False)
            self._before.set_active(False)
        elif response == Gtk.ResponseType.OK:
            self._listener.apply_pressed()
        else:
            self._listener.dismissed()
