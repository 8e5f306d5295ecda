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
_RAW_PROFILE = b"Raw profile type "
_READ_ELSEWHERE = ("exif", "APP1")  # Pillow reads EXIF there
_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[1-8]")


def xmp_of(image: ImageFile.ImageFile, orientation: int, notes: list[str]) -> bytes:
    """The XMP packet, saying that the picture is upright, as it will be; b"" if there is none.

    Adds a sentence to ``notes`` if a JPEG file keeps a part of it elsewhere, which is not read.
    """
    found = image.info.get("xmp") or image.info.get(XMP_KEYWORD) or b""
    packet = found.encode() if isinstance(found, str) else bytes(found)
    if b"HasExtendedXMP" in packet:
        notes.append("A part of the photo's XMP data, which its file keeps apart, was left out.")
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


def png_texts_of(path: Path, notes: list[str]) -> tuple[tuple[bytes, bytes], ...]:
    """Kind and data of the text chunks of a PNG file besides XMP and the comment, before its pixels.

    Some programs write EXIF and the like as texts; those say how the file was stored, so they are left out,
    with a sentence in ``notes`` where nothing else is kept of them.
    """
    kept: list[tuple[bytes, bytes]] = []
    lost: list[str] = []
    for kind, data in png_chunks(path, behind_pixels=True):
        keyword = data.partition(b"\0")[0]
        if kind not in (b"tEXt", b"zTXt", b"iTXt") or keyword in (
            XMP_KEYWORD.encode(),
            COMMENT_KEYWORD.encode(),
        ):
            continue
        if keyword.startswith(_RAW_PROFILE):
            lost.append(keyword.removeprefix(_RAW_PROFILE).decode("latin-1").strip())
        else:
            kept.append((kind, data))
    if lost := [name for name in lost if name not in _READ_ELSEWHERE]:
        notes.append(f"What the photo's file holds as a text named {', '.join(lost)} was left out.")
    return tuple(kept)


def png_texts(xmp: bytes, comment: str) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of the chunks that hold them."""
    for keyword, text in ((XMP_KEYWORD, xmp), (COMMENT_KEYWORD, comment.encode())):
        if text:
            yield b"iTXt", keyword.encode() + b"\0\0\0\0\0" + text  # not squeezed, in no named language
