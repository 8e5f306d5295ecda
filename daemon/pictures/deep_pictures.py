"""Pictures with 16 bits per colour, for which Pillow has no mode: PNG, TIFF and PPM in, PNG out."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

_HIGH_FIRST, _LOW_FIRST = "16B", "16L"
_GREY_ALPHA = "LA;16B"
_PNG_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels: IHDR's colour type
_PNG_BAND_ROWS = 256
_PNG_HEADER_BYTES = 8 + 12 + 13  # the signature and IHDR


class DeepPixels(NamedTuple):
    """uint16 (h, w, 3|4) with straight alpha; grey ones have three equal colours."""

    pixels: NDArray[np.uint16]
    is_grey: bool


def is_grey_alpha(image: ImageFile.ImageFile) -> bool:
    """Whether a PNG holds grey and transparency of 16 bits each, which Pillow calls RGBA."""
    return image.format == "PNG" and [raw_mode(tile.args) for tile in image.tile] == [_GREY_ALPHA]


def deep_colours(image: ImageFile.ImageFile, path: Path, load: Callable[[], object]) -> DeepPixels | None:
    """The pixels of a PNG, TIFF or PPM with 16 bits per colour, or None if it is something else.

    Pillow's decoders keep the first byte of each sample of a big-endian, the second of a little-endian
    file, so decoding the same data once each way gives both. ``load`` decodes ``image``, which must not have
    been loaded; it is afterwards, as something.
    """
    if image.format == "PPM":
        return _deep_ppm(image, path)
    if is_grey_alpha(image):
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]  # four bytes: two for each sample
        load()
        both = np.asarray(image).view(">u2").astype(np.uint16)
        return DeepPixels(np.dstack((both[..., :1],) * 3 + (both[..., 1:],)), is_grey=True)
    tiles = image.tile
    orders = {_byte_order(tile.args) for tile in tiles}
    if image.mode not in ("RGB", "RGBA") or len(orders) != 1 or None in orders:
        return None
    is_premultiplied = any(raw_mode(tile.args).startswith("RGBa;") for tile in tiles)
    order = orders.pop()
    other = _LOW_FIRST if order == _HIGH_FIRST else _HIGH_FIRST
    image.tile = [tile._replace(args=_with_order(tile.args, str(order))) for tile in tiles]
    load()
    with Image.open(path, formats=[str(image.format)]) as twin:
        twin.tile = [tile._replace(args=_with_order(tile.args, other)) for tile in twin.tile]
        pixels = np.asarray(twin).astype(np.uint16)
    pixels |= np.asarray(image).astype(np.uint16) << np.uint16(8)
    if is_premultiplied:
        _divide_by_alpha(pixels)
    transparent = image.info.get("transparency")
    if image.format == "PNG" and isinstance(transparent, tuple) and pixels.shape[2] == 3:
        opaque = (pixels != np.array(transparent, np.uint16)).any(axis=2)
        pixels = np.dstack((pixels, opaque * np.uint16(65535)))
    return DeepPixels(pixels, is_grey=False)


def _deep_ppm(image: ImageFile.ImageFile, path: Path) -> DeepPixels | None:
    """Two bytes a sample, the first one counts more; white is what the header says."""
    if image.mode != "RGB" or [tile.codec_name for tile in image.tile] != ["ppm"]:
        return None
    (tile,) = image.tile
    white = tile.args[-1] if isinstance(tile.args, tuple) else 255
    if white <= 255:
        return None
    samples = np.fromfile(path, ">u2", count=image.width * image.height * 3, offset=tile.offset)
    if white < 65535:
        samples = np.rint(np.minimum(samples, white) * (65535 / white))
    return DeepPixels(samples.astype(np.uint16).reshape(image.height, image.width, 3), is_grey=False)


def _divide_by_alpha(pixels: NDArray[np.uint16]) -> None:
    """Makes premultiplied colours straight, in place; what is wholly transparent stays."""
    for row in pixels:
        alpha = row[:, 3:].astype(np.uint32)
        straight = (row[:, :3] * np.uint32(65535) + alpha // 2) // np.maximum(alpha, 1)
        row[:, :3] = np.where(alpha > 0, np.minimum(straight, 65535), row[:, :3])


def raw_mode(args: Any) -> str:
    """How the samples lie in the file, in Pillow's words: the first thing that a decoder is told."""
    return str(args[0] if isinstance(args, tuple) else args)


def _byte_order(args: Any) -> str | None:
    mode, _, layout = raw_mode(args).partition(";")
    if mode not in ("RGB", "RGBA", "RGBa"):
        return None
    native = _LOW_FIRST if sys.byteorder == "little" else _HIGH_FIRST
    return {"16B": _HIGH_FIRST, "16L": _LOW_FIRST, "16N": native}.get(layout)


def _with_order(args: Any, order: str) -> Any:
    mode = f"{raw_mode(args).partition(';')[0].upper()};{order}"  # premultiplied colours are left so
    return (mode, *args[1:]) if isinstance(args, tuple) else mode


def write_deep_png(
    file: BinaryIO,
    pixels: NDArray[np.uint16],
    *,
    profile: bytes | None = None,
    exif: bytes = b"",
    dots_per_inch: tuple[float, float] | None = None,
    texts: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    """Writes uint16 (h, w, 1|3|4) pixels as PNG: grey, RGB or RGBA; ``texts`` are kind and data of chunks.

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
    for kind, text in texts:
        _chunk(file, kind, text)
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
