"""Pictures with 16 bits per colour, for which Pillow has no mode: PNG and TIFF in, PNG out."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

_HIGH_FIRST, _LOW_FIRST = "16B", "16L"
_PNG_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels: IHDR's colour type
_PNG_BAND_ROWS = 256
_PNG_HEADER_BYTES = 8 + 12 + 13  # the signature and IHDR


def deep_colours(image: ImageFile.ImageFile) -> NDArray[np.uint16] | None:
    """The pixels (h, w, 3|4) of a PNG or TIFF with 16 bits per colour, or None if it is something else.

    Pillow's decoders keep the first byte of each sample of a big-endian, the second of a little-endian
    file, so decoding the same data once each way gives both. ``image`` must not have been loaded; it is
    afterwards, as eight bits.
    """
    tiles = image.tile
    if image.mode not in ("RGB", "RGBA") or not tiles or "transparency" in image.info:
        return None
    orders = {_byte_order(tile.args) for tile in tiles}
    if len(orders) != 1 or None in orders:
        return None
    order = orders.pop()
    other = _LOW_FIRST if order == _HIGH_FIRST else _HIGH_FIRST
    swapped = [tile._replace(args=_with_order(tile.args, other)) for tile in tiles]
    with Image.open(image.filename) as twin:
        twin.tile = swapped
        pixels = np.asarray(twin).astype(np.uint16)
    pixels |= np.asarray(image).astype(np.uint16) << np.uint16(8)
    return pixels


def _raw_mode(args: Any) -> str:
    return str(args[0] if isinstance(args, tuple) else args)


def _byte_order(args: Any) -> str | None:
    mode, _, layout = _raw_mode(args).partition(";")
    if mode not in ("RGB", "RGBA"):
        return None
    native = _LOW_FIRST if sys.byteorder == "little" else _HIGH_FIRST
    return {"16B": _HIGH_FIRST, "16L": _LOW_FIRST, "16N": native}.get(layout)


def _with_order(args: Any, order: str) -> Any:
    mode = f"{_raw_mode(args).partition(';')[0]};{order}"
    return (mode, *args[1:]) if isinstance(args, tuple) else mode


def write_deep_png(
    file: BinaryIO,
    pixels: NDArray[np.uint16],
    *,
    profile: bytes | None = None,
    exif: bytes = b"",
    dots_per_inch: tuple[float, float] | None = None,
    texts: Sequence[bytes] = (),
) -> None:
    """Writes uint16 (h, w, 1|3|4) pixels as PNG: grey, RGB or RGBA; ``texts`` are the data of iTXt chunks.

    Source: https://www.w3.org/TR/png-3/ (chunks: 11.2, 11.3; filter Up: 9.2).
    """
    height, width, channels = pixels.shape
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOUR_TYPES[channels], 0, 0, 0))
    if profile:
        _chunk(file, b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
    if dots_per_inch:
        per_metre = (round(value / 0.0254) for value in dots_per_inch)
        _chunk(file, b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if exif:
        _chunk(file, b"eXIf", exif.removeprefix(b"Exif\0\0"))
    for text in texts:
        _chunk(file, b"iTXt", text)
    squeeze = zlib.compressobj(6, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    above = np.zeros((1, width * channels * 2), np.uint8)
    for top in range(0, height, _PNG_BAND_ROWS):
        samples = np.ascontiguousarray(pixels[top : top + _PNG_BAND_ROWS], ">u2")
        rows = samples.view(np.uint8).reshape(len(samples), -1)
        filtered = np.full((len(rows), rows.shape[1] + 1), 2, np.uint8)  # 2: each byte less the one above
        filtered[:, 1:] = rows - np.concatenate((above, rows[:-1]))
        above = rows[-1:]
        packed = squeeze.compress(filtered.tobytes())
        if packed:
            _chunk(file, b"IDAT", packed)
    _chunk(file, b"IDAT", squeeze.flush())
    _chunk(file, b"IEND", b"")


def with_offset(png: bytes, offset: tuple[int, int]) -> bytes:
    """A PNG file with the place of its corner on a page, in pixels: an oFFs chunk behind its IHDR.

    Source: http://www.libpng.org/pub/png/spec/register/pngext-1.3.0-pdg.html#C.oFFs
    """
    chunk = io.BytesIO()
    _chunk(chunk, b"oFFs", struct.pack(">iiB", *offset, 0))
    return png[:_PNG_HEADER_BYTES] + chunk.getvalue() + png[_PNG_HEADER_BYTES:]


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    file.write(struct.pack(">I", len(data)) + kind)
    file.write(data)
    file.write(struct.pack(">I", checksum))
