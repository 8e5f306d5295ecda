"""A check box that keeps a part of the object, and the seed that the part is kept of, a number of its own."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk
from wording import _

from wire.protocol import MAX_SEED

_DIGITS = 7  # that are seen; longer ones scroll


class KeptSeed(Gtk.Box):
    """The number is there only while the part is kept."""

    def __init__(self, text: str, tooltip: str) -> None:
        super().__init__(spacing=6)
        self._check = Gtk.CheckButton(label=text)
        self._check.set_tooltip_text(tooltip)
        self._number = Gtk.SpinButton.new_with_range(0, MAX_SEED, 1)
        self._number.set_width_chars(_DIGITS)
        self._number.set_activates_default(True)
        self._number.set_tooltip_text(_("The seed that this is kept of; another number gives another one"))
        self._number.set_no_show_all(True)
        self.pack_start(self._check, False, False, 0)
        self.pack_start(self._number, False, False, 0)

    def listen(self, on_toggled: Callable[[], None], on_number: Callable[[Gtk.Widget], None]) -> None:
        """Who hears that the user keeps the part or lets it go, and that it is another one."""
        self._check.connect("toggled", lambda _check: self._toggled(on_toggled))
        self._number.connect("value-changed", on_number)

    @property
    def is_kept(self) -> bool:
        return bool(self._check.get_active())

    @property
    def seed(self) -> int | None:
        """What the part is kept of; None while it is not."""
        return self._number.get_value_as_int() if self.is_kept else None

    def keep(self, seed: int | None) -> None:
        """Keeps the part of this seed, or lets it go."""
        if seed is not None:
            self._number.set_value(seed)
        self._check.set_active(seed is not None)
        self._number.set_visible(self.is_kept)

    def _toggled(self, on_toggled: Callable[[], None]) -> None:
        self._number.set_visible(self.is_kept)
        on_toggled()
