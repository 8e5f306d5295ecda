"""What is checked about a client and its request before anything is done for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from daemon.packs.names import known_class, known_pack, known_style
from wire.protocol import (
    PROTOCOL_VERSION,
    ClassInfo,
    ErrorCode,
    Hello,
    Insert,
    InsertObjectError,
    Light,
    PackInfo,
    Painting,
    check_insert,
    check_light,
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


def checked(
    request: Painting, classes: Sequence[ClassInfo] | None, packs: Sequence[PackInfo] = ()
) -> Painting:
    """The request, with class and style named as the networks name them; what cannot succeed is refused.

    ``classes`` and ``packs`` are as for ``named``; ``classes`` is None while the networks are not loaded:
    names are left for it then.

    Raises:
        InsertObjectError: with the sentence for the user.
    """
    if isinstance(request, Light):
        check_light(request)
        return request
    check_insert(request)
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
