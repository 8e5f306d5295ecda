"""Requests that differ from a plain one, whichever of the two holds the field: the request or its wish."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from wire.protocol import Insert, Wish


def with_changes(request: Insert, **changes: Any) -> Insert:
    """The request with other values for fields of its own, or of its wish."""
    wish, own = parted(**changes)
    return replace(request, wish=replace(request.wish, **wish), **own)


def parted(**values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values for fields of a wish, and the others."""
    names = {item.name for item in fields(Wish)}
    return (
        {name: value for name, value in values.items() if name in names},
        {name: value for name, value in values.items() if name not in names},
    )
