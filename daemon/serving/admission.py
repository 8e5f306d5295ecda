"""What is checked about a client and its request before anything is done for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from daemon.packs.names import known_class, known_pack, known_style
from wire.protocol import (
    MAX_FRAME_SIDE,
    MAX_VARIATIONS,
    MAX_WINDOW_PIXELS,
    PROTOCOL_VERSION,
    ClassInfo,
    ErrorCode,
    Hello,
    Insert,
    InsertObjectError,
    PackInfo,
    usable_box,
)


def check_version(hello: Hello) -> None:
    """Raises InsertObjectError ``version`` when plug-in and daemon do not understand each other."""
    if hello.protocol_version == PROTOCOL_VERSION:
        return
    raise InsertObjectError(
        ErrorCode.VERSION,
        f"The plug-in speaks version {hello.protocol_version} of Insert Object's language, "
        f"the service version {PROTOCOL_VERSION}.",
        "Run the newer install.py, then “insert-object daemon stop”."
        if hello.protocol_version > PROTOCOL_VERSION
        else "Run install.py again, so that the plug-in is updated, and restart the editor.",
    )


def checked(request: Insert, classes: Sequence[ClassInfo] | None, packs: Sequence[PackInfo] = ()) -> Insert:
    """The request, with class and style named as the networks name them; what cannot succeed is refused.

    ``classes`` and ``packs`` are as for ``named``; ``classes`` is None while the networks are not loaded:
    names are left for it then.

    Raises:
        InsertObjectError: with the sentence for the user.
    """
    usable_box(request.box, request.image_width, request.image_height)
    if max(request.scene.width, request.scene.height) > MAX_WINDOW_PIXELS:
        raise InsertObjectError(
            ErrorCode.TOO_LARGE,
            f"The scene is {request.scene.width} × {request.scene.height} pixels, "
            f"at most {MAX_WINDOW_PIXELS} on the longer side can be read.",
            "The plug-in and the daemon may be of different versions; update both.",
        )
    reference = request.reference
    if reference is not None and max(reference.width, reference.height) > MAX_FRAME_SIDE:
        raise InsertObjectError(
            ErrorCode.TOO_LARGE,
            f"The reference picture is {reference.width} × {reference.height} pixels, too large.",
            f"Scale it down to at most {MAX_FRAME_SIDE} pixels on the longer side.",
        )
    mask = request.mask
    if mask is not None and (mask.width, mask.height) != (request.scene.width, request.scene.height):
        raise InsertObjectError(
            ErrorCode.BAD_REQUEST,
            f"The mask is {mask.width} × {mask.height} pixels, "
            f"the scene {request.scene.width} × {request.scene.height}.",
            "Both must have the same size.",
        )
    if not 1 <= request.variations <= MAX_VARIATIONS:
        raise InsertObjectError(
            ErrorCode.TOO_LARGE,
            f"{request.variations} variations were asked for.",
            f"Ask for 1 to {MAX_VARIATIONS}.",
        )
    return request if classes is None else named(request, classes, packs)


def named(request: Insert, classes: Sequence[ClassInfo], packs: Sequence[PackInfo] = ()) -> Insert:
    """The request with the exact names of its pack, class and style.

    Args:
        request: as it came.
        classes: what the shipped pack knows.
        packs: the further packs.

    Raises:
        InsertObjectError: ``bad-request`` for a pack or a style, ``unknown-class`` for a class that the
            request's pack does not know; the hint suggests the nearest.
    """
    pack = known_pack(request.pack, packs)
    info = known_class(request.class_name, pack.classes if pack else classes)
    return dataclasses.replace(
        request,
        pack=pack.name if pack else "",
        class_name=info.name,
        style=known_style(request.style, info),
    )
