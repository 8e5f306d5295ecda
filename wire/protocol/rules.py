"""What an insertion must keep to, judged here and nowhere else; both ends ask before they rely on it."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

from .errors import ErrorCode, InsertObjectError
from .geometry import Rect, sent_size, sent_window, usable_box
from .messages import (
    MAX_FRAME_SIDE,
    MAX_LAYER_PIXELS,
    MAX_PARTS_SIDE,
    MAX_WINDOW_PIXELS,
    Insert,
    Light,
    PixelFormat,
    PixelFrame,
)
from .plain import MalformedMessage

_SPOKEN = {"variations": "number of variations", "candidates": "number of candidates"}


def check_insert(request: Insert) -> Rect:
    """Finds out whether a request can be fulfilled, whatever the networks are; returns the clipped box.

    Raises:
        InsertObjectError: ``box-too-small``, ``box-outside``, ``too-large``, or ``bad-request`` for numbers
            out of range, a mask of another size than the scene, parts without a mask, or pixels that do not
            belong to the box.
    """
    box = usable_box(request.wish.box, request.image_width, request.image_height)
    if box.width * box.height > MAX_LAYER_PIXELS:
        raise InsertObjectError(
            ErrorCode.TOO_LARGE,
            f"The box is {box.width} × {box.height} pixels, too large for one object.",
            f"Draw one of at most {MAX_LAYER_PIXELS // 1_000_000} million pixels.",
        )
    for part in (request.wish, request):
        for item in fields(part):
            value = getattr(part, item.name)
            if value is not None and {"within", "one_of"} & set(item.metadata):
                _check_number(item, value)
    window = sent_window(box, request.image_width, request.image_height)
    if request.window != window:
        raise MalformedMessage("The window does not belong to the box.")
    _check_scene(request.scene, window)
    if request.mask is not None:
        _check_mask(request.mask, request.scene)
    if request.reference is not None:
        _check_size(request.reference, "reference picture")
    if request.parts is not None:
        if request.mask is None:
            raise MalformedMessage("The parts are those of a shape, and none is given.")
        _check_size(request.parts, "picture of the parts", MAX_PARTS_SIDE)
    return box


def check_light(request: Light) -> Rect:
    """Finds out whether light can be judged; returns the part of the object's box on the picture.

    Raises:
        InsertObjectError: ``box-too-small``, ``box-outside``, ``too-large``, or ``bad-request`` for pixels
            that do not belong to the box.
    """
    inside = usable_box(request.box, request.image_width, request.image_height, "object")
    window = sent_window(inside, request.image_width, request.image_height)
    if request.window != window:
        raise MalformedMessage("The window does not belong to the box.")
    _check_scene(request.scene, window)
    _check_size(request.object, "object")
    return inside


def _check_number(item: Field[Any], value: int) -> None:
    """Holds a number against what its field may hold."""
    if "within" in item.metadata:
        low, high = item.metadata["within"]
        fits, hint = low <= value <= high, f"Choose one from {low} to {high}."
    else:
        values = item.metadata["one_of"]
        fits, hint = value in values, f"Choose {' or '.join(map(str, values))}."
    if not fits:
        name = _SPOKEN.get(item.name, item.name.replace("_", " "))
        raise InsertObjectError(ErrorCode.BAD_REQUEST, f"The {name} is {value}.", hint)


def _check_scene(scene: PixelFrame, window: Rect) -> None:
    longest = max(scene.width, scene.height)
    if longest > MAX_WINDOW_PIXELS:
        raise MalformedMessage(
            f"The scene is {scene.width} × {scene.height} pixels, "
            f"at most {MAX_WINDOW_PIXELS} on the longer side can be read.",
            ErrorCode.TOO_LARGE,
        )
    fitting = sent_size(window, longest)
    if longest <= max(window.width, window.height) and (
        abs(scene.width - fitting[0]) > 1 or abs(scene.height - fitting[1]) > 1
    ):
        raise MalformedMessage("The scene's proportions are not those of the window.")


def _check_mask(mask: PixelFrame, scene: PixelFrame) -> None:
    if mask.format is not PixelFormat.A8 or (mask.width, mask.height) != (scene.width, scene.height):
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            f"The mask is {mask.width} × {mask.height} pixels, "
            f"the scene around the box {scene.width} × {scene.height}.",
            "Give a mask of the size of the picture.",
        )


def _check_size(frame: PixelFrame, name: str, longest: int = MAX_FRAME_SIDE) -> None:
    if max(frame.width, frame.height) > longest:
        raise InsertObjectError(
            ErrorCode.TOO_LARGE,
            f"The {name} is {frame.width} × {frame.height} pixels, too large.",
            f"Scale it down to at most {longest} pixels on the longer side.",
        )
