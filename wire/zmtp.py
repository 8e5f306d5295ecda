"""ZMTP 3.0 as a DEALER with NULL or PLAIN security: bytes in, messages out, no input or output of its own.

Sources: https://rfc.zeromq.org/spec/23 (ZMTP 3.0) and https://rfc.zeromq.org/spec/24 (PLAIN). PING and PONG
are ZMTP 3.1's (https://rfc.zeromq.org/spec/37), which libzmq also sends to 3.0 peers.

The caller reads from its socket straight into ``receive_buffer()``, tells ``received()`` how many bytes came,
and writes whatever ``take_outgoing()`` hands out. A long frame is received in its own memory and a long frame
is sent from its own memory, so pixels are never copied here.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Buffer: TypeAlias = "bytes | bytearray | memoryview"

DEFAULT_MAX_MESSAGE_BYTES = 512 * 1024 * 1024
MAX_FRAMES = 1024  # per message; empty frames cost memory too
MAX_COMMAND_BYTES = 64 * 1024
MAX_PING_CONTEXT_BYTES = 16  # ZMTP 3.1
GREETING_BYTES = 64

_MORE, _LONG, _COMMAND = 1, 2, 4
_SIGNATURE_END = 0x7F
_SCRATCH_BYTES = 64 * 1024
_FIRST_ALLOCATION = 1024 * 1024  # a frame's memory grows from here as its bytes arrive, not as it claims,
_GROWTH = bytes(256 * 1024)  # and by this much, which the processor's cache holds until the bytes are there
_JOIN_BELOW = 16 * 1024  # frames shorter than this are copied behind their header: one system call less
_LIBZMQ_ERROR = b"^RROR"  # libzmq up to 4.3.5 writes the C literal "\x5ERROR", whose first byte is 0x5E
_PEERS = (b"ROUTER", b"DEALER", b"REP")  # the socket types a DEALER may talk to


class ZmtpError(Exception):
    """The conversation cannot go on; the text says what the peer did."""


class NotZmtp(ZmtpError):
    """Something else than ZeroMQ answers."""


class UnsupportedVersion(ZmtpError):
    """The peer speaks a ZMTP older than 3.0."""


class SecurityMismatch(ZmtpError):
    """The peer wants another security mechanism."""


class AccessDenied(ZmtpError):
    """The peer refused the handshake, as libzmq does when the password is wrong."""


class ProtocolViolation(ZmtpError):
    """The peer's bytes break the rules of ZMTP."""


class MessageTooLarge(ProtocolViolation):
    """The peer announced more than is accepted; no memory was taken for it."""


class NotReady(ZmtpError):
    """A message was to be sent before the handshake ended."""


class Phase(enum.Enum):
    """How far the conversation is."""

    GREETING = "greeting"
    HELLO = "hello"  # PLAIN only: the password is sent, the peer has not answered
    HANDSHAKE = "handshake"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Plain:
    """Name and password for PLAIN security; at most 255 bytes each."""

    username: bytes
    password: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.username) > 255 or len(self.password) > 255:
            raise ValueError("PLAIN takes a name and a password of at most 255 bytes each.")


