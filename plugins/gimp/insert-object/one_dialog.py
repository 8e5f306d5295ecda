"""One dialog for each picture: a second run of a filter brings the open one to the front.

Each run is a process of its own, so they talk through parasites of the image, which no file keeps and no
undo step knows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gimp, GLib

_OPEN = "insert-object-dialog"
_CALLED = "insert-object-dialog-called"
_LOOK_MS = 100
_PATIENCE_SECONDS = 1.5  # for the open dialog to hear; one that was killed never does


_SHOW, _ARE_YOU_THERE = b"show", b"there?"  # what an open dialog can be asked for


def is_open(image: Gimp.Image) -> bool:
    """Whether a dialog of ours is open for the picture, whose preview is not to be touched."""
    return image.get_parasite(_OPEN) is not None and _heard(image, _ARE_YOU_THERE)


@contextmanager
def only_one(image: Gimp.Image) -> Iterator[bool]:
    """Whether this run may open a dialog: True where no other run has one open for the picture."""
    if image.get_parasite(_OPEN) is not None and _heard(image, _SHOW):
        yield False
        return
    image.attach_parasite(Gimp.Parasite.new(_OPEN, 0, b""))
    timer = GLib.timeout_add(_LOOK_MS, _listen, image)
    try:
        yield True
    finally:
        GLib.source_remove(timer)
        if image.is_valid():
            image.detach_parasite(_OPEN)


def _heard(image: Gimp.Image, what: bytes) -> bool:
    """Asks the open dialog for something; whether it has heard."""
    image.attach_parasite(Gimp.Parasite.new(_CALLED, 0, what))
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        if image.get_parasite(_CALLED) is None:
            return True
        time.sleep(_LOOK_MS / 5000)
    image.detach_parasite(_CALLED)
    return False


def _listen(image: Gimp.Image) -> bool:
    called = image.get_parasite(_CALLED) if image.is_valid() else None
    if called is not None:
        image.detach_parasite(_CALLED)
    if called is not None and bytes(called.get_data()).startswith(_SHOW):
        from gi.repository import Gtk  # there are no windows without it

        for window in Gtk.Window.list_toplevels():
            if window.get_visible():
                window.present()
    return True
