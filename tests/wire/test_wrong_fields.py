"""A message with a field that is wrong or missing is refused, and the field named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import msgpack
import pytest

from tests.wire.samples import FULL_INSERT, OBJECT, REPLIES, REQUESTS, SCENE, changed, header_of, kind
from wire import protocol
from wire.protocol import (
    Accepted,
    ErrorCode,
    Hello,
    Insert,
    Light,
    MalformedMessage,
    Rect,
    Wish,
    decode_reply,
    decode_request,
    encode,
)

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


SWITCHES = {item.name for kind in (Insert, Wish) for item in fields(kind) if item.type == "bool"}
WRONG = ["", "x" * 5000, -1, 2**40, 1.5, True, [], {}, [1, 2], b"bytes"]


def accepts(name: str, value: Any) -> bool:
    """Whether a wrong-looking value is a right one for this field."""
    if name in ("client", "style", "target", "class_name", "id", "pack"):
        return bool(value == "")
    return (name in SWITCHES and value is True) or (name, value) == ("wish", {})


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
        "candidates",
        "depth",
        "preview",
        "strength",
        "adjustments",
        "shadow",
        *(("wish",) if isinstance(message, Light) else ()),
        "packs",
        "shadow_x",
        "shadow_y",
        "cast_x",
        "cast_y",
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
