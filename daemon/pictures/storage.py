"""How a file stores its samples: what Pillow would read wrongly, and what it reads with fewer bits.

Sources: TIFF 6.0, sections 8 and 18, and its tags; PNG 3rd edition, 11.3.2.6 (cICP); ITU-T H.273, table 3
(transfer characteristics); ISO/IEC 15444-1, A.5.1 (SIZ); ISO/IEC 23008-12, 6.5.6 (pixi).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import ImageFile

from daemon.pictures.deep_pictures import raw_mode
from daemon.pictures.matrix_profile import profile_of_primaries

_BITS, _PHOTOMETRIC, _SAMPLES, _PLANES, _FURTHER_SAMPLES = 258, 262, 277, 284, 338
_IN_PLANES, _UNSPECIFIED = 2, 0
_READ_RIGHT = (1, 2, 4, 8, 16, 32)  # bits per sample of TIFF files
_PQ, _HLG = 16, 18
_D65 = (0.3127, 0.329)
_BT_709, _SRGB_CURVE = 1, 13
_PRIMARIES = {  # H.273, table 2: x, y of red, green, blue
    _BT_709: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
}
_CURVES = {_SRGB_CURVE: None, 4: 2.2, 8: 1.0}  # H.273, table 3: sRGB, gamma 2.2, linear
_SAME_PRIMARIES = 0.002  # x or y; rounding makes less
_SRGB_EXPONENT = 45455  # of gAMA beside sRGB pixels
_LOOKED_AT = 1 << 16  # bytes at the beginning of a file in which its header is
LONGEST_CHUNK = 16 << 20  # bytes; longer ones hold pixels
_MOST_CHUNKS = 100_000  # that are looked at, so that a file of nothing else ends
_PIXEL_CHUNKS = (b"IDAT", b"fdAT")
_SIZ, _SIZ_BITS = b"\xff\x4f\xff\x51", 42  # the code stream's first two markers, and where its depth is
_FIVE_AND_SIX_BITS = {"RGB;16", "BGR;16"}  # a pixel has 16
_PIXI, _PIXI_BITS = b"pixi", 9


class Refusal(NamedTuple):
    """Why a storage is not read: how a sentence about the file goes on, and what to do."""

    reason: str
    hint: str


def refusal(image: ImageFile.ImageFile, path: Path) -> Refusal | None:
    """Why the pixels would come out wrong, if they would; None: they come out right."""
    if image.format == "PNG":
        transfer = next((data[1] for kind, data in png_chunks(path) if kind == b"cICP" and len(data) > 1), 0)
        if transfer in (_PQ, _HLG):
            name = "PQ" if transfer == _PQ else "HLG"
            return Refusal(f"is made for HDR screens ({name}), which is not read", "Export it for sRGB.")
    if image.format == "JPEG2000" and not image.mode.startswith("I"):
        bits = stored_bits(image, path)
        if bits > 8:  # Pillow rounds the brightest ones up to 256, which is 0 in a byte
            return Refusal(
                f"is JPEG 2000 with {bits} bits per colour, which is not read", "Export it as PNG."
            )
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return None
    bits = _bits_of_tiff(tags)
    if bits not in _READ_RIGHT and not (bits == 12 and image.mode == "I;16"):
        return Refusal(f"stores {bits} bits per sample, which is not read", "Export it with 8 or 16 bits.")
    if bits > 8 and tags.get(_PLANES) == _IN_PLANES and tags.get(_SAMPLES, 1) > 1:
        return Refusal(
            f"stores its colours apart from each other, with {bits} bits each, which is not read",
            "Export it with interleaved (chunky) colours.",
        )
    return None


def stored_bits(image: ImageFile.ImageFile, path: Path) -> int:
    """Bits per sample in the file, as far as its header tells; 8 where it does not. Before loading."""
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        return _bits_of_tiff(tags)
    if image.format in ("JPEG2000", "AVIF"):
        with path.open("rb") as file:
            start = file.read(_LOOKED_AT)
        marker, further = (_SIZ, _SIZ_BITS) if image.format == "JPEG2000" else (_PIXI, _PIXI_BITS)
        place = start.find(marker)
        if place < 0 or place + further >= len(start):
            return 8
        return (start[place + further] & 0x7F) + 1 if marker == _SIZ else start[place + further]
    return 16 if has_deep_samples(image) else 8


def has_deep_samples(image: ImageFile.ImageFile) -> bool:
    """Whether the samples are read with more than eight bits, as far as Pillow knows. Before loading."""
    if image.mode.startswith(("I", "F")):
        return True
    if image.format == "PPM":  # its decoder is told the white
        numbers = [part for tile in image.tile for part in _parts(tile.args) if isinstance(part, int)]
        return max(numbers, default=0) > 255
    layouts = {raw_mode(tile.args) for tile in image.tile} - _FIVE_AND_SIX_BITS
    return any("16" in layout for layout in layouts)


def has_unnamed_channel(image: ImageFile.ImageFile) -> bool:
    """Whether a TIFF file has a channel beside its colours that it does not call transparency."""
    tags = getattr(image, "tag_v2", None) or {}
    further = tags.get(_FURTHER_SAMPLES, ())
    return _UNSPECIFIED in (further if isinstance(further, tuple) else (further,))


def own_profile(path: Path) -> bytes | None:
    """An ICC profile of the primaries that a PNG file names in cICP or cHRM; None: sRGB's, or none at all.

    cICP counts more than the rest, and a profile or an sRGB chunk more than cHRM (PNG 3rd edition, 13.13).
    """
    chunks = dict(png_chunks(path))
    named = chunks.get(b"cICP", b"")
    if len(named) == 4 and (named[0] in _PRIMARIES) and (named[1] in _CURVES):
        if (named[0], named[1]) == (_BT_709, _SRGB_CURVE):
            return None
        return profile_of_primaries(_D65, np.array(_PRIMARIES[named[0]]), _CURVES[named[1]])
    told = chunks.get(b"cHRM", b"")
    if len(told) != 32 or b"iCCP" in chunks or b"sRGB" in chunks:
        return None
    points = np.array(struct.unpack(">8I", told)).reshape(4, 2) / 100_000
    usual = np.array([_D65, *_PRIMARIES[_BT_709]])
    if np.abs(points - usual).max() < _SAME_PRIMARIES or (points <= 0).any():
        return None
    (exponent,) = struct.unpack(">I", chunks.get(b"gAMA", bytes(4))[:4])
    gamma = 100_000 / exponent if exponent and abs(exponent - _SRGB_EXPONENT) > 2000 else None
    return profile_of_primaries((points[0, 0], points[0, 1]), points[1:], gamma)


def has_unknown_space(path: Path) -> bool:
    """Whether a PNG file's cICP chunk names a space that is taken for sRGB because it is not known here."""
    named = dict(png_chunks(path)).get(b"cICP", b"")
    return bool(named) and not (len(named) == 4 and named[0] in _PRIMARIES and named[1] in _CURVES)


def png_chunks(path: Path, *, behind_pixels: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of a PNG file's chunks before its pixels, and of those behind if asked for."""
    with path.open("rb") as file:
        file.seek(8)
        for _ in range(_MOST_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                return
            length, kind = struct.unpack(">I4s", head)
            if kind == b"IEND" or (kind == b"IDAT" and not behind_pixels):
                return
            if kind in _PIXEL_CHUNKS or length > LONGEST_CHUNK:
                file.seek(length + 4, 1)
                continue
            yield kind, file.read(length)
            file.seek(4, 1)  # the checksum, which Pillow looks at


def _bits_of_tiff(tags: Any) -> int:
    bits = tags.get(_BITS, (1,))
    return int(max(bits if isinstance(bits, tuple) else (bits,)))


def _parts(args: Any) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else (args,)
