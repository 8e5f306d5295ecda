"""Reaching the daemon: through its connection file, by starting it, or by replacing one that is too old."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from . import protocol
from .channel import (
    HANDSHAKE_SECONDS,
    Channel,
    ChannelError,
    ChannelLost,
    ConnectFailed,
    NobodyListens,
    Refused,
    Waker,
)
from .connection import (
    Config,
    Connection,
    ConnectionUnavailable,
    in_sandbox,
    is_gone,
    read_connection,
    start_daemon,
)
from .lock_holder import LOCK_NAME, holder, is_held
from .request import new_id
from .versions import is_older
from .zmtp import Plain

logger = logging.getLogger("insert_object.wire")

START_SECONDS = 60.0  # until a daemon that was started can be talked to; its networks load after that
MAX_STARTS = 2  # in one approach
EXIT_GRACE_SECONDS = 1.0  # another client may have started the daemon first: ours ends, theirs appears
LOOK_SECONDS = 0.05  # between looks for a daemon that is being started
RETIRE_SECONDS = 60.0  # for a daemon of an older version to finish its running request

END_SECONDS = 3.0  # for a daemon that nobody can reach to end by itself, before it is ended

DOCTOR_HINT = "Run insert-object doctor in a terminal; it says where the service's log is."
START_HINT = "Start it in a terminal: insert-object daemon start"
RESTART_HINT = "Restart it in a terminal: insert-object daemon stop, then insert-object daemon start"


class Closing(Exception):
    """The session is being closed."""


class Approach:
    """Finds the way to the daemon, as often as it is lost."""

    def __init__(self, config: Config, waker: Waker, is_closing: Callable[[], bool]) -> None:
        self._config = config
        self._waker = waker
        self._is_closing = is_closing
        self._unreachable: Connection | None = None  # what ``connect`` last failed to reach
        self._refusing: Connection | None = None  # where ``connect`` last found nobody listening
        self._retired: set[tuple[int, str]] = set()  # versions that were asked to end, once each

    def connect(self) -> Channel:
        """A channel, handshake done, to the daemon that the connection file names.

        Raises:
            ConnectionUnavailable: it is not running, or something else answers.
            InsertObjectError: ``unauthorised`` or ``version``.
            Closing: the session was closed meanwhile.
        """
        tried: Connection | None = None
        failure: protocol.InsertObjectError | None = None
        self._unreachable = self._refusing = None
        while True:
            connection = read_connection(self._config.connection_file)
            if connection == tried and failure is not None:
                self._unreachable = connection
                raise failure
            tried = connection  # the daemon may write the file again while the old one is tried
            try:
                _check_version(connection)
                return self._shake_hands(connection)
            except protocol.InsertObjectError as error:
                failure = error

    def start(self, on_start: Callable[[], None]) -> Channel:
        """Starts the daemon and waits until it can be talked to; ``on_start`` is called at each start.

        Raises:
            ConnectionUnavailable: it does not start.
            Closing: the session was closed meanwhile.
        """
        deadline = time.monotonic() + START_SECONDS
        self._clear_the_way()
        exit_code = 0
        failure: protocol.InsertObjectError = ConnectionUnavailable("It does not say where it is.")
        for _ in range(MAX_STARTS):
            on_start()
            process = start_daemon(self._config.start_command)
            ended_at = 0.0
            while not ended_at or time.monotonic() - ended_at < EXIT_GRACE_SECONDS:
                self.pause(LOOK_SECONDS)
                exit_code = process.poll() or 0  # 0: the command may be one that starts it and ends
                if exit_code and not ended_at:
                    ended_at = time.monotonic()
                try:
                    if exit_code or self._file_is_new():
                        return self.connect()
                except protocol.InsertObjectError as error:
                    failure = error
                if time.monotonic() > deadline:
                    raise ConnectionUnavailable(
                        f"The Insert Object service was started but cannot be reached. {failure.sentence}",
                        DOCTOR_HINT,
                    ) from failure
            logger.warning("the daemon ended with exit code %s when it was started", exit_code)
        if is_held(self._lock_file) and holder(self._lock_file) is None:
            raise ConnectionUnavailable(
                "An Insert Object service runs where it cannot be reached from here: in a sandbox or "
                "container that uses the same home folder.",
                "End it there, with insert-object daemon stop.",
            )
        raise ConnectionUnavailable(
            f"The Insert Object service ends as soon as it is started (exit code {exit_code}).", DOCTOR_HINT
        )

    @property
    def _lock_file(self) -> Path:
        return self._config.connection_file.with_name(LOCK_NAME)

    def _clear_the_way(self) -> None:
        """Ends a daemon that lives, holds the lock, and refuses every connection: one in another network.

        It would keep every other one from starting until it has been idle for long enough.
        """
        pid = holder(self._lock_file)
        if self._refusing is None or pid != self._refusing.pid or in_sandbox():
            return
        logger.warning("ending the daemon (process %s): it lives, and cannot be reached from here", pid)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + END_SECONDS
            while holder(self._lock_file) == pid:
                if time.monotonic() > deadline:
                    break
                self.pause(LOOK_SECONDS)
            else:
                return

    def retire_older(self) -> bool:
        """Asks a running daemon of an older version to end; says whether there was one and it did.

        It finishes its running request first. A newer daemon is never asked, and none of the same version
        twice: where something starts the older one again and again, that is not fought over.
        """
        try:
            connection = read_connection(self._config.connection_file)
            version = (connection.protocol_version, connection.daemon_version)
            if not self._is_outdated(connection) or version in self._retired:
                return False
            channel = self._shake_hands(connection)
        except protocol.InsertObjectError:
            return False
        self._retired.add(version)
        logger.info("asking the daemon of version %s to end", connection.daemon_version)
        deadline = time.monotonic() + RETIRE_SECONDS
        with channel:
            try:
                # this request has been the same in every version of the protocol
                channel.send(protocol.encode(protocol.Shutdown(id=new_id())))
                while time.monotonic() < deadline:
                    channel.pump(LOOK_SECONDS)
                    self._check_closing()
            except ChannelLost:
                return True
        return False

    def _is_outdated(self, connection: Connection) -> bool:
        if connection.protocol_version != protocol.PROTOCOL_VERSION:
            return connection.protocol_version < protocol.PROTOCOL_VERSION
        return is_older(connection.daemon_version, self._config.version)

    def pause(self, seconds: float) -> None:
        """Sleeps; a request or the like ends the sleep.

        Raises:
            Closing: the session was closed.
        """
        self._check_closing()  # the wake-up for it may have come while something else was waited for
        self._waker.wait(seconds)
        self._check_closing()

    def _file_is_new(self) -> bool:
        """Whether the file names something else than what could not be reached before the start."""
        return read_connection(self._config.connection_file) != self._unreachable

    def _shake_hands(self, connection: Connection) -> Channel:
        if is_gone(connection.pid):
            raise _not_running()
        plain = Plain(protocol.PLAIN_USERNAME.encode(), connection.token.encode())
        try:
            # memory is taken as bytes come in, so room for the largest layer costs nothing until one comes
            channel = Channel(
                connection.address, plain, self._waker, max_message_bytes=protocol.MAX_REPLY_BYTES
            )
            try:
                while not channel.is_ready:
                    channel.pump(1.0)
                    self._check_closing()
            except BaseException:
                channel.close()
                raise
        except ConnectFailed as error:
            if isinstance(error, NobodyListens):
                self._refusing = connection
            raise _not_running() from error
        except Refused as error:
            raise protocol.InsertObjectError(
                protocol.ErrorCode.UNAUTHORISED,
                "The Insert Object service did not accept this program's key (unauthorised).",
                RESTART_HINT,
            ) from error
        except ChannelError as error:
            raise ConnectionUnavailable(
                f"At {connection.endpoint} the Insert Object service does not answer as it should: {error}.",
                RESTART_HINT,
            ) from error
        return channel

    def _check_closing(self) -> None:
        if self._is_closing():
            raise Closing


def _not_running() -> ConnectionUnavailable:
    return ConnectionUnavailable("The Insert Object service is not running.", START_HINT)


def _check_version(connection: Connection) -> None:
    """Finds out whether the daemon speaks this program's protocol, without a word to one that does not.

    Raises:
        ConnectionUnavailable: it is of another version, and is no more: it was killed and left its file.
        InsertObjectError: ``version``.
    """
    if connection.protocol_version == protocol.PROTOCOL_VERSION:
        return
    if is_gone(connection.pid) or _nobody_listens(connection.address):
        raise _not_running()
    older = connection.protocol_version < protocol.PROTOCOL_VERSION
    raise protocol.InsertObjectError(
        protocol.ErrorCode.VERSION,
        f"The running Insert Object service (version {connection.daemon_version}) and this program "
        f"are of different versions: the service is the {'older' if older else 'newer'} one.",
        "End it in a terminal with insert-object daemon stop, then try again."
        if older
        else "Restart this program; if that does not help, run the newest install.py of Insert Object.",
    )


def _nobody_listens(address: tuple[str, int]) -> bool:
    """Whether a port of this computer is surely nobody's."""
    try:
        with socket.create_connection(address, HANDSHAKE_SECONDS):
            return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False  # it cannot be told
