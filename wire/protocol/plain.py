"""Dataclasses as plain maps and back, by the types of their fields. What comes from outside is checked.

A field's type says how it is read, its metadata what it may hold (see ``wish``). Keys that are not known are
passed over, so that an older reader understands what a newer writer adds.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar

from .errors import ErrorCode, InsertObjectError
from .geometry import Rect

MAX_IMAGE_SIDE = 300_000  # image pixels; Krita's and GIMP's own limits lie at or below this
MAX_NUMBERS = 32  # in a map of named numbers
MAX_TEXT = 4096  # characters, where a field does not say otherwise

Kind = TypeVar("Kind")
Reader = Callable[[Any, str], Any]

_READERS: dict[type[Any], Mapping[str, Reader | None]] = {}


class MalformedMessage(InsertObjectError):
    """A message, or a part of one, that breaks the rules of its dataclass."""

    def __init__(self, sentence: str, code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(code, sentence, "The plug-in and the daemon may be of different versions.")
        self.request_id = ""


def to_plain(value: Any) -> Any:
    """Maps, lists, texts and numbers for a dataclass or anything in it; fields of None are left out."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Rect):
        return [value.x, value.y, value.width, value.height]
    if is_dataclass(value):
        parts = {item.name: getattr(value, item.name) for item in fields(value)}
        return {name: to_plain(part) for name, part in parts.items() if part is not None}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    return value


def from_plain(kind: type[Kind], value: Any, name: str) -> Kind:
    """Reads a dataclass from its map; ``name`` is what errors call it.

    Raises:
        MalformedMessage: naming the field.
    """
    if not isinstance(value, dict):
        raise MalformedMessage(f"{name} must be a map.")
    readers = readers_of(kind)
    values = {key: read(value[key], key) for key, read in readers.items() if read and key in value}
    return filled(kind, values, name)


def filled(kind: type[Kind], values: Mapping[str, Any], name: str) -> Kind:
    """The dataclass with these values. Raises MalformedMessage where one is missing."""
    missing = [
        item.name
        for item in fields(kind)  # type: ignore[arg-type]
        if item.name not in values and item.default is MISSING and item.default_factory is MISSING
    ]
    if missing:
        raise MalformedMessage(f"{name} lacks {', '.join(missing)}.")
    return kind(**values)


def readers_of(kind: type[Any]) -> Mapping[str, Reader | None]:
    """What reads each field of a dataclass; None for one that comes as a pixel frame."""
    if kind not in _READERS:
        names = vars(sys.modules[kind.__module__])
        _READERS[kind] = {item.name: _reader(item, names) for item in fields(kind)}
    return _READERS[kind]


def shown(value: Any) -> str:
    """A value from outside, short enough for a message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def read_integer(value: Any, low: int, high: int, name: str) -> int:
    """A whole number in a range. Raises MalformedMessage."""
    if type(value) is not int:
        raise MalformedMessage(f"{name} must be a whole number.")
    if not low <= value <= high:
        raise MalformedMessage(f"{name} is {shown(value)}, it must be {low} to {high}.")
    return value


def _reader(item: Field[Any], names: Mapping[str, Any]) -> Reader | None:
    limits = item.metadata
    if "formats" in limits:
        return None
    if "within" in limits:
        low, high = limits["within"]
        return lambda value, name: read_integer(value, low, high, name)
    if "one_of" in limits:
        return lambda value, name: _read_choice(value, limits["one_of"], name)
    if "longest" in limits:
        return lambda value, name: _read_text(value, name, limits["longest"])
    return _reader_of_type(str(item.type).replace(" | None", ""), names)


def _reader_of_type(written: str, names: Mapping[str, Any]) -> Reader:
    if written in _SIMPLE:
        return _SIMPLE[written]
    if written.startswith("tuple["):
        read = _reader_of_type(written[len("tuple[") : -len(", ...]")], names)
        return lambda value, name: tuple(read(entry, name) for entry in _read_list(value, name))
    kind = names[written]
    if issubclass(kind, enum.Enum):
        return lambda value, name: _read_enum(value, kind, name)
    return lambda value, name: from_plain(kind, value, name)


def _read_text(value: Any, name: str, longest: int = MAX_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise MalformedMessage(f"{name} must be a text of bounded length.")
    return value


def _read_flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise MalformedMessage(f"{name} must be true or false.")
    return value


def _read_choice(value: Any, allowed: tuple[int, ...], name: str) -> int:
    if type(value) is not int or value not in allowed:
        raise MalformedMessage(f"{name} is {shown(value)}, it must be {' or '.join(map(str, allowed))}.")
    return value


def _read_fraction(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise MalformedMessage(f"{name} must be a number from 0 to 1.")
    return float(value)


def _read_rect(value: Any, name: str) -> Rect:
    if not isinstance(value, list) or len(value) != 4:
        raise MalformedMessage(f"{name} must be x, y, width, height.")
    x, y = (read_integer(v, -MAX_IMAGE_SIDE, MAX_IMAGE_SIDE, name) for v in value[:2])
    width, height = (read_integer(v, 0, 2 * MAX_IMAGE_SIDE, name) for v in value[2:])
    return Rect(x, y, width, height)


def _read_enum(value: Any, kind: type[enum.Enum], name: str) -> enum.Enum:
    try:
        return kind(value)
    except ValueError as error:
        raise MalformedMessage(f"{name} is {shown(value)}, which is not known.") from error


def _read_list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise MalformedMessage(f"{name} must be a list.")
    return value


def _read_map(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedMessage(f"{name} must be a map.")
    return value


def _read_numbers(value: Any, name: str) -> Mapping[str, float]:
    if not isinstance(value, dict) or len(value) > MAX_NUMBERS:
        raise MalformedMessage(f"{name} must be a map of few numbers.")
    for number in value.values():
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not abs(number) <= 1000:
            raise MalformedMessage(f"{name} must hold numbers from -1000 to 1000.")
    return {_read_text(key, name): float(number) for key, number in value.items()}


def _read_labels(value: Any, name: str) -> Mapping[str, str]:
    return {_read_text(key, name): _read_text(text, name) for key, text in _read_map(value, name).items()}


_SIMPLE: dict[str, Reader] = {
    "str": _read_text,
    "bool": _read_flag,
    "int": lambda value, name: read_integer(value, 0, 2**53, name),
    "float": _read_fraction,
    "Rect": _read_rect,
    "Mapping[str, str]": _read_labels,
    "Mapping[str, Any]": _read_map,
    "Mapping[str, float]": _read_numbers,
}
