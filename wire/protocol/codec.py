"""Messages to frames and back; whatever comes from outside is checked before it is used."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any

from .errors import ErrorCode, InsertObjectError
from .geometry import Rect
from .messages import (
    MAX_IMAGE_SIDE,
    Accepted,
    Buffer,
    Cancel,
    Cancelled,
    ClassInfo,
    Done,
    Error,
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
    Reply,
    Request,
    Shutdown,
    Stage,
    Status,
    StatusRequest,
    Welcome,
)

try:
    from . import msgpack  # type: ignore[attr-defined]  # the copy that an installed plug-in carries
except ImportError:
    import msgpack

MAX_HEADER_BYTES = 64 * 1024

_REQUESTS: dict[str, type[Any]] = {c.TYPE: c for c in (Hello, Insert, Light, Cancel, StatusRequest, Shutdown)}
_REPLIES: dict[str, type[Any]] = {
    c.TYPE: c for c in (Welcome, Accepted, Progress, Layer, Lit, Done, Cancelled, Status, Error)
}


# --- Encoding ---------------------------------------------------------------------------------------


def encode(message: Request | Reply) -> list[Buffer]:
    """The frames of a message: the msgpack header, then its pixels without a copy."""
    header: dict[str, Any] = {"type": message.TYPE}
    described: dict[str, Any] = {}
    frames: list[Buffer] = [b""]
    for item in fields(message):
        value = getattr(message, item.name)
        if isinstance(value, PixelFrame):
            described[item.name] = [len(frames), value.width, value.height, value.format.value]
            frames.append(value.data)
        elif value is not None:
            header[item.name] = _plain(value)
    if described:
        header["frames"] = described
    frames[0] = msgpack.packb(header, use_bin_type=True)
    return frames


def _plain(value: Any) -> Any:
    """The msgpack form of a field's value."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Rect):
        return [value.x, value.y, value.width, value.height]
    if isinstance(value, (ClassInfo, Limits, PackInfo)):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


# --- Decoding ---------------------------------------------------------------------------------------


def decode_request(frames: Sequence[Buffer]) -> Request:
    """Reads a request.

    Raises:
        InsertObjectError: ``bad-request`` or ``too-large``, naming the field. Its attribute ``request_id``
            is the request's id as far as it could be read, else "".
    """
    return _decode(frames, _REQUESTS)  # type: ignore[no-any-return]


def decode_reply(frames: Sequence[Buffer]) -> Reply:
    """Reads a reply; raises as ``decode_request`` does."""
    return _decode(frames, _REPLIES)  # type: ignore[no-any-return]


