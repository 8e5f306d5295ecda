"""Frames and headers that are not what they should be are malformed, and nothing else happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.samples import FULL_INSERT, PLAIN_INSERT, REPLIES, REQUESTS, changed, header_of
from wire import protocol
from wire.protocol import ErrorCode, MalformedMessage, Shutdown, decode_reply, decode_request, encode

ROOT = Path(__file__).resolve().parents[2]


def test_a_field_that_is_no_picture_cannot_be_sent_as_one() -> None:
    header, *pixels = encode(FULL_INSERT)
    content = msgpack.unpackb(header)
    content["frames"]["shadow"] = content["frames"].pop("mask")
    with pytest.raises(MalformedMessage, match="no pixel frame 'shadow'"):
        decode_request([msgpack.packb(content), *pixels])


FRAME_FAULTS: list[Any] = [
    None,
    5,
    [],
    {},
    {"scene": 5},
    {"scene": [1, 2, 3]},
    {"scene": [1, 2, 3, 5]},
    {"scene": [1, 2, 3, "cmyk8"]},
    {"scene": [0, 2, 3, "rgb8"]},
    {"scene": [2, 2, 3, "rgb8"]},
    {"scene": [-1, 2, 3, "rgb8"]},
    {"scene": [True, 2, 3, "rgb8"]},
    {"scene": [1, 3, 3, "rgb8"]},
    {"scene": [1, 0, 3, "rgb8"]},
    {"scene": [1, -2, -3, "rgb8"]},
    {"scene": [1, 2**62, 2**62, "rgb8"]},
    {"scene": [1, 18, 1, "a8"]},
    {"other": [1, 2, 3, "rgb8"]},
    {"seed": [1, 2, 3, "rgb8"]},
    {"id": [1, 2, 3, "rgb8"]},
    {"scene": [1, 2, 3, "rgb8"], "mask": [1, 2, 3, "rgb8"]},
    {5: [1, 2, 3, "rgb8"]},
]


@pytest.mark.parametrize("frames", FRAME_FAULTS, ids=lambda value: repr(value)[:40])
def test_pixel_frames_that_are_not_as_described_are_malformed(frames: Any) -> None:
    with pytest.raises(MalformedMessage):
        decode_request(changed(PLAIN_INSERT, frames=frames))


def test_pixel_frames_too_few_or_too_many_are_malformed() -> None:
    for frames in (encode(PLAIN_INSERT)[:1], [*encode(PLAIN_INSERT), b"more"], [*encode(Shutdown("d")), b""]):
        with pytest.raises(MalformedMessage, match="describe"):
            decode_request(frames)


def test_two_pixel_frames_in_one_place_are_malformed() -> None:
    frames = changed(
        FULL_INSERT, frames={n: [1, 2, 3, "rgb8"] for n in ("scene", "mask", "reference", "parts")}
    )
    with pytest.raises(MalformedMessage, match="where the header says"):
        decode_request(frames)


HEADERS = [
    b"",
    b"\xc1",
    b"\x81",
    b"\x80 trailing",
    b"text",
    msgpack.packb([1, 2]),
    msgpack.packb(None),
    msgpack.packb({}),
    msgpack.packb({"type": "status"}),
    msgpack.packb({"id": "s"}),
    msgpack.packb({"type": "welcome", "id": "s"}),
    msgpack.packb({"type": ["status"], "id": "s"}),
    msgpack.packb({"type": {}, "id": "s"}),
    msgpack.packb({"type": "status", "id": 5}),
    msgpack.packb({"type": "status", "id": "x" * 129}),
    msgpack.packb({1: 2}),
    msgpack.packb({"type": "status", "id": "s", "x": msgpack.ExtType(4, b"code")}),
    msgpack.packb({"type": "status", "id": "s", "x": msgpack.Timestamp(1)}),
    b"\xa4\xff\xff\xff\xff",
    b"\x81\xa1\xff\x01",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\x91" * 60_000,
    b"\x81\xa1x" * 20_000,
    b"\x81\x91\x90\x01",
    b"\x82\xa1x\x80\x80\x01",
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: repr(header[:16]))
def test_a_header_that_is_none_is_malformed(header: bytes) -> None:
    for decode in (decode_request, decode_reply):
        if b"welcome" in header and decode is decode_reply:
            continue
        with pytest.raises(MalformedMessage):
            decode([header])


def test_an_empty_message_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="empty"):
        decode_request([])


def test_a_huge_header_is_too_large_and_not_even_read() -> None:
    with pytest.raises(MalformedMessage) as caught:
        decode_request([b"\xc1" * (protocol.MAX_HEADER_BYTES + 1)])
    assert caught.value.code is ErrorCode.TOO_LARGE


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=4,
)
NAMES = sorted({name for message in [*REQUESTS, *REPLIES] for name in header_of(message)})


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([*REQUESTS, *REPLIES]),
    st.dictionaries(st.sampled_from(NAMES), JUNK, max_size=3),
    st.lists(st.binary(max_size=20), max_size=2),
)
def test_junk_in_a_header_is_read_or_malformed_and_nothing_else(
    message: protocol.Request | protocol.Reply, junk: dict[str, Any], more: list[bytes]
) -> None:
    frames = [msgpack.packb({**header_of(message), **junk}), *encode(message)[1:], *more]
    for decode in (decode_request, decode_reply):
        try:
            decoded = decode(frames)
        except MalformedMessage:
            continue
        assert decode(encode(decoded)) == decoded or "nan" in repr(decoded)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=3))
def test_arbitrary_bytes_are_malformed(frames: list[bytes]) -> None:
    with pytest.raises(MalformedMessage):
        decode_request(frames)


def test_the_plug_ins_own_msgpack_refuses_the_same_headers() -> None:
    program = (
        "import sys\n"
        "import msgpack; assert msgpack.Unpacker.__module__ == 'msgpack.fallback'\n"
        "from wire import protocol\n"
        "for line in sys.stdin:\n"
        "    header = bytes.fromhex(line)\n"
        "    try: protocol.decode_request([header])\n"
        "    except protocol.MalformedMessage: continue\n"
        "    sys.exit(f'accepted {header[:40]!r}')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        input="\n".join(header.hex() for header in HEADERS),
        env={"MSGPACK_PUREPYTHON": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
