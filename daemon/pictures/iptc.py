"""IPTC: captions, credits and keywords of news agencies, kept as they are where a format has a place.

Sources: IPTC-NAA Information Interchange Model 4.2, 1.5 (what records begin with); Adobe Photoshop File
Formats Specification, "Image resource blocks"; TIFF tags 33723 and 34377.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from PIL import ImageFile

_BEGINNING = b"\x1c"  # of every record
_IPTC, _PHOTOSHOP, _PHOTOSHOP_LAYERS = 33723, 34377, 37724  # tags of TIFF
_IPTC_BLOCK = 0x0404
# Blocks that repeat what is kept elsewhere, or say how the file was shown: resolution, thumbnails, colour
# profile, EXIF, XMP, a hash of the IPTC data, versions, printing.
_SAYING_NOTHING = frozenset({
    _IPTC_BLOCK, 0x03ED, 0x0409, 0x040C, 0x040F, 0x0422, 0x0423, 0x0424, 0x0425, 0x03F3, 0x0406, 0x040D,
    0x0414, 0x0419, 0x041E, 0x0421, 0x0426, 0x0428, 0x2710,
})  # fmt: skip


def iptc_of(image: ImageFile.ImageFile, notes: list[str]) -> bytes:
    """The IPTC records of a JPEG, TIFF or Photoshop file, b"" if there are none.

    Adds a sentence to ``notes`` if what Photoshop keeps beside them is lost, or records are damaged.
    """
    # Raw, as for Pillow's own IPTC reader: programs call these bytes whole numbers, of which it keeps one.
    tags: Mapping[int, bytes] = image.tag_v2._tagdata if image.format == "TIFF" else {}  # type: ignore[attr-defined]
    blocks = _blocks(image, tags)
    found = tags.get(_IPTC) or blocks.get(_IPTC_BLOCK, b"")
    found = found if isinstance(found, bytes) else b""
    if found and not found.startswith(_BEGINNING):
        notes.append("The photo's IPTC data is damaged and was left out.")
        found = b""
    if set(blocks) - _SAYING_NOTHING or _PHOTOSHOP_LAYERS in tags:
        notes.append("What Photoshop keeps in the photo beside the picture (paths, guides, …) was left out.")
    return found


def jpeg_segment(iptc: bytes) -> bytes:
    """The APP13 segment of a JPEG file that holds the records; ``file_formats.JPEG`` says how many bytes."""
    block = b"8BIM" + struct.pack(">HHI", _IPTC_BLOCK, 0, len(iptc)) + iptc + bytes(len(iptc) % 2)
    body = b"Photoshop 3.0\0" + block
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def _blocks(image: ImageFile.ImageFile, tags: Mapping[int, bytes]) -> Mapping[int, Any]:
    """Photoshop's blocks by number."""
    if _PHOTOSHOP in tags:
        return _parsed(tags[_PHOTOSHOP])
    if image.format == "PSD":
        return {number: data for number, _, data in getattr(image, "resources", ())}
    found = image.info.get("photoshop")
    return found if isinstance(found, dict) else {}


def _parsed(data: bytes) -> dict[int, bytes]:
    blocks: dict[int, bytes] = {}
    place = 0
    while data[place : place + 4] == b"8BIM" and place + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, place + 4)
        place += 6 + (data[place + 6] + 2) // 2 * 2  # a name with its length, an even number of bytes
        if place + 4 > len(data):
            break
        (size,) = struct.unpack_from(">I", data, place)
        blocks[number] = data[place + 4 : place + 4 + size]
        place += 4 + (size + 1) // 2 * 2
    return blocks