class Dealer:
    """One connection's protocol state."""

    def __init__(
        self,
        security: Plain | None = None,
        *,
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
    ) -> None:
        """``security`` None means NULL. ``max_message_bytes`` bounds all frames of one message together."""
        self.phase = Phase.GREETING
        self._security = security
        self._max_message_bytes = max_message_bytes
        self._scratch = bytearray(_SCRATCH_BYTES)
        self._start = 0  # unread bytes of the scratch are [start, end)
        self._end = 0
        self._checked = 0  # bytes of the greeting that were found good
        self._lent: memoryview | None = None
        self._frame: bytearray | None = None  # the frame being received in its own memory
        self._frame_flags = 0
        self._frame_size = 0
        self._filled = 0
        self._parts: list[Buffer] = []
        self._parts_bytes = 0
        self._outgoing: list[Buffer] = [_greeting(security)]
        self._pong: bytes | None = None
        self._failure: ZmtpError | None = None

    # --- Receiving ----------------------------------------------------------------------------------

    def receive_buffer(self) -> memoryview:
        """Memory to read into, never empty; valid until the next call of ``received``."""
        self._take_back()
        if self._frame is not None:
            self._lent = memoryview(self._frame)[self._filled :]
        else:
            self._lent = memoryview(self._scratch)[self._end :]
        return self._lent

    def received(self, count: int) -> list[list[Buffer]]:
        """Takes ``count`` bytes read into ``receive_buffer()``; gives the messages they complete.

        Frames are ``bytes`` or ``bytearray`` and belong to the caller.

        Raises:
            ZmtpError: the conversation failed, now or earlier; nothing more can be done with it.
        """
        self._take_back()
        if self._failure is not None:
            raise self._failure
        messages: list[list[Buffer]] = []
        try:
            if self._frame is not None:
                self._continue_frame(count, messages)
            else:
                self._end += count
                self._parse(messages)
        except ZmtpError as error:
            self.phase = Phase.FAILED
            self._failure = error
            self._frame = None
            self._parts = []
            raise
        return messages

    def receive(self, data: Buffer) -> list[list[Buffer]]:
        """The same for bytes that are somewhere else already."""
        messages: list[list[Buffer]] = []
        rest = memoryview(data)
        while rest:
            room = self.receive_buffer()
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            messages += self.received(count)
            rest = rest[count:]
        return messages

    def _take_back(self) -> None:
        if self._lent is not None:
            self._lent.release()  # a bytearray cannot grow while someone holds a view of it
            self._lent = None

    def _continue_frame(self, count: int, messages: list[list[Buffer]]) -> None:
        frame = self._frame
        if frame is None:
            return
        self._filled += count
        if self._filled == self._frame_size:
            self._frame = None
            self._take_frame(self._frame_flags, frame, messages)
        elif self._filled == len(frame):
            frame += memoryview(_GROWTH)[: self._frame_size - len(frame)]

    def _parse(self, messages: list[list[Buffer]]) -> None:
        while self._frame is None:
            if self.phase is Phase.GREETING:
                if not self._read_greeting():
                    break
            elif not self._read_frame(messages):
                break
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start:
            rest = self._scratch[self._start : self._end]  # less than a greeting or a frame's header
            self._scratch[: len(rest)] = rest
            self._start, self._end = 0, len(rest)

    def _read_greeting(self) -> bool:
        """Checks each byte as it comes, because a foreign peer may never send all 64."""
        greeting = self._scratch[self._start : min(self._end, self._start + GREETING_BYTES)]
        seen, self._checked = self._checked, len(greeting)
        if seen < 1 <= len(greeting) and greeting[0] != 0xFF:
            raise NotZmtp("the peer does not speak ZMTP")
        if seen < 10 <= len(greeting) and greeting[9] != _SIGNATURE_END:
            raise NotZmtp("the peer does not speak ZMTP")
        if seen < 11 <= len(greeting) and greeting[10] < 3:
            raise UnsupportedVersion("the peer speaks a ZMTP older than 3.0")
        if len(greeting) < GREETING_BYTES:
            return False
        wanted = b"NULL" if self._security is None else b"PLAIN"
        offered = bytes(greeting[12:32]).rstrip(b"\0")
        if offered != wanted:
            raise SecurityMismatch(f"the peer wants {offered!r} security, not {wanted!r}")
        self._start += GREETING_BYTES
        if self._security is None:
            self._outgoing.append(_command(b"READY", _METADATA))
            self.phase = Phase.HANDSHAKE
        else:
            self._outgoing.append(_command(b"HELLO", _hello_body(self._security)))
            self.phase = Phase.HELLO
        return True

    def _read_frame(self, messages: list[list[Buffer]]) -> bool:
        available = self._end - self._start
        if available < 2:
            return False
        flags = self._scratch[self._start]
        if flags & ~(_MORE | _LONG | _COMMAND) or (flags & _COMMAND and flags & _MORE):
            raise ProtocolViolation(f"a frame has the flags 0x{flags:02x}")
        if flags & _LONG:
            if available < 9:
                return False
            (size,) = struct.unpack_from(">Q", self._scratch, self._start + 1)
            body = self._start + 9
        else:
            size = self._scratch[self._start + 1]
            body = self._start + 2
        self._check_size(flags, size)
        if body + size <= self._end:
            self._start = body + size
            self._take_frame(flags, bytes(memoryview(self._scratch)[body : body + size]), messages)
            return True
        self._frame = bytearray(min(size, _FIRST_ALLOCATION))
        self._frame_flags, self._frame_size, self._filled = flags, size, self._end - body
        self._frame[: self._filled] = memoryview(self._scratch)[body : self._end]
        self._start = self._end = 0
        return False

    def _check_size(self, flags: int, size: int) -> None:
        if flags & _COMMAND:
            if size > MAX_COMMAND_BYTES:
                raise MessageTooLarge(f"a command of {size} bytes; at most {MAX_COMMAND_BYTES} are accepted")
            return
        if self.phase is not Phase.READY:
            raise ProtocolViolation("a message came before the handshake ended")
        if self._parts_bytes + size > self._max_message_bytes:
            raise MessageTooLarge(
                f"a message of at least {self._parts_bytes + size} bytes; "
                f"at most {self._max_message_bytes} are accepted"
            )
        if len(self._parts) >= MAX_FRAMES:
            raise MessageTooLarge(f"a message of more than {MAX_FRAMES} frames")

    def _take_frame(self, flags: int, body: Buffer, messages: list[list[Buffer]]) -> None:
        if flags & _COMMAND:
            self._take_command(bytes(body))
            return
        self._parts.append(body)
        self._parts_bytes += len(body)
        if not flags & _MORE:
            messages.append(self._parts)
            self._parts, self._parts_bytes = [], 0

    def _take_command(self, body: bytes) -> None:
        if body.startswith(_LIBZMQ_ERROR) and self.phase is not Phase.READY:
            body = b"\x05ERROR" + body[len(_LIBZMQ_ERROR) :]
        if not body or len(body) < 1 + body[0]:
            raise ProtocolViolation("a command has no name")
        name, data = body[1 : 1 + body[0]], body[1 + body[0] :]
        if self.phase is Phase.READY:
            if name == b"PING":
                if not 2 <= len(data) <= 2 + MAX_PING_CONTEXT_BYTES:
                    raise ProtocolViolation("a PING is of the wrong size")
                self._pong = data[2:]  # only the last is answered: pings cannot pile up
        elif name == b"ERROR":
            raise AccessDenied(f"the peer refused the handshake: {_reason(data)}")
        elif name == b"WELCOME" and self.phase is Phase.HELLO:
            self._outgoing.append(_command(b"INITIATE", _METADATA))
            self.phase = Phase.HANDSHAKE
        elif name == b"READY" and self.phase is Phase.HANDSHAKE:
            kind = _read_metadata(data).get(b"socket-type")
            if kind not in _PEERS:
                raise ProtocolViolation(f"the peer is a {kind!r} socket")
            self.phase = Phase.READY
        else:
            raise ProtocolViolation(f"the command {name[:20]!r} came out of turn")

    # --- Sending ------------------------------------------------------------------------------------

    def send(self, frames: Sequence[Buffer]) -> None:
        """Queues a message. Long frames are not copied: their memory must stay as it is until written.

        Raises:
            NotReady: the handshake has not ended.
            ValueError: there is no frame.
        """
        if self.phase is not Phase.READY:
            raise NotReady("the handshake has not ended")
        if not frames:
            raise ValueError("A message has at least one frame.")
        joined = bytearray()
        last = len(frames) - 1
        for place, frame in enumerate(frames):
            view = memoryview(frame).cast("B")
            joined += _frame_header(_MORE if place < last else 0, view.nbytes)
            if view.nbytes < _JOIN_BELOW:
                joined += view
            else:
                self._outgoing += [joined, view]
                joined = bytearray()
        if joined:
            self._outgoing.append(joined)

    def ping(self) -> None:
        """Queues a PING, which a living peer answers, if a conversation is on."""
        if self.phase is Phase.READY:
            self._outgoing.append(_command(b"PING", b"\0\0"))

    def take_outgoing(self) -> list[Buffer]:
        """What is to be written to the peer, in order; empty buffers do not occur."""
        outgoing, self._outgoing = self._outgoing, []
        if self._pong is not None:
            outgoing.append(_command(b"PONG", self._pong))
            self._pong = None
        return outgoing


