"""Reads whole messages from the daemon's ROUTER; a message that is too long, or never ends, gets nowhere.

libzmq bounds a frame (``MAXMSGSIZE``) but neither how many frames a message has nor what they hold together,
and it keeps the frames of an unfinished message where nobody can see them: an empty one costs two bytes on
the wire and 64 in memory. So the system is asked how much each connection has sent since its last whole
message, which tells an endless message while it grows. Source: tcp_info in Linux's uapi/linux/tcp.h.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import psutil
import zmq

from daemon.serving.workqueue import ClientKey
from wire.protocol import MAX_FRAME_SIDE, Buffer, ErrorCode, MalformedMessage, PixelFormat

log = logging.getLogger(__name__)

MAX_FRAMES = 8  # parts of a message
SEALED_BYTES = 64  # CURVE adds 33 to a frame, and libzmq bounds what it makes of it
MAX_FRAME_BYTES = MAX_FRAME_SIDE**2 * PixelFormat.RGBA16.bytes_per_pixel + SEALED_BYTES  # a layer to be lit
MAX_MESSAGE_BYTES = MAX_FRAME_BYTES + 4 * 2**20  # of all its parts: with scene, mask and header
LOOK_SECONDS = 0.125  # between looks at connections by which something comes in
QUIET_LOOK_SECONDS = 5.0  # while nothing does: the first bytes wake the daemon, but for few that go unnoticed

_CAN_LOOK = sys.platform.startswith("linux")
_GROWING_BYTES = 2**20  # an unfinished message is watched from here
_ENDLESS_BYTES = 2 * MAX_MESSAGE_BYTES  # more than the rest of one message and the whole of the next
_COSTLY_LOOKS = 4  # from then on it must not cost several times its own size in memory
_COSTLY_RATIO, _COSTLY_SLACK = 4, 64 * 2**20  # the slack is for what the worker takes meanwhile
_TCP_INFO_BYTES = 136
_BYTES_RECEIVED_AT = 128  # tcpi_bytes_received in struct tcp_info, since Linux 4.1


def check_size(frames: Sequence[Buffer]) -> None:
    """Raises MalformedMessage ``too-large`` for a message that no client of ours sends."""
    if len(frames) > MAX_FRAMES:
        raise MalformedMessage("The message has too many parts.", ErrorCode.TOO_LARGE)
    if sum(map(len, frames)) > MAX_MESSAGE_BYTES:
        raise MalformedMessage("The message is too large.", ErrorCode.TOO_LARGE)


@dataclass
class _Line:
    """One connection, as far as its unfinished message is concerned."""

    whole: int = 0  # bytes received when its last whole message was read
    seen: int = 0  # bytes received at the last look
    looks: int = 0  # at the message under way, while it grows
    resident: int = 0  # the process's memory at the first of them


class Intake:
    """The way in. Used by the network thread alone; nothing blocks."""

    def __init__(self, router: zmq.Socket[bytes], on_message: Callable[[ClientKey, zmq.Frame], None]) -> None:
        """``on_message`` is told, before each message is handed out, whose it is, and its last frame."""
        self._router = router
        self._on_message = on_message
        self._lines: dict[int, _Line] = {}
        self._next_look = 0.0
        self.is_quiet = False  # nothing had come in at the last look, nor since

    @property
    def longest_sleep(self) -> float:
        """Seconds after which ``watch`` wants to look again."""
        if not _CAN_LOOK:
            return math.inf
        return QUIET_LOOK_SECONDS if self.is_quiet else max(0.0, self._next_look - time.monotonic())

    def messages(self, at_most: int) -> Iterator[tuple[ClientKey, list[Buffer]]]:
        """The next messages that have come in, without a copy of their frames.

        What goes beyond the limits of ``check_size`` is dropped while it is read; what is left of such a
        message is enough for ``check_size`` to refuse it.
        """
        for _ in range(at_most):
            try:
                first = self._router.recv(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            frames: list[Buffer] = []
            size = 0
            frame = first
            while frame.more:
                frame = self._router.recv(zmq.NOBLOCK, copy=False)
                if len(frames) <= MAX_FRAMES and size <= MAX_MESSAGE_BYTES:
                    frames.append(frame.buffer)
                    size += len(frame)
            self._note_whole(frame)
            self._on_message(first.bytes, frame)
            yield first.bytes, frames

    def _note_whole(self, last: zmq.Frame) -> None:
        with contextlib.suppress(zmq.ZMQError):  # the frame knows no connection: nothing to note
            descriptor = int(last.get(zmq.SRCFD))
            if descriptor in self._lines:
                self._lines[descriptor] = _Line(_bytes_received(descriptor) or 0)

    # --- Messages that never end -------------------------------------------------------------------

    def watch(self, connections: Iterable[int]) -> None:
        """Ends connections whose message never ends; to be called when every whole message was read.

        ``connections`` are the file descriptors of all that are open. Does nothing where the system does not
        tell (all but Linux).
        """
        now = time.monotonic()
        if now < self._next_look or not _CAN_LOOK:
            return
        self._next_look = now + LOOK_SECONDS
        old, self._lines = self._lines, {}
        self.is_quiet = True
        for descriptor in connections:
            received = _bytes_received(descriptor)
            if received is None:
                continue  # closed meanwhile
            line = old.get(descriptor) or _Line()
            if received < line.whole:
                line = _Line()  # a new connection with the descriptor of an old one
            self._lines[descriptor] = line
            self.is_quiet = self.is_quiet and received == line.seen
            if received == line.seen:
                line.looks = 0  # a client that stands still takes nothing more
            elif received - line.whole >= _GROWING_BYTES:
                self._look(descriptor, line, received - line.whole)
            line.seen = received

    def _look(self, descriptor: int, line: _Line, size: int) -> None:
        resident = int(psutil.Process().memory_info().rss)
        line.looks += 1
        if line.looks == 1:
            line.resident = resident
            return  # twice, because a whole message may have come since the last was read
        taken = resident - line.resident
        costly = line.looks >= _COSTLY_LOOKS and taken > _COSTLY_RATIO * size + _COSTLY_SLACK
        if size > _ENDLESS_BYTES or costly:
            log.warning("A client's message did not end after %d MiB; its connection was ended.", size >> 20)
            _end_connection(descriptor)


def _connection(descriptor: int) -> socket.socket:
    """A socket object of its own for libzmq's connection."""
    return socket.socket(fileno=os.dup(descriptor))


def _bytes_received(descriptor: int) -> int | None:
    """Bytes that a TCP connection has received, or None if it is none (any more)."""
    if not _CAN_LOOK:
        return None
    try:
        with _connection(descriptor) as connection:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except OSError:
        return None
    if len(info) < _TCP_INFO_BYTES:
        return None  # a Linux older than 4.1
    return int(struct.unpack_from("=Q", info, _BYTES_RECEIVED_AT)[0])


def _end_connection(descriptor: int) -> None:
    """Ends a connection under libzmq's feet, which then forgets it with all its unread bytes."""
    with contextlib.suppress(OSError), _connection(descriptor) as connection:  # it may have ended by itself
        connection.shutdown(socket.SHUT_RDWR)
