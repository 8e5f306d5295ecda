"""Notices that the user paints on the scene while the dialog is open. GIMP sends a plug-in no word of it."""

from __future__ import annotations

import time

from gi.repository import Gimp
from seen import scene_digest

from wire.protocol import Rect

_REST_SECONDS = 0.3  # between two looks
_SHARE = 0.05  # of the time at most is spent on looking, however large the picture


class SceneWatch:
    """Compares what is seen around the box with what was seen there before.

    What is seen has the preview in it, so ``remember`` again whenever the preview has changed. That does not
    matter: where the preview covers the scene, the daemon does not look at it either.
    """

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self._window: Rect | None = None
        self._seen = b""
        self._moving = b""  # what was seen at the last look, if that was something new
        self._next_look = 0.0

    def remember(self, window: Rect) -> None:
        """This is how the scene in this window looks; from now on it is watched."""
        self._window = window
        self._seen, self._moving = self._look(window), b""

    def stop(self) -> None:
        """There is no scene to watch."""
        self._window = None

    def differs(self) -> bool:
        """Whether the scene is another one, asked now."""
        return self._window is not None and self._look(self._window) != self._seen

    def has_changed(self) -> bool:
        """Whether the scene is another one and has come to rest; looks only every now and then.

        A brush stroke takes a while, and each of its states would be out of date at once.
        """
        if self._window is None or time.monotonic() < self._next_look:
            return False
        now = self._look(self._window)
        rests = now != self._seen and now == self._moving
        self._moving = now if now != self._seen else b""
        return rests

    def _look(self, window: Rect) -> bytes:
        began = time.monotonic()
        digest = scene_digest(self._image, window)
        ended = time.monotonic()
        self._next_look = ended + max(_REST_SECONDS, (ended - began) / _SHARE)
        return digest
