"""The words that a picture file carries beside EXIF: XMP and a comment, read and made ready for each format.

Sources: XMP specification part 3 (where files keep it); PNG 3rd edition, 11.3.3 (texts).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from PIL import ImageFile

from daemon.pictures.storage import png_chunks

XMP_KEYWORD = "XML:com.adobe.xmp"  # of PNG
COMMENT_KEYWORD = "Comment"
_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[1-8]")


def xmp_of(image: ImageFile.ImageFile, orientation: int) -> bytes:
    """The XMP packet, saying that the picture is upright, as it will be; b"" if there is none."""
    found = image.info.get("xmp") or image.info.get(XMP_KEYWORD) or b""
    packet = found.encode() if isinstance(found, str) else bytes(found)
    return packet if orientation == 1 else _ORIENTATION.sub(rb"\g<1>1", packet)


def comment_of(image: ImageFile.ImageFile) -> str:
    """The comment; "" if there is none."""
    found = image.info.get("comment") or image.info.get(COMMENT_KEYWORD) or ""
    if not isinstance(found, bytes):
        return str(found)
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError:
        return found.decode("latin-1")


def has_further_texts(path: Path) -> bool:
    """Whether a PNG file holds texts besides XMP and the comment."""
    ours = (XMP_KEYWORD.encode(), COMMENT_KEYWORD.encode())
    return any(
        kind in (b"tEXt", b"zTXt", b"iTXt") and data.partition(b"\0")[0] not in ours
        for kind, data in png_chunks(path)
    )


def png_texts(xmp: bytes, comment: str) -> Iterator[bytes]:
    """The data of the iTXt chunks that hold them."""
    for keyword, text in ((XMP_KEYWORD, xmp), (COMMENT_KEYWORD, comment.encode())):
        if text:
            yield keyword.encode() + b"\0\0\0\0\0" + text  # not squeezed, in no named language
