"""A message of every kind, its header, and the message with a header that differs."""

from __future__ import annotations

from typing import Any

import msgpack

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
    encode,
)

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
        cast_shadow=True,
        cast_direction=359,
        cast_length=200,
        cast_softness=0,
        cast_strength=100,
        behind_grass=True,
    ),
    image_width=640,
    image_height=480,
    window=Rect(0, 0, 168, 168),
    scene=SCENE,
    variations=3,
    candidates=48,
    depth=16,
    preview=True,
    mask=PixelFrame(2, 3, PixelFormat.A8, bytes(6)),
    reference=PixelFrame(1, 1, PixelFormat.BGRA8, b"bgra"),
    parts=PixelFrame(1, 2, PixelFormat.RGBA8, b"rgbaRGBA"),
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
        wish=Wish(cast_shadow=True, cast_direction=200, cast_length=50),
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
    Layer(
        "i1", 0, "dog", 42, 5, 6, OBJECT, OBJECT, -4, 9, PixelFrame(2, 1, PixelFormat.RGBA8, bytes(8)), 7, -8
    ),
    Lit("l1", OBJECT, {"exposure": -0.5, "warmth": 0.0}),
    Lit("l1", OBJECT, {}, PixelFrame(2, 1, PixelFormat.RGBA8, bytes(8)), -4, 9),
]


def kind(message: object) -> str:
    return type(message).__name__


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
