"""What an object layer remembers of its request, as the text of a layer parasite. No GIMP in here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from client.protocol import MAX_SEED, Rect

PARASITE = "insert-object-request"
_VERSION = 1


@dataclass(frozen=True)
class RequestRecord:
    """The request that made a layer, enough to make it again.

    ``place`` is the layer's rectangle as it was inserted; where the layer lies elsewhere now, the user has
    moved or transformed it. ``name`` is the name it was given, to tell whether the user chose another.
    """

    class_name: str
    seed: int
    style: str
    box: Rect
    place: Rect
    from_selection: bool
    name: str

    def to_bytes(self) -> bytes:
        plain = asdict(self) | {"version": _VERSION, "box": _listed(self.box), "place": _listed(self.place)}
        return json.dumps(plain, sort_keys=True).encode()  # ASCII: GIMP takes no other bytes

    @staticmethod
    def from_bytes(data: bytes) -> RequestRecord | None:
        """Reads a record; None when it is not one (a file may come from anywhere)."""
        try:
            plain = json.loads(data.rstrip(b"\0"))
            if not isinstance(plain, dict) or plain.get("version") != _VERSION:
                return None
            return RequestRecord(
                class_name=_checked(plain["class_name"], str),
                seed=min(max(_checked(plain["seed"], int), 0), MAX_SEED),
                style=_checked(plain["style"], str),
                box=_rect(plain["box"]),
                place=_rect(plain["place"]),
                from_selection=_checked(plain["from_selection"], bool),
                name=_checked(plain["name"], str),
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def _listed(rect: Rect) -> list[int]:
    return [rect.x, rect.y, rect.width, rect.height]


def _rect(value: Any) -> Rect:
    x, y, width, height = (_checked(number, int) for number in value)
    return Rect(x, y, width, height)


def _checked(value: Any, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
