"""What the dialogs have in common: the line that says how far things are, their place, their help."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gdk, GLib, Gtk
from wording import _, help_page

from wire.protocol import Rect

BORDER = 12  # GIMP's own dialogs
SPACING = 6
_TITLE_BAR = 30
EDGE = 24  # screen pixels between the dialog and the screen's edge


class StatusLine(Gtk.Box):
    """A bar, a sentence, and a button that tries again."""

    def __init__(self, on_retry: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=SPACING)
        self.set_border_width(BORDER)
        self._progress = Gtk.ProgressBar()
        line = Gtk.Box(spacing=SPACING)
        self._note = Gtk.Label(xalign=0.0, yalign=0.0)
        self._note.set_line_wrap(True)
        self._note.set_max_width_chars(50)
        self._note.set_lines(2)
        self._note.set_selectable(False)
        self._retry = Gtk.Button.new_with_mnemonic(_("_Retry"))
        self._retry.set_tooltip_text(_("Ask the service again, which is started if it has to be"))
        self._retry.set_valign(Gtk.Align.START)
        self._retry.connect("clicked", lambda _button: on_retry())
        line.pack_start(self._note, True, True, 0)
        line.pack_end(self._retry, False, False, 0)
        self.pack_start(self._progress, False, False, 0)
        self.pack_start(line, False, False, 0)
        self.show_all()
        self._retry.set_visible(False)
        self._retry.set_no_show_all(True)

    def say(self, text: str, *, retry: bool = False) -> None:
        """One sentence; with a button that tries again if ``retry``."""
        self._note.set_text(text)
        self._retry.set_visible(retry)

    def show_progress(self, fraction: float | None) -> None:
        """The bar at this part of its way; None: empty."""
        self._progress.set_fraction(fraction or 0.0)


def fits_the_screen(window: Gtk.Window, more: int) -> bool:
    """Whether a dialog that is not shown yet, and so many pixels more, fits from top to bottom."""
    display = Gdk.Display.get_default()
    monitor = display.get_primary_monitor() or display.get_monitor(0)
    _least, natural = window.get_preferred_height()
    return bool(natural + more + _TITLE_BAR <= monitor.get_workarea().height)


def show_at_the_edge(
    window: Gtk.Window, is_better_left: Callable[[Rect, int], bool] = lambda _screen, _width: False
) -> None:
    """Opens a dialog at the right edge of the screen, or at the left one.

    ``is_better_left`` is asked with the screen's free part and the dialog's width, in screen pixels.
    """
    window.show()
    screen = window.get_window()
    if screen is None:
        return
    area = Gdk.Display.get_default().get_monitor_at_window(screen).get_workarea()
    room = Rect(area.x, area.y, area.width, area.height)
    width, height = window.get_size()
    top = room.y + max(0, (room.height - height) // 2)
    left = room.x + EDGE if is_better_left(room, width) else room.right - width - EDGE
    window.move(left, top)


def show_help(window: Gtk.Window, status: StatusLine) -> None:
    """Opens the help page, or says where it is."""
    page = help_page()
    try:
        Gtk.show_uri_on_window(window, page.as_uri(), Gdk.CURRENT_TIME)
    except GLib.Error as error:
        status.say(_("The help page is {file} ({reason}).").format(file=page, reason=error.message))
