"""Sends replies without ever waiting for a client to read them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import zmq

from daemon.serving.workqueue import ClientKey
from wire.protocol import Buffer, Reply, encode

log = logging.getLogger(__name__)

SEND_QUEUE = 16  # messages that libzmq keeps for each client
_ZERO_COPY_BYTES = 64 * 1024  # below this, copying is cheaper than handing over the memory


@dataclass
class _Backlog:
    """What a client has not made room for yet."""

    messages: deque[list[Buffer]] = field(default_factory=deque)
    bytes: int = 0


class Replies:
    """The way out of a ROUTER socket. Slow clients get a backlog of bounded size, gone ones nothing."""

    def __init__(
        self,
        router: zmq.Socket[bytes],
        *,
        on_gone: Callable[[ClientKey], None],
        on_deaf: Callable[[ClientKey], list[Reply]],
        backlog_bytes: int = 256 * 2**20,
        backlog_messages: int = 4096,
        all_bytes: int = 768 * 2**20,
    ) -> None:
        """``on_gone``: the client has disconnected. ``on_deaf``: it does not read, its backlog was thrown
        away; returns the few replies that it shall find instead, should it ever read again. ``all_bytes``
        bounds the backlogs of all clients together, at the cost of the largest one."""
        self._router = router
        self._on_gone, self._on_deaf = on_gone, on_deaf
        self._backlog_bytes, self._backlog_messages = backlog_bytes, backlog_messages
        self._all_bytes = all_bytes
        self._backlogs: dict[ClientKey, _Backlog] = {}

    @property
    def waiting(self) -> bool:
        """Whether some client has not made room for its replies yet."""
        return bool(self._backlogs)

    def send(self, client: ClientKey, reply: Reply) -> None:
        """Sends now, or later with ``flush``."""
        self._send(client, encode(reply))

    def flush(self) -> None:
        """Sends as much of the backlogs as the clients have room for."""
        for client, backlog in list(self._backlogs.items()):
            # a client that turns out to be gone loses its backlog at once, and so may others with it
            while self._backlogs.get(client) is backlog and backlog.messages:
                if not self._try(client, backlog.messages[0]):
                    break
                backlog.bytes -= _size(backlog.messages.popleft())
            if not backlog.messages and self._backlogs.get(client) is backlog:
                del self._backlogs[client]

    def forget(self, client: ClientKey) -> None:
        """Throws away what was meant for a client."""
        self._backlogs.pop(client, None)

    def _send(self, client: ClientKey, frames: list[Buffer]) -> None:
        backlog = self._backlogs.get(client)
        if backlog is None and self._try(client, frames):
            return
        if backlog is None:
            backlog = self._backlogs[client] = _Backlog()
        full = (
            len(backlog.messages) >= self._backlog_messages
            or backlog.bytes + _size(frames) > self._backlog_bytes
        )
        if backlog.messages and full:
            self._throw_away(client, backlog)
            return
        backlog.messages.append(frames)
        backlog.bytes += _size(frames)
        while (
            len(self._backlogs) > 1 and sum(each.bytes for each in self._backlogs.values()) > self._all_bytes
        ):
            self._throw_away(*max(self._backlogs.items(), key=lambda item: item[1].bytes))

    def _throw_away(self, client: ClientKey, backlog: _Backlog) -> None:
        """Replaces a backlog that has grown too large by the few words that the client shall find."""
        log.warning("A client does not read its replies; its requests were dropped.")
        backlog.messages.clear()
        backlog.messages.extend(encode(reply) for reply in self._on_deaf(client))
        backlog.bytes = sum(map(_size, backlog.messages))

    def _try(self, client: ClientKey, frames: list[Buffer]) -> bool:
        """Sends if there is room; also True when the client is gone and nothing is left to do."""
        try:
            large = any(len(frame) > _ZERO_COPY_BYTES for frame in frames)
            self._router.send_multipart([client, *frames], zmq.NOBLOCK, copy=not large)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._backlogs.pop(client, None)
            self._on_gone(client)
        return True


def _size(frames: list[Buffer]) -> int:
    return sum(map(len, frames))
