"""How many objects: one, a herd over the selection, or one in each part of the selection."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk
from wording import _

from wire.herd import MAX_HERD
from wire.selected_ground import SelectedGround
from wire.sentences import EACH_PART, EACH_PART_HINT, HERD_HINT


class NumberLine(Gtk.Box):
    """A number with its label. ``each``, the box for the parts, stands elsewhere, and is there only while the
    selection has several."""

    def __init__(self, on_change: Callable[[Gtk.Widget], None]) -> None:
        super().__init__(spacing=6)
        self.spin = Gtk.SpinButton.new_with_range(1, MAX_HERD, 1)
        self.spin.set_activates_default(True)
        self.spin.set_tooltip_text(_(HERD_HINT))
        self.each = Gtk.CheckButton.new_with_mnemonic(_(EACH_PART))
        self.each.set_tooltip_text(_(EACH_PART_HINT))
        self.each.set_no_show_all(True)
        label = Gtk.Label.new_with_mnemonic(_("N_umber:"))
        label.set_mnemonic_widget(self.spin)
        self.pack_start(label, False, False, 0)
        self.pack_start(self.spin, False, False, 0)
        self.spin.connect("value-changed", self._number_changed)
        for widget, signal in ((self.spin, "value-changed"), (self.each, "toggled")):
            widget.connect(signal, on_change)

    @property
    def herd(self) -> int:
        """How many objects stand in the selection."""
        return int(self.spin.get_value_as_int())

    @herd.setter
    def herd(self, number: int) -> None:
        self.spin.set_value(number)

    @property
    def each_part(self) -> bool:
        """Whether each part of the selection gets an object."""
        return bool(self.each.get_visible() and self.each.get_sensitive() and self.each.get_active())

    def offer_parts(self, selected: SelectedGround | None) -> None:
        """Offers the parts of a selection, if it has several."""
        self.each.set_visible(selected is not None and len(selected.parts) > 1)
        self.each.set_active(selected is not None and selected.suggests_each)

    def _number_changed(self, _spin: Gtk.SpinButton) -> None:
        self.each.set_sensitive(self.herd == 1)
