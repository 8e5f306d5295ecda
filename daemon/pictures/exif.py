"""EXIF of a picture that is turned upright: what it tells of the photo, without how a file stored it.

Source: CIPA DC-008 (Exif 2.32), 4.6.
"""

from __future__ import annotations

from PIL import Image

ORIENTATION = 0x0112
_EXIF_FOLDER, _GPS_FOLDER = 0x8769, 0x8825
_FOLDERS = (_EXIF_FOLDER, _GPS_FOLDER)
_EXIF_WIDTH, _EXIF_HEIGHT = 0xA002, 0xA003
_QUARTER_TURNS = (5, 6, 7, 8)  # orientations that swap width and height
# What a TIFF file's own tags say of how its pixels are stored (TIFF 6.0 and its supplements), and blocks that
# are no part of EXIF: XMP, IPTC, Photoshop, the colour profile.
_NOT_EXIF = frozenset({
    *range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(288, 294), 297, 301,
    *range(317, 326), 330, *range(332, 348), *range(512, 522), *range(529, 533), 559, 700, 32997, 33723,
    34377, 34675, 37724, 50255,
})  # fmt: skip


def upright_exif(exif: Image.Exif, orientation: int, notes: list[str]) -> bytes:
    """The EXIF block for the turned picture; empty if there is none."""
    told = Image.Exif()  # a new one: that of a BigTIFF cannot be read where EXIF is expected
    try:
        for tag in exif:
            if tag not in _NOT_EXIF and tag not in _FOLDERS:
                told[tag] = exif[tag]
        if ORIENTATION in told:
            told[ORIENTATION] = 1
        for folder in _FOLDERS:
            if inner := dict(exif.get_ifd(folder)):
                told[folder] = inner
        inner = told.get(_EXIF_FOLDER, {})
        if orientation in _QUARTER_TURNS and _EXIF_WIDTH in inner and _EXIF_HEIGHT in inner:
            inner[_EXIF_WIDTH], inner[_EXIF_HEIGHT] = inner[_EXIF_HEIGHT], inner[_EXIF_WIDTH]
        return told.tobytes() if len(told) else b""
    except Exception:  # tags of broken types lead Pillow to raise whatever it may be
        notes.append("The photo's EXIF data is damaged and was left out.")
        return b""
