"""What every decoder promises about any input; breaking it is a finding of the campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import msgpack.fallback

from tests.fuzz.conversations import Conversation
from wire.protocol import Buffer, MalformedMessage, codec, decode_reply, decode_request, encode
from wire.zmtp import Dealer, Phase, Plain, ZmtpError

PASSWORD = Plain(b"insert-object", b"secret")
LONGEST_CLIENT_MESSAGE = 2**21  # bytes, so that the limit is met in the campaign
MOST_MEMORY_AHEAD = 2**20  # bytes that the client may take before the peer has sent them


class BrokenPromise(AssertionError):
    """A decoder did what it must not do."""


@dataclass(frozen=True)
class _Heard:
    """What a client made of a conversation."""

    messages: list[list[bytes]]
    failure: type[ZmtpError] | None


def check_conversation(given: Conversation) -> bool:
    """Whether the client understood it all; it says the same however the bytes are cut.

    Raises:
        BrokenPromise: it did not, or it took memory that it was only promised bytes for.
        Exception: anything but a ``ZmtpError`` came out of the decoder.
    """
    whole = _heard(given, [given.data])
    pieces, rest = [], given.data
    for cut in given.cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    cut_up = _heard(given, [*pieces, rest])
    if whole.failure is not cut_up.failure:
        raise BrokenPromise(f"cut in pieces it is {cut_up.failure}, in one piece {whole.failure}")
    # what came in the same read as the fault may be lost with it, nothing else may be
    if cut_up.messages[: len(whole.messages)] != whole.messages:
        raise BrokenPromise("cut in pieces it is another message")
    if whole.failure is None and cut_up.messages != whole.messages:
        raise BrokenPromise("cut in pieces it is more or fewer messages")
    return whole.failure is None


def _heard(given: Conversation, pieces: Sequence[bytes]) -> _Heard:
    dealer = Dealer(PASSWORD if given.is_plain else None, max_message_bytes=LONGEST_CLIENT_MESSAGE)
    messages: list[list[bytes]] = []
    try:
        for piece in pieces:
            messages += [[bytes(part) for part in message] for message in dealer.receive(piece)]
            if len(dealer.receive_buffer()) > MOST_MEMORY_AHEAD:
                raise BrokenPromise("memory was taken before its bytes came")
            dealer.take_outgoing()
    except ZmtpError as error:
        if dealer.phase is not Phase.FAILED:
            raise BrokenPromise("the client goes on after a failure") from error
        return _Heard(messages, type(error))
    return _Heard(messages, None)


def check_message(frames: Sequence[Buffer], *, is_request: bool) -> bool:
    """Whether the frames are a message; what was read can be written and read again.

    Raises:
        BrokenPromise: it cannot.
        Exception: anything but a ``MalformedMessage`` came out of the decoder.
    """
    decode: Any = decode_request if is_request else decode_reply
    try:
        message = decode(frames)
    except MalformedMessage as error:
        if len(error.sentence) > 1000:
            raise BrokenPromise("the error repeats too much of what was sent") from error
        return False
    if repr(decode(encode(message))) != repr(message):
        raise BrokenPromise("it is another message once written and read again")
    return True


def check_both_unpackers(frames: Sequence[Buffer], *, is_request: bool) -> bool:
    """As ``check_message``, with the compiled msgpack and with the one in pure Python that plug-ins carry.

    Raises:
        BrokenPromise: they do not agree.
    """
    compiled = check_message(frames, is_request=is_request)
    with patch.object(codec, "msgpack", _PurePython):
        pure = check_message(frames, is_request=is_request)
    if pure is not compiled:
        raise BrokenPromise(f"compiled msgpack: {compiled}, pure Python: {pure}")
    return compiled


class _PurePython:
    """What ``codec`` uses of msgpack, without the compiled part."""

    UnpackException = msgpack.UnpackException

    unpackb = staticmethod(msgpack.fallback.unpackb)

    @staticmethod
    def packb(value: Any, **options: Any) -> bytes:
        return bytes(msgpack.fallback.Packer(**options).pack(value))
