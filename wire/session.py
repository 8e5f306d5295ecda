"""One conversation with the daemon, for an editor's timer or a program that waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from . import protocol
from .channel import Waker
from .connection import Config, ConnectionUnavailable
from .driver import Driver
from .inflight import is_final
from .mailbox import Mailbox
from .state import Event, SessionState, StateChanged

__all__ = ["Event", "NotReady", "Session", "SessionState", "StateChanged"]

CLOSE_SECONDS = 0.06


class NotReady(ConnectionUnavailable):
    """The service needed longer than that to become ready."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The Insert Object service was not ready within {seconds:g} seconds.",
            "Try again; insert-object daemon logs shows what it is doing.",
        )


class Session:
    """One conversation with the daemon, driven by a background thread.

    The owner's thread never waits in ``send`` or ``poll(0)``. The daemon is started when there is none, and
    again when it dies with requests unanswered; those are sent once more. Every request gets exactly one
    final reply (``Done``, ``Cancelled``, ``Error``, ``Status`` or ``Welcome``), whatever happens to the
    daemon, unless the session is closed first. All methods may be called from any thread.
    """

    def __init__(self, config: Config, client_name: str, *, autostart: bool = True) -> None:
        """``client_name``: the program and its version, for the daemon's log."""
        self._config = config
        self._client_name = client_name
        self._autostart = autostart
        self._mailbox = Mailbox()
        self._waker: Waker | None = None
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> SessionState:
        return self._mailbox.now.state

    @property
    def fraction(self) -> float:
        """How far the daemon has loaded its networks, 0..1."""
        return self._mailbox.now.fraction

    @property
    def error(self) -> protocol.InsertObjectError | None:
        """Why the daemon is unavailable; None in other states."""
        return self._mailbox.now.error

    @property
    def welcome(self) -> protocol.Welcome | None:
        """The daemon's last welcome: classes, limits, device. Kept while the daemon is restarted."""
        return self._mailbox.welcome

    def open(self) -> None:
        """Begins the conversation and returns at once. Does nothing when it has begun."""
        self._check_open()
        if self._thread is not None:
            return
        self._waker = Waker()
        driver = Driver(
            self._config, self._client_name, self._mailbox, self._waker, autostart=self._autostart
        )
        # A daemon thread: a program that forgets close() can still end.
        self._thread = threading.Thread(target=driver.run, name="insert-object session", daemon=True)
        self._thread.start()

    def send(self, request: protocol.Request) -> None:
        """Queues a request and returns at once; an insertion waits until the daemon is ready.

        Its pixels are sent from their own memory: leave them unchanged until the final reply.

        Raises:
            ConnectionUnavailable: the session is closed.
            ValueError, TypeError: the request cannot be encoded, or its id is in use.
        """
        self._check_open()
        self._mailbox.add(request)
        self._wake()

    def poll(self, timeout: float = 0.0) -> list[Event]:
        """The events since the last call, oldest first; waits up to ``timeout`` seconds for one."""
        if timeout > 0:
            self._mailbox.wait_for(self._mailbox.has_events, timeout)
        return self._mailbox.take_events()

    def wait_ready(self, timeout: float) -> protocol.Welcome:
        """Waits until the daemon is ready, ``timeout`` seconds at most.

        Raises:
            NotReady: it was not ready in time.
            InsertObjectError: it is unavailable, and why.
        """
        self._mailbox.want()
        self._wake()
        deadline = time.monotonic() + timeout
        settled = (SessionState.READY, SessionState.UNAVAILABLE, SessionState.CLOSED)
        while True:
            in_time = self._mailbox.wait_for(lambda: self.state in settled, deadline - time.monotonic())
            self._check_open()
            now, welcome = self._mailbox.now, self.welcome
            if now.error is not None:
                raise now.error
            if now.state is SessionState.READY and welcome is not None:
                return welcome
            if not in_time:
                raise NotReady(timeout)

    def stream(self, request: protocol.Request, timeout: float) -> Iterator[protocol.Reply]:
        """Sends a request and yields its replies as they come, the final one included.

        These replies do not appear in ``poll``. When the iterator is closed before the end, an insertion
        is cancelled. ``timeout`` is the longest silence in seconds.

        Raises:
            InsertObjectError: the request failed, or there was silence for too long.
        """
        replies = self._mailbox.open_stream(request.id)
        try:
            self.send(request)
            while True:
                if not self._mailbox.wait_for(lambda: bool(replies), timeout):
                    raise ConnectionUnavailable(
                        f"The Insert Object service has not answered for {timeout:g} seconds.",
                        "Try again; insert-object daemon logs shows what it is doing.",
                    )
                if not replies:
                    self._check_open()
                reply = replies.popleft()
                if isinstance(reply, protocol.Error):
                    raise reply.exception()
                yield reply
                if is_final(reply):
                    return
        finally:
            self._mailbox.end_stream(request.id)
            self._wake()

    def close(self) -> None:
        """Ends the conversation within 0.1 s; what is unanswered stays so. The daemon lives on."""
        self._mailbox.close()
        self._wake()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_SECONDS)

    def __enter__(self) -> Session:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._mailbox.is_closing:
            raise ConnectionUnavailable("The conversation with the Insert Object service was closed.")

    def _wake(self) -> None:
        if self._waker is not None:
            self._waker.wake()
