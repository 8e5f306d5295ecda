"""The one connection that stays: tells whether the other computer is there, who it is and how far it is."""

from __future__ import annotations

import contextlib
import enum
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from daemon.remote.failures import Failure, failure_error, version_error
from daemon.remote.guests import LinkMaker
from daemon.remote.link import Link, LinkFull, LinkState
from wire.protocol import (
    Buffer,
    Error,
    ErrorCode,
    Hello,
    InsertObjectError,
    MalformedMessage,
    Progress,
    Welcome,
    decode_reply,
    encode,
)

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # between attempts while somebody waits
IDLE_RETRY_SECONDS = 15.0  # between attempts while nobody does
_HELLO = "lifeline-"  # and its number: the ids of our hellos
_LASTING = (Failure.REFUSED, Failure.UNTRUSTED)  # these do not pass by themselves in a moment


class UpstreamState(str, enum.Enum):
    """What is known about the other computer."""

    CONNECTING = "connecting"
    LOADING = "loading"  # connected; it loads its networks
    READY = "ready"
    FAILED = "failed"  # connected; it cannot load its networks, or is of another version
    AWAY = "away"  # not connected; tried again from time to time


class Lifeline:
    """Keeps up a connection with heartbeats. Nothing blocks; used by one thread."""

    def __init__(self, links: LinkMaker, name: str) -> None:
        """``name`` is for the other daemon's log."""
        self._links, self._address, self._name = links, links.upstream.address, name
        self.state = UpstreamState.CONNECTING
        self.fraction = 0.0  # of the other daemon's loading
        self.welcome: Welcome | None = None  # the last one, its device named after the other computer
        self.error: InsertObjectError | None = None  # why it is FAILED or AWAY
        self.answered = 0  # the number of the last hello that a welcome came for
        self._asked = 0  # the number of the last hello that was sent
        self._is_to_ask = False  # once more, when the hello on its way is answered
        self._is_lasting = False
        self._next_try = 0.0
        self.link: Link | None = None

    @property
    def is_there(self) -> bool:
        """Whether the other computer is connected and does the work, or will once its networks are loaded."""
        return self.state in (UpstreamState.READY, UpstreamState.LOADING)

    @property
    def is_hopeless(self) -> bool:
        """Whether waiting a few seconds would change nothing."""
        return self.error is not None and self._is_lasting

    def connect_if_due(self, *, wanted: bool) -> None:
        """Begins to connect if there is no connection and it is time to; sooner if somebody waits."""
        now = time.monotonic()
        if self.link is not None:
            return
        if wanted:
            self._next_try = min(self._next_try, now + RETRY_SECONDS)
        if now >= self._next_try:
            self.link = self._links.open(heartbeat=True)
            self._say_hello(self.link)

    @property
    def next_try(self) -> float | None:
        """When, on the monotonic clock, ``connect_if_due`` or the link wants to be looked after."""
        return self._next_try if self.link is None else self.link.deadline

    def try_now(self) -> None:
        """Makes the next attempt due now, whatever the last one came to."""
        if self.link is None:
            self._next_try, self._is_lasting = time.monotonic(), False
        elif self.state is UpstreamState.FAILED:  # what it lacked may be there by now
            self.state, self.fraction, self._is_lasting = UpstreamState.LOADING, 0.0, False
            self._say_hello(self.link)

    def ask_again(self) -> int:
        """Has the other computer say what it offers now, for its packs come and go.

        One hello at a time is on its way: on a dead line they would gather and all arrive later. Returns the
        number that ``answered`` reaches with that welcome.
        """
        if self.link is None or self.state is not UpstreamState.READY:
            return self._asked
        if self.answered < self._asked:  # what is on its way may tell what was offered before
            self._is_to_ask = True
            return self._asked + 1
        self._say_hello(self.link)
        return self._asked

    def look(self) -> bool:
        """Hears what there is to hear; says whether the connection was lost just now."""
        link = self.link
        if link is None:
            return False
        link.look()
        for frames in link.messages():
            self._hear(frames)
        if link.state is not LinkState.LOST:
            return False
        self._turn(UpstreamState.AWAY, failure_error(link.failure, self._address))
        self._is_lasting = link.failure in _LASTING
        is_half_tried = link.failure is Failure.UNREACHABLE and self._links.turn_to_other_family()
        self._next_try = time.monotonic() + (0.0 if is_half_tried else IDLE_RETRY_SECONDS)
        self.close()
        return True

    def report(self) -> dict[str, Any]:
        """Plain values for the status."""
        welcome, upstream = self.welcome, self._links.upstream
        return {
            "state": self.state.value,
            "error": str(self.error or ""),
            "device": welcome.device if welcome else "",
            "classes": [known.name for known in welcome.classes] if welcome else [],
            "packs": {pack.name: [known.name for known in pack.classes] for pack in welcome.packs}
            if welcome
            else {},
            "upstream": {
                "address": upstream.address.endpoint,
                "server_key": upstream.server_key.hex(),
                "version": welcome.daemon_version if welcome else "",
            },
        }

    def close(self) -> None:
        """Ends the connection."""
        self._links.close(self.link)
        self.link = None

    def _say_hello(self, link: Link) -> None:
        with contextlib.suppress(LinkFull):  # what is on its way is answered first, or the link is lost soon
            link.send(encode(Hello(f"{_HELLO}{self._asked + 1}", self._name)))
            self._asked += 1
            self._is_to_ask = False

    def _hear(self, frames: Sequence[Buffer]) -> None:
        try:
            reply = decode_reply(frames)
        except MalformedMessage as error:
            log.warning("The other computer said something unreadable: %s", error)
            self._fail(version_error(self._address))
            return
        number = reply.id.removeprefix(_HELLO)
        if not number.isdecimal() or int(number) > self._asked:
            return
        if isinstance(reply, Progress):
            self.fraction = reply.fraction
            if self.state is not UpstreamState.LOADING:
                self._turn(UpstreamState.LOADING, None)
        elif isinstance(reply, Welcome):
            device = f"{reply.device} on {self._address.shown}"
            self.welcome, self.answered = replace(reply, device=device), int(number)
            self._turn(UpstreamState.READY, None)
            if self._is_to_ask and self.link is not None:
                self._say_hello(self.link)
        elif isinstance(reply, Error):
            outdated = reply.code is ErrorCode.VERSION
            self._fail(version_error(self._address) if outdated else reply.exception())

    def _fail(self, error: InsertObjectError) -> None:
        self._turn(UpstreamState.FAILED, error)
        self._is_lasting = True

    def _turn(self, state: UpstreamState, error: InsertObjectError | None) -> None:
        if state is not self.state or str(error) != str(self.error):
            level = logging.WARNING if error else logging.INFO
            log.log(level, "%s is %s. %s", self._address.shown, state.value, error or "")
        self.state, self.error, self._is_lasting = state, error, False
