"""The file formats that a finished picture can be written in, and what each can hold. Imports no packages."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from wire.protocol import ErrorCode, InsertObjectError


class UnsuitableFormat(InsertObjectError):
    """A picture that the chosen file format cannot hold, or a format that is not written."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


class Content(enum.Enum):
    """What is in a file."""

    PICTURE = "picture"
    LAYERS = "layers"


@dataclass(frozen=True)
class FileFormat:
    """What a file format can hold; the first of its endings is the one that people are told."""

    name: str
    endings: tuple[str, ...]
    longest_side: int  # pixels
    content: Content = Content.PICTURE
    holds_16_bits: bool = True
    holds_alpha: bool = True


PNG = FileFormat("PNG", (".png",), 2**31 - 1)
JPEG = FileFormat("JPEG", (".jpg", ".jpeg"), 65_500, holds_16_bits=False, holds_alpha=False)
WEBP = FileFormat("WebP", (".webp",), 16_383, holds_16_bits=False)
TIFF = FileFormat("TIFF", (".tif", ".tiff"), 2**31 - 1)
OPENRASTER = FileFormat("OpenRaster", (".ora",), 2**31 - 1, Content.LAYERS)

FORMATS = (PNG, JPEG, WEBP, TIFF, OPENRASTER)

PICTURE_ENDINGS = ", ".join(known.endings[0] for known in FORMATS if known.content is Content.PICTURE)
LAYERS_ENDINGS = ", ".join(known.endings[0] for known in FORMATS if known.content is Content.LAYERS)
OUTPUT_HELP = f"the finished picture ({PICTURE_ENDINGS}) or its layers ({LAYERS_ENDINGS})"


def format_of(path: Path) -> FileFormat:
    """The format that a file's ending names.

    Raises:
        UnsuitableFormat: if it names none that is written.
    """
    for known in FORMATS:
        if path.suffix.lower() in known.endings:
            return known
    ending = f"ends in “{path.suffix}”" if path.suffix else "has no ending"
    raise UnsuitableFormat(
        f"The output “{path.name}” {ending}, which names no format that can be written.",
        f"Let it end in {PICTURE_ENDINGS} or {LAYERS_ENDINGS}.",
    )


def is_layered(path: Path) -> bool:
    """Whether a file of that name holds layers instead of one finished picture; raises as ``format_of``."""
    return format_of(path).content is Content.LAYERS
