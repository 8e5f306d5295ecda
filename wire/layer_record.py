"""What an inserted layer remembers: how it was made, so that either editor can make it again later."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .imprint import CHANGED, Imprint, Standing, standing
from .kept_json import pass_over, read_map
from .protocol import (
    MAX_WINDOW_PIXELS,
    MalformedMessage,
    PixelFormat,
    PixelFrame,
    Rect,
    Wish,
    from_plain,
    to_plain,
)
from .reference import SIDE

RECORD_VERSION = 1
_WHAT = "how a layer was made"
_A_LOOKS_SIDE = {"within": (1, SIDE)}
_PACKED_LOOK = {"longest": 8 * SIDE**2}
_A_SIDE = {"within": (1, MAX_WINDOW_PIXELS)}
_PACKED = {"longest": 2 * MAX_WINDOW_PIXELS**2}  # characters; an incompressible shape takes 1.4 a pixel


@dataclass(frozen=True)
class GivenShape:
    """The shape that the user gave an object, as it was sent: 0 outside, 255 inside.

    ``packed`` is Base64 of what zlib makes of ``width * height`` bytes.
    """

    width: int = field(metadata=_A_SIDE)
    height: int = field(metadata=_A_SIDE)
    packed: str = field(repr=False, metadata=_PACKED)

    @classmethod
    def of(cls, width: int, height: int, coverage: bytes) -> GivenShape:
        """The shape of ``width * height`` bytes, row by row."""
        return cls(width, height, _packed(coverage))

    def frame(self) -> PixelFrame:
        """The shape as an a8 frame.

        Raises:
            ValueError: it is damaged, or not of its size.
        """
        data = _unpacked(self.packed, self.width * self.height)
        return PixelFrame(self.width, self.height, PixelFormat.A8, data)


@dataclass(frozen=True)
class GivenLook:
    """The reference picture that an object's look was taken from, rgba8, packed as ``GivenShape`` is."""

    width: int = field(metadata=_A_LOOKS_SIDE)
    height: int = field(metadata=_A_LOOKS_SIDE)
    packed: str = field(repr=False, metadata=_PACKED_LOOK)

    @classmethod
    def of(cls, frame: PixelFrame) -> GivenLook:
        """That of an rgba8 frame of at most ``reference.SIDE`` pixels each way."""
        return cls(frame.width, frame.height, _packed(bytes(frame.data)))

    def frame(self) -> PixelFrame:
        """The picture. Raises ValueError: it is damaged, or not of its size."""
        data = _unpacked(self.packed, 4 * self.width * self.height)
        return PixelFrame(self.width, self.height, PixelFormat.RGBA8, data)


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode("ascii")


def _unpacked(packed: str, size: int) -> bytes:
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(packed), size)  # never more than it may hold
    except (zlib.error, binascii.Error, ValueError) as error:
        raise ValueError("the pixels are damaged") from error
    if len(data) != size:
        raise ValueError("the pixels are incomplete")
    return data


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one object again where it was: the wish, and shape and look if given."""

    wish: Wish
    shape: GivenShape | None = None
    label: str = ""  # the class in the user's language, where it is called otherwise than in English
    look: GivenLook | None = None

    def with_seed(self, seed: int) -> Recipe:
        return replace(self, wish=replace(self.wish, seed=seed))


@dataclass(frozen=True)
class LayerRecord:
    """A layer's recipe, and what tells whether the user has changed the layer since.

    ``place`` is the layer's rectangle as it was inserted; where the layer lies elsewhere now, the user has
    moved or scaled it. ``name`` is the name that it was given. ``shadow``, ``cast`` and ``group`` tell which
    other layers belong to the object: GIMP's plug-in keeps a word in ``shadow`` that the layers of both its
    shadows remember too, Krita's the three layers' ids. ``imprint`` tells whether somebody has worked on the
    layer's pixels.
    """

    recipe: Recipe
    place: Rect
    name: str = ""
    shadow: str = ""
    group: str = ""
    imprint: Imprint | None = None
    cast: str = ""

    @property
    def wish(self) -> Wish:
        return self.recipe.wish

    def box_at(self, now: Rect) -> Rect:
        """The wish's box, carried along when the layer was moved or scaled from ``place`` to ``now``."""
        return self.wish.box.carried(self.place, now)

    def standing(self, now: Imprint | None, place: Rect) -> Standing:
        """What has become of the layer, which lies at ``place`` now; ``now`` is None where it shows nothing.

        A record that is too old to tell says that nothing has.
        """
        if self.imprint is None:
            return Standing()
        if now is None:
            return CHANGED
        same_size = (place.width, place.height) == (self.place.width, self.place.height)
        return standing(self.imprint, now, same_size=same_size)

    def to_map(self) -> dict[str, Any]:
        """The record as plain values for JSON."""
        return {"version": RECORD_VERSION, **to_plain(self)}

    def to_json(self) -> bytes:
        """The record as JSON in ASCII: GIMP takes no other bytes."""
        return json.dumps(self.to_map(), sort_keys=True).encode("ascii")

    @staticmethod
    def from_map(plain: Any) -> LayerRecord | None:
        """Reads a record; None where it is not one, since files come from anywhere."""
        if not isinstance(plain, Mapping) or plain.get("version") != RECORD_VERSION:
            pass_over(_WHAT, "it is of another version")
            return None
        try:
            record = from_plain(LayerRecord, plain, "the record")
            for given in (record.recipe.shape, record.recipe.look):
                if given is not None:
                    given.frame()
            if record.imprint is not None:
                record.imprint.pixels()
        except (MalformedMessage, ValueError) as error:
            pass_over(_WHAT, str(error))
            return None
        return record

    @staticmethod
    def from_json(data: bytes) -> LayerRecord | None:
        """Reads a record from JSON, with zeros after it or not; None where it is not one."""
        plain = read_map(data, _WHAT)
        return None if plain is None else LayerRecord.from_map(plain)
