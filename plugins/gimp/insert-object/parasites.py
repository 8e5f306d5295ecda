"""What the layers of an object remember, as the texts of layer parasites. No GIMP in here."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass

from wire.kept_json import pass_over, read_map
from wire.protocol import MalformedMessage, from_plain, to_plain

RECORD = "insert-object-request"
SHADOW = "insert-object-shadow"
LIGHT = "insert-object-light"
ORIGINAL = "insert-object-original"  # a lit layer's own pixels, apart: they are read when they are needed
_MARK_VERSION = 1


class ShadowKind(enum.Enum):
    """The shadows that an object can have, each on a layer of its own; from the upper to the lower."""

    CONTACT = "contact"
    CAST = "cast"


@dataclass(frozen=True)
class ShadowMark:
    """What a shadow layer remembers: whose shadow it is, which of the two, and the name it was given."""

    pair: str
    name: str
    kind: ShadowKind = ShadowKind.CONTACT

    def to_bytes(self) -> bytes:
        return json.dumps({"version": _MARK_VERSION, **to_plain(self)}, sort_keys=True).encode("ascii")

    @staticmethod
    def from_bytes(data: bytes) -> ShadowMark | None:
        """Reads a mark; None when it is not one (a file may come from anywhere)."""
        plain = read_map(data, "whose shadow a layer is")
        if plain is None or plain.get("version") != _MARK_VERSION:
            return None
        try:
            return from_plain(ShadowMark, plain, "the mark")
        except MalformedMessage as error:
            pass_over("whose shadow a layer is", str(error))
            return None
