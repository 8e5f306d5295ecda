"""The conversation with the daemon, brought into Qt: a timer asks the client's thread for news."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from .qt import QtCore, Signal
from .wire.connection import ConnectionUnavailable, read_config
from .wire.protocol import InsertObjectError, Reply, Request, Welcome
from .wire.session import Event, Session, SessionState, StateChanged

BUSY_POLL_MS = 10
IDLE_POLL_MS = 200
SLICE_SECONDS = 0.005  # given to news at a time; each variation costs a thumbnail
UNDER_WAY = (SessionState.STARTING, SessionState.CONNECTING, SessionState.LOADING)
CONFIG = Path(__file__).with_name("config.json")


class Link(QtCore.QObject):
    """Opens the session when it is needed, passes requests on and replies out, never waits."""

    changed = Signal()  # state, fraction, error or welcome are new
    replied = Signal(object)  # a Reply of the protocol

    def __init__(self, client_name: str, config: Path = CONFIG, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._client_name = client_name
        self._config = config
        self._session: Session | None = None
        self._expecting: set[int] = set()
        self._news: deque[Event] = deque()
        self.state = SessionState.CLOSED
        self.fraction = 0.0
        self.error: InsertObjectError | None = None
        self.welcome: Welcome | None = None
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._poll)

    @property
    def is_ready(self) -> bool:
        return self.state is SessionState.READY

    def open(self) -> None:
        """Starts the conversation the first time; the daemon is started where there is none."""
        if self._session is None and self.state is SessionState.CLOSED:
            self._begin()

    def try_again(self) -> None:
        """Starts over after the daemon could not be reached."""
        self.close()
        self._begin()

    def send(self, request: Request) -> None:
        """Hands a request over; it leaves as soon as the daemon is ready.

        Raises:
            InsertObjectError: there is no way to the daemon at all.
        """
        if self._session is None:
            self._begin()
        if self._session is None:
            raise self.error or ConnectionUnavailable("The plug-in is not connected.")
        self._session.send(request)
        self._timer.start(BUSY_POLL_MS)

    def expect_replies(self, owner: object, *, expecting: bool) -> None:
        """Ask often while something is under way for anyone, seldom otherwise."""
        if expecting:
            self._expecting.add(id(owner))
        else:
            self._expecting.discard(id(owner))

    def close(self) -> None:
        """Ends the conversation; the daemon runs on."""
        self._timer.stop()
        self._news.clear()
        session, self._session = self._session, None
        if session is not None:
            session.close()
        self._set(SessionState.CLOSED, 0.0, None)

    def _begin(self) -> None:
        try:
            session = Session(read_config(self._config), self._client_name)
        except InsertObjectError as error:
            self._set(SessionState.UNAVAILABLE, 0.0, error)
            return
        self._session = session
        session.open()
        self._set(SessionState.CONNECTING, 0.0, None)
        self._timer.start(BUSY_POLL_MS)

    def _poll(self) -> None:
        session = self._session
        if session is None:
            return
        self._news.extend(session.poll(0.0))
        end = time.perf_counter() + SLICE_SECONDS
        while self._news and time.perf_counter() < end:
            event = self._news.popleft()
            if isinstance(event, StateChanged):
                self._set(event.state, event.fraction, event.error)
            else:
                self._pass_on(event)
        busy = bool(self._expecting) or self.state in UNDER_WAY
        interval = 0 if self._news else BUSY_POLL_MS if busy else IDLE_POLL_MS
        if self._timer.isActive() and self._timer.interval() != interval:
            self._timer.setInterval(interval)

    def _pass_on(self, reply: Reply) -> None:
        if isinstance(reply, Welcome):
            self.welcome = reply
            self.changed.emit()
        self.replied.emit(reply)

    def _set(self, state: SessionState, fraction: float, error: InsertObjectError | None) -> None:
        self.state, self.fraction, self.error = state, fraction, error
        session = self._session
        if session is not None and session.welcome is not None:
            self.welcome = session.welcome
        self.changed.emit()
