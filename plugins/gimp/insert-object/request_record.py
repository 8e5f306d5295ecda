"""What the layers of an object remember, as the texts of layer parasites. No GIMP in here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from wire.protocol import MAX_SEED, Rect

PARASITE = "insert-object-request"
SHADOW_PARASITE = "insert-object-shadow"
_VERSION = 1


@dataclass(frozen=True)
class RequestRecord:
    """The request that made an object layer, enough to make it again.

    ``place`` is the layer's rectangle as it was inserted; where the layer lies elsewhere now, the user has
    moved or transformed it. ``name`` is the name it was given, to tell whether the user chose another.
    ``shadow``: one was asked for. ``pair`` is a word that the object's shadow layer remembers too.
    """

    class_name: str
    seed: int
    style: str
    box: Rect
    place: Rect
    from_selection: bool
    name: str
    pack: str = ""
    shadow: bool = False
    pair: str = ""

    def to_bytes(self) -> bytes:
        plain = asdict(self) | {"version": _VERSION, "box": _listed(self.box), "place": _listed(self.place)}
        return json.dumps(plain, sort_keys=True).encode()  # ASCII: GIMP takes no other bytes

    @staticmethod
    def from_bytes(data: bytes) -> RequestRecord | None:
        """Reads a record; None when it is not one (a file may come from anywhere)."""
        try:
            plain = _plain(data)
            return RequestRecord(
                class_name=_checked(plain["class_name"], str),
                seed=min(max(_checked(plain["seed"], int), 0), MAX_SEED),
                style=_checked(plain["style"], str),
                box=_rect(plain["box"]),
                place=_rect(plain["place"]),
                from_selection=_checked(plain["from_selection"], bool),
                name=_checked(plain["name"], str),
                # records from before there were packs and shadows lack these
                pack=_checked(plain.get("pack", ""), str),
                shadow=_checked(plain.get("shadow", False), bool),
                pair=_checked(plain.get("pair", ""), str),
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


@dataclass(frozen=True)
class ShadowMark:
    """What a shadow layer remembers: whose shadow it is, and the name that it was given."""

    pair: str
    name: str

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self) | {"version": _VERSION}, sort_keys=True).encode()

    @staticmethod
    def from_bytes(data: bytes) -> ShadowMark | None:
        """Reads a mark; None when it is not one."""
        try:
            plain = _plain(data)
            return ShadowMark(_checked(plain["pair"], str), _checked(plain["name"], str))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def _plain(data: bytes) -> dict[str, Any]:
    plain = json.loads(data.rstrip(b"\0"))
    if not isinstance(plain, dict) or plain.get("version") != _VERSION:
        raise ValueError("This is not of a version that is known.")
    return plain


def _listed(rect: Rect) -> list[int]:
    return [rect.x, rect.y, rect.width, rect.height]


def _rect(value: Any) -> Rect:
    x, y, width, height = (_checked(number, int) for number in value)
    return Rect(x, y, width, height)


def _checked(value: Any, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
