"""What a layer remembers that was given a scene's light, and how its own pixels are kept beside it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .kept_json import pass_over, read_map
from .protocol import Buffer, MalformedMessage, from_plain, to_plain

LIGHT_VERSION = 1
_WHAT = "how a layer was lit"


def digest(pixels: Buffer) -> str:
    """A short text that tells a layer's pixels from others."""
    return hashlib.blake2b(pixels, digest_size=16).hexdigest()


@dataclass(frozen=True)
class LightRecord:
    """How a layer was lit, and what takes it off again.

    ``adjustments`` are those of the protocol's ``Lit``, of which the share ``strength`` was applied. ``lit``
    is the ``digest`` of the layer's pixels afterwards; where it is another one now, the user has changed the
    layer, and the pixels that are kept as they were before do not belong to it any more.
    Where the layer has no ``LayerRecord`` that tells which shadows belong to it, ``pair`` does in GIMP, and
    the ids of their layers and of the group of them all in Krita.
    """

    lit: str
    strength: float = 1.0
    adjustments: Mapping[str, float] = field(default_factory=dict, hash=False)
    pair: str = ""
    shadow: str = ""
    cast: str = ""
    group: str = ""

    def to_map(self) -> dict[str, Any]:
        """The record as plain values for JSON."""
        return {"version": LIGHT_VERSION, **to_plain(self)}

    def to_json(self) -> bytes:
        """The record as JSON in ASCII."""
        return json.dumps(self.to_map(), sort_keys=True).encode("ascii")

    @staticmethod
    def from_json(data: bytes) -> LightRecord | None:
        """Reads a record, with zeros after it or not; None where it is not one: files come from anywhere."""
        plain = read_map(data, _WHAT)
        return None if plain is None else LightRecord.from_map(plain)

    @staticmethod
    def from_map(plain: Any) -> LightRecord | None:
        """Reads a record from plain values; None where it is not one."""
        if not isinstance(plain, Mapping):
            return None
        try:
            if plain.get("version") == LIGHT_VERSION:
                return from_plain(LightRecord, plain, "the record")
            pass_over(_WHAT, "it is of another version")
        except MalformedMessage as error:
            pass_over(_WHAT, str(error))
        return None


def packed(pixels: Buffer) -> bytes:
    """A layer's own pixels, in the editor's format, as they are kept: Base64, for GIMP takes ASCII alone."""
    return base64.b64encode(zlib.compress(pixels, 1))


def unpacked(kept: bytes, size: int) -> bytes | None:
    """The pixels that :func:`packed` was given, which must be ``size`` bytes; None where they are not."""
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(kept.rstrip(b"\0")), max(1, size))  # and no more
    except (zlib.error, binascii.Error, ValueError):
        return None
    return data if len(data) == size else None
