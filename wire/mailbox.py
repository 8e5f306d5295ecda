"""Where the owner's threads and the session's own thread meet: requests one way, events the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from . import protocol
from .inflight import InFlight, is_final
from .request import new_id
from .state import Event, SessionState, StateChanged
from .zmtp import Buffer


class Mailbox:
    """Every method takes the lock itself and returns at once, except ``wait_for``."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._now = StateChanged(SessionState.CONNECTING)
        self._welcome: protocol.Welcome | None = None
        self._events: deque[Event] = deque()
        self._streams: dict[str, deque[protocol.Reply]] = {}
        self._unheard: set[str] = set()  # requests whose replies nobody wants any more
        self._in_flight = InFlight()
        self._wanted = True  # until the welcome or a failure
        self._closing = False

    # --- For the owner ------------------------------------------------------------------------------

    @property
    def now(self) -> StateChanged:
        return self._now

    @property
    def welcome(self) -> protocol.Welcome | None:
        return self._welcome

    @property
    def is_closing(self) -> bool:
        return self._closing

    def add(self, request: protocol.Request) -> None:
        """Queues a request; raises as ``InFlight.add`` does."""
        with self._changed:
            self._deliver(self._in_flight.add(request))

    def want(self) -> None:
        """Asks for the daemon again; an earlier failure to reach it is forgotten."""
        with self._changed:
            self._wanted = self._wanted or self._now.state is not SessionState.READY
            if self._now.state in (SessionState.UNAVAILABLE, SessionState.ASLEEP):
                self._set_state(StateChanged(SessionState.CONNECTING))

    def take_events(self) -> list[Event]:
        with self._changed:
            events = list(self._events)
            self._events.clear()
            return events

    def wait_for(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Waits until the condition holds, the session closes, or time is up; False in the last case."""
        with self._changed:
            return self._changed.wait_for(lambda: condition() or self._closing, timeout)

    def has_events(self) -> bool:
        return bool(self._events)

    def open_stream(self, identity: str) -> deque[protocol.Reply]:
        """From now on the replies to this request go here, not among the events.

        Raises:
            ValueError: there is such a stream.
        """
        with self._changed:
            if identity in self._streams:
                raise ValueError(f"The request {identity} is unanswered; take a new id.")
            self._streams[identity] = deque()
            return self._streams[identity]

    def end_stream(self, identity: str) -> None:
        """Gives the stream up; an insertion that is still going on is cancelled."""
        with self._changed:
            self._streams.pop(identity, None)
            if self._closing or identity not in self._in_flight:
                return
            self._unheard.add(identity)
            if self._in_flight.is_insertion(identity):
                cancel = protocol.Cancel(id=new_id(), target=identity)
                self._unheard.add(cancel.id)
                self._deliver(self._in_flight.add(cancel))

    def close(self) -> None:
        with self._changed:
            self._set_state(StateChanged(SessionState.CLOSED))
            self._closing = True
            self._changed.notify_all()

    # --- For the session's thread -------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        """Whether someone needs the daemon now."""
        with self._changed:
            return self._wanted or bool(self._in_flight)

    @property
    def wants_networks(self) -> bool:
        """Whether someone waits for the daemon's networks now."""
        with self._changed:
            return self._wanted or self._in_flight.awaits_networks

    def set_state(self, state: SessionState, fraction: float = 0.0) -> None:
        with self._changed:
            self._set_state(StateChanged(state, fraction))

    def welcomed(self, welcome: protocol.Welcome) -> None:
        with self._changed:
            self._welcome = welcome
            self._wanted = False
            self._set_state(StateChanged(SessionState.READY, 1.0))

    def unavailable(self, error: protocol.InsertObjectError) -> None:
        """Ends every unanswered request with this error, and says so in the state."""
        with self._changed:
            self._wanted = False
            self._set_state(StateChanged(SessionState.UNAVAILABLE, error=error))
            self._deliver(self._in_flight.fail_all(error))

    def networks_unavailable(self, error: protocol.InsertObjectError) -> None:
        """The daemon is there, but cannot insert anything: the same for requests that need its networks."""
        with self._changed:
            self._wanted = False
            self._set_state(StateChanged(SessionState.UNAVAILABLE, error=error))
            self._deliver(self._in_flight.fail_those_for_networks(error))

    def connection_lost(self) -> None:
        with self._changed:
            self._deliver(self._in_flight.connection_lost())

    def take_sendable(self, *, networks_ready: bool) -> list[Sequence[Buffer]]:
        with self._changed:
            return self._in_flight.take_sendable(networks_ready=networks_ready)

    def take_reply(self, reply: protocol.Reply) -> None:
        with self._changed:
            self._deliver(self._in_flight.take_reply(reply))

    # --- The lock is held ---------------------------------------------------------------------------

    def _set_state(self, changed: StateChanged) -> None:
        if self._closing or changed == self._now:
            return
        self._now = changed
        self._events.append(changed)
        self._changed.notify_all()

    def _deliver(self, replies: list[protocol.Reply]) -> None:
        if self._closing:
            return  # CLOSED is the last that the owner hears
        for reply in replies:
            if reply.id in self._unheard:
                if is_final(reply):
                    self._unheard.discard(reply.id)
                    self._unheard.discard(getattr(reply, "target", ""))
                continue
            stream = self._streams.get(reply.id)
            if stream is None and isinstance(reply, protocol.Cancelled):
                stream = self._streams.get(reply.target)
            if stream is None:
                self._events.append(reply)
            else:
                stream.append(reply)
        if replies:
            self._changed.notify_all()
