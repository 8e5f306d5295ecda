"""Why a request is refused or fails: a code, a sentence for the painter, a hint."""

from __future__ import annotations

import enum


class ErrorCode(str, enum.Enum):
    """Why a request was refused or failed."""

    BAD_REQUEST = "bad-request"
    UNAUTHORISED = "unauthorised"
    VERSION = "version"
    UNKNOWN_CLASS = "unknown-class"
    BOX_TOO_SMALL = "box-too-small"
    BOX_OUTSIDE = "box-outside"
    TOO_LARGE = "too-large"
    BUSY = "busy"
    OUT_OF_MEMORY = "out-of-memory"
    MODEL_MISSING = "model-missing"
    MODEL_CORRUPT = "model-corrupt"
    UNAVAILABLE = "unavailable"  # never on the wire: the daemon cannot be reached or started
    INTERNAL = "internal"


class InsertObjectError(Exception):
    """A failure with a code for programs, a sentence a painter understands, and a hint what to do."""

    def __init__(self, code: ErrorCode, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".strip()