def _greeting(security: Plain | None) -> bytes:
    mechanism = b"NULL" if security is None else b"PLAIN"
    return b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32)


def _hello_body(plain: Plain) -> bytes:
    return bytes([len(plain.username)]) + plain.username + bytes([len(plain.password)]) + plain.password


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


_METADATA = _property(b"Socket-Type", b"DEALER") + _property(b"Identity", b"")


def _read_metadata(data: bytes) -> dict[bytes, bytes]:
    """Properties by name; names are compared in lower case, as the specification wants."""
    found: dict[bytes, bytes] = {}
    place = 0
    while place < len(data):
        name_end = place + 1 + data[place]
        if name_end + 4 > len(data):
            raise ProtocolViolation("the peer's metadata is cut short")
        (size,) = struct.unpack_from(">I", data, name_end)
        value_end = name_end + 4 + size
        if value_end > len(data):
            raise ProtocolViolation("the peer's metadata is cut short")
        found[data[place + 1 : name_end].lower()] = data[name_end + 4 : value_end]
        place = value_end
    return found


def _reason(data: bytes) -> str:
    if not data or len(data) < 1 + data[0]:
        return "no reason given"
    return ascii(data[1 : 1 + data[0]].decode("latin-1"))[1:-1] or "no reason given"


def _frame_header(flags: int, size: int) -> bytes:
    if size < 256:
        return bytes((flags, size))
    return struct.pack(">BQ", flags | _LONG, size)


def _command(name: bytes, data: bytes) -> bytes:
    body = bytes([len(name)]) + name + data
    return _frame_header(_COMMAND, len(body)) + body
