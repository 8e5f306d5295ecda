"""What an insertion must keep to, judged here and nowhere else; both ends ask before they rely on it."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

from .errors import ErrorCode, InsertObjectError
from .geometry import Rect, sent_size, sent_window, usable_box
from .messages import (
    MAX_FRAME_SIDE,
    MAX_LAYER_PIXELS,
    MAX_WINDOW_PIXELS,
    Insert,
    Light,
    PixelFormat,
    PixelFrame,
)
from .plain import MalformedMessage

_SPOKEN = {"variations": "number of variations"}


def check_insert(request: Insert) -> Rect:
    """Finds out whether a request can be fulfilled, whatever the networks are; returns the clipped box.

    Raises:
        InsertObjectError: ``box-too-small``, ``box-outside``, ``too-large``, or ``bad-request`` for numbers
            out of range, a mask of another size than the scene, or pixels that do not belong to the box.
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
        _check_reference(request.reference)
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
    if max(request.object.width, request.object.height) > MAX_FRAME_SIDE:
        raise InsertObjectError(
            ErrorCode.TOO_LARGE,
            f"The object is {request.object.width} × {request.object.height} pixels, too large.",
            f"Scale it down to at most {MAX_FRAME_SIDE} pixels on the longer side.",
        )
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


def _check_reference(reference: PixelFrame) -> None:
    if max(reference.width, reference.height) > MAX_FRAME_SIDE:
        raise InsertObjectError(
            ErrorCode.TOO_LARGE,
            f"The reference picture is {reference.width} × {reference.height} pixels, too large.",
            f"Scale it down to at most {MAX_FRAME_SIDE} pixels on the longer side.",
        )
