"""The session's own thread: keeps up the conversation with the daemon and carries messages both ways."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from . import protocol
from .approach import DOCTOR_HINT, Approach, Closing
from .channel import Channel, ChannelError, ChannelLost, Waker
from .connection import Config, ConnectionUnavailable
from .mailbox import Mailbox
from .request import new_id
from .state import SessionState
from .zmtp import Buffer

logger = logging.getLogger("insert_object.wire")

REST_SECONDS = 1.0  # between looks for a daemon that nobody needs now
SHORT_SECONDS = 1.0  # a conversation that ends sooner without a welcome came to nothing
MAX_FRUITLESS = 8  # of those in a row, with growing pauses: a daemon may need 10 s to end
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0
MAX_LOSSES = 3  # daemons that died before they were ready, in a row
PUMP_SECONDS = 5.0
FAREWELL_SECONDS = 0.04  # to write what was queued before the session was closed

_Signature: TypeAlias = "tuple[int, int, int] | None"


class Driver:
    """``run`` is the thread's whole life."""

    def __init__(
        self, config: Config, client_name: str, mailbox: Mailbox, waker: Waker, *, autostart: bool
    ) -> None:
        self._connection_file = config.connection_file
        self._client_name = client_name
        self._mailbox = mailbox
        self._waker = waker
        self._autostart = autostart
        self._approach = Approach(config, waker, lambda: mailbox.is_closing)
        self._hello_id = ""
        self._is_welcome = False  # on this connection
        self._is_turned_away = False  # on this connection: the hello was answered with an error
        self._fruitless = 0  # conversations in a row that came to nothing
        self._losses = 0  # conversations in a row that ended before the welcome

    def run(self) -> None:
        try:
            while not self._mailbox.is_closing:
                self._try_to_converse()
        except Closing:
            return
        finally:
            self._waker.close()

    def _try_to_converse(self) -> None:
        """One conversation; what nobody foresaw ends it, and leaves no request without an answer."""
        before = _signature(self._connection_file)
        try:
            self._converse(before)
        except Closing:
            raise
        except Exception as error:
            logger.exception("the session's thread failed")
            self._give_up(
                protocol.InsertObjectError(
                    protocol.ErrorCode.INTERNAL,
                    f"Insert Object failed inside: {type(error).__name__}: {error}.",
                    "Try again; if it happens again, restart this program.",
                )
            )
            self._rest(before)

    def _converse(self, before: _Signature) -> None:
        """One conversation from reaching the daemon to its loss, or a rest when it cannot be reached.

        ``before`` is the connection file's signature now.
        """
        try:
            channel = self._reach()
        except protocol.InsertObjectError as error:
            self._give_up(error)
            self._rest(before)
            return
        if channel is None:
            self._mailbox.set_state(SessionState.ASLEEP)
            self._rest(before)
            return
        self._is_welcome = False
        began = time.monotonic()
        with channel:
            try:
                self._serve(channel)
                return
            except ChannelError as error:
                logger.info("the connection to the daemon was lost: %s", error)
                self._mailbox.connection_lost()
        if self._is_welcome:
            self._fruitless = self._losses = 0
            return
        self._losses += 1
        self._fruitless = self._fruitless + 1 if time.monotonic() - began < SHORT_SECONDS else 0
        if self._fruitless >= MAX_FRUITLESS or (self._losses >= MAX_LOSSES and not self._fruitless):
            self._give_up(
                ConnectionUnavailable("The Insert Object service stops before it is ready.", DOCTOR_HINT)
            )
            self._rest(before)
        elif self._fruitless:
            self._approach.pause(min(FIRST_PAUSE_SECONDS * 2**self._fruitless, LONGEST_PAUSE_SECONDS))

    def _reach(self) -> Channel | None:
        """A way to the daemon, which is started if someone needs it; None if nobody does and none runs."""
        if self._mailbox.now.state is not SessionState.STARTING:
            self._mailbox.set_state(SessionState.CONNECTING)
        replaces = self._autostart and self._mailbox.is_wanted and self._approach.retire_older()
        if not replaces:
            try:
                return self._approach.connect()
            except ConnectionUnavailable:
                if not self._autostart:
                    raise
                if not self._mailbox.is_wanted:
                    return None
        return self._approach.start(lambda: self._mailbox.set_state(SessionState.STARTING))

    def _give_up(self, error: protocol.InsertObjectError) -> None:
        logger.info("the daemon is unavailable: %s", error)
        self._mailbox.unavailable(error)

    def _rest(self, before: _Signature) -> None:
        """Waits until someone needs the daemon, or its connection file is no longer as it was ``before``."""
        self._fruitless = self._losses = 0
        while not self._mailbox.is_wanted and _signature(self._connection_file) == before:
            self._approach.pause(REST_SECONDS)

    # --- Talking with the daemon --------------------------------------------------------------------

    def _serve(self, channel: Channel) -> None:
        self._say_hello(channel)
        while not self._mailbox.is_closing:
            if self._is_turned_away and self._mailbox.wants_networks:
                self._say_hello(channel)
            self._send_queued(channel)
            for message in channel.pump(PUMP_SECONDS):
                self._receive(message)
        self._send_queued(channel)
        channel.drain(FAREWELL_SECONDS)

    def _say_hello(self, channel: Channel) -> None:
        self._is_welcome = self._is_turned_away = False
        self._hello_id = new_id()
        channel.send(protocol.encode(protocol.Hello(id=self._hello_id, client=self._client_name)))

    def _send_queued(self, channel: Channel) -> None:
        for frames in self._mailbox.take_sendable(networks_ready=self._is_welcome):
            channel.send(frames)

    def _receive(self, message: Sequence[Buffer]) -> None:
        try:
            reply = protocol.decode_reply(message)
        except protocol.MalformedMessage as error:
            logger.warning("the daemon sent something unreadable: %s", error)
            if not error.request_id:
                return
            reply = protocol.Error(error.request_id, error.code, error.sentence, error.hint)
        if reply.id == self._hello_id:
            self._take_hello_reply(reply)
        else:
            self._mailbox.take_reply(reply)

    def _take_hello_reply(self, reply: protocol.Reply) -> None:
        if isinstance(reply, protocol.Progress):
            self._mailbox.set_state(SessionState.LOADING, reply.fraction)
        elif isinstance(reply, protocol.Welcome):
            self._is_welcome = True
            self._mailbox.welcomed(reply)
        elif isinstance(reply, protocol.Error):
            if reply.code is protocol.ErrorCode.BUSY:
                raise ChannelLost(reply.sentence)  # it is ending: the next one will take what is queued
            self._is_turned_away = True
            self._mailbox.networks_unavailable(reply.exception())


def _signature(path: Path) -> _Signature:
    """What changes when the file is written again; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
