"""Which keys of other computers open, read from disk by a thread of its own, so that nobody waits for it."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wire.protocol import InsertObjectError

log = logging.getLogger(__name__)

READ_AGAIN_SECONDS = 1.0  # so soon does a withdrawn key open nothing any more
LEAST_PAUSE_SECONDS = 0.1  # between two readings, however many unknown keys knock


@dataclass(frozen=True)
class _Reading:
    """What was found at one time: the name of each client by its public key."""

    began: float  # on the monotonic clock
    names: Mapping[bytes, str] = field(default_factory=dict)


class GuestList:
    """The public keys that may come in from elsewhere. Only the thread that reads them touches the disk."""

    def __init__(self, read: Callable[[], Mapping[bytes, str]]) -> None:
        """``read`` gives the name of each client by its public key, or raises InsertObjectError."""
        self._read = read
        self._problem = ""
        self._latest = self._reading()
        self._wanted, self._closing = threading.Event(), threading.Event()
        self.news, self._teller = socket.socketpair()  # ``news`` can be read when there is a new reading
        self.news.settimeout(0)
        self._teller.settimeout(0)
        self._thread = threading.Thread(target=self._keep_reading, name="guest list", daemon=True)
        self._thread.start()

    def names(self) -> Mapping[bytes, str]:
        """Who may come in, as last read: nobody while the keys cannot be trusted."""
        return self._latest.names

    def lets_in(self, key: bytes, asked: float) -> bool | None:
        """Whether a key opens that was shown at the time ``asked``; None: the next ``news`` tells.

        A key that was allowed a moment ago is in no reading yet; so nobody is refused by one that began
        before they asked.
        """
        latest = self._latest
        if key in latest.names:
            return True
        if latest.began >= asked:
            return False
        self._wanted.set()
        return None

    def take_news(self) -> None:
        """Makes ``news`` unreadable until the next reading."""
        with contextlib.suppress(BlockingIOError):
            while self.news.recv(4096):
                pass

    def close(self) -> None:
        self._closing.set()
        self._wanted.set()
        self._thread.join()
        self.news.close()
        self._teller.close()

    def _keep_reading(self) -> None:
        while not self._closing.wait(LEAST_PAUSE_SECONDS):
            self._wanted.wait(READ_AGAIN_SECONDS - LEAST_PAUSE_SECONDS)
            self._wanted.clear()
            self._latest = self._reading()
            with contextlib.suppress(BlockingIOError):  # full: there is news enough
                self._teller.send(b"\0")

    def _reading(self) -> _Reading:
        began, problem = time.monotonic(), ""
        names: Mapping[bytes, str] = {}
        try:
            names = self._read()
        except (InsertObjectError, OSError) as error:
            problem = str(error)
        if problem and problem != self._problem:
            log.error("No other computer can come in: %s", problem)
        self._problem = problem
        return _Reading(began, names)
