"""What is checked about a client and its request before anything is done for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from daemon.packs.names import named
from wire.protocol import (
    PROTOCOL_VERSION,
    ClassInfo,
    ErrorCode,
    Hello,
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
    if classes is None:
        return request
    return dataclasses.replace(request, wish=named(request.wish, classes, packs))
