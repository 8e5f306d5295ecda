"""Krita's colour spaces, and conversion between them by Krita itself in a hidden document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from krita import Krita

from .documents import is_open
from .qt import QtCore

SRGB_PROFILES = ("sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V4-srgbtrc.icc", "sRGB built-in", "sRGB IEC61966-2.1")
KEPT_MS = 20_000  # a hidden document takes 100 ms to make and to close, so it waits for the next conversion
CONVERSIONS = 60  # after so many its own undo history has grown enough to start a new one


@dataclass(frozen=True)
class Space:
    """A colour space as Krita names it."""

    model: str
    depth: str
    profile: str

    @classmethod
    def of(cls, thing: Any) -> Space:
        """The space of a document or a node."""
        return cls(thing.colorModel(), thing.colorDepth(), thing.colorProfile())

    @property
    def is_srgb(self) -> bool:
        return self.model == "RGBA" and self.profile in SRGB_PROFILES

    @property
    def wire_depth(self) -> int:
        """Bits per channel to ask the daemon for."""
        return 8 if self.depth == "U8" else 16


def srgb_space(depth: str) -> Space:
    """The sRGB space of that depth, with a profile that this Krita has."""
    known = Krita.instance().profiles("RGBA", depth)
    return Space("RGBA", depth, next((name for name in SRGB_PROFILES if name in known), ""))


class _Scratch(QtCore.QObject):
    """A hidden document whose layers are converted; it has its own undo history, apart from the user's.

    Krita lets timers and messages in while a conversion waits for its threads. What they bring may be the
    end of this document, which would end Krita, or a conversion within the conversion.
    """

    def __init__(self) -> None:
        super().__init__()
        self._document: Any | None = None
        self._conversions = 0
        self._under_way = 0  # conversions; one within the other
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close)

    def convert(self, raw: bytes, width: int, height: int, source: Space, target: Space) -> bytes:
        document = self._open()
        self._under_way += 1
        try:
            return self._converted(document, raw, width, height, source, target)
        finally:
            self._under_way -= 1
            self._conversions += 1
            self._timer.start(KEPT_MS)

    def _converted(
        self, document: Any, raw: bytes, width: int, height: int, source: Space, target: Space
    ) -> bytes:
        layer = document.createNode("pixels", "paintlayer")
        layer.setColorSpace(source.model, source.depth, source.profile)
        layer.setPixelData(QtCore.QByteArray(raw), 0, 0, width, height)
        layer.setColorSpace(target.model, target.depth, target.profile)
        document.waitForDone()
        result = bytes(layer.pixelData(0, 0, width, height))
        document.setModified(False)  # else Krita would save it by itself some day
        return result

    def close(self) -> None:
        """Lets the document go; the next conversion makes a new one. Not while one is under way."""
        if self._under_way:
            return
        self._timer.stop()
        document, self._document, self._conversions = self._document, None, 0
        if document is not None and is_open(document):  # closing a closed one would end Krita
            document.setModified(False)
            document.close()

    def _open(self) -> Any:
        if self._document is not None and not is_open(self._document):
            self._document, self._conversions = None, 0  # somebody closed every document
        if self._conversions >= CONVERSIONS:
            self.close()
        if self._document is None:
            space = srgb_space("U8")
            self._document = Krita.instance().createDocument(
                16, 16, "insert object", space.model, space.depth, space.profile, 72.0
            )
            self._document.setBatchmode(True)
        return self._document


_scratch = _Scratch()


def converted(raw: bytes, width: int, height: int, source: Space, target: Space) -> bytes:
    """A packed buffer in another colour space, by Krita's own conversion; no undo step of the user's."""
    return _scratch.convert(raw, width, height, source, target)


def close_scratch() -> None:
    """Closes the hidden document, if there is one."""
    _scratch.close()
