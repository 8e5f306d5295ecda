"""The contract between an editor and the daemon, defined once.

A message is one msgpack map (frame 0: ``type``, ``id`` and the fields of its dataclass) followed by raw pixel
frames. The header's ``frames`` map tells for each pixel frame, by name, its place, width, height and format.
Pixels are straight alpha, sRGB, rows top to bottom without padding; 16-bit samples are little-endian.

This package uses the standard library and msgpack only, and the plug-ins carry it unchanged, because their
Pythons load no compiled packages; there a pure-Python msgpack lies in it.
"""

from .codec import MAX_HEADER_BYTES, decode_reply, decode_request, encode
from .errors import ErrorCode, InsertObjectError
from .geometry import MIN_BOX_SIDE, WINDOW_SCALE, Rect, sent_size, sent_window, square_window, usable_box
from .messages import (
    MAX_FRAME_SIDE,
    MAX_LAYER_PIXELS,
    MAX_VARIATIONS,
    MAX_WINDOW_PIXELS,
    PAINTINGS,
    PLAIN_USERNAME,
    PROTOCOL_VERSION,
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
    Painting,
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
from .plain import MAX_IMAGE_SIDE, MalformedMessage, from_plain, to_plain
from .rules import check_insert, check_light
from .wish import MAX_SEED, NOT_DRAWN, OF_A_CAST_SHADOW, Wish

__all__ = [
    "MAX_FRAME_SIDE",
    "MAX_HEADER_BYTES",
    "MAX_IMAGE_SIDE",
    "MAX_LAYER_PIXELS",
    "MAX_SEED",
    "MAX_VARIATIONS",
    "MAX_WINDOW_PIXELS",
    "MIN_BOX_SIDE",
    "NOT_DRAWN",
    "OF_A_CAST_SHADOW",
    "PAINTINGS",
    "PLAIN_USERNAME",
    "PROTOCOL_VERSION",
    "WINDOW_SCALE",
    "Accepted",
    "Buffer",
    "Cancel",
    "Cancelled",
    "ClassInfo",
    "Done",
    "Error",
    "ErrorCode",
    "Hello",
    "Insert",
    "InsertObjectError",
    "Layer",
    "Light",
    "Limits",
    "Lit",
    "MalformedMessage",
    "PackInfo",
    "Painting",
    "PixelFormat",
    "PixelFrame",
    "Progress",
    "Rect",
    "Reply",
    "Request",
    "Shutdown",
    "Stage",
    "Status",
    "StatusRequest",
    "Welcome",
    "Wish",
    "check_insert",
    "check_light",
    "decode_reply",
    "decode_request",
    "encode",
    "from_plain",
    "sent_size",
    "sent_window",
    "square_window",
    "to_plain",
    "usable_box",
]
