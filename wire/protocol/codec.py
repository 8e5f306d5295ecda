"""Messages to frames and back; whatever comes from outside is checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from .errors import ErrorCode
from .messages import (
    MAX_ID,
    MAX_LAYER_PIXELS,
    Accepted,
    Buffer,
    Cancel,
    Cancelled,
    Done,
    Error,
    Hello,
    Insert,
    Layer,
    Light,
    Lit,
    PixelFormat,
    PixelFrame,
    Progress,
    Reply,
    Request,
    Shutdown,
    Status,
    StatusRequest,
    Welcome,
)
from .plain import MAX_IMAGE_SIDE, MalformedMessage, filled, read_integer, readers_of, shown, to_plain

try:
    from . import msgpack  # type: ignore[attr-defined]  # the copy that an installed plug-in carries
except ImportError:
    import msgpack

MAX_HEADER_BYTES = 64 * 1024
MAX_REPLY_BYTES = 3 * 8 * MAX_LAYER_PIXELS + MAX_HEADER_BYTES  # an object of 16 bits with its two shadows

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
            header[item.name] = to_plain(value)
    if described:
        header["frames"] = described
    frames[0] = msgpack.packb(header, use_bin_type=True)
    return frames


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
        raise MalformedMessage("The message's header is not a map.")
    identity = header.get("id")
    try:
        return _message(header, frames, known)
    except MalformedMessage as error:
        if isinstance(identity, str) and len(identity) <= MAX_ID:
            error.request_id = identity
        raise


def _message(header: Mapping[str, Any], frames: Sequence[Buffer], known: Mapping[str, type[Any]]) -> Any:
    kind = header.get("type")
    if not isinstance(kind, str) or kind not in known:
        raise MalformedMessage(f"There is no message of type {shown(kind)}.")
    pixels = _pixel_frames(header.get("frames", {}), frames)
    target = known[kind]
    readers = readers_of(target)
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
        raise MalformedMessage(f"A message of type {kind} has no pixel frame {shown(next(iter(pixels)))}.")
    message = filled(target, values, f"A message of type {kind}")
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
        numbers = [read_integer(value, 1, MAX_IMAGE_SIDE, f"frame {name}") for value in entry[:3]]
        place, width, height = numbers
        try:
            pixel_format = PixelFormat(entry[3])
        except ValueError as error:
            raise MalformedMessage(f"There is no pixel format {shown(entry[3])}.") from error
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
