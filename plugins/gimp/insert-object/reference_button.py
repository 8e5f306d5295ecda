"""The button that says what an object's look or shape is taken from, and its menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from gi.repository import Gdk, Gtk, Pango
from wording import _

from wire.reference import Model, Reference

_MOST_LAYERS = 24  # that the menu lists


class ReferenceSource(Protocol):
    """Who reads what the user chooses."""

    def layers(self) -> Sequence[tuple[int, str]]:
        """Ids and names of the layers to choose from, from the top."""

    def take_layer(self, layer: int) -> None:
        """The layer with that id."""

    def take_selection(self) -> None:
        """What is selected now."""

    def take_file(self, path: Path) -> None:
        """A picture file."""


class ReferenceButton(Gtk.Button):
    """Shows the model; ``on_change`` is called when the user has taken another one, or other parts of it."""

    def __init__(self, source: ReferenceSource, on_change: Callable[[], None]) -> None:
        super().__init__()
        self._source, self._on_change = source, on_change
        self._model: Model | None = None
        self._menu: Gtk.Menu | None = None
        self._label = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.END)
        line = Gtk.Box()
        line.pack_start(self._label, True, True, 0)
        line.pack_end(Gtk.Image.new_from_icon_name("pan-down-symbolic", Gtk.IconSize.BUTTON), False, False, 0)
        self.add(line)
        self.set_tooltip_text(_("A layer, a selection or a picture that the object is to be like"))
        self.connect("clicked", self._open)
        self.set_model(None)

    @property
    def model(self) -> Model | None:
        """What the user has taken; None: nothing."""
        return self._model

    def set_model(self, model: Model | None) -> None:
        """Shows another one, without telling anyone."""
        self._model = model
        if model is None:
            words = _("None")
        elif model.look and model.shape:
            words = _("{name}: look and shape")
        else:
            words = _("{name}: look") if model.look else _("{name}: shape")
        self._label.set_text(words.format(name=model.reference.name if model is not None else ""))

    def take(self, reference: Reference) -> None:
        """Takes the look of a reference that was just read, and its shape where the last one's was taken."""
        self._choose(Model.after(self._model, reference))

    def _choose(self, model: Model | None) -> None:
        self.set_model(model)
        self._on_change()

    def _open(self, _button: Gtk.Button) -> None:
        menu = self._menu = Gtk.Menu()
        model = self._model
        self._add(menu, _("None"), lambda: self._choose(None))
        self._add(menu, _("What is selected now"), self._source.take_selection)
        self._add(menu, _("A picture file…"), self._ask_for_file)
        layers = self._source.layers()[:_MOST_LAYERS]
        if layers:
            menu.append(Gtk.SeparatorMenuItem())
        for layer, name in layers:
            self._add(menu, name, partial(self._source.take_layer, layer))
        if model is not None:
            menu.append(Gtk.SeparatorMenuItem())
            look, shape = model.look, model.shape
            others = (
                model.with_parts(look=not look, shape=shape),
                model.with_parts(look=look, shape=not shape),
            )
            self._add_check(menu, _("Its look"), others[0], active=look)
            if model.reference.outline is not None:
                self._add_check(menu, _("Its shape"), others[1], active=shape)
        menu.show_all()
        menu.popup_at_widget(self, Gdk.Gravity.SOUTH_WEST, Gdk.Gravity.NORTH_WEST, None)

    def _add(self, menu: Gtk.Menu, words: str, do: Callable[[], None]) -> None:
        item = Gtk.MenuItem(label=words)
        item.connect("activate", lambda _item: do())
        menu.append(item)

    def _add_check(self, menu: Gtk.Menu, words: str, other: Model | None, *, active: bool) -> None:
        item = Gtk.CheckMenuItem(label=words)
        item.set_active(active)
        item.connect("toggled", lambda _item: self._choose(other))
        menu.append(item)

    def _ask_for_file(self) -> None:
        chooser = Gtk.FileChooserDialog(
            title=_("A picture of what the object is to be like"),
            transient_for=self.get_toplevel(),
            action=Gtk.FileChooserAction.OPEN,
            modal=True,
        )
        chooser.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        chooser.add_button(_("_Open"), Gtk.ResponseType.OK)
        chooser.set_default_response(Gtk.ResponseType.OK)
        pictures = Gtk.FileFilter()
        pictures.set_name(_("Pictures"))
        pictures.add_mime_type("image/*")
        chooser.add_filter(pictures)
        answer, name = chooser.run(), chooser.get_filename()
        chooser.destroy()
        if answer == Gtk.ResponseType.OK and name:
            self._source.take_file(Path(name))