class MalformedMessage(InsertObjectError):
    """A message that breaks the rules of this file."""

    def __init__(self, sentence: str, code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(code, sentence, "The plug-in and the daemon may be of different versions.")
        self.request_id = ""


def _decode(frames: Sequence[Buffer], known: Mapping[str, type[Any]]) -> Any:
    if not frames:
        raise MalformedMessage("The message is empty.")
    if len(frames[0]) > MAX_HEADER_BYTES:
        raise MalformedMessage("The message's header is too large.", ErrorCode.TOO_LARGE)
    try:
        header = msgpack.unpackb(frames[0], raw=False, strict_map_key=True, max_ext_len=0, use_list=True)
    except (ValueError, TypeError, RecursionError, OverflowError, msgpack.UnpackException) as error:
        raise MalformedMessage("The message's header is not readable msgpack.") from error
    if not isinstance(header, dict):
        raise MalformedMessage("The message's header is no map.")
    identity = header.get("id")
    try:
        return _message(header, frames, known)
    except MalformedMessage as error:
        if isinstance(identity, str) and len(identity) <= _MAX_TEXT["id"]:
            error.request_id = identity
        raise


def _message(header: Mapping[str, Any], frames: Sequence[Buffer], known: Mapping[str, type[Any]]) -> Any:
    kind = header.get("type")
    if not isinstance(kind, str) or kind not in known:
        raise MalformedMessage(f"There is no message of type {_shown(kind)}.")
    pixels = _pixel_frames(header.get("frames", {}), frames)
    target = known[kind]
    readers = _READERS[target]
    values: dict[str, Any] = {}
    for item in fields(target):
        read = readers[item.name]
        if item.name in pixels and read is None:
            values[item.name] = pixels.pop(item.name)
        elif item.name in header:
            if read is None:
                raise MalformedMessage(f"{item.name} must be a pixel frame.")
            values[item.name] = read(header[item.name], item.name)
    if pixels:
        raise MalformedMessage(f"A message of type {kind} has no pixel frame {_shown(next(iter(pixels)))}.")
    try:
        message = target(**values)
    except TypeError as error:
        missing = [
            i.name
            for i in fields(target)
            if i.name not in values and i.default is i.default_factory is MISSING
        ]
        raise MalformedMessage(f"A message of type {kind} lacks {', '.join(missing)}.") from error
    for item in fields(target):
        frame = values.get(item.name)
        if isinstance(frame, PixelFrame) and frame.format not in item.metadata["formats"]:
            allowed = ", ".join(known.value for known in item.metadata["formats"])
            raise MalformedMessage(f"{item.name} must be a pixel frame of {allowed}.")
    return message


def _pixel_frames(described: Any, frames: Sequence[Buffer]) -> dict[str, PixelFrame]:
    if not isinstance(described, dict) or len(described) != len(frames) - 1:
        raise MalformedMessage("The header does not describe each pixel frame.")
    found: dict[str, PixelFrame] = {}
    taken: set[int] = set()
    for name, entry in described.items():
        if not (isinstance(entry, list) and len(entry) == 4 and isinstance(entry[3], str)):
            raise MalformedMessage("A pixel frame is described by place, width, height and format.")
        place, width, height = (_integer(value, 1, MAX_IMAGE_SIDE, f"frame {name}") for value in entry[:3])
        try:
            pixel_format = PixelFormat(entry[3])
        except ValueError as error:
            raise MalformedMessage(f"There is no pixel format {_shown(entry[3])}.") from error
        if place >= len(frames) or place in taken:
            raise MalformedMessage(f"Frame {name} is not where the header says.")
        taken.add(place)
        if len(frames[place]) != width * height * pixel_format.bytes_per_pixel:
            raise MalformedMessage(
                f"Frame {name} holds {len(frames[place])} bytes, not the {width} × {height} "
                f"pixels of {pixel_format.value} that the header says."
            )
        found[name] = PixelFrame(width, height, pixel_format, frames[place])
    return found


def _shown(value: Any) -> str:
    """A value from outside, short enough for a message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _integer(value: Any, low: int, high: int, name: str) -> int:
    if type(value) is not int:
        raise MalformedMessage(f"{name} must be a whole number.")
    if not low <= value <= high:
        raise MalformedMessage(f"{name} is {_shown(value)}, it must be {low} to {high}.")
    return value


def _read_integer(low: int, high: int) -> Any:
    return lambda value, name: _integer(value, low, high, name)


_MAX_TEXT = {"id": 128}
_MAX_NUMBERS = 32  # in a map of named numbers


def _read_text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT.get(name, 4096):
        raise MalformedMessage(f"{name} must be a text of bounded length.")
    return value


def _read_flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise MalformedMessage(f"{name} must be true or false.")
    return value


def _read_choice(*values: int) -> Any:
    def read(value: Any, name: str) -> int:
        if type(value) is not int or value not in values:
            allowed = " or ".join(map(str, values))
            raise MalformedMessage(f"{name} is {_shown(value)}, it must be {allowed}.")
        return value

    return read


def _read_fraction(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise MalformedMessage(f"{name} must be a number from 0 to 1.")
    return float(value)


def _read_rect(value: Any, name: str) -> Rect:
    if not isinstance(value, list) or len(value) != 4:
        raise MalformedMessage(f"{name} must be x, y, width, height.")
    x, y = (_integer(v, -MAX_IMAGE_SIDE, MAX_IMAGE_SIDE, name) for v in value[:2])
    width, height = (_integer(v, 0, 2 * MAX_IMAGE_SIDE, name) for v in value[2:])
    return Rect(x, y, width, height)


def _read_enum(kind: type[enum.Enum]) -> Any:
    def read(value: Any, name: str) -> enum.Enum:
        try:
            return kind(value)
        except ValueError as error:
            raise MalformedMessage(f"{name} is {_shown(value)}, which is not known.") from error

    return read


def _read_texts(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise MalformedMessage(f"{name} must be a list.")
    return tuple(_read_text(item, name) for item in value)


def _read_maps(value: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise MalformedMessage(f"{name} must be a list.")
    if not all(isinstance(item, dict) for item in value):
        raise MalformedMessage(f"{name} must be a list of maps.")
    return value


def _read_labels(value: Any, name: str) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise MalformedMessage(f"{name} must have maps of labels.")
    return {_read_text(language, name): _read_text(label, name) for language, label in value.items()}


def _read_classes(value: Any, name: str) -> tuple[ClassInfo, ...]:
    return tuple(
        ClassInfo(
            _read_text(item.get("name"), name),
            _read_text(item.get("label"), name),
            _read_texts(item.get("styles", []), name),
            _read_labels(item.get("labels", {}), name),
        )
        for item in _read_maps(value, name)
    )


def _read_packs(value: Any, name: str) -> tuple[PackInfo, ...]:
    return tuple(
        PackInfo(
            _read_text(item.get("name"), name),
            _read_text(item.get("label"), name),
            _read_classes(item.get("classes"), name),
        )
        for item in _read_maps(value, name)
    )


def _read_limits(value: Any, name: str) -> Limits:
    if not isinstance(value, dict):
        raise MalformedMessage(f"{name} must be a map.")
    known = {item.name for item in fields(Limits)}
    return Limits(**{k: _integer(v, 0, 2**53, name) for k, v in value.items() if k in known})


def _read_numbers(value: Any, name: str) -> Mapping[str, float]:
    if not isinstance(value, dict) or len(value) > _MAX_NUMBERS:
        raise MalformedMessage(f"{name} must be a map of few numbers.")
    for number in value.values():
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not abs(number) <= 1000:
            raise MalformedMessage(f"{name} must hold numbers from -1000 to 1000.")
    return {_read_text(key, name): float(number) for key, number in value.items()}


def _read_map(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedMessage(f"{name} must be a map.")
    return value


# How a field is read, by its type; a whole number also by what it may be.
_BY_TYPE: dict[str, Any] = {
    "str": _read_text,
    "bool": _read_flag,
    "float": _read_fraction,
    "Rect": _read_rect,
    "Stage": _read_enum(Stage),
    "ErrorCode": _read_enum(ErrorCode),
    "tuple[str, ...]": _read_texts,
    "tuple[ClassInfo, ...]": _read_classes,
    "tuple[PackInfo, ...]": _read_packs,
    "Limits": _read_limits,
    "Mapping[str, Any]": _read_map,
    "Mapping[str, float]": _read_numbers,
}


def _reader(item: Field[Any]) -> Any:
    """What reads a field from the header; None for one that comes as a pixel frame."""
    if "formats" in item.metadata:
        return None
    if "within" in item.metadata:
        return _read_integer(*item.metadata["within"])
    if "one_of" in item.metadata:
        return _read_choice(*item.metadata["one_of"])
    return _BY_TYPE[str(item.type)]


_READERS: dict[type[Any], dict[str, Any]] = {
    message: {item.name: _reader(item) for item in fields(message)}
    for message in (*_REQUESTS.values(), *_REPLIES.values())
}
