"""Building requests: which part of the picture to send, at which size, and the insert around it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from . import protocol


@dataclass(frozen=True)
class SentArea:
    """What to read from the picture for a box.

    ``box`` is the user's rectangle clipped to the picture, ``window`` the rectangle to read (image pixels),
    and ``width`` × ``height`` the size to which the window's pixels are scaled before they are sent.
    """

    box: protocol.Rect
    window: protocol.Rect
    width: int
    height: int


def new_id() -> str:
    """An id that no other request has."""
    return os.urandom(16).hex()


def sent_area(
    box: protocol.Rect, image_width: int, image_height: int, limit: int = protocol.MAX_WINDOW_PIXELS
) -> SentArea:
    """The part of the picture that an insertion into ``box`` needs.

    ``limit`` is the longest side in pixels that the daemon takes (``Welcome.limits.window_pixels``).

    Raises:
        InsertObjectError: ``box-too-small`` or ``box-outside``.
    """
    clipped = protocol.usable_box(box, image_width, image_height)
    window = protocol.sent_window(clipped, image_width, image_height)
    width, height = protocol.sent_size(window, limit)
    return SentArea(clipped, window, width, height)


def insert_request(
    wish: protocol.Wish,
    image_width: int,
    image_height: int,
    scene: protocol.PixelFrame,
    *,
    variations: int = 1,
    candidates: int = 1,
    depth: int = 8,
    preview: bool = False,
    mask: protocol.PixelFrame | None = None,
    reference: protocol.PixelFrame | None = None,
    parts: protocol.PixelFrame | None = None,
    limit: int = protocol.MAX_WINDOW_PIXELS,
) -> protocol.Insert:
    """An ``Insert`` with a new id.

    ``scene`` holds the pixels of ``sent_area(wish.box, …).window`` at that area's size (rgb8, rgba8 or
    bgra8); ``mask`` (a8) has the size of ``scene``. The pixels are sent from their own memory: leave them
    unchanged until the request is answered.

    Raises:
        InsertObjectError: ``box-too-small`` or ``box-outside``; ``bad-request`` when a number is out of range
            or the mask's size is not the scene's.
        ValueError: the pixels do not fit what they are said to be.
    """
    area = sent_area(wish.box, image_width, image_height, limit)
    if (scene.width, scene.height) != (area.width, area.height):
        raise ValueError(
            f"The scene is {scene.width} × {scene.height} pixels, "
            f"the window is sent at {area.width} × {area.height}."
        )
    for frame in (scene, mask, reference, parts):
        if frame is not None:
            _check_frame(frame)
    request = protocol.Insert(
        id=new_id(),
        wish=wish,
        image_width=image_width,
        image_height=image_height,
        window=area.window,
        scene=scene,
        variations=variations,
        candidates=candidates,
        depth=depth,
        preview=preview,
        mask=mask,
        reference=reference,
        parts=parts,
    )
    protocol.check_insert(request)
    return request


@dataclass(frozen=True)
class LitArea:
    """What to read from the picture around a layer whose light is to be judged; as ``SentArea``."""

    window: protocol.Rect
    width: int
    height: int


def lit_area(
    box: protocol.Rect, image_width: int, image_height: int, limit: int = protocol.MAX_WINDOW_PIXELS
) -> LitArea:
    """The part of the picture by which the light of what fills ``box`` is judged.

    Raises:
        InsertObjectError: ``box-too-small`` or ``box-outside``: too little of it lies on the picture.
    """
    inside = protocol.usable_box(box, image_width, image_height, "object")
    window = protocol.sent_window(inside, image_width, image_height)
    return LitArea(window, *protocol.sent_size(window, limit))


def light_request(
    box: protocol.Rect,
    image_width: int,
    image_height: int,
    scene: protocol.PixelFrame,
    cut_out: protocol.PixelFrame,
    *,
    strength: float = 1.0,
    adjustments: Mapping[str, float] | None = None,
    wish: protocol.Wish = protocol.WITHOUT_SHADOWS,
    preview: bool = False,
) -> protocol.Light:
    """A ``Light`` with a new id.

    ``scene`` holds the pixels of ``lit_area(box, …).window`` without the layer; ``cut_out`` (rgba8, bgra8 or
    rgba16) fills ``box``; ``wish`` names the shadows. Pixels are sent from their own memory: leave them
    unchanged until the answer.

    Raises:
        InsertObjectError: ``box-too-small``, ``box-outside`` or ``too-large``.
        ValueError: the pixels do not fit what they are said to be.
    """
    area = lit_area(box, image_width, image_height)
    for frame in (scene, cut_out):
        _check_frame(frame)
    request = protocol.Light(
        new_id(),
        image_width,
        image_height,
        box,
        area.window,
        scene,
        cut_out,
        strength=strength,
        adjustments=adjustments or {},
        wish=wish,
        preview=preview,
    )
    protocol.check_light(request)
    return request


def _check_frame(frame: protocol.PixelFrame) -> None:
    needed = frame.width * frame.height * frame.format.bytes_per_pixel
    given = memoryview(frame.data).nbytes
    if given != needed:
        raise ValueError(
            f"{frame.width} × {frame.height} pixels of {frame.format.value} are {needed} bytes, not {given}."
        )
