"""The file formats that a finished picture can be written in, and what each can hold. Imports no packages."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
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


class Metadata(enum.Enum):
    """What comes with a photo's pixels; the value is its field in ``Photo``."""

    EXIF = "exif"
    XMP = "xmp"
    IPTC = "iptc"
    COMMENT = "comment"
    TEXTS = "texts"


@dataclass(frozen=True)
class FileFormat:
    """What a file format can hold; the first of its endings is the one that people are told."""

    name: str
    endings: tuple[str, ...]
    longest_side: int  # pixels
    content: Content = Content.PICTURE
    holds_16_bits: bool = True
    holds_alpha: bool = True
    lacks: frozenset[Metadata] = frozenset()  # what it has no place for
    longest: Mapping[Metadata, int] = field(default_factory=dict)  # bytes, where they are bounded


PNG = FileFormat("PNG", (".png",), 2**31 - 1, lacks=frozenset({Metadata.IPTC}))
JPEG = FileFormat(
    "JPEG",
    (".jpg", ".jpeg"),
    65_500,
    holds_16_bits=False,
    holds_alpha=False,
    lacks=frozenset({Metadata.TEXTS}),
    # A segment's length is two bytes (ITU-T T.81, B.1.1.4); XMP's and IPTC's begin with names.
    longest={
        Metadata.EXIF: 65_533,
        Metadata.XMP: 65_502,
        Metadata.COMMENT: 65_533,
        Metadata.IPTC: 65_533 - 14 - 13,  # less the segment's name and the block's own header
    },
)
WEBP = FileFormat(
    "WebP",
    (".webp",),
    16_383,
    holds_16_bits=False,
    lacks=frozenset({Metadata.IPTC, Metadata.COMMENT, Metadata.TEXTS}),
)
TIFF = FileFormat("TIFF", (".tif", ".tiff"), 2**31 - 1, lacks=frozenset({Metadata.COMMENT, Metadata.TEXTS}))
OPENRASTER = FileFormat("OpenRaster", (".ora",), 2**31 - 1, Content.LAYERS, lacks=frozenset(Metadata))

FORMATS = (PNG, JPEG, WEBP, TIFF, OPENRASTER)

PICTURE_ENDINGS = ", ".join(known.endings[0] for known in FORMATS if known.content is Content.PICTURE)
LAYERS_ENDINGS = ", ".join(known.endings[0] for known in FORMATS if known.content is Content.LAYERS)
OUTPUT_HELP = (
    f"the finished picture ({PICTURE_ENDINGS}) or its layers ({LAYERS_ENDINGS}); replaces a file of that name"
)
PHOTO_OUTPUT_HELP = (
    f"{OUTPUT_HELP}. No pixel outside the objects and their shadows changes, but a {JPEG.endings[0]} is "
    "compressed again as a whole"
)


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
