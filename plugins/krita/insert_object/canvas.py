"""The guard: layers are only touched while the user is not drawing, dragging or transforming."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

from .documents import is_open
from .qt import Qt, QtCore, QtWidgets, Signal

RETRY_MS = 120  # while the user's hand is at work
BUSY_MS = 15  # while only Krita is
SLICE_SECONDS = 0.005  # work between two rounds of the event loop; a single step may take longer

WAIT = object()  # yielded before a call of Krita's that would wait, and hold the window up

Steps = Generator[Any, None, None]


def hand_is_down() -> bool:
    """A mouse button or the pen is pressed."""
    return bool(QtWidgets.QApplication.mouseButtons() != Qt.MouseButton.NoButton)


def canvas_is_free(document: Any) -> bool:
    """False while a mouse button is down or a stroke, a transform or a computation holds the picture.

    A change then would cut a selection drag short (Krita 5.2 and later) or block until the stroke ends.
    """
    if hand_is_down():
        return False
    if not document.tryBarrierLock():
        return False
    document.unlock()
    return True


class CanvasWork(QtCore.QObject):
    """Runs jobs on one document one after the other, in small steps, only while its canvas is free.

    A job is a generator that yields wherever the user may be let in; after it has yielded ``WAIT`` the next
    step comes only when Krita itself has finished what it is at. A job that has not begun is replaced by a
    newer one of the same name.
    """

    failed = Signal(object)  # the exception that ended a job
    held_up = Signal(bool)  # work is waiting for the user's hand (True), or goes on again (False)

    def __init__(self, document: Any, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._waiting: dict[str, Callable[[], Steps]] = {}
        self._running: Steps | None = None
        self._held_up = False
        self._busy_rounds = 0  # in which the canvas was not free, one after the other
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    @property
    def idle(self) -> bool:
        return self._running is None and not self._waiting

    def submit(self, name: str, job: Callable[[], Steps]) -> None:
        """Does the job as soon as it can, but not within this call, which may have had work of its own."""
        self._waiting.pop(name, None)
        self._waiting[name] = job
        if self._running is None and not self._timer.isActive():
            self._timer.start(0)

    def is_waiting(self, name: str) -> bool:
        """Whether a job of that name has not begun."""
        return name in self._waiting

    def withdraw(self, name: str) -> Callable[[], Steps] | None:
        """Forgets a job that has not begun, and gives it back; None where there is none."""
        return self._waiting.pop(name, None)

    def clear(self) -> None:
        """Forgets everything; the document is gone."""
        self._timer.stop()
        self._waiting.clear()
        if self._running is not None:
            self._running.close()
            self._running = None

    def _go_on(self) -> None:
        if not is_open(self._document):
            self.clear()
            return
        if not canvas_is_free(self._document):
            self._wait_for_canvas()
            return
        self._busy_rounds = 0
        self._say_held_up(held_up=False)
        try:
            self._work_a_while()
        except Exception as error:  # the edge: a slot must not raise, so it is reported instead
            self._running = None
            self.failed.emit(error)
        if not self.idle:
            self._timer.start(0)

    def _wait_for_canvas(self) -> None:
        """Looks again soon while Krita computes, which is over in a moment; else it is the user's stroke."""
        self._busy_rounds += 1
        moment = not hand_is_down() and self._busy_rounds * BUSY_MS < RETRY_MS
        if not moment:
            self._say_held_up(held_up=True)
        self._timer.start(BUSY_MS if moment else RETRY_MS)

    def _work_a_while(self) -> None:
        end = time.perf_counter() + SLICE_SECONDS
        while not self.idle:
            if self._step() is WAIT or time.perf_counter() >= end:
                return

    def _step(self) -> object:
        """Does a step; returns what it yielded."""
        if self._running is None:
            name = next(iter(self._waiting))
            self._running = self._waiting.pop(name)()
        try:
            return next(self._running)
        except StopIteration:
            self._running = None
        return None

    def _say_held_up(self, *, held_up: bool) -> None:
        if held_up != self._held_up:
            self._held_up = held_up
            self.held_up.emit(held_up)
