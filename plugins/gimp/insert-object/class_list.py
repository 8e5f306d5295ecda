"""The list of classes: favourites first, and typing the beginning of a name chooses it."""

from __future__ import annotations

import time
from collections.abc import Callable

from gi.repository import Gdk, Gtk, Pango
from wording import _

_PAUSE_SECONDS = 1.0  # after which the next letter begins another name
_NAME_CHARS = 10
_SEPARATOR = ""  # the text of the line between favourites and the others


class ClassList(Gtk.Box):
    """A list, and a star that makes the chosen class a favourite. ``on_changed`` hears of another class."""

    def __init__(
        self, on_changed: Callable[[Gtk.Widget], None], on_starred: Callable[[Gtk.Widget], None]
    ) -> None:
        super().__init__(spacing=6)
        self._on_changed, self._on_starred = on_changed, on_starred
        self._silent = False
        self._pack = ""
        self._classes: list[tuple[str, str]] = []
        self._typed, self._typed_at = "", 0.0
        self.favourites: tuple[str, ...] = ()  # of all packs, "pack/class"
        self.combo = Gtk.ComboBoxText()
        self.combo.set_hexpand(True)
        self.combo.set_tooltip_text(_("What to insert; type the beginning of a name to find it"))
        self.combo.set_button_sensitivity(Gtk.SensitivityType.ON)  # else it cannot have the first focus
        self.combo.set_row_separator_func(lambda model, row: model.get_value(row, 0) == _SEPARATOR)
        cell = self.combo.get_cells()[0]
        cell.set_property("ellipsize", Pango.EllipsizeMode.END)
        cell.set_property("width-chars", _NAME_CHARS)
        self.combo.connect("changed", self._changed)
        self.combo.connect("key-press-event", self._key_pressed)
        self._star = Gtk.ToggleButton(label="☆")
        self._star.set_tooltip_text(_("Favourite: stands first in the list"))
        self._star.connect("toggled", self._starred)
        self.pack_start(self.combo, True, True, 0)
        self.pack_start(self._star, False, False, 0)

    @property
    def chosen(self) -> str:
        """The name of the class; empty: none."""
        return str(self.combo.get_active_id() or "")

    def unset(self) -> None:
        """Leaves the class for the user to choose."""
        self.combo.set_active(-1)

    def offer(self, pack: str, classes: list[tuple[str, str]], chosen: str) -> None:
        """Shows these names and labels of a pack, and chooses one by its name, or the first."""
        self._pack, self._classes = pack, classes
        self._fill(chosen)

    def names(self) -> list[str]:
        """The classes in the order of the list."""
        return [name for name, _label in self._in_order()]

    def type_ahead(self, letters: str) -> bool:
        """Chooses the first class whose label begins so; tells whether there is one."""
        found = next(
            (name for name, label in self._in_order() if label.lower().startswith(letters.lower())), None
        )
        if found is not None:
            self.combo.set_active_id(found)
        return found is not None

    def _in_order(self) -> list[tuple[str, str]]:
        return sorted(self._classes, key=lambda entry: not self._is_favourite(entry[0]))

    def _is_favourite(self, name: str) -> bool:
        return f"{self._pack}/{name}" in self.favourites

    def _fill(self, chosen: str) -> None:
        self._silent = True
        self.combo.remove_all()
        entries = self._in_order()
        stars = sum(self._is_favourite(name) for name, _label in entries)
        for place, (name, label) in enumerate(entries):
            if place == stars and stars:
                self.combo.append(None, _SEPARATOR)
            self.combo.append(name, label)
        if not self.combo.set_active_id(chosen) and entries:
            self.combo.set_active(0)
        self._show_star()
        self._silent = False

    def _show_star(self) -> None:
        was, self._silent = self._silent, True
        starred = bool(self.chosen) and self._is_favourite(self.chosen)
        self._star.set_active(starred)
        self._star.set_label("★" if starred else "☆")
        self._star.set_sensitive(bool(self.chosen))
        self._silent = was

    def _changed(self, combo: Gtk.ComboBox) -> None:
        self._show_star()
        if not self._silent:
            self._on_changed(combo)

    def _starred(self, star: Gtk.ToggleButton) -> None:
        if self._silent:
            return
        chosen = self.chosen
        others = tuple(name for name in self.favourites if name != f"{self._pack}/{chosen}")
        self.favourites = (*others, f"{self._pack}/{chosen}") if star.get_active() else others
        self._fill(chosen)
        self._on_starred(star)

    def _key_pressed(self, _combo: Gtk.ComboBox, event: Gdk.EventKey) -> bool:
        letter = Gdk.keyval_to_unicode(event.keyval)
        plain = not event.state & (Gdk.ModifierType.CONTROL_MASK | Gdk.ModifierType.MOD1_MASK)
        if not plain or letter <= ord(" "):
            return False
        now = time.monotonic()
        self._typed = (self._typed if now - self._typed_at < _PAUSE_SECONDS else "") + chr(letter)
        self._typed_at = now
        if not self.type_ahead(self._typed) and self.type_ahead(chr(letter)):
            self._typed = chr(letter)
        return True
