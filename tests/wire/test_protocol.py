"""The wire contract: every message comes through unchanged, its pixels untouched."""

from __future__ import annotations

import msgpack
import pytest

from tests.wire.samples import FULL_INSERT, PLAIN_INSERT, REPLIES, REQUESTS, SCENE, kind
from wire import protocol
from wire.protocol import (
    ClassInfo,
    Insert,
    PixelFormat,
    PixelFrame,
    StatusRequest,
    decode_reply,
    decode_request,
    encode,
)


@pytest.mark.parametrize("message", REQUESTS, ids=kind)
def test_every_request_comes_through_unchanged(message: protocol.Request) -> None:
    assert decode_request(encode(message)) == message


@pytest.mark.parametrize("message", REPLIES, ids=kind)
def test_every_reply_comes_through_unchanged(message: protocol.Reply) -> None:
    assert decode_reply(encode(message)) == message


def test_pixels_are_not_copied() -> None:
    pixels = bytearray(18)
    frames = encode(Insert(**{**vars(PLAIN_INSERT), "scene": PixelFrame(2, 3, PixelFormat.RGB8, pixels)}))
    assert frames[1] is pixels
    decoded = decode_request(frames)
    assert isinstance(decoded, Insert)
    assert decoded.scene.data is pixels


def test_frames_may_come_as_any_kind_of_memory() -> None:
    for wrap in (bytes, bytearray, memoryview):
        assert decode_request([wrap(frame) for frame in encode(FULL_INSERT)]) == FULL_INSERT


def test_a_field_of_a_later_version_is_passed_over() -> None:
    header = msgpack.packb({"type": "status", "id": "s", "colour": "red"})
    assert decode_request([header]) == StatusRequest("s")


def test_a_class_is_called_as_in_the_users_language_or_in_english() -> None:
    bear = ClassInfo("bear", "Bear", labels={"de": "Bär", "zh_CN": "熊"})
    assert bear.label_in("de_AT") == bear.label_in("nl", "de") == "Bär"
    assert bear.label_in("zh_CN") == "熊"
    assert bear.label_in("zh_TW") == bear.label_in("C") == bear.label_in("en_GB", "de") == "Bear"


def test_pixels_never_show_in_a_representation() -> None:
    assert "bgra'" not in repr(FULL_INSERT).replace("PixelFormat.BGRA8: 'bgra8'", "")
    assert "data" not in repr(SCENE)
