"""The variations as pictures large enough to judge a face; one is chosen by a click or by keys."""

from __future__ import annotations

from collections.abc import Callable

from earlier import Seen
from earlier_list import EarlierList
from gi.repository import Gdk, Gtk
from thumbnails import LARGEST, SMALLEST, at_side
from wording import _

_SPACING = 6
_ACROSS = 3  # thumbnails side by side at first
_FRAME = 10  # screen pixels that the theme puts around each, at most


class _Thumbnails(Gtk.FlowBox):
    def do_focus(self, direction: Gtk.DirectionType) -> bool:
        """Tab goes to the chosen thumbnail and then on; the arrow keys alone change the choice."""
        if direction not in (Gtk.DirectionType.TAB_FORWARD, Gtk.DirectionType.TAB_BACKWARD):
            return bool(Gtk.FlowBox.do_focus(self, direction))
        chosen = self.get_selected_children()
        if self.get_focus_child() is not None or not chosen:
            return False
        chosen[0].grab_focus()
        return True


class Gallery(Gtk.Box):
    """``count`` thumbnails that scroll, a slider for their size, and a button that shows the picture before.

    ``on_chosen(index)`` is called when the user picks another one. Below them stand earlier ones.
    """

    def __init__(self, count: int, on_chosen: Callable[[int], None], earlier: EarlierList) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=_SPACING)
        self._on_chosen = on_chosen
        self._silent = False
        self._side = SMALLEST
        self._seen: list[Seen | None] = [None] * count
        self._images = [Gtk.Image() for _index in range(count)]
        self._flow = _Thumbnails(homogeneous=True, valign=Gtk.Align.START)
        self._flow.set_selection_mode(Gtk.SelectionMode.BROWSE)
        self._flow.set_min_children_per_line(1)
        self._flow.set_max_children_per_line(count)
        for index, image in enumerate(self._images):
            name = _("Variation {number}").format(number=index + 1)
            image.set_tooltip_text(name)
            image.get_accessible().set_name(name)
            self._flow.insert(image, -1)
            self._flow.get_child_at_index(index).set_halign(
                Gtk.Align.CENTER
            )  # its frame lies around the picture
        self._flow.connect("selected-children-changed", self._selected)
        self._flow.connect("button-press-event", self._pressed)
        self._flow.connect("popup-menu", lambda _flow: self._open_menu(None))
        self._before = Gtk.ToggleButton.new_with_mnemonic(_("_Before"))
        self._before.set_tooltip_text(_("Shows the picture without the object, to compare"))
        self._size = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, SMALLEST, LARGEST, 20)
        self._size.set_draw_value(False)
        self._size.set_size_request(120, -1)
        self._size.set_tooltip_text(_("How large the variations are shown"))
        self._size.connect("value-changed", lambda scale: self._show_at(round(scale.get_value())))
        self.line = Gtk.Box(spacing=2 * _SPACING)  # above the thumbnails
        self.line.pack_end(self._size, False, False, 0)
        self.line.pack_end(self._before, False, False, 0)
        self._window = Gtk.ScrolledWindow(vexpand=True, shadow_type=Gtk.ShadowType.IN)
        self._window.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
        self._window.set_overlay_scrolling(False)
        column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=_SPACING)
        column.pack_start(self._flow, False, False, 0)
        column.pack_start(earlier, False, False, 0)
        self.earlier = earlier
        self._window.add(column)
        self.pack_start(self.line, False, False, 0)
        self.pack_start(self._window, True, True, 0)
        self._show_at(SMALLEST)
        self.show_lines(2)
        self.choose(0)

    @property
    def side(self) -> int:
        """How large a thumbnail is shown, in screen pixels."""
        return self._side

    @side.setter
    def side(self, side: int) -> None:
        self._size.set_value(min(max(side, SMALLEST), LARGEST))

    @property
    def shows_before(self) -> bool:
        """Whether the user looks at the picture without the object."""
        return bool(self._before.get_active())

    def show_object(self) -> None:
        """Ends the look at the picture before."""
        self._before.set_active(False)

    def allow_before(self, *, allowed: bool) -> None:
        """Whether there is anything on the picture to compare with."""
        self._before.set_sensitive(allowed)
        if not allowed:
            self.show_object()

    def show_lines(self, lines: int) -> None:
        """How many lines of thumbnails are seen without scrolling, at least."""
        self._window.set_min_content_height(lines * (SMALLEST + _FRAME))

    def choose(self, index: int) -> None:
        """Marks a variation without telling the listener."""
        self._silent = True
        self._flow.select_child(self._flow.get_child_at_index(index))
        self._silent = False

    def step(self, by: int) -> None:
        """Goes to the next variation (1) or the one before (-1), round and round."""
        chosen = self._flow.get_selected_children()
        index = chosen[0].get_index() if chosen else 0
        child = self._flow.get_child_at_index((index + by) % len(self._images))
        self._flow.select_child(child)
        self._scroll_to(child)

    @property
    def seen(self) -> list[Seen]:
        """What is on the thumbnails now."""
        return [item for item in self._seen if item is not None]

    @property
    def seen_alone(self) -> list[Seen]:
        """The objects among them, herds left out."""
        return [item for item in self.seen if item.is_alone]

    def show(self, index: int, item: Seen | None) -> None:
        """Shows a variation whose picture has ``LARGEST`` pixels, or an empty place while there is none."""
        self._seen[index] = item
        self._draw(index)

    def clear(self) -> None:
        """Takes all thumbnails away."""
        for index in range(len(self._images)):
            self.show(index, None)

    def _show_at(self, side: int) -> None:
        self._side = side
        for index, image in enumerate(self._images):
            image.set_size_request(side, side)
            self._draw(index)
        across = max(1, min(_ACROSS, (LARGEST + SMALLEST) // side))
        self._flow.set_min_children_per_line(across)
        self.earlier.show_at(side, across)

    def _draw(self, index: int) -> None:
        item = self._seen[index]
        self._images[index].set_from_pixbuf(at_side(item.picture if item is not None else None, self._side))

    def _scroll_to(self, child: Gtk.FlowBoxChild) -> None:
        place = child.get_allocation()
        self._window.get_vadjustment().clamp_page(place.y, place.y + place.height)

    def _pressed(self, flow: Gtk.FlowBox, event: Gdk.EventButton) -> bool:
        if event.button != Gdk.BUTTON_SECONDARY:
            return False
        child = flow.get_child_at_pos(round(event.x), round(event.y))
        if child is not None:
            flow.select_child(child)
            self._open_menu(event)
        return True

    def _open_menu(self, event: Gdk.Event | None) -> bool:
        """The menu of the chosen variation."""
        child = self._flow.get_selected_children()[0]
        item = self._seen[child.get_index()]
        return item is not None and item.is_alone and self.earlier.open_menu(item, child, event)

    def _selected(self, flow: Gtk.FlowBox) -> None:
        chosen = flow.get_selected_children()
        if chosen and not self._silent:
            self.show_object()
            self._on_chosen(chosen[0].get_index())
