"""The requests of a session that are not answered yet: what may be sent, sent again, or must fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import protocol
from .zmtp import Buffer

MAX_SENDS = 2  # a request that the daemon died of twice is not tried a third time


def is_final(reply: protocol.Reply) -> bool:
    """Whether nothing follows this reply."""
    return isinstance(
        reply, (protocol.Done, protocol.Cancelled, protocol.Error, protocol.Status, protocol.Welcome)
    )


@dataclass
class Pending:
    """One unanswered request."""

    request: protocol.Request
    frames: Sequence[Buffer] = field(repr=False)
    sends: int = 0
    is_on_the_wire: bool = False
    is_cancelled: bool = False
    is_accepted: bool = False
    layers_seen: set[int] = field(default_factory=set)

    @property
    def needs_networks(self) -> bool:
        """Whether it must wait until the daemon has loaded its networks."""
        return isinstance(self.request, protocol.PAINTINGS)


class InFlight:
    """Keeps requests in the order they were made. Not thread-safe: the session holds its lock around it."""

    def __init__(self) -> None:
        self._pending: dict[str, Pending] = {}

    def __bool__(self) -> bool:
        return bool(self._pending)

    def __contains__(self, identity: str) -> bool:
        return identity in self._pending

    @property
    def awaits_networks(self) -> bool:
        """Whether an insertion waits for the daemon to have loaded its networks."""
        return any(p.needs_networks and not p.is_on_the_wire for p in self._pending.values())

    def is_insertion(self, identity: str) -> bool:
        """Whether this request is an unanswered insertion, or one for light."""
        pending = self._pending.get(identity)
        return pending is not None and isinstance(pending.request, protocol.PAINTINGS)

    def add(self, request: protocol.Request) -> list[protocol.Reply]:
        """Takes a request in; gives the replies to it that need no daemon.

        Raises:
            ValueError: a request with this id is unanswered.
            TypeError, BufferError: its pixels are no contiguous memory.
        """
        if request.id in self._pending:
            raise ValueError(f"The request {request.id} is unanswered; take a new id.")
        if isinstance(request, protocol.Cancel):
            target = self._pending.get(request.target)
            if target is not None and not target.is_on_the_wire:
                del self._pending[request.target]
                return [protocol.Cancelled(id=request.id, target=request.target)]
            if target is not None:
                target.is_cancelled = True
        frames = [memoryview(frame).cast("B") for frame in protocol.encode(request)]
        self._pending[request.id] = Pending(request, frames)
        return []

    def take_sendable(self, *, networks_ready: bool) -> list[Sequence[Buffer]]:
        """The frames of the requests whose turn it is; they count as sent."""
        sendable: list[Sequence[Buffer]] = []
        for pending in self._pending.values():
            if pending.is_on_the_wire or (pending.needs_networks and not networks_ready):
                continue
            pending.is_on_the_wire = True
            pending.sends += 1
            sendable.append(pending.frames)
        return sendable

    def take_reply(self, reply: protocol.Reply) -> list[protocol.Reply]:
        """Notes a reply; gives what the owner should see of it: nothing when it is late or told already."""
        if isinstance(reply, protocol.Error) and not reply.id:
            return self._take_unaddressed(reply)
        pending = self._pending.get(reply.id)
        if isinstance(reply, protocol.Cancelled):
            found = pending is not None or reply.target in self._pending
            self._pending.pop(reply.id, None)
            self._pending.pop(reply.target, None)
            return [reply] if found else []
        if pending is None:
            return []
        if isinstance(reply, (protocol.Layer, protocol.Lit)):
            index = reply.index if isinstance(reply, protocol.Layer) else 0
            if index in pending.layers_seen:
                return []  # delivered before the daemon had to be asked again
            pending.layers_seen.add(index)
        pending.is_accepted = True
        if is_final(reply):
            del self._pending[reply.id]
        return [reply]

    def _take_unaddressed(self, error: protocol.Error) -> list[protocol.Reply]:
        """The daemon could not read whose message it was: one of those that it has not answered at all."""
        unread = [p for p in self._pending.values() if p.is_on_the_wire and not p.is_accepted]
        for pending in unread:
            del self._pending[pending.request.id]
        return [
            protocol.Error(id=p.request.id, code=error.code, sentence=error.sentence, hint=error.hint)
            for p in unread
        ]

    def connection_lost(self) -> list[protocol.Reply]:
        """Makes everything ready to be sent again; gives the last replies of what will not be."""
        replies: list[protocol.Reply] = []
        for identity, pending in list(self._pending.items()):
            if not pending.is_on_the_wire:
                continue
            request = pending.request
            if isinstance(request, protocol.Shutdown):
                replies.append(protocol.Done(id=identity))  # it has shut down
            elif isinstance(request, protocol.Cancel):
                replies.append(protocol.Cancelled(id=identity, target=request.target))
            elif pending.is_cancelled:
                replies.append(protocol.Cancelled(id=identity, target=identity))
            elif pending.sends >= MAX_SENDS:
                replies.append(
                    protocol.Error(
                        id=identity,
                        code=protocol.ErrorCode.INTERNAL,
                        sentence="The Insert Object service stopped twice while it worked on this.",
                        hint="Run insert-object doctor in a terminal; it says where the service's log is.",
                    )
                )
            else:
                pending.is_on_the_wire = pending.is_accepted = False
                continue
            del self._pending[identity]
        return replies

    def fail_all(self, error: protocol.InsertObjectError) -> list[protocol.Reply]:
        """Ends every request with this error; gives the replies that say so."""
        return self._fail(list(self._pending), error)

    def fail_those_for_networks(self, error: protocol.InsertObjectError) -> list[protocol.Reply]:
        """The same for those that cannot be answered without networks."""
        return self._fail([name for name, p in self._pending.items() if p.needs_networks], error)

    def _fail(self, failed: list[str], error: protocol.InsertObjectError) -> list[protocol.Reply]:
        for identity in failed:
            del self._pending[identity]
        return [
            protocol.Error(id=identity, code=error.code, sentence=error.sentence, hint=error.hint)
            for identity in failed
        ]
