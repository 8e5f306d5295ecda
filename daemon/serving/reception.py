"""Greets clients: from their hello, over the loading of the networks, to the welcome."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from typing import Any

from daemon.serving.admission import check_version
from daemon.serving.worker import Loaded, LoadFailed, Offer
from daemon.serving.workqueue import ClientKey
from wire import __version__
from wire.protocol import (
    PROTOCOL_VERSION,
    ClassInfo,
    Error,
    Hello,
    InsertObjectError,
    Limits,
    PackInfo,
    Progress,
    Reply,
    Stage,
    Welcome,
)

log = logging.getLogger(__name__)

REMEMBERED_CLIENTS = 1024  # greeted clients; the longest silent one is forgotten first
_LONGEST_NAME = 80


class NetworkState(str, Enum):
    """Where the networks are."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    RELEASED = "released"  # their memory was given back; the next request loads them by itself


class Reception:
    """Knows who has said hello and what state the networks are in."""

    def __init__(
        self,
        send: Callable[[ClientKey, Reply], None],
        load: Callable[[], None],
        offer: Callable[[], Offer | None],
    ) -> None:
        """``send`` sends a reply, ``load`` has the networks loaded, ``offer`` tells what there is now."""
        self._send, self._load, self._look = send, load, offer
        self.state = NetworkState.LOADING
        self.classes: tuple[ClassInfo, ...] | None = None  # None: never loaded yet
        self._device = ""
        self._offer = Offer((), Limits())
        self._error: InsertObjectError | None = None
        self._fraction = 0.0
        self._greeted: OrderedDict[ClientKey, str] = OrderedDict()
        self._awaiting: dict[ClientKey, str] = {}  # the id of each hello that has no last word yet

    # --- Clients --------------------------------------------------------------------------------

    def greet(self, client: ClientKey, hello: Hello) -> None:
        """Answers a hello, now or when the networks are loaded.

        Raises:
            InsertObjectError: ``version``.
        """
        check_version(hello)
        self._greeted[client] = hello.client[:_LONGEST_NAME] or "a client"
        while len(self._greeted) > REMEMBERED_CLIENTS:
            self._greeted.popitem(last=False)
        log.info("%s says hello.", self.name(client))
        if self.state in (NetworkState.READY, NetworkState.RELEASED):
            self._send(client, self._welcome(hello.id))
            return
        if self.state is NetworkState.FAILED:  # what was missing may be there by now
            self.state, self._fraction = NetworkState.LOADING, 0.0
            self._load()
        self._awaiting[client] = hello.id
        self._send(client, Progress(hello.id, Stage.LOADING, self._fraction))

    @property
    def packs(self) -> tuple[PackInfo, ...]:
        """The further packs that can be used now; they come and go while the daemon runs."""
        self._offer = self._look() or self._offer
        return self._offer.packs

    @property
    def is_awaited(self) -> bool:
        """Whether a client waits for its welcome, and so hears how loading ends."""
        return bool(self._awaiting)

    def knows(self, client: ClientKey) -> bool:
        """Whether the client has said hello; it counts as heard from."""
        if client in self._greeted:
            self._greeted.move_to_end(client)
        return client in self._greeted

    def name(self, client: ClientKey) -> str:
        """The client's name for the log."""
        return self._greeted.get(client, "a client")

    def forget(self, client: ClientKey) -> None:
        self._greeted.pop(client, None)
        self._awaiting.pop(client, None)

    def turn_away(self, error: InsertObjectError) -> None:
        """Gives every client that still awaits its welcome this error instead."""
        awaiting, self._awaiting = self._awaiting, {}
        for client, identity in awaiting.items():
            self._send(client, Error(identity, error.code, error.sentence, error.hint))

    # --- Networks -------------------------------------------------------------------------------

    def hear_progress(self, fraction: float) -> None:
        self._fraction = fraction
        for client, identity in list(self._awaiting.items()):
            self._send(client, Progress(identity, Stage.LOADING, fraction))

    def hear_loaded(self, event: Loaded) -> None:
        self.state, self._error = NetworkState.READY, None
        self._device, self.classes, self._offer = event.device, event.classes, event.offer
        log.info("The networks are loaded: %s.", event.device)
        awaiting, self._awaiting = self._awaiting, {}
        for client, identity in awaiting.items():
            self._send(client, self._welcome(identity))

    def hear_device(self, device: str) -> None:
        """The engine may have changed from a GPU that is gone to the CPU."""
        self._device = device or self._device

    def hear_failure(self, event: LoadFailed) -> None:
        self.state, self._error = NetworkState.FAILED, event.error
        self.turn_away(event.error)

    def report(self) -> dict[str, Any]:
        """Plain values for the status."""
        return {
            "state": self.state.value,
            "error": str(self._error or ""),
            "device": self._device,
            "classes": [known.name for known in self.classes or ()],
            "packs": {pack.name: [known.name for known in pack.classes] for pack in self.packs},
            "clients_greeted": len(self._greeted),
        }

    def _welcome(self, identity: str) -> Welcome:
        classes = self.classes or ()
        packs = self.packs
        limits = self._offer.limits
        return Welcome(identity, PROTOCOL_VERSION, __version__, self._device, classes, limits, packs)
