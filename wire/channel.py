"""A ZMTP conversation over one non-blocking TCP socket, with deadlines, and woken from other threads."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice

from . import zmtp
from .zmtp import Buffer

HANDSHAKE_SECONDS = 5.0
PING_AFTER_SECONDS = 15.0  # of silence
LOST_AFTER_SECONDS = 45.0  # without an answer to a ping: longer than a machine busy swapping needs

_IN_PROGRESS = {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR, 10035}  # 10035: Windows
_BUFFERS_PER_CALL = 64  # well below every system's IOV_MAX
_READS_PER_TURN = 64  # then other things get their turn
_CAN_GATHER = hasattr(socket.socket, "sendmsg")  # not on Windows
_CHUNK = 1 << 20  # bytes given to one plain send

# An editor's embedded Python may leave SIGPIPE as it is: writing to a dead daemon would end the editor.
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
_DARWIN_SO_NOSIGPIPE = 0x1022


class ChannelError(Exception):
    """There is no conversation (any more)."""


class ConnectFailed(ChannelError):
    """The address cannot be reached, or nobody listens there, or this program may open no more sockets."""


class NobodyListens(ConnectFailed):
    """The system there says so itself."""


class ForeignPeer(ChannelError):
    """Something answers that is not the daemon, or not at all."""


class Refused(ChannelError):
    """The peer ended the handshake: the password is wrong."""


class ChannelLost(ChannelError):
    """The conversation was on and broke off."""


class Waker:
    """Ends another thread's wait for its sockets. Windows waits for sockets only, hence a pair of them."""

    def __init__(self) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.settimeout(0)
        self._sender.settimeout(0)
        _keep_quiet(self._sender)
        self._selector = selectors.DefaultSelector()  # for good: a program may run out of files later
        self._selector.register(self._receiver, selectors.EVENT_READ)

    @property
    def receiver(self) -> socket.socket:
        return self._receiver

    def wake(self) -> None:
        try:
            self._sender.send(b"\0", _NO_SIGNAL)
        except BlockingIOError:
            return  # full: the other thread will wake anyway
        except OSError:
            return  # closed: the other thread has ended

    def clear(self) -> None:
        try:
            while len(self._receiver.recv(4096)) == 4096:
                pass
        except BlockingIOError:
            return

    def wait(self, seconds: float) -> None:
        """Sleeps until woken, ``seconds`` at most."""
        if self._selector.select(max(seconds, 0)):
            self.clear()

    def close(self) -> None:
        self._selector.close()
        self._sender.close()
        self._receiver.close()


