"""What is waiting: requests of every client, served in turns."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from wire.protocol import ErrorCode, InsertObjectError, Painting, PixelFrame

ClientKey = bytes


@dataclass(eq=False)
class Work:
    """One request for the networks on its way; ``dropped`` is set when nobody wants its result any more."""

    client: ClientKey
    request: Painting
    dropped: threading.Event = field(default_factory=threading.Event)

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def size(self) -> int:
        """Bytes of pixels that the request holds in memory."""
        values = (getattr(self.request, item.name) for item in fields(self.request))
        return sum(len(value.data) for value in values if isinstance(value, PixelFrame))


class QueueFull(InsertObjectError):
    """Too much is waiting already."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.BUSY,
            "Too many objects are being made at once.",
            "Wait until one of them is done, then try again.",
        )


class WorkQueue:
    """Waiting requests. Clients take turns; the requests of one client keep their order.

    Used by the network thread alone.
    """

    def __init__(self, length: int, client_length: int, size: int) -> None:
        """At most ``length`` requests, ``client_length`` of one client, ``size`` bytes of pixels."""
        self._length, self._client_length, self._size = length, client_length, size
        self._waiting: OrderedDict[ClientKey, deque[Work]] = OrderedDict()  # first key: next turn
        self.bytes = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[Work]:
        for works in self._waiting.values():
            yield from works

    def put(self, work: Work) -> Work | None:
        """Adds a request; a preview takes the place of the client's waiting one, which is returned.

        Raises:
            QueueFull: the queue is unchanged.
        """
        own = self._waiting.get(work.client, deque())
        older = next((w for w in own if w.request.preview), None) if work.request.preview else None
        freed = older.size if older else 0
        if not older and (len(self) >= self._length or len(own) >= self._client_length):
            raise QueueFull
        if len(self) > (1 if older else 0) and self.bytes - freed + work.size > self._size:
            raise QueueFull
        if older:
            own[own.index(older)] = work
        else:
            self._waiting.setdefault(work.client, deque()).append(work)
        self.bytes += work.size - freed
        return older

    def position(self, work: Work) -> int:
        """How many waiting requests will be served before this one."""
        own = self._waiting[work.client]
        place = own.index(work)
        ahead = place
        before = True  # clients whose turn comes earlier in each round
        for client, works in self._waiting.items():
            if client == work.client:
                before = False
            else:
                ahead += min(len(works), place + 1 if before else place)
        return ahead

    def take(self) -> Work | None:
        """Removes and returns the next request, or None; its client goes to the end of the round."""
        if not self._waiting:
            return None
        client, works = next(iter(self._waiting.items()))
        work = works.popleft()
        self.bytes -= work.size
        if works:
            self._waiting.move_to_end(client)
        else:
            del self._waiting[client]
        return work

    def remove(self, client: ClientKey, identity: str) -> Work | None:
        """Removes and returns one client's request with that id, or None."""
        for work in self._waiting.get(client, ()):
            if work.id == identity:
                self._discard(work)
                return work
        return None

    def remove_client(self, client: ClientKey) -> list[Work]:
        """Removes and returns everything of one client."""
        works = list(self._waiting.get(client, ()))
        for work in works:
            self._discard(work)
        return works

    def _discard(self, work: Work) -> None:
        works = self._waiting[work.client]
        works.remove(work)
        self.bytes -= work.size
        if not works:
            del self._waiting[work.client]
