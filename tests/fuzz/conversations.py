"""What a peer may send to the ZMTP client: sound conversations, and ones damaged where it hurts."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

ROUTER_READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER\x08Identity\x00\x00\x00\x00"
_COMMANDS = (
    b"\x07WELCOME",
    ROUTER_READY,
    b"\x04PING\x00\x00",
    b"\x04PING\x00\x00" + b"c" * 16,
    b"\x04PING" + b"c" * 40,
    b"\x05ERROR\x0dInvalid token",
    b"^RROR\x0dInvalid token",
    b"\x05ERROR\xff",
    b"\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB",
    b"\x05READY\x0bSocket-Type\xff\xff\xff\xffROUTER",
    b"\x05READY\xff",
    b"\x09SUBSCRIBEx",
    b"",
    b"\xff",
)
_SIZES = (0, 1, 254, 255, 256, 257, 2**16, 2**20, 2**26, 2**31, 2**40, 2**63, 2**64 - 1)
_LONGEST_NOISE = 40


@dataclass(frozen=True)
class Conversation:
    """Bytes of a peer, and the lengths of the pieces in which they come (the last one takes the rest)."""

    data: bytes
    cuts: tuple[int, ...]
    is_plain: bool  # whether the client speaks PLAIN, else NULL


def conversation(chooser: random.Random) -> Conversation:
    """One conversation; every random choice comes from ``chooser``."""
    is_plain = chooser.random() < 0.5
    pieces = _sound(chooser, is_plain=is_plain)
    for _ in range(chooser.choice((0, 1, 1, 1, 2, 4))):
        _damage(pieces, chooser)
    data = b"".join(pieces)
    if chooser.random() < 0.3 and data:
        data = _flipped(data, chooser)
    if chooser.random() < 0.1:
        data = data[: chooser.randrange(len(data) + 1)]
    cuts = tuple(chooser.randrange(1, 200) for _ in range(chooser.randrange(6)))
    return Conversation(data, cuts, is_plain)


def _sound(chooser: random.Random, *, is_plain: bool) -> list[bytes]:
    version = chooser.choice((b"\x03\x00", b"\x03\x01"))
    pieces = [greeting(b"PLAIN" if is_plain else b"NULL", version)]
    if is_plain:
        pieces.append(framed(b"\x07WELCOME", 4))
    pieces.append(framed(ROUTER_READY, 4))
    for _ in range(chooser.randrange(5)):
        if chooser.random() < 0.2:
            pieces.append(framed(chooser.choice(_COMMANDS), 4))
        else:
            pieces += _message(chooser)
    return pieces


def greeting(mechanism: bytes, version: bytes = b"\x03\x01") -> bytes:
    """The 64 bytes that open a conversation."""
    return b"\xff" + bytes(7) + b"\x01\x7f" + version + mechanism.ljust(20, b"\0") + bytes(32)


def framed(body: bytes, flags: int) -> bytes:
    """A frame: flags (1: more follow, 4: a command), its size, its body."""
    if len(body) < 256:
        return bytes((flags, len(body))) + body
    return struct.pack(">BQ", flags | 2, len(body)) + body


def _message(chooser: random.Random) -> list[bytes]:
    count = chooser.choice((1, 1, 2, 3, 5))
    lengths = [chooser.choice((0, 1, 20, 255, 256, 1000)) for _ in range(count)]
    if chooser.random() < 0.005:
        lengths[0] = chooser.choice(
            (70_000, 1_100_000)
        )  # longer than the client's scratch, and its first take
    last = count - 1
    return [framed(bytes((65 + i,)) * length, int(i < last)) for i, length in enumerate(lengths)]


def _damage(pieces: list[bytes], chooser: random.Random) -> None:
    """Loses, doubles, moves or replaces a piece, or lies about a size."""
    kind = chooser.randrange(7)
    place = chooser.randrange(len(pieces)) if pieces else 0
    if kind == 0 or not pieces:
        pieces.insert(place, chooser.randbytes(chooser.randrange(_LONGEST_NOISE)))
    elif kind == 1:
        del pieces[place]
    elif kind == 2:
        pieces.insert(place, pieces[chooser.randrange(len(pieces))])
    elif kind == 3:
        pieces.append(pieces.pop(place))
    elif kind == 4:
        pieces.insert(place, framed(chooser.choice(_COMMANDS), chooser.choice((4, 4, 4, 5, 0, 6))))
    elif kind == 5:
        size = struct.pack(">BQ", chooser.randrange(8) | 2, chooser.choice(_SIZES))
        pieces.insert(place, size + chooser.randbytes(chooser.randrange(_LONGEST_NOISE)))
    else:
        pieces[place] = pieces[place][: chooser.randrange(len(pieces[place]) + 1)]


def _flipped(data: bytes, chooser: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chooser.choice((1, 1, 2, 8))):
        changed[chooser.randrange(min(len(changed), 300))] = chooser.randrange(256)
    return bytes(changed)
