"""The variations as a row of small pictures; one is chosen by a click or the arrow keys."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import GdkPixbuf, GLib, Gtk
from wording import _

from wire.protocol import Layer, PixelFormat, PixelFrame, Rect

SIDE = 92  # screen pixels
_MARGIN = 1.15  # how much more than the box a thumbnail shows


class VariationRow(Gtk.FlowBox):
    """``count`` thumbnails; ``on_chosen(index)`` is called when the user picks another one."""

    def __init__(self, count: int, on_chosen: Callable[[int], None]) -> None:
        super().__init__()
        self.set_selection_mode(Gtk.SelectionMode.BROWSE)
        self.set_min_children_per_line(count)
        self.set_max_children_per_line(count)
        self.set_homogeneous(True)
        self.set_halign(Gtk.Align.START)
        self._on_chosen = on_chosen
        self._silent = False
        self._images: list[Gtk.Image] = []
        for index in range(count):
            image = Gtk.Image()
            image.set_size_request(SIDE, SIDE)
            image.set_tooltip_text(_("Variation {number}").format(number=index + 1))
            image.get_accessible().set_name(_("Variation {number}").format(number=index + 1))
            image.set_from_pixbuf(_empty())
            self._images.append(image)
            self.insert(image, -1)
        self.choose(0)
        self.connect("selected-children-changed", self._selected)

    def choose(self, index: int) -> None:
        """Marks a variation without telling the listener."""
        self._silent = True
        self.select_child(self.get_child_at_index(index))
        self._silent = False

    def set_picture(self, index: int, pixbuf: GdkPixbuf.Pixbuf | None) -> None:
        """Shows a thumbnail, or an empty place while there is none."""
        self._images[index].set_from_pixbuf(_empty() if pixbuf is None else pixbuf)

    def do_focus(self, direction: Gtk.DirectionType) -> bool:
        """Tab goes to the chosen thumbnail and then on; the arrow keys alone change the choice."""
        if direction not in (Gtk.DirectionType.TAB_FORWARD, Gtk.DirectionType.TAB_BACKWARD):
            return bool(Gtk.FlowBox.do_focus(self, direction))
        chosen = self.get_selected_children()
        if self.get_focus_child() is not None or not chosen:
            return False
        chosen[0].grab_focus()
        return True

    def _selected(self, _row: Gtk.FlowBox) -> None:
        chosen = self.get_selected_children()
        if chosen and not self._silent:
            self._on_chosen(chosen[0].get_index())


def _empty() -> GdkPixbuf.Pixbuf:
    """The place of a thumbnail that is not there yet: a faint grey on whatever the theme has."""
    place = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, SIDE, SIDE)
    place.fill(0x80808040)
    return place


def thumbnail(scene: PixelFrame, window: Rect, box: Rect, reply: Layer) -> GdkPixbuf.Pixbuf:
    """The object in its scene, cut to a square round the box. ``scene`` is the window's rgba8 pixels."""
    side = min(max(box.width, box.height) * _MARGIN, max(window.width, window.height))
    left = min(max(box.x + box.width / 2 - side / 2, window.x), max(window.right - side, window.x))
    top = min(max(box.y + box.height / 2 - side / 2, window.y), max(window.bottom - side, window.y))
    scale = SIDE / side
    square = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, SIDE, SIDE)
    square.fill(0x808080FF)
    background = Rect(window.x, window.y, window.width, window.height)
    sheets = [(scene, background)]
    if reply.shadow is not None:
        sheets.append(_placed(reply.shadow, reply.shadow_x, reply.shadow_y))
    sheets.append(_placed(reply.pixels, reply.x, reply.y))
    for frame, place in sheets:
        _lay(square, frame, place, (left, top), scale)
    return square


def _placed(frame: PixelFrame, x: int, y: int) -> tuple[PixelFrame, Rect]:
    return _eight_bits(frame), Rect(x, y, frame.width, frame.height)


def _lay(
    square: GdkPixbuf.Pixbuf, frame: PixelFrame, place: Rect, corner: tuple[float, float], scale: float
) -> None:
    """Mixes a frame that lies at ``place`` of the image into the square that begins at ``corner``."""
    data = GLib.Bytes.new(bytes(frame.data))
    source = GdkPixbuf.Pixbuf.new_from_bytes(
        data, GdkPixbuf.Colorspace.RGB, True, 8, frame.width, frame.height, frame.width * 4
    )
    left, top = (place.x - corner[0]) * scale, (place.y - corner[1]) * scale
    wide, high = place.width * scale, place.height * scale
    x0, y0 = max(0, round(left)), max(0, round(top))
    x1, y1 = min(SIDE, round(left + wide)), min(SIDE, round(top + high))
    if x1 > x0 and y1 > y0:
        smooth = GdkPixbuf.InterpType.BILINEAR
        stretch = wide / frame.width, high / frame.height
        source.composite(square, x0, y0, x1 - x0, y1 - y0, left, top, *stretch, smooth, 255)


def _eight_bits(frame: PixelFrame) -> PixelFrame:
    if frame.format is not PixelFormat.RGBA16:
        return frame
    return PixelFrame(frame.width, frame.height, PixelFormat.RGBA8, bytes(frame.data)[1::2])
