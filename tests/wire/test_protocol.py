"""The wire contract: every message comes through unchanged, every broken one is refused by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changed_insert import parted
from wire import protocol
from wire.protocol import (
    Accepted,
    Cancel,
    Cancelled,
    ClassInfo,
    Done,
    Error,
    ErrorCode,
    Hello,
    Insert,
    Layer,
    Light,
    Limits,
    Lit,
    MalformedMessage,
    PackInfo,
    PixelFormat,
    PixelFrame,
    Progress,
    Rect,
    Shutdown,
    Stage,
    Status,
    StatusRequest,
    Welcome,
    Wish,
    decode_reply,
    decode_request,
    encode,
)

ROOT = Path(__file__).resolve().parents[2]
SCENE = PixelFrame(2, 3, PixelFormat.RGB8, bytes(range(18)))
OBJECT = PixelFrame(1, 2, PixelFormat.RGBA8, bytes(8))
FULL_INSERT = Insert(
    id="i1",
    wish=Wish(
        "dog",
        Rect(-5, 10, 100, 120),
        seed=42,
        style="snow",
        pack="lamps",
        shadow=True,
        shape_seed=5,
        look_seed=2**31 - 1,
        mirrored=True,
    ),
    image_width=640,
    image_height=480,
    window=Rect(0, 0, 168, 168),
    scene=SCENE,
    variations=3,
    depth=16,
    preview=True,
    mask=PixelFrame(2, 3, PixelFormat.A8, bytes(6)),
    reference=PixelFrame(1, 1, PixelFormat.BGRA8, b"bgra"),
)
PLAIN_INSERT = Insert("i2", Wish("cat", Rect(0, 0, 8, 8)), 640, 480, Rect(0, 0, 12, 12), SCENE)
REQUESTS: list[protocol.Request] = [
    Hello("h", "GIMP 3.0"),
    Hello("h", "", 7),
    FULL_INSERT,
    PLAIN_INSERT,
    Cancel("c", "i1"),
    StatusRequest("s"),
    Shutdown("x"),
    Light(
        "l1",
        640,
        480,
        Rect(-5, 10, 100, 120),
        Rect(0, 0, 168, 168),
        SCENE,
        OBJECT,
        0.25,
        {"exposure": -0.5, "ramp_x": 0.125},
        shadow=True,
        preview=True,
    ),
    Light("l2", 640, 480, Rect(0, 0, 8, 8), Rect(0, 0, 12, 12), SCENE, OBJECT),
]
REPLIES: list[protocol.Reply] = [
    Welcome(
        "h",
        1,
        "0.1.0",
        "cpu",
        (ClassInfo("dog", "Dog", ("snow", "sun"), {"de": "Hund"}), ClassInfo("c", "C")),
        Limits(),
    ),
    Welcome("h", 1, "0.1.0", "cpu", (), Limits(256, 4)),
    Accepted("i1", 3),
    Progress("i1", Stage.OBJECT, 0.5),
    Layer("i1", 1, "dog", 43, -3, 7, PixelFrame(1, 2, PixelFormat.RGBA8, bytes(8))),
    Layer("i1", 0, "dog", 42, 0, 0, PixelFrame(1, 2, PixelFormat.RGBA16, bytes(16))),
    Done("i1", ("The CPU had to help out.", "ü 漢")),
    Cancelled("c", "i1"),
    Status("s", {"device": "cpu", "memory": {"rss": 12}, "list": [1, 2.5, None, True]}),
    Error("i1", ErrorCode.BUSY, "Busy.", "Wait."),
    Welcome(
        "h", 1, "0.1.0", "cpu", (), Limits(), (PackInfo("lamps", "Lamps", (ClassInfo("lamp", "Lamp"),)),)
    ),
    Layer("i1", 0, "dog", 42, 5, 6, OBJECT, PixelFrame(2, 1, PixelFormat.RGBA8, bytes(8)), -4, 9),
    Lit("l1", OBJECT, {"exposure": -0.5, "warmth": 0.0}),
    Lit("l1", OBJECT, {}, PixelFrame(2, 1, PixelFormat.RGBA8, bytes(8)), -4, 9),
]


def kind(message: object) -> str:
    return type(message).__name__


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


def header_of(message: protocol.Request | protocol.Reply) -> dict[str, Any]:
    header = msgpack.unpackb(encode(message)[0])
    assert isinstance(header, dict)
    return header


def changed(message: protocol.Request | protocol.Reply, **changes: Any) -> list[Any]:
    """The message's frames with a header that differs, or whose wish does; None takes a field out."""
    of_wish, own = parted(**changes) if isinstance(message, Insert) else ({}, changes)
    header = {**header_of(message), **own}
    if of_wish:
        header["wish"] = _without_none({**header["wish"], **of_wish})
    header = _without_none(header)
    return [msgpack.packb(header), *encode(message)[1:]]


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def test_a_field_that_is_no_picture_cannot_be_sent_as_one() -> None:
    header, *pixels = encode(FULL_INSERT)
    content = msgpack.unpackb(header)
    content["frames"]["shadow"] = content["frames"].pop("mask")
    with pytest.raises(MalformedMessage, match="no pixel frame 'shadow'"):
        decode_request([msgpack.packb(content), *pixels])


BOUNDED = [
    (message, item.name, item.metadata["within"])
    for message in (Hello("h"), FULL_INSERT, Accepted("i1", 3), REPLIES[0], REPLIES[-1])
    for item in (*fields(message), *(fields(Wish) if message is FULL_INSERT else ()))
    if "within" in item.metadata
]


