"""Every message between an editor and the daemon, defined once.

A message is one msgpack map (frame 0: ``type``, ``id`` and the fields of the dataclass below) followed
by raw pixel frames. The header's ``frames`` map tells for each pixel frame, by name, its place, width,
height and format. Pixels are straight alpha, sRGB, rows top to bottom without padding; 16-bit samples
are little-endian.

This file uses the standard library and msgpack only, and it is carried unchanged by the plug-ins, whose
Pythons load no compiled packages; there a pure-Python msgpack lies beside it.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, TypeAlias, TypeVar

try:
    from . import msgpack  # type: ignore[attr-defined]  # the copy that an installed plug-in carries
except ImportError:
    import msgpack

PROTOCOL_VERSION = 1
PLAIN_USERNAME = "insert-object"

MIN_BOX_SIDE = 8  # image pixels; a smaller object has no shape to speak of
MAX_IMAGE_SIDE = 300_000  # image pixels; Krita's and GIMP's own limits lie at or below this
MAX_VARIATIONS = 16
MAX_SEED = 2**31 - 1  # the largest value that every editor's integer setting can keep
MAX_WINDOW_PIXELS = 512  # longest side of the scene pixels that a request carries
MAX_FRAME_SIDE = 4096  # longest side of any pixel frame in a request
MAX_HEADER_BYTES = 64 * 1024
WINDOW_SCALE = 1.4  # window side over the box's long side

Buffer: TypeAlias = "bytes | bytearray | memoryview"


class ErrorCode(str, enum.Enum):
    """Why a request was refused or failed."""

    BAD_REQUEST = "bad-request"
    UNAUTHORISED = "unauthorised"
    VERSION = "version"
    UNKNOWN_CLASS = "unknown-class"
    BOX_TOO_SMALL = "box-too-small"
    BOX_OUTSIDE = "box-outside"
    TOO_LARGE = "too-large"
    BUSY = "busy"
    OUT_OF_MEMORY = "out-of-memory"
    MODEL_MISSING = "model-missing"
    MODEL_CORRUPT = "model-corrupt"
    INTERNAL = "internal"


class InsertObjectError(Exception):
    """A failure with a code for programs, a sentence a painter understands, and a hint what to do."""

    def __init__(self, code: ErrorCode, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".strip()


class PixelFormat(str, enum.Enum):
    """Layout of one pixel: the channels in memory order and the bits of each."""

    RGB8 = "rgb8"
    RGBA8 = "rgba8"
    BGRA8 = "bgra8"
    RGBA16 = "rgba16"
    A8 = "a8"

    @property
    def bytes_per_pixel(self) -> int:
        return {"rgb8": 3, "rgba8": 4, "bgra8": 4, "rgba16": 8, "a8": 1}[self.value]


class Stage(str, enum.Enum):
    """What the daemon is doing for a request; sent with every progress reply."""

    LOADING = "loading"
    WAITING = "waiting"
    MASK = "mask"
    OBJECT = "object"
    FINISHING = "finishing"


@dataclass(frozen=True)
class Rect:
    """A rectangle in image pixels; ``x`` and ``y`` may be negative before it is clipped."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def clipped(self, width: int, height: int) -> Rect:
        """The part of the rectangle inside an image of that size; width or height 0 if there is none."""
        left, top = min(max(self.x, 0), width), min(max(self.y, 0), height)
        right, bottom = min(max(self.right, left), width), min(max(self.bottom, top), height)
        return Rect(left, top, right - left, bottom - top)


def usable_box(box: Rect, image_width: int, image_height: int) -> Rect:
    """The box clipped to the image.

    Raises:
        InsertObjectError: ``box-too-small`` or ``box-outside``, with the sentence for the user.
    """
    if box.width < MIN_BOX_SIDE or box.height < MIN_BOX_SIDE:
        raise InsertObjectError(
            ErrorCode.BOX_TOO_SMALL,
            f"The box is {box.width} × {box.height} pixels, too small for an object.",
            f"Draw one of at least {MIN_BOX_SIDE} × {MIN_BOX_SIDE} pixels.",
        )
    clipped = box.clipped(image_width, image_height)
    if clipped.width < 1 or clipped.height < 1:
        raise InsertObjectError(
            ErrorCode.BOX_OUTSIDE,
            f"The box ({box.x}, {box.y}, {box.width} × {box.height}) lies outside the picture, "
            f"which is {image_width} × {image_height} pixels.",
            "Draw the box on the picture.",
        )
    if clipped.width < MIN_BOX_SIDE or clipped.height < MIN_BOX_SIDE:
        raise InsertObjectError(
            ErrorCode.BOX_TOO_SMALL,
            f"Only {clipped.width} × {clipped.height} pixels of the box lie on the picture, "
            "too few for an object.",
            f"Move the box so that at least {MIN_BOX_SIDE} × {MIN_BOX_SIDE} pixels of it lie on the picture.",
        )
    return clipped


