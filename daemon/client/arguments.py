"""What a program hands to ``Client``: looked at before anything is done, each mistake named.

The same rules as the command line's, which gets texts in place of arrays and numbers.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Iterable, Mapping
from dataclasses import Field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from daemon.painting.object_shape import ObjectShape
from wire.protocol import (
    MAX_IMAGE_SIDE,
    MAX_VARIATIONS,
    NOT_DRAWN,
    OF_A_CAST_SHADOW,
    ErrorCode,
    InsertObjectError,
    Rect,
    Wish,
    candidates_for,
)
from wire.protocol.plain import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Choice = TypeVar("Choice", bound=Enum)


class WrongArgument(InsertObjectError, ValueError):
    """An argument that cannot be used; the sentence begins with its name."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


def picture_of(name: str, value: Any) -> NDArray[Any]:
    """An array uint8 or uint16 (H, W, 3|4) with at least one pixel, in this computer's byte order."""
    array = _array(name, value)
    if array.dtype.kind != "u" or array.dtype.itemsize not in (1, 2):
        raise WrongArgument(
            f"{name} holds numbers of the kind {array.dtype}, it must be uint8 or uint16.",
            "Scale the colours to 0..255 or 0..65535, and convert them with astype.",
        )
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise WrongArgument(
            f"{name} has the shape {array.shape}, it must be (height, width, 3) or (height, width, 4).",
            "Repeat the one channel of a grey picture three times.",
        )
    height, width = array.shape[:2]
    if not 0 < height <= MAX_IMAGE_SIDE or not 0 < width <= MAX_IMAGE_SIDE:
        raise WrongArgument(
            f"{name} is {width} × {height} pixels, it must be 1 to {MAX_IMAGE_SIDE} each way."
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def cut_out_of(name: str, value: Any) -> NDArray[Any]:
    """A picture with transparency: uint8 or uint16 (h, w, 4)."""
    array = picture_of(name, value)
    if array.shape[2] != 4:
        raise WrongArgument(
            f"{name} has the shape {array.shape}, it must be (height, width, 4).",
            "The fourth channel is 0 around the object.",
        )
    return array


def mask_of(name: str, value: Any, height: int, width: int) -> NDArray[np.uint8]:
    """An array uint8 (height, width), 255 where the object is."""
    array: NDArray[np.uint8] = _array(name, value)
    if array.dtype != "uint8":
        raise WrongArgument(
            f"{name} holds numbers of the kind {array.dtype}, it must be uint8.",
            "Give 255 where the object is, 0 elsewhere.",
        )
    if array.shape != (height, width):
        raise WrongArgument(f"{name} has the shape {array.shape}, the picture {(height, width)}.")
    return array


def box_of(name: str, value: Any) -> Rect:
    """A rectangle of x, y, width, height in image pixels."""
    return Rect(*_wholes_of(name, value, "x", "y", "width", "height"))


def part_of(name: str, value: Any) -> Rect | None:
    """A rectangle of a picture, as ``box_of``; None for all of it."""
    return None if value is None else box_of(name, value)


def place_of(name: str, value: Any) -> tuple[int, int]:
    """The x and y of a corner in image pixels; it may lie outside the picture."""
    x, y = _wholes_of(name, value, "x", "y")
    return x, y


def whole_of(name: str, value: Any, low: int, high: int) -> int:
    """A whole number, numpy's included, from ``low`` to ``high``."""
    number = _index(value)
    if number is None or not low <= number <= high:
        raise WrongArgument(f"{name} is {shown(value)}, it must be a whole number from {low} to {high}.")
    return number


def candidates_of(value: int | None, variations: Any, choices: Mapping[str, Any]) -> int:
    """From how many seeds so many variations are chosen: as many as it says; None: as many as is usual, and
    no more than there are variations where ``choices`` name a seed."""
    if value is not None:
        return value
    return 1 if "seed" in choices else candidates_for(whole_of("variations", variations, 1, MAX_VARIATIONS))


def depth_of(name: str, value: Any) -> int:
    """Bits per channel, 8 or 16."""
    depth = whole_of(name, value, 8, 16)
    if depth not in (8, 16):
        raise WrongArgument(f"{name} is {depth}, it must be 8 or 16.")
    return depth


def share_of(name: str, value: Any) -> float:
    """A number, numpy's included, from 0 to 1."""
    share = _float(value)
    if share is None or not 0 <= share <= 1:
        raise WrongArgument(f"{name} is {shown(value)}, it must be a number from 0 to 1.")
    return share


def numbers_of(name: str, value: Any) -> dict[str, float]:
    """Numbers by name."""
    if not isinstance(value, Mapping):
        raise WrongArgument(f"{name} is {shown(value)}, it must be a mapping of names to numbers.")
    numbers = {text_of(f"a name in {name}", key): _float(number) for key, number in value.items()}
    for key, number in numbers.items():
        if number is None:
            raise WrongArgument(f"{name} holds {shown(value[key])} as {shown(key)}, it must be a number.")
    return {key: number for key, number in numbers.items() if number is not None}


def text_of(name: str, value: Any) -> str:
    """A text, which may be empty."""
    if not isinstance(value, str):
        raise WrongArgument(f"{name} is {shown(value)}, it must be a text.")
    return value


def flag_of(name: str, value: Any) -> bool:
    """True or false, numpy's included."""
    if isinstance(value, bool):
        return value
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise WrongArgument(f"{name} is {shown(value)}, it must be True or False.")


def wish_of(class_name: Any, box: Any, choices: Mapping[str, Any]) -> Wish:
    """A wish; ``choices`` are its other fields by name, each judged by its kind and range."""
    known = {item.name: item for item in fields(Wish) if item.name not in ("class_name", "box")}
    _check_known(choices, known)
    values = {name: _of_field(known[name], value) for name, value in choices.items()}
    box = box if isinstance(box, Rect) else box_of("box", box)
    return Wish(text_of("class_name", class_name), box, **values)


def shadows_wished(choices: Mapping[str, Any]) -> Wish:
    """A wish of shadows alone, which there are none of by themselves; ``choices`` are its fields by name."""
    _check_known(choices, ("shadow", "cast_shadow", *OF_A_CAST_SHADOW))
    return wish_of("", NOT_DRAWN, {"shadow": False, **choices})


def _check_known(names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise WrongArgument(f"{name} is not known.", f"There are {', '.join(known)}.")


def _of_field(item: Field[Any], value: Any) -> Any:
    if value is None and item.default is None:
        return None
    if "within" in item.metadata:
        return whole_of(item.name, value, *item.metadata["within"])
    return flag_of(item.name, value) if isinstance(item.default, bool) else text_of(item.name, value)


def choice_of(name: str, value: Any, kind: type[Choice]) -> Choice:
    """One of an enumeration, or its value."""
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(repr(one.value) for one in kind)
        raise WrongArgument(f"{name} is {shown(value)}, it must be one of {known}.") from None


def given_shape(
    shape: Any, shape_box: Rect | None, reference: NDArray[Any] | None, reference_box: Rect | None
) -> tuple[NDArray[Any], Rect | None] | None:
    """The picture whose outline is taken, if one's is, and the part of it that shows the object."""
    import numpy as np

    if isinstance(shape, np.ndarray):
        return cut_out_of("shape", shape), shape_box
    if shape_box is not None:
        raise WrongArgument("shape_box is given without a picture of the shape.", "Give it as shape.")
    if choice_of("shape", shape, ObjectShape) is ObjectShape.DRAWN:
        return None
    if reference is None:
        raise WrongArgument("shape is that of the reference, and there is none.", "Give reference.")
    return reference, reference_box


def check_callable(name: str, value: Any) -> None:
    """Refuses what is neither a function nor None."""
    if value is not None and not callable(value):
        raise WrongArgument(f"{name} is {shown(value)}, it must be a function.")


def _array(name: str, value: Any) -> NDArray[Any]:
    import numpy as np

    if not isinstance(value, np.ndarray):
        raise WrongArgument(
            f"{name} is of the kind {type(value).__name__}, it must be a numpy array.",
            "numpy.asarray makes one of a Pillow image.",
        )
    return value


def _wholes_of(name: str, value: Any, *parts: str) -> tuple[int, ...]:
    try:
        numbers = tuple(value)
    except TypeError:
        numbers = ()
    if len(numbers) != len(parts):
        count = {2: "two", 4: "four"}[len(parts)]
        raise WrongArgument(
            f"{name} is {shown(value)}, it must be {count} whole numbers.", f"Give ({', '.join(parts)})."
        )
    return tuple(whole_of(name, number, -MAX_IMAGE_SIDE, MAX_IMAGE_SIDE) for number in numbers)


def _float(value: Any) -> float | None:
    """A finite number of any kind as a float; None for anything else."""
    if isinstance(value, (bool, str, bytes)):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _index(value: Any) -> int | None:
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None