@pytest.mark.parametrize(("message", "name", "bounds"), BOUNDED, ids=lambda value: str(value)[:30])
def test_every_number_is_held_to_the_range_that_its_field_names(
    message: protocol.Request | protocol.Reply, name: str, bounds: tuple[int, int]
) -> None:
    decode: Callable[[Any], Any] = decode_request if isinstance(message, (Hello, Insert)) else decode_reply
    for value in bounds:
        found = decode(changed(message, **{name: value}))
        assert getattr(found if hasattr(found, name) else found.wish, name) == value
    for value in (bounds[0] - 1, bounds[1] + 1, float(bounds[0]), True, "1"):
        with pytest.raises(MalformedMessage, match=name):
            decode(changed(message, **{name: value}))


WRONG = ["", "x" * 5000, -1, 2**40, 1.5, True, [], {}, [1, 2], b"bytes"]


def accepts(name: str, value: Any) -> bool:
    """Whether a wrong-looking value is a right one for this field."""
    if name in ("client", "style", "target", "class_name", "id", "pack"):
        return bool(value == "")
    return (name in ("preview", "shadow", "mirrored") and value is True) or (name, value) == ("wish", {})


@pytest.mark.parametrize(
    "name",
    [*(name for name in header_of(FULL_INSERT) if name not in ("type", "frames")), *vars(FULL_INSERT.wish)],
)
@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:12])
def test_an_insert_with_a_wrong_field_is_malformed(name: str, value: Any) -> None:
    if accepts(name, value):
        assert decode_request(changed(FULL_INSERT, **{name: value}))
        return
    with pytest.raises(MalformedMessage) as caught:
        decode_request(changed(FULL_INSERT, **{name: value}))
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert caught.value.request_id == ("" if name == "id" else "i1")
    assert len(caught.value.sentence) < 200


@pytest.mark.parametrize(
    "numbers",
    [
        {"exposure": "much"},
        {"exposure": True},
        {"exposure": float("nan")},
        {"exposure": float("inf")},
        {"exposure": 1e9},
        {f"number {place}": 0.0 for place in range(33)},
        {"x" * 5000: 1.0},
        [0.5],
    ],
    ids=["text", "flag", "no number", "endless", "huge", "too many", "long name", "a list"],
)
def test_adjustments_that_are_no_few_plain_numbers_are_malformed(numbers: Any) -> None:
    frames = encode(Light("l", 640, 480, Rect(0, 0, 8, 8), Rect(0, 0, 12, 12), SCENE, OBJECT))
    header = msgpack.unpackb(frames[0])
    header["adjustments"] = numbers
    with pytest.raises(MalformedMessage, match="adjustments"):
        decode_request([msgpack.packb(header), *frames[1:]])


@pytest.mark.parametrize("message", [*REQUESTS[:1], FULL_INSERT, *REQUESTS[4:5], REQUESTS[-1]], ids=kind)
def test_a_request_that_lacks_a_field_is_malformed_and_names_it(message: protocol.Request) -> None:
    optional = {
        "type",
        "frames",
        "client",
        "protocol_version",
        "variations",
        "depth",
        "preview",
        "strength",
        "adjustments",
        "shadow",
        "packs",
        "shadow_x",
        "shadow_y",
    }
    for name in set(header_of(message)) - optional:
        with pytest.raises(MalformedMessage, match=name):
            decode_request(changed(message, **{name: None}))


REPLY_FAULTS: list[tuple[protocol.Reply, dict[str, Any]]] = [
    (REPLIES[0], {"classes": "dog"}),
    (REPLIES[0], {"classes": ["dog"]}),
    (REPLIES[0], {"classes": [{"name": 1, "label": "x"}]}),
    (REPLIES[0], {"classes": [{"name": "dog"}]}),
    (REPLIES[0], {"classes": [{"name": "dog", "label": "x", "styles": "no"}]}),
    (REPLIES[0], {"packs": "lamps"}),
    (REPLIES[0], {"packs": ["lamps"]}),
    (REPLIES[0], {"packs": [{"name": "lamps", "label": "Lamps"}]}),
    (REPLIES[0], {"packs": [{"label": "Lamps", "classes": []}]}),
    (REPLIES[0], {"limits": 5}),
    (REPLIES[0], {"limits": {"window_pixels": "many"}}),
    (REPLIES[0], {"limits": {"window_pixels": -1}}),
    (REPLIES[2], {"position": -1}),
    (REPLIES[3], {"stage": "dreaming"}),
    (REPLIES[3], {"stage": []}),
    (REPLIES[3], {"fraction": 1.5}),
    (REPLIES[3], {"fraction": float("nan")}),
    (REPLIES[3], {"fraction": True}),
    (REPLIES[3], {"fraction": "half"}),
    (REPLIES[4], {"index": 16}),
    (REPLIES[4], {"x": 10**9}),
    (REPLIES[4], {"frames": None, "pixels": 5}),
    (REPLIES[6], {"notes": "one"}),
    (REPLIES[6], {"notes": [1]}),
    (REPLIES[8], {"report": []}),
    (REPLIES[9], {"code": "unheard-of"}),
    (REPLIES[9], {"code": {}}),
    (REPLIES[9], {"sentence": 5}),
]


@pytest.mark.parametrize(("message", "fault"), REPLY_FAULTS, ids=lambda part: str(part)[:30])
def test_a_reply_with_a_wrong_field_is_malformed(message: protocol.Reply, fault: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        decode_reply(changed(message, **fault))


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
    frames = changed(FULL_INSERT, frames={n: [1, 2, 3, "rgb8"] for n in ("scene", "mask", "reference")})
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