def square_window(box: Rect, image_width: int, image_height: int) -> Rect:
    """The square around a box, ``WINDOW_SCALE`` times its long side.

    It is shifted, never shrunk, to lie inside the image; only where the image itself is smaller does it
    reach outside, by the same amount on both sides. ``box`` must lie inside the image.
    """
    side = math.ceil(max(box.width, box.height) * WINDOW_SCALE)

    def place(start: int, length: int, limit: int) -> int:
        if side >= limit:
            return -((side - limit) // 2)
        return min(max(start + (length - side) // 2, 0), limit - side)

    return Rect(place(box.x, box.width, image_width), place(box.y, box.height, image_height), side, side)


def sent_window(box: Rect, image_width: int, image_height: int) -> Rect:
    """The part of the square window that exists in the image: what a request carries."""
    return square_window(box, image_width, image_height).clipped(image_width, image_height)


def sent_size(window: Rect, limit: int) -> tuple[int, int]:
    """Width and height of the window's pixels when its longer side is scaled down to ``limit``."""
    longest = max(window.width, window.height)
    if longest <= limit:
        return window.width, window.height
    scale = limit / longest
    return max(1, round(window.width * scale)), max(1, round(window.height * scale))


@dataclass(frozen=True)
class PixelFrame:
    """Pixels with what is needed to read them."""

    width: int
    height: int
    format: PixelFormat
    data: Buffer = field(repr=False)


# --- Requests ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hello:
    """Opens a conversation. Answered by ``Progress`` (stage loading) as needed, then ``Welcome``."""

    TYPE: ClassVar[str] = "hello"
    id: str
    client: str = ""  # name and version of the program, for the log
    protocol_version: int = PROTOCOL_VERSION


@dataclass(frozen=True)
class Insert:
    """Asks for object layers.

    ``box`` is the user's rectangle, ``window`` is ``sent_window`` of its clipped form and ``scene`` its
    pixels (rgb8, rgba8 or bgra8), at most ``Limits.window_pixels`` on the longer side. ``mask`` (a8) has
    the size of ``scene`` and gives the object's shape; ``reference`` (rgb8, or rgba8 / bgra8 whose alpha
    is the object's mask) gives its look.
    """

    TYPE: ClassVar[str] = "insert"
    id: str
    class_name: str
    image_width: int
    image_height: int
    box: Rect
    window: Rect
    scene: PixelFrame
    seed: int = 0
    variations: int = 1
    depth: int = 8
    style: str = ""  # name of one of the class's style presets; empty: from the seed
    preview: bool = False
    mask: PixelFrame | None = None
    reference: PixelFrame | None = None


@dataclass(frozen=True)
class Cancel:
    """Ends the request named ``target``. Answered by ``Cancelled``; unknown targets too."""

    TYPE: ClassVar[str] = "cancel"
    id: str
    target: str


@dataclass(frozen=True)
class StatusRequest:
    """Asks for everything a bug report needs, without secrets."""

    TYPE: ClassVar[str] = "status"
    id: str


@dataclass(frozen=True)
class Shutdown:
    """Ends the daemon once the running request is done. Answered by ``Done``."""

    TYPE: ClassVar[str] = "shutdown"
    id: str


# --- Replies ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClassInfo:
    """A class that the loaded weights can insert."""

    name: str
    label: str
    styles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What the daemon accepts."""

    window_pixels: int = MAX_WINDOW_PIXELS
    min_box_side: int = MIN_BOX_SIDE
    variations: int = MAX_VARIATIONS
    max_seed: int = MAX_SEED


@dataclass(frozen=True)
class Welcome:
    """The daemon is ready: networks loaded and warmed up."""

    TYPE: ClassVar[str] = "welcome"
    id: str
    protocol_version: int
    daemon_version: str
    device: str
    classes: tuple[ClassInfo, ...]
    limits: Limits


@dataclass(frozen=True)
class Accepted:
    """The request was read and is in the queue, ``position`` requests ahead of it."""

    TYPE: ClassVar[str] = "accepted"
    id: str
    position: int = 0


@dataclass(frozen=True)
class Progress:
    """Where a request stands; ``fraction`` in 0..1 counts over all its stages."""

    TYPE: ClassVar[str] = "progress"
    id: str
    stage: Stage
    fraction: float


@dataclass(frozen=True)
class Layer:
    """One object layer: paste ``pixels`` (rgba8 or rgba16) with its corner at (``x``, ``y``) of the image."""

    TYPE: ClassVar[str] = "layer"
    id: str
    index: int
    class_name: str
    seed: int
    x: int
    y: int
    pixels: PixelFrame


@dataclass(frozen=True)
class Done:
    """The request is finished. ``notes`` are sentences for the user (say, that the CPU had to help out)."""

    TYPE: ClassVar[str] = "done"
    id: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cancelled:
    """The request named ``target`` sends nothing any more."""

    TYPE: ClassVar[str] = "cancelled"
    id: str
    target: str = ""


@dataclass(frozen=True)
class Status:
    """The daemon's own account of itself: a map of plain values."""

    TYPE: ClassVar[str] = "status"
    id: str
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Error:
    """The request with this id failed; empty id: the message could not be read far enough to know it."""

    TYPE: ClassVar[str] = "error"
    id: str
    code: ErrorCode
    sentence: str
    hint: str = ""

    def exception(self) -> InsertObjectError:
        return InsertObjectError(self.code, self.sentence, self.hint)


Request: TypeAlias = "Hello | Insert | Cancel | StatusRequest | Shutdown"
Reply: TypeAlias = "Welcome | Accepted | Progress | Layer | Done | Cancelled | Status | Error"
Message = TypeVar("Message")

_REQUESTS: dict[str, type[Any]] = {c.TYPE: c for c in (Hello, Insert, Cancel, StatusRequest, Shutdown)}
_REPLIES: dict[str, type[Any]] = {
    c.TYPE: c for c in (Welcome, Accepted, Progress, Layer, Done, Cancelled, Status, Error)
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
    if isinstance(value, (ClassInfo, Limits)):
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
    values: dict[str, Any] = {}
    for item in fields(target):
        if item.name in pixels:
            values[item.name] = pixels.pop(item.name)
        elif item.name in header:
            read = _READERS.get((kind, item.name)) or _READERS.get(item.name)
            if read is None:
                raise MalformedMessage(f"{item.name} must be a pixel frame.")
            values[item.name] = read(header[item.name], item.name)
    if pixels:
        raise MalformedMessage(f"A message of type {kind} has no pixel frame {_shown(next(iter(pixels)))}.")
    try:
        message = target(**values)
    except TypeError as error:
        missing = [i.name for i in fields(target) if i.name not in values and i.default is MISSING]
        raise MalformedMessage(f"A message of type {kind} lacks {', '.join(missing)}.") from error
    for name, formats in _FORMATS.items():
        frame = getattr(message, name, None)
        if frame is not None and (not isinstance(frame, PixelFrame) or frame.format not in formats):
            raise MalformedMessage(f"{name} must be a pixel frame of {', '.join(f.value for f in formats)}.")
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


def _read_text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT.get(name, 4096):
        raise MalformedMessage(f"{name} must be a text of bounded length.")
    return value


def _read_flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise MalformedMessage(f"{name} must be true or false.")
    return value


def _read_depth(value: Any, name: str) -> int:
    if value not in (8, 16) or type(value) is not int:
        raise MalformedMessage(f"{name} is {_shown(value)}, it must be 8 or 16.")
    return value


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


def _read_classes(value: Any, name: str) -> tuple[ClassInfo, ...]:
    if not isinstance(value, list):
        raise MalformedMessage(f"{name} must be a list.")
    classes = []
    for item in value:
        if not isinstance(item, dict):
            raise MalformedMessage(f"{name} must be a list of maps.")
        classes.append(
            ClassInfo(
                _read_text(item.get("name"), name),
                _read_text(item.get("label"), name),
                _read_texts(item.get("styles", []), name),
            )
        )
    return tuple(classes)


def _read_limits(value: Any, name: str) -> Limits:
    if not isinstance(value, dict):
        raise MalformedMessage(f"{name} must be a map.")
    known = {item.name for item in fields(Limits)}
    return Limits(**{k: _integer(v, 0, 2**53, name) for k, v in value.items() if k in known})


def _read_map(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedMessage(f"{name} must be a map.")
    return value


# One reader per field name; a key with the message's type wins over the plain name.
_READERS: dict[Any, Any] = {
    "id": _read_text,
    "client": _read_text,
    "protocol_version": _read_integer(0, 2**31),
    "class_name": _read_text,
    "image_width": _read_integer(1, MAX_IMAGE_SIDE),
    "image_height": _read_integer(1, MAX_IMAGE_SIDE),
    "box": _read_rect,
    "window": _read_rect,
    "seed": _read_integer(0, MAX_SEED),
    "variations": _read_integer(1, MAX_VARIATIONS),
    "depth": _read_depth,
    "style": _read_text,
    "preview": _read_flag,
    "target": _read_text,
    "daemon_version": _read_text,
    "device": _read_text,
    "classes": _read_classes,
    "limits": _read_limits,
    "position": _read_integer(0, 2**31),
    "stage": _read_enum(Stage),
    "fraction": _read_fraction,
    "index": _read_integer(0, MAX_VARIATIONS - 1),
    "x": _read_integer(-MAX_IMAGE_SIDE, MAX_IMAGE_SIDE),
    "y": _read_integer(-MAX_IMAGE_SIDE, MAX_IMAGE_SIDE),
    "notes": _read_texts,
    "report": _read_map,
    "code": _read_enum(ErrorCode),
    "sentence": _read_text,
    "hint": _read_text,
}

# Which formats each pixel frame may have.
_FORMATS: dict[str, tuple[PixelFormat, ...]] = {
    "scene": (PixelFormat.RGB8, PixelFormat.RGBA8, PixelFormat.BGRA8),
    "mask": (PixelFormat.A8,),
    "reference": (PixelFormat.RGB8, PixelFormat.RGBA8, PixelFormat.BGRA8),
    "pixels": (PixelFormat.RGBA8, PixelFormat.RGBA16),
}
