"""What a client or a daemon may send as one message: sound ones, and ones damaged by structure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any

import msgpack

from wire.protocol import (
    Accepted,
    Buffer,
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
    sent_size,
    sent_window,
)

Frames = list[Buffer]

CLASS_NAMES = ("disc", "Disc", "star", "dog", "Dog", "cat", "nothing of the kind")
_VARIATIONS = (*[1] * 20, 2, 3, 16)
_LONG = "x" * 5000
_ADJUSTMENTS: tuple[dict[str, float], ...] = (
    {},
    {},
    {"exposure": 0.5},
    {"exposure": 1000.0, "nonsense": -1.0},
)
_SCALARS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 16, 17, 255, 300_000, 300_001, 2**31 - 1, 2**31, 2**63, -(2**63),
    0.5, -0.0, float("nan"), float("inf"), 1e308, "", "x", _LONG, "\0", "\n2026-01-01 forged line", "\u202e",
    "rgb8", "rgba16", "insert", "shutdown", b"", b"\xff\xfe", [], {}, [1, 2], [0, 0, 0, 0],
    [-300_000, -300_000, 600_000, 600_000], [1, 2, 3, 2**63], ["scene"], {"scene": [1, 1, 1, "rgb8"]},
    {"a": {"b": {"c": []}}},
)  # fmt: skip
_FRAME_ENTRIES: tuple[Any, ...] = (
    [1, 1, 1, "rgb8"], [1, 300_000, 300_000, "rgba16"], [1, 2**40, 1, "a8"], [0, 1, 1, "a8"], [9, 1, 1, "a8"],
    [1, 0, 0, "rgb8"], [1, -1, -1, "rgb8"], [1, 1, 1, "jpeg"], [1, 1, 1, []], [1.0, 1, 1, "a8"],
    [True, 1, 1, "a8"], [1, 1, 1], "rgb8", None, {}, [1, 1, 1, "rgb8", 5],
)  # fmt: skip


def request(chooser: random.Random) -> Frames:
    """A message as a client sends it; sound in about one case of eight."""
    return _damaged(encode(_sound_request(chooser)), chooser)


def reply(chooser: random.Random) -> Frames:
    """A message as the daemon sends it; sound in about one case of eight."""
    return _damaged(encode(_sound_reply(chooser)), chooser)


def _sound_request(chooser: random.Random) -> Any:
    kind = chooser.randrange(10)
    identity = f"f{chooser.randrange(50)}"
    if kind == 0:
        return Hello(identity, "fuzz 1.0", chooser.choice((1, 1, 1, 0, 2)))
    if kind == 1:
        return Cancel(identity, f"f{chooser.randrange(50)}")
    if kind == 2:
        return StatusRequest(identity)
    if kind == 3:
        return Shutdown(identity)
    if kind in (4, 5):
        return sound_light(chooser, identity)
    return sound_insert(chooser, identity)


def sound_insert(chooser: random.Random, identity: str) -> Insert:
    """A small insertion with every field that a request may have."""
    width, height = chooser.randrange(20, 900), chooser.randrange(20, 900)
    box = Rect(
        chooser.randrange(-8, width - 9), chooser.randrange(-8, height - 9),
        chooser.randrange(16, 200), chooser.randrange(16, 200),
    )  # fmt: skip
    window = sent_window(box.clipped(width, height), width, height)
    size = sent_size(window, chooser.choice((16, 32, 40)))
    scene_format = chooser.choice((PixelFormat.RGB8, PixelFormat.RGBA8, PixelFormat.BGRA8))
    extras: dict[str, Any] = {}
    if chooser.random() < 0.3:
        extras["mask"] = _frame(chooser, *size, PixelFormat.A8)
        if chooser.random() < 0.5:
            extras["parts"] = _frame(chooser, *size, PixelFormat.RGBA8)
    if chooser.random() < 0.3:
        extras["reference"] = _frame(
            chooser, chooser.randrange(1, 30), chooser.randrange(1, 30), scene_format
        )
    wish = sound_wish(chooser, box)
    return Insert(
        identity, wish, width, height, window, _frame(chooser, *size, scene_format),
        variations=chooser.choice(_VARIATIONS), depth=chooser.choice((8, 16)),
        preview=chooser.random() < 0.3, **extras,
    )  # fmt: skip


def sound_wish(chooser: random.Random, box: Rect) -> Wish:
    """A wish with every field that there is, at its default or at the ends of its range."""
    chosen = ("class_name", "style", "box", "pack")
    others = {item.name: _value(item, chooser) for item in fields(Wish) if item.name not in chosen}
    style = chooser.choice(("", "", "bold"))
    return Wish(class_name=chooser.choice(CLASS_NAMES), box=box, style=style, **others)


def _value(item: Field[Any], chooser: random.Random) -> Any:
    if isinstance(item.default, bool):
        return chooser.random() < 0.2
    return chooser.choice((item.default, *item.metadata["within"]))


def sound_light(chooser: random.Random, identity: str) -> Light:
    """A small wish for light with every field that it may have."""
    width, height = chooser.randrange(20, 900), chooser.randrange(20, 900)
    cut_out = chooser.randrange(16, 40), chooser.randrange(16, 40)
    box = Rect(chooser.randrange(-8, width - 9), chooser.randrange(-8, height - 9), *cut_out)
    window = sent_window(box.clipped(width, height), width, height)
    formats = (PixelFormat.RGB8, PixelFormat.RGBA8, PixelFormat.BGRA8)
    size = sent_size(window, chooser.choice((16, 32, 40)))
    return Light(
        identity, width, height, box, window, _frame(chooser, *size, chooser.choice(formats)),
        _frame(chooser, *cut_out, chooser.choice((*formats[1:], PixelFormat.RGBA16))),
        strength=chooser.choice((0.0, 0.5, 1.0)), adjustments=chooser.choice(_ADJUSTMENTS),
        wish=Wish(shadow=chooser.random() < 0.3, cast_shadow=chooser.random() < 0.3),
        preview=chooser.random() < 0.3,
    )  # fmt: skip


def _sound_reply(chooser: random.Random) -> Any:
    identity = f"f{chooser.randrange(50)}"
    classes = (ClassInfo("disc", "Disc", ("bold",)), ClassInfo("ring", "Ring"))
    makers: list[Callable[[], Any]] = [
        lambda: Welcome(
            identity, 1, "0.1.0", "cpu", classes, Limits(), (PackInfo("lamps", "Lamps", classes),)
        ),
        lambda: Accepted(identity, chooser.randrange(9)),
        lambda: Progress(identity, chooser.choice(list(Stage)), chooser.random()),
        lambda: _layer(chooser, identity),
        lambda: _lit(chooser, identity),
        lambda: Done(identity, ("The CPU had to help.",)),
        lambda: Cancelled(identity, "f1"),
        lambda: Status(identity, {"device": "cpu", "engine": {"threads": 1, "loaded": True}}),
        lambda: Error(identity, chooser.choice(list(ErrorCode)), "It failed.", "Try again."),
    ]
    return chooser.choice(makers)()


def _layer(chooser: random.Random, identity: str) -> Layer:
    pixel_format = chooser.choice((PixelFormat.RGBA8, PixelFormat.RGBA16))
    pixels = _frame(chooser, chooser.randrange(1, 20), chooser.randrange(1, 20), pixel_format)
    shadow = _frame(chooser, 3, 2, pixel_format) if chooser.random() < 0.5 else None
    cast = _frame(chooser, 4, 2, pixel_format) if chooser.random() < 0.3 else None
    return Layer(identity, chooser.randrange(16), "disc", 1, -5, 9, pixels, shadow, 1, 2, cast, -3, 4)


def _lit(chooser: random.Random, identity: str) -> Lit:
    pixel_format = chooser.choice((PixelFormat.RGBA8, PixelFormat.RGBA16))
    pixels = _frame(chooser, chooser.randrange(1, 20), chooser.randrange(1, 20), pixel_format)
    shadow = _frame(chooser, 3, 2, pixel_format) if chooser.random() < 0.5 else None
    return Lit(identity, pixels, chooser.choice(_ADJUSTMENTS), shadow, -3, 7)


def _frame(chooser: random.Random, width: int, height: int, pixel_format: PixelFormat) -> PixelFrame:
    size = width * height * pixel_format.bytes_per_pixel
    pixel = bytes((chooser.randrange(256), 128, 255, 200))
    return PixelFrame(width, height, pixel_format, (pixel * (size // 4 + 1))[:size])


# --- Damage -------------------------------------------------------------------------------------------


def _damaged(frames: Frames, chooser: random.Random) -> Frames:
    kind = chooser.randrange(8)
    header = bytes(frames[0])
    if kind == 0:
        return frames
    if kind == 1:
        return [_flipped(header, chooser), *frames[1:]]
    if kind == 2:
        return [header[: chooser.randrange(len(header))], *frames[1:]]
    if kind == 3:
        return _other_frames(frames, chooser)
    if kind == 4:
        return [_noise(chooser), *frames[1:]]
    fields = msgpack.unpackb(header)
    for _ in range(chooser.choice((1, 1, 1, 3))):
        _change_field(fields, chooser)
    return [msgpack.packb(fields), *frames[1:]]


def _flipped(header: bytes, chooser: random.Random) -> bytes:
    changed = bytearray(header)
    for _ in range(chooser.randrange(1, 6)):
        changed[chooser.randrange(len(changed))] = chooser.randrange(256)
    return bytes(changed)


def _other_frames(frames: Frames, chooser: random.Random) -> Frames:
    """Lost, doubled, swapped, cut, empty or additional parts."""
    rest = frames[1:]
    return chooser.choice(
        (
            [*rest] or [b""],
            [*frames, *frames],
            [frames[0], b"x"],
            [frames[0], *reversed(rest)],
            [frames[0], *(bytes(part)[:-1] for part in rest)],
            [*frames, *([b""] * chooser.choice((1, 7, 40)))],
            [frames[0], *([b""] * len(rest))],
        )
    )


def _noise(chooser: random.Random) -> bytes:
    """Bytes that look like msgpack's beginnings: deep nesting, huge claims, foreign types, plain noise."""
    return chooser.choice(
        (
            b"",
            b"\x91" * chooser.choice((10, 400, 1100, 60_000)),
            b"\x81\xa1a" * chooser.choice((10, 600, 9000)),
            b"\xdd\xff\xff\xff\xff" + b"\xc0" * 10,
            b"\xdf\xff\xff\xff\xff" + b"\xa1a\xc0",
            b"\xdb\xff\xff\xff\xff" + b"abc",
            b"\xc6\x7f\xff\xff\xff" + b"abc",
            b"\xc9\x00\x00\x00\x08\x01" + bytes(8),
            b"\xd7\xff" + bytes(8),
            b"\xc1",
            b"\x81\xa2id\xa3\xff\xfe\xfd",
            bytes(70_000),
            chooser.randbytes(chooser.randrange(60)),
        )
    )


def _change_field(fields: dict[str, Any], chooser: random.Random) -> None:
    name = chooser.choice((*fields, "id", "type", "frames", "scene", "unknown", "preview"))
    kind = chooser.randrange(5)
    described = fields.get("frames")
    if kind == 0:
        fields.pop(name, None)
    elif kind == 1 and isinstance(described, dict):
        key = chooser.choice(
            (*described, "scene", "object", "mask", "reference", "parts", "pixels", "box", "id", "nonsense")
        )
        described[key] = chooser.choice(_FRAME_ENTRIES)
    elif kind == 2:
        fields[name] = [chooser.choice(_SCALARS) for _ in range(chooser.randrange(5))]
    else:
        fields[name] = chooser.choice(_SCALARS)
