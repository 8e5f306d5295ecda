"""Files that cannot be used as pictures: the error, and what they are by their content."""

from __future__ import annotations

from pathlib import Path

from daemon.pictures.atomic_file import quoted
from wire.protocol import ErrorCode, InsertObjectError

_LOOKED_AT = 4096  # bytes
_BRANDS = slice(8, 64)  # of an ISO file, behind its size and "ftyp"
# What a file begins with, what that is called, and what to do about it.
_KINDS = (
    (b"\xff\x0a", "a JPEG XL picture", "Export it as PNG or TIFF."),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture", "Export it as PNG or TIFF."),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture", "Export it as PNG or TIFF with 16 bits."),
    (b"#?RADIANCE", "a Radiance picture", "Export it as PNG or TIFF with 16 bits."),
    (b"%!PS", "a PostScript drawing", "Export it as PNG."),
    (b"\xc5\xd0\xd3\xc6", "a PostScript drawing", "Export it as PNG."),
    (b"%PDF", "a PDF file", "Export the page as PNG."),
    (b"gimp xcf", "GIMP's own file", "Export it as PNG or TIFF."),
    (b"8BPS", "a Photoshop file in another mode or depth", "Export it as PNG or TIFF."),
    (b"PK\x03\x04", "a packed file, such as Krita's own or OpenRaster", "Export it as PNG or TIFF."),
    (b"FUJIFILMCCD-RAW", "a camera's raw file", "Develop it to TIFF or PNG first."),
    (b"IIRO", "a camera's raw file", "Develop it to TIFF or PNG first."),
    (b"IIU\0", "a camera's raw file", "Develop it to TIFF or PNG first."),
    (b"<svg", "an SVG drawing", "Export it as PNG."),
)
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ISO_KINDS = (
    ((b"avif", b"avis"), "an AVIF picture, damaged or of another kind", "Export it as PNG."),
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1"), "a HEIC picture", "Export it as JPEG or PNG."),
    ((b"crx ",), "a camera's raw file", "Develop it to TIFF or PNG first."),
)


class UnreadablePhoto(InsertObjectError):
    """A file that cannot be used as a picture."""

    def __init__(self, sentence: str, hint: str = "", code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(code, sentence, hint)


def no_picture(path: Path) -> UnreadablePhoto:
    """Why a file in no known format is not read; the sentence names what it is, if that can be told."""
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    if start.startswith(_TIFF_STARTS):
        return UnreadablePhoto(
            f"{quoted(path)} is a TIFF file that stores its picture in a way that is not read.",
            "Export it as PNG, or as TIFF with 8 or 16 bits per colour, interleaved.",
        )
    if start[4:8] == b"ftyp":
        for brands, name, hint in _ISO_KINDS:
            if any(brand in start[_BRANDS] for brand in brands):
                return UnreadablePhoto(f"{quoted(path)} is {name}, which is not read.", hint)
    for beginning, name, hint in _KINDS:
        if start.startswith(beginning) or (beginning == b"<svg" and beginning in start):
            return UnreadablePhoto(f"{quoted(path)} is {name}, which is not read.", hint)
    return UnreadablePhoto(
        f"{quoted(path)} is not a picture in a format that can be read.",
        "Give a PNG, JPEG, WebP, TIFF or another common picture file.",
    )
