"""The earlier variations, newest first: thumbnails that bring their numbers back, each with a menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from earlier import Earlier, Seen
from gi.repository import Gdk, Gtk
from object_layer import layer_name
from thumbnails import SMALLEST, at_side
from wording import _

from wire.numbers import numbers_of

_MOST_ACROSS = 6


class EarlierList(Gtk.Box):
    """``on_chosen(seen)`` is called when the user picks one; not to be seen while there is none."""

    def __init__(self, earlier: Earlier, on_chosen: Callable[[Seen], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._earlier, self._on_chosen = earlier, on_chosen
        self._side = SMALLEST
        self._menu: Gtk.Menu | None = None
        self._shown: list[Seen] = []
        label = Gtk.Label(label=_("Earlier"), xalign=0.0)
        self._flow = Gtk.FlowBox(homogeneous=True, valign=Gtk.Align.START)
        self._flow.set_selection_mode(Gtk.SelectionMode.SINGLE)
        self._flow.set_activate_on_single_click(True)
        self._flow.set_max_children_per_line(_MOST_ACROSS)
        self._flow.connect(
            "child-activated", lambda _flow, child: self._on_chosen(self._shown[child.get_index()])
        )
        self._flow.connect("button-press-event", self._pressed)
        self._flow.connect("popup-menu", lambda _flow: self._open_menu(None))
        for widget in (label, self._flow):
            self.pack_start(widget, False, False, 0)
            widget.show()
        self.set_no_show_all(True)
        self.refresh()

    def refresh(self) -> None:
        """Shows what there is now."""
        self._shown = list(reversed(self._earlier.items))
        for child in self._flow.get_children():
            self._flow.remove(child)
        for item in self._shown:
            image = Gtk.Image.new_from_pixbuf(at_side(item.picture, self._side))
            words = layer_name(item.recipe.label or item.recipe.wish.class_name, item.recipe.wish.seed)
            image.set_tooltip_text(_("{name} · kept").format(name=words) if item.marked else words)
            image.get_accessible().set_name(words)
            self._flow.insert(image, -1)
            child = image.get_parent()
            child.set_halign(Gtk.Align.CENTER)
            child.show_all()
        self.set_visible(bool(self._shown))

    def show_at(self, side: int, across: int) -> None:
        """How large they are, and how many stand in a line at least."""
        self._flow.set_min_children_per_line(across)
        if side != self._side:
            self._side = side
            self.refresh()

    def _pressed(self, _flow: Gtk.FlowBox, event: Gdk.EventButton) -> bool:
        if event.button != Gdk.BUTTON_SECONDARY:
            return False
        child = self._flow.get_child_at_pos(round(event.x), round(event.y))
        if child is not None:
            self._flow.select_child(child)
            self._open_menu(event)
        return True

    def _done(self, _entry: Gtk.MenuItem, do: Callable[[], None]) -> None:
        do()
        self.refresh()

    def _open_menu(self, event: Gdk.Event | None) -> bool:
        """The menu of the one that is selected."""
        chosen = self._flow.get_selected_children()
        return bool(chosen) and self.open_menu(self._shown[chosen[0].get_index()], chosen[0], event)

    def open_menu(self, item: Seen, child: Gtk.Widget, event: Gdk.Event | None) -> bool:
        """The menu of a variation, an earlier one or not, at the pointer or at its thumbnail."""
        menu = self._menu = Gtk.Menu()
        for words, do in self.entries_of(item):
            entry = Gtk.MenuItem(label=words)
            entry.connect("activate", self._done, do)
            menu.append(entry)
        menu.show_all()
        if event is None:
            menu.popup_at_widget(child, Gdk.Gravity.SOUTH_WEST, Gdk.Gravity.NORTH_WEST, None)
        else:
            menu.popup_at_pointer(event)
        return True

    def entries_of(self, item: Seen) -> list[tuple[str, Callable[[], None]]]:
        """What can be done with a variation: words, and what does it."""
        copy = _("Copy its numbers"), lambda: copy_numbers(item)
        if item not in self._earlier.items:
            return [(_("Keep"), lambda: self._earlier.add([replace(item, marked=True)])), copy]
        return [
            (_("Keep no longer") if item.marked else _("Keep"), lambda: self._earlier.mark(item)),
            (_("Delete"), lambda: self._earlier.delete(item)),
            copy,
        ]


def copy_numbers(item: Seen) -> None:
    """Puts what makes the object again on the clipboard, as the command line takes it."""
    clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
    clipboard.set_text(numbers_of(item.recipe.wish), -1)
    clipboard.store()
