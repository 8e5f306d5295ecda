"""Writing TIFF files of 8 or 16 bits per sample, with all that EXIF says of a photo."""

from __future__ import annotations

import itertools
import zlib
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from daemon.painting.pixels import Samples

_STRIP_BYTES = 1 << 20
_BYTE, _UNDEFINED, _LONG = 1, 7, 4  # TIFF field types
_DESCRIPTION = (270, 271, 272, 305, 306, 315, 33432)  # what, camera, software, date, artist, copyright
_EXIF_FOLDER, _GPS_FOLDER = 34665, 34853


def write_tiff(
    file: BinaryIO,
    pixels: Samples,
    *,
    profile: bytes | None = None,
    exif: bytes = b"",
    dots_per_inch: tuple[float, float] | None = None,
    xmp: bytes = b"",
    iptc: bytes = b"",
) -> None:
    """Writes uint8 or uint16 (h, w, 1|3|4) pixels as TIFF, deflated: grey, RGB or RGBA with straight alpha.

    Pillow writes no 16-bit colours.

    Source: TIFF 6.0, Adobe 1992, sections 4 to 8 and 18; Exif 2.32, 4.6.3.
    """
    height, width, channels = pixels.shape
    directory = ImageFileDirectory_v2(prefix=b"II")
    if exif:
        _copy_exif(exif, directory)
    rows_per_strip = max(1, _STRIP_BYTES // (width * channels * pixels.itemsize))
    little = pixels.dtype.newbyteorder("<")
    strips = [
        zlib.compress(np.ascontiguousarray(pixels[top : top + rows_per_strip], little).tobytes())
        for top in range(0, height, rows_per_strip)
    ]
    directory[256], directory[257] = width, height
    directory[258] = (8 * pixels.itemsize,) * channels
    directory[259] = 8  # Adobe deflate
    directory[262] = 1 if channels == 1 else 2  # black is zero, RGB
    directory[273] = tuple(itertools.accumulate(map(len, strips[:-1]), initial=0))
    directory[277] = channels
    directory[278] = rows_per_strip
    directory[279] = tuple(map(len, strips))
    directory[284] = 1  # channels side by side
    if channels == 4:
        directory[338] = 2  # straight alpha
    if dots_per_inch:
        directory[282], directory[283] = dots_per_inch
        directory[296] = 2  # inches
    if profile:
        directory.tagtype[34675] = _UNDEFINED
        directory[34675] = profile
    if xmp:
        directory.tagtype[700] = _BYTE
        directory[700] = xmp
    if iptc:
        directory.tagtype[33723] = _UNDEFINED
        directory[33723] = iptc
    directory.save(file)  # moves the strips' offsets behind itself
    for strip in strips:
        file.write(strip)


def _copy_exif(exif: bytes, directory: ImageFileDirectory_v2) -> None:
    """Copies what EXIF tells of the photo: description, camera, settings and place."""
    tags = Image.Exif()
    tags.load(exif)
    for tag in _DESCRIPTION:
        if tag in tags:
            directory[tag] = tags[tag]
    for folder in (_EXIF_FOLDER, _GPS_FOLDER):
        if folder in tags:
            directory.tagtype[folder] = _LONG
            directory[folder] = dict(tags.get_ifd(folder))
