"""The clients of this computer, each with a connection of its own to the other one."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import zmq

from daemon.remote.failures import failure_error, version_error
from daemon.remote.guest import Guest
from daemon.remote.link import Link, LinkFull, LinkState
from daemon.remote.upstream import Upstream
from daemon.serving.keys import KeyPair
from daemon.serving.workqueue import ClientKey, QueueFull
from wire.protocol import (
    Buffer,
    Cancel,
    Cancelled,
    Done,
    Error,
    ErrorCode,
    Hello,
    InsertObjectError,
    MalformedMessage,
    Painting,
    Reply,
    decode_reply,
    encode,
)

log = logging.getLogger(__name__)

_HELLO = "forwarded"  # the id of our own hello on a client's connection


class LinkMaker:
    """Makes connections to the other computer and has them polled."""

    def __init__(
        self, context: zmq.Context[Any], upstream: Upstream, keys: KeyPair, poller: zmq.Poller
    ) -> None:
        self.upstream = upstream
        self._context, self._keys, self._poller = context, keys, poller
        self._is_ipv6 = upstream.address.is_ipv6 or not upstream.address.is_number

    def turn_to_other_family(self) -> bool:
        """Lets the next connections try a name's IPv4 addresses after its IPv6 ones, and the other way round.

        libzmq tries one address of a name, and a computer with both may listen at one of them only. Says
        whether the family that comes now has not been tried in this turn.
        """
        if self.upstream.address.is_number:
            return False
        self._is_ipv6 = not self._is_ipv6
        # Each turn begins with IPv6, by which libzmq also finds names that have none.
        return not self._is_ipv6

    def open(self, *, heartbeat: bool = False) -> Link:
        """Begins to connect; see ``Link``."""
        link = Link(self._context, self.upstream, self._keys, ipv6=self._is_ipv6, heartbeat=heartbeat)
        self._poller.register(link.dealer, zmq.POLLIN)
        self._poller.register(link.monitor, zmq.POLLIN)
        return link

    def close(self, link: Link | None) -> None:
        """Ends a connection, if it is one."""
        if link is not None:
            self._poller.unregister(link.dealer)
            self._poller.unregister(link.monitor)
            link.close()


class Guests:
    """Carries their requests over and the replies back. Nothing blocks; used by one thread."""

    def __init__(self, links: LinkMaker, send: Callable[[ClientKey, Reply], None]) -> None:
        """``send`` sends a reply to a client."""
        self.counts: Counter[str] = Counter()  # last words so far, by type
        self._links, self._send = links, send
        self._guests: dict[ClientKey, Guest] = {}

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._guests.values()))

    def __len__(self) -> int:
        return len(self._guests)

    @property
    def works(self) -> int:
        """How many requests are on their way or being worked on."""
        return sum(map(len, self._guests.values()))

    @property
    def size(self) -> int:
        """Bytes of pixels of those requests."""
        return sum(guest.size for guest in self._guests.values())

    def deadlines(self) -> Iterator[float]:
        """When, on the monotonic clock, ``hear`` has something to do even if nothing comes in."""
        for guest in self._guests.values():
            if guest.link is not None and guest.link.deadline is not None:
                yield guest.link.deadline

    def get(self, client: ClientKey) -> Guest | None:
        return self._guests.get(client)

    def greet(self, client: ClientKey, name: str) -> Guest:
        """The guest that has said hello, once more or for the first time."""
        return self._guests.setdefault(client, Guest(client, name))

    def remove(self, client: ClientKey) -> Guest | None:
        """Forgets a client that has gone; the other computer notices by the end of its connection."""
        guest = self._guests.pop(client, None)
        if guest is not None:
            self._cut(guest)
        return guest

    def forward(self, guest: Guest, request: Painting | Cancel, frames: Sequence[Buffer]) -> None:
        """Sends a request on.

        Raises:
            QueueFull: it was not sent.
        """
        try:
            if guest.link is None:
                guest.link = self._links.open()
                guest.link.send(encode(Hello(_HELLO, guest.name)))
            guest.link.send(frames)
        except LinkFull as error:
            raise QueueFull from error
        guest.note_sent(request, frames)

    def hear(self) -> bool:
        """Passes replies on; says whether there were any."""
        heard = False
        for guest in self:
            if guest.link is None:
                continue
            guest.link.look()
            for frames in guest.link.messages():
                heard = True
                self._hear(guest, frames)
                if guest.link is None:
                    break
            if guest.link is not None and guest.link.state is LinkState.LOST:
                self.lose(guest, failure_error(guest.link.failure, self._links.upstream.address))
        return heard

    def _hear(self, guest: Guest, frames: Sequence[Buffer]) -> None:
        try:
            reply = decode_reply(frames)
        except MalformedMessage as problem:
            log.warning("The other computer said something unreadable: %s", problem)
            reply = Error(problem.request_id, problem.code, problem.sentence, problem.hint)
        if isinstance(reply, Error) and reply.id in ("", _HELLO):
            outdated = reply.code is ErrorCode.VERSION
            error = version_error(self._links.upstream.address) if outdated else reply.exception()
            self.lose(guest, error)  # nothing will come of what was sent
        elif guest.note_reply(reply):
            if isinstance(reply, (Done, Error, Cancelled)):
                self.counts[reply.TYPE] += 1
            self._send(guest.client, reply)

    def lose(self, guest: Guest, error: InsertObjectError) -> None:
        """Gives up a guest's connection; its requests end with this error."""
        for word in self.give_up(guest, error):
            self._send(guest.client, word)

    def give_up(self, guest: Guest, error: InsertObjectError) -> list[Reply]:
        """As ``lose``, but returns the last words instead of sending them."""
        self._cut(guest)
        words = guest.last_words(error)
        self.counts.update(word.TYPE for word in words)
        return words

    def _cut(self, guest: Guest) -> None:
        """Ends a guest's connection; ``hear`` may be reading from it, and then stops."""
        self._links.close(guest.link)
        guest.link = None

    def close(self) -> None:
        """Ends every connection."""
        for client in list(self._guests):
            self.remove(client)