class Channel:
    """One connection, from connecting to the end. Used by one thread."""

    def __init__(
        self,
        address: tuple[str, int],
        security: zmtp.Plain | None,
        waker: Waker,
        *,
        handshake_seconds: float = HANDSHAKE_SECONDS,
        max_message_bytes: int = zmtp.DEFAULT_MAX_MESSAGE_BYTES,
    ) -> None:
        """Begins to connect.

        Raises:
            ConnectFailed: at once, where the system says so at once.
        """
        self._dealer = zmtp.Dealer(security, max_message_bytes=max_message_bytes)
        self._waker = waker
        self._outgoing: deque[memoryview] = deque()
        self._connected = False
        self._deadline = time.monotonic() + handshake_seconds
        self._last_heard = time.monotonic()
        self._pinged_at: float | None = None  # the first ping since then
        self._failure: ChannelError | None = None  # to be raised once the messages before it are handed over
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with contextlib.ExitStack() as opened:
            try:
                self._socket = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
                self._selector = opened.enter_context(selectors.DefaultSelector())
                self._socket.settimeout(0)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _keep_quiet(self._socket)
                code = self._socket.connect_ex(address)
                if code and code not in _IN_PROGRESS:
                    raise _connect_failed(code)
                self._selector.register(waker.receiver, selectors.EVENT_READ)
                self._selector.register(self._socket, selectors.EVENT_WRITE)
            except OSError as error:
                raise ConnectFailed(f"cannot connect to {address[0]}:{address[1]}: {error}") from error
            opened.pop_all()

    @property
    def is_ready(self) -> bool:
        """Whether the handshake is done and messages may be sent."""
        return self._dealer.phase is zmtp.Phase.READY

    def send(self, frames: Sequence[Buffer]) -> None:
        """Queues a message and writes as much as goes without waiting; ``pump`` writes the rest.

        That the peer is gone is told by ``pump`` alone, after what the peer said before.
        """
        self._dealer.send(frames)
        self._write_if_possible()

    def pump(self, timeout: float) -> list[list[Buffer]]:
        """Moves bytes both ways until something arrives, the waker wakes, or ``timeout`` seconds pass.

        Raises:
            ConnectFailed, ForeignPeer, Refused: before the handshake is done.
            ChannelLost: after it.
        """
        if self._failure is not None:
            messages = self._read_the_rest()
            if messages:
                return messages
            raise self._failure
        now = time.monotonic()
        timeout = min(timeout, PING_AFTER_SECONDS if self.is_ready else self._deadline - now)
        messages = []
        self._watch()
        for key, events in self._selector.select(max(timeout, 0)):
            if key.fileobj is self._waker.receiver:
                self._waker.clear()
                continue
            if not self._connected:
                self._finish_connecting()
            if events & selectors.EVENT_READ:
                messages = self._read()
        if not messages:
            # only now: this thread may have been held up for long, with the answer waiting in the socket
            self._check_silence(time.monotonic())
        self._write_if_possible()
        return messages

    def drain(self, seconds: float) -> None:
        """Writes what is queued, for ``seconds`` at most, and without reading."""
        deadline = time.monotonic() + seconds
        self._write_if_possible()
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_WRITE)
            while self._outgoing and not self._failure and (rest := deadline - time.monotonic()) > 0:
                selector.select(rest)
                self._write_if_possible()

    def close(self) -> None:
        """Lets go of the socket. What was queued and not written is lost."""
        self._selector.close()
        self._socket.close()

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _watch(self) -> None:
        wanted = selectors.EVENT_READ if self._connected else selectors.EVENT_WRITE
        if self._outgoing:
            wanted |= selectors.EVENT_WRITE
        if self._selector.get_key(self._socket).events != wanted:
            self._selector.modify(self._socket, wanted)

    def _check_silence(self, now: float) -> None:
        if not self.is_ready:
            if now >= self._deadline:
                raise ForeignPeer("the peer did not finish the handshake in time")
            return
        if self._pinged_at is None:
            if now - self._last_heard > PING_AFTER_SECONDS:
                self._pinged_at = now
                self._dealer.ping()
        elif now - self._pinged_at > LOST_AFTER_SECONDS:
            raise ChannelLost(f"the peer has been silent for {now - self._last_heard:.0f} seconds")

    def _finish_connecting(self) -> None:
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise _connect_failed(code)
        try:
            to_itself = self._socket.getpeername() == self._socket.getsockname()
        except OSError as error:
            raise ConnectFailed(f"cannot connect: {error}") from error
        if to_itself:  # the system may choose the very port that is called, when nobody listens there
            raise NobodyListens("nobody listens there")
        self._connected = True

    def _read(self) -> list[list[Buffer]]:
        messages: list[list[Buffer]] = []
        for _ in range(_READS_PER_TURN):
            try:
                count = self._socket.recv_into(self._dealer.receive_buffer())
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                raise self._broken(str(error)) from error
            if count == 0:
                raise self._broken("the peer closed the connection")
            self._last_heard = time.monotonic()
            self._pinged_at = None
            kind = ChannelLost if self.is_ready else ForeignPeer
            try:
                messages += self._dealer.received(count)
            except zmtp.AccessDenied as error:
                raise Refused(str(error)) from error
            except zmtp.ZmtpError as error:
                raise kind(str(error)) from error
            if messages:
                break
        return messages

    def _read_the_rest(self) -> list[list[Buffer]]:
        """What the peer sent before it went away."""
        try:
            return self._read()
        except ChannelError:
            return []  # what went wrong first is what will be told

    def _broken(self, why: str) -> ChannelError:
        """What the end of the stream means at this point of the conversation."""
        if self.is_ready:
            return ChannelLost(why)
        if self._dealer.phase is zmtp.Phase.HELLO:
            return Refused("the peer closed the connection at the sight of the password")
        return ForeignPeer(why)

    def _write_if_possible(self) -> None:
        if not self._connected or self._failure is not None:
            return
        try:
            self._write()
        except ChannelError as error:
            self._failure = error

    def _write(self) -> None:
        while True:
            if not self._outgoing:
                self._outgoing.extend(memoryview(part) for part in self._dealer.take_outgoing())
                if not self._outgoing:
                    return
            try:
                count = self._write_once()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                raise self._broken(str(error)) from error
            while count:
                first = self._outgoing[0]
                if count < first.nbytes:
                    self._outgoing[0] = first[count:]
                    break
                count -= first.nbytes
                self._outgoing.popleft()

    def _write_once(self) -> int:
        if _CAN_GATHER and len(self._outgoing) > 1:
            return self._socket.sendmsg(list(islice(self._outgoing, _BUFFERS_PER_CALL)), (), _NO_SIGNAL)
        return self._socket.send(self._outgoing[0][:_CHUNK], _NO_SIGNAL)


def _connect_failed(code: int) -> ConnectFailed:
    kind = NobodyListens if code == errno.ECONNREFUSED else ConnectFailed
    return kind(f"cannot connect: {errno.errorcode.get(code, code)}")


def _keep_quiet(end: socket.socket) -> None:
    """Makes macOS raise no signal either when the other end is gone."""
    if sys.platform == "darwin":
        end.setsockopt(socket.SOL_SOCKET, _DARWIN_SO_NOSIGPIPE, 1)
