"""The dialog's controls of a cast shadow: where it falls, how far, how soft and how dark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from gi.repository import Gtk
from settings import PERCENTAGES
from wording import _

from wire.protocol import Wish

_SPACING = 6
_RANGES = {item.name: item.metadata["within"] for item in fields(Wish) if "within" in item.metadata}


class CastControls(Gtk.Grid):
    """Sliders, and a box that leaves the direction to the picture's light.

    ``on_change`` is called when the user has moved one.
    """

    def __init__(self, on_change: Callable[[Gtk.Widget], None]) -> None:
        super().__init__(column_spacing=_SPACING, row_spacing=_SPACING)
        self._on_change = on_change
        self._by_the_light = Gtk.CheckButton(label=_("By the light"))
        self._by_the_light.set_tooltip_text(
            _("The shadow falls away from the light, as far as the picture shows it")
        )
        self._by_the_light.connect("toggled", self._light_toggled)
        tooltip = _("Where it falls: 0 away from you, 90 to the right, 180 towards you, 270 to the left")
        self._direction = self._slider(0, _("Direction"), "cast_direction", tooltip)
        self.attach(self._by_the_light, 2, 0, 1, 1)
        self._percentages = {
            field: self._slider(row, _(words), field, _(tooltip))
            for row, (field, (words, tooltip)) in enumerate(PERCENTAGES.items(), 1)
        }

    @property
    def choices(self) -> dict[str, Any]:
        """The wish's fields as the controls show them."""
        given = {field: round(slider.get_value()) for field, slider in self._percentages.items()}
        by_the_light = self._by_the_light.get_active()
        return {"cast_direction": None if by_the_light else round(self._direction.get_value()), **given}

    def show_choices(self, wish: Wish) -> None:
        """Shows a wish."""
        self._by_the_light.set_active(wish.cast_direction is None)
        self._direction.set_sensitive(wish.cast_direction is not None)
        if wish.cast_direction is not None:
            self._direction.set_value(wish.cast_direction)
        for field, slider in self._percentages.items():
            slider.set_value(getattr(wish, field))

    def show_where(self, *, shown: bool) -> None:
        """Shows or hides them all."""
        for widget in self.get_children():
            widget.show()
        self.set_visible(shown)

    def _light_toggled(self, check: Gtk.CheckButton) -> None:
        self._direction.set_sensitive(not check.get_active())
        self._on_change(check)

    def _slider(self, row: int, words: str, field: str, tooltip: str) -> Gtk.Scale:
        slider = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, *_RANGES[field], 1)
        slider.set_value_pos(Gtk.PositionType.RIGHT)
        slider.set_hexpand(True)
        slider.set_tooltip_text(tooltip)
        slider.connect("value-changed", self._on_change)
        label = Gtk.Label(label=words, xalign=0.0)
        label.set_mnemonic_widget(slider)
        self.attach(label, 0, row, 1, 1)
        self.attach(slider, 1, row, 1 if field == "cast_direction" else 2, 1)
        return slider
