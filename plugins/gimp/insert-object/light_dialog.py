"""The dialog that gives a layer the scene's light. What it all means is the business of ``light_live``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from cast_controls import CastControls
from dialog_parts import BORDER, SPACING, StatusLine, show_at_the_edge, show_help
from gi.repository import GimpUi, Gtk
from parasites import ShadowKind
from settings import SWITCHES
from wording import _

from wire.protocol import WITHOUT_SHADOWS, Rect, Wish

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
    """A slider, before and after, and the shadows; not modal, so that the canvas can be used.

    ``wish`` is what the controls of the cast shadow begin with; ``has`` are the shadows that the layer has.
    """

    def __init__(
        self,
        listener: LightListener,
        image_name: str,
        layer_name: str,
        wish: Wish,
        *,
        has: frozenset[ShadowKind],
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
        area.pack_start(self._controls(image_name, layer_name, has), True, True, 0)
        self.status = StatusLine(listener.retry_pressed)
        area.pack_start(self.status, False, False, 0)
        self._cast.show_choices(wish)
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
    def wish(self) -> Wish:
        """The new shadows that the layer is to get."""
        shadows = replace(WITHOUT_SHADOWS, shadow=bool(self._shadow.get_active()))
        if not self._throws.get_active():
            return shadows
        return replace(shadows, cast_shadow=True, **self._cast.choices)

    @property
    def shows_before(self) -> bool:
        """Whether the user looks at the layer as it was."""
        return bool(self._before.get_active())

    def allow_apply(self, *, allowed: bool) -> None:
        """Whether Apply can be pressed."""
        self._apply.set_sensitive(allowed)

    def _controls(self, image_name: str, layer_name: str, has: frozenset[ShadowKind]) -> Gtk.Grid:
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
        is_new = ShadowKind.CONTACT in has
        words = _("Make a new contact shado_w") if is_new else _("Contact shado_w")
        self._shadow = Gtk.CheckButton.new_with_mnemonic(words)
        self._shadow.set_tooltip_text(_("A soft shadow on the ground, as a layer below this one"))
        grid.attach(self._shadow, 0, 2, 2, 1)
        words = _("Make a new cast sha_dow") if ShadowKind.CAST in has else _("Cast sha_dow")
        self._throws = Gtk.CheckButton.new_with_mnemonic(words)
        self._throws.set_tooltip_text(_(SWITCHES["cast_shadow"][1]))
        self._cast = CastControls(lambda _widget: None)  # which is looked at every tick
        self._cast.set_margin_start(BORDER)
        self._cast.set_no_show_all(True)
        self._throws.connect("toggled", lambda check: self._cast.show_where(shown=check.get_active()))
        grid.attach(self._throws, 0, 3, 2, 1)
        grid.attach(self._cast, 0, 4, 2, 1)
        self._before = Gtk.CheckButton.new_with_mnemonic(_("Show how it was _before"))
        self._before.set_tooltip_text(
            _("Tick and untick it to compare; Apply applies the light all the same")
        )
        grid.attach(self._before, 0, 5, 2, 1)
        return grid

    def _responded(self, _dialog: Gtk.Dialog, response: int) -> None:
        if response == Gtk.ResponseType.HELP:
            show_help(self.window, self.status)
        elif response == _RESET:
            self.strength = 1.0
            self._shadow.set_active(False)
            self._throws.set_active(False)
            self._cast.show_choices(WITHOUT_SHADOWS)
            self._before.set_active(False)
        elif response == Gtk.ResponseType.OK:
            self._listener.apply_pressed()
        else:
            self._listener.dismissed()
