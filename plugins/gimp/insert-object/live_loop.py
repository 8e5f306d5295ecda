"""What every open dialog does: a loop with ticks, the talk with the daemon, and what becomes of a fault."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from gi.repository import Gimp, GLib

from wire.job import Job
from wire.protocol import InsertObjectError, Layer, Lit, Welcome
from wire.state import StateChanged

if TYPE_CHECKING:
    from conversation import Conversation

TICK_MS = 10


class LiveLoop(ABC):
    """Runs a dialog until the result is there or the user cancels; it is the daemon's listener."""

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self._loop = GLib.MainLoop()
        self._result: Gimp.Layer | None = None
        self._job: Job | None = None
        self._failed = False
        self._fault: Exception | None = None
        self._conversation: Conversation | None = None

    def run(self) -> Gimp.Layer | None:
        """Shows the dialog. Returns the layer, or None when the user cancelled."""
        self._open()
        timer = GLib.timeout_add(TICK_MS, self._tick)
        try:
            self._loop.run()
        finally:
            GLib.source_remove(timer)
            self._hang_up()
            self._close()
        if self._fault is not None and self._image.is_valid():
            raise self._fault
        return self._result

    @abstractmethod
    def _open(self) -> None:
        """Shows the dialog."""

    @abstractmethod
    def _close(self) -> None:
        """Takes the dialog and what it shows on the canvas away."""

    @abstractmethod
    def _look(self) -> None:
        """Follows the user and the daemon, at every tick that is due."""

    @abstractmethod
    def _looked(self) -> None:
        """Says what the user may do now; called even if looking has failed."""

    @abstractmethod
    def _fail(self, error: InsertObjectError) -> None:
        """One clear sentence in the dialog; the picture stays as it was."""

    @abstractmethod
    def daemon_changed(self, change: StateChanged) -> None:
        """Tells the user how far the daemon is."""

    @abstractmethod
    def result_arrived(self, job: Job, result: Layer | Lit) -> None:
        """Keeps what the daemon has made."""

    @abstractmethod
    def job_changed(self, job: Job) -> None:
        """Moves the bar; at a job's end tells how it went."""

    def _is_due(self, *, has_news: bool) -> bool:  # noqa: ARG002 - for those who look less often
        """Whether to look at this tick."""
        return True

    def _tick(self) -> bool:
        try:
            if self._conversation is None and not self._failed:
                self._conversation = self._call()
            has_news = self._conversation is not None and self._conversation.tick()
            if not self._is_due(has_news=has_news):
                return True
            if not self._image.is_valid():  # the user has closed the picture
                self._loop.quit()
                return True
            self._look()
        except InsertObjectError as error:
            self._fail(error)
        except Exception as error:  # raised again by run(): GLib would only drop the timer
            self._fault = error
            self._loop.quit()
        self._looked()
        return True

    def _call(self) -> Conversation:
        """Begins the talk with the daemon. The first tick does it, when the dialog is on the screen."""
        from conversation import Conversation  # its threads and sockets take long to import

        return Conversation(self)

    def _hang_up(self) -> None:
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.close()

    @property
    def _welcome(self) -> Welcome | None:
        """What the daemon can do, once it is known."""
        return None if self._conversation is None else self._conversation.welcome

    def _cancel_job(self) -> None:
        job, self._job = self._job, None
        if job is not None and self._conversation is not None:
            self._conversation.cancel(job)

    def dismissed(self) -> None:
        """Leaves everything as it was."""
        self._loop.quit()
