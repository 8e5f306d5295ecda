"""Reading photos: whatever Pillow opens becomes pixels with their colours, depth and orientation right."""

from __future__ import annotations

import errno
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

from daemon.painting.pixels import Samples
from daemon.pictures.atomic_file import quoted
from daemon.pictures.colour_profile import RgbProfile, UnusableProfile, converted_to_srgb, grey_curve
from daemon.pictures.deep_pictures import deep_colours
from daemon.pictures.storage import has_unknown_space, has_unnamed_channel, own_profile, refusal, stored_bits
from daemon.pictures.words import comment_of, has_further_texts, xmp_of
from wire.protocol import MAX_IMAGE_SIDE, ErrorCode, InsertObjectError

BYTES_PER_PIXEL = 14  # at the peak of reading, pasting and writing 8 bits per colour; measured, twice for 16
_IPTC, _PHOTOSHOP = 33723, 34377  # tags of TIFF
_GPS_FOLDER = 0x8825
_ORIENTATION, _EXIF_FOLDER, _EXIF_WIDTH, _EXIF_HEIGHT = 0x0112, 0x8769, 0xA002, 0xA003
_FOLDERS = (_EXIF_FOLDER, _GPS_FOLDER)
_QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_STILL_FORMATS = ("MPO", "PSD", "TIFF")  # further frames are previews, layers or pages, not movement
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "TGA", "PSD", "JPEG2000", "AVIF")
"""What is opened, by content: pixels in a file. Others start further programs (EPS) or open further files."""
_SRGB_GAMMA = 0.45455  # what encoders write beside sRGB pixels
_PHOTOMETRIC, _MIN_IS_WHITE, _X_RESOLUTION = 262, 0, 282  # TIFF 6.0, sections 3 and 8
# What a TIFF file's own tags say of how its pixels are stored (TIFF 6.0 and its supplements), and blocks that
# are no part of EXIF: XMP, IPTC, Photoshop, the colour profile.
_NOT_EXIF = frozenset({
    *range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(288, 294), 297, 301,
    *range(317, 326), 330, *range(332, 348), *range(512, 522), *range(529, 533), 559, 700, 32997, 33723,
    34377, 34675, 37724, 50255,
})  # fmt: skip
_CGROUP = Path("/sys/fs/cgroup")
_PILLOWS_LIMIT = threading.Lock()


class UnreadablePhoto(InsertObjectError):
    """A file that cannot be used as a picture."""

    def __init__(self, sentence: str, hint: str = "", code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(code, sentence, hint)


@dataclass(frozen=True)
class Photo:
    """A photo as it will be written back.

    ``pixels`` is uint8 or uint16 (H, W, 3|4), upright, with straight alpha, in sRGB or in the space of
    ``profile``. Grey photos have three equal colours. ``exif`` and ``xmp`` say upright. ``notes`` are
    sentences about what was not taken as it was.
    """

    pixels: Samples = field(repr=False)
    is_grey: bool = False
    profile: RgbProfile | None = None
    exif: bytes = field(default=b"", repr=False)
    dots_per_inch: tuple[float, float] | None = None
    xmp: bytes = field(default=b"", repr=False)
    comment: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """Bits per sample, 8 or 16."""
        return 8 * int(self.pixels.itemsize)


def read_photo(path: Path, what: str = "photo") -> Photo:
    """Reads a picture.

    EXIF orientation is applied. Grey, palette, CMYK and LAB pictures become RGB; an RGB profile is kept, a
    CMYK, LAB or grey one is converted to sRGB. 16 bits per sample are kept in grey pictures and in RGB and
    RGBA PNG and TIFF. Of animated files the first picture is read, of which a note tells.

    Args:
        path: any file.
        what: the word for it in messages, such as "photo" or "mask".

    Raises:
        UnreadablePhoto: the sentence says whether there is no such file, no permission, no picture in it,
            a damaged one, or one too large for the memory at hand.
    """
    _check_file(path, what)
    with _any_size_allowed():
        try:
            with Image.open(path, formats=_known_formats()) as image:
                _check_size(image, path, what)
                return _read(image, path, what)
        except InsertObjectError:
            raise
        except UnidentifiedImageError as error:
            raise UnreadablePhoto(
                f"{quoted(path)} is not a picture in a format that can be read.",
                "Give a PNG, JPEG, WebP, TIFF or another common picture file.",
            ) from error
        except PermissionError as error:
            raise UnreadablePhoto(
                f"The {what} {quoted(path)} may not be read.", "Check the file's permissions."
            ) from error
        except MemoryError as error:
            raise _too_large(path, what, "needs more memory than is free") from error
        except Exception as error:  # a broken file leads Pillow's decoders to raise whatever it may be
            raise UnreadablePhoto(
                f"The {what} {quoted(path)} is damaged or cut short.", "Export or download it again."
            ) from error


def _known_formats() -> tuple[str, ...]:
    """Those of ``FORMATS`` that this Pillow has."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _check_file(path: Path, what: str) -> None:
    try:
        kind = path.stat().st_mode
    except PermissionError as error:
        raise UnreadablePhoto(
            f"The {what} {quoted(path)} may not be read.", "Check the folder's permissions."
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            raise UnreadablePhoto(f"The name of the {what} is too long: {quoted(path)}.") from error
        raise UnreadablePhoto(f"There is no {what} {quoted(path)}.", "Check the name.") from error
    if stat.S_ISDIR(kind):
        raise UnreadablePhoto(f"{quoted(path)} is a folder, not a {what}.", "Give one picture file.")
    if not stat.S_ISREG(kind):
        raise UnreadablePhoto(f"{quoted(path)} is not a file.", "Give a picture file.")
    if path.stat().st_size == 0:
        raise UnreadablePhoto(f"The {what} {quoted(path)} is an empty file.", "Export or download it again.")


@contextmanager
def _any_size_allowed() -> Iterator[None]:
    """Lifts Pillow's limit of 179 million pixels: ``_check_size`` compares with the memory at hand.

    One thread at a time, since the limit is the whole program's.
    """
    with _PILLOWS_LIMIT:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _check_size(image: ImageFile.ImageFile, path: Path, what: str) -> None:
    is_deep = any("16" in str(tile.args) for tile in image.tile)
    needed = image.width * image.height * BYTES_PER_PIXEL * (2 if is_deep else 1)
    if max(image.size) > MAX_IMAGE_SIDE or needed > memory_left():
        gigabytes = f"{needed / 1e9:.1f} GB of memory, more than is free"
        raise _too_large(path, what, f"is {image.width} × {image.height} pixels and needs {gigabytes}")


def _too_large(path: Path, what: str, reason: str) -> UnreadablePhoto:
    return UnreadablePhoto(
        f"The {what} {quoted(path)} {reason}.",
        "Give a smaller part of it, or close other programs.",
        ErrorCode.TOO_LARGE,
    )


def memory_left(cgroup: Path = _CGROUP) -> int:
    """Bytes that can still be taken: of the computer's memory and of the cgroup's limit (version 2)."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = (cgroup / "memory.current").read_text(encoding="ascii").strip()
        return free if limit == "max" else min(free, int(limit) - int(used))
    except (OSError, ValueError):
        return free  # no such limit here


# --- Pixels -----------------------------------------------------------------------------------------------


def _read(image: ImageFile.ImageFile, path: Path, what: str) -> Photo:
    notes: list[str] = []
    if wrong := refusal(image, path):
        raise UnreadablePhoto(f"The {what} {quoted(path)} {wrong.reason}.", wrong.hint)
    bits = stored_bits(image, path)
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in _STILL_FORMATS:
        notes.append(f"The {what} {quoted(path)} is animated; its first picture is used.")
    elif frames > 1 and image.format == "TIFF":
        notes.append(f"The {what} {quoted(path)} has {frames} pages; the first is used.")
    named = own_profile(path) if image.format == "PNG" and image.mode.startswith(("RGB", "P")) else None
    icc = named or image.info.get("icc_profile") or None
    if image.format == "PNG" and icc is None and has_unknown_space(path):
        notes.append("The photo's colour space (cICP) is not known; its colours are taken as sRGB.")
    dots = _resolution(image)
    notes += _left_out(image, path)
    deep = deep_colours(image)
    if deep is None:
        image.load()
    # After loading, because Pillow turns TIFF pictures upright itself.
    exif = image.getexif()
    orientation = exif.get(_ORIENTATION, 1)
    profile = None
    if deep is not None:
        pixels, is_grey = deep, False
        profile = _rgb_profile(icc, notes)
    elif image.mode.startswith("I") or image.mode == "F":
        pixels, is_grey = _as_rgb(_deep_grey(image, path, what, icc, notes)), True
    elif image.mode in ("1", "L", "LA", "La"):
        pixels, is_grey = _grey(image, icc, notes), True
    elif image.mode in ("CMYK", "LAB"):
        pixels, is_grey = np.asarray(_from_ink(image, icc, notes)), False
    else:
        has_alpha = image.mode in ("RGBA", "RGBa", "PA") or "transparency" in image.info
        mode = "RGBA" if has_alpha else "RGB"
        pixels, is_grey = np.asarray(image if image.mode == mode else image.convert(mode)), False
        profile = _rgb_profile(icc, notes)
    if icc is None:
        pixels = _from_gamma(pixels, image.info, notes)
    if bits > 8 * pixels.itemsize:
        notes.append(f"The photo's {bits} bits per colour are read as {8 * pixels.itemsize}.")
    if has_unnamed_channel(image) and pixels.shape[2] == 3:
        notes.append("A channel beside the photo's colours, which is not called transparency, was left out.")
    return Photo(
        np.ascontiguousarray(_upright(pixels, orientation)),
        is_grey,
        profile,
        _upright_exif(exif, orientation, notes),
        (float(dots[0]), float(dots[1])) if dots and min(dots) > 0 else None,
        xmp_of(image, orientation),
        comment_of(image),
        tuple(notes),
    )


def _resolution(image: ImageFile.ImageFile) -> tuple[float, float] | None:
    """Dots per inch, if the file says any: for TIFF files that do not, Pillow would say 1."""
    tags = getattr(image, "tag_v2", None)
    if tags is not None and _X_RESOLUTION not in tags:
        return None
    dots: tuple[float, float] | None = image.info.get("dpi")
    return dots


def _is_min_white(image: Image.Image) -> bool:
    tags = getattr(image, "tag_v2", None)
    return tags is not None and tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE


def _left_out(image: ImageFile.ImageFile, path: Path) -> list[str]:
    """Notes on what the file holds and the result will not, whatever its format."""
    notes = []
    tags = getattr(image, "tag_v2", None) or {}
    if _IPTC in tags or _PHOTOSHOP in tags or image.info.get("photoshop"):
        notes.append("The photo's IPTC and Photoshop data was left out.")
    if image.format == "PNG" and has_further_texts(path):
        notes.append("Texts that the photo's file holds were left out.")
    return notes


def _from_gamma(pixels: Samples, info: Mapping[Any, Any], notes: list[str]) -> Samples:
    """sRGB values of pixels whose PNG file says another exponent in its gAMA chunk: a sample is light to the
    power of it (https://www.w3.org/TR/png-3/, 11.3.2.2). sRGB, and what is near it, stays as it is."""
    gamma = info.get("gamma")
    if not isinstance(gamma, float) or "srgb" in info or abs(gamma - _SRGB_GAMMA) < 0.02 or gamma <= 0:
        return pixels
    most = np.iinfo(pixels.dtype).max
    light = (np.arange(most + 1) / most) ** (1 / gamma)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    table = np.rint(most * encoded).astype(pixels.dtype)
    notes.append("The photo's shades were converted from the gamma that its file names to sRGB.")
    return np.dstack((table[pixels[..., :3]], pixels[..., 3:]))


def _as_rgb(grey: Samples) -> Samples:
    colours: Samples = np.repeat(grey[..., np.newaxis], 3, axis=2)
    return colours


def _rgb_profile(icc: bytes | None, notes: list[str]) -> RgbProfile | None:
    if icc is None:
        return None
    try:
        return RgbProfile(icc)
    except UnusableProfile:
        notes.append("The photo's colour profile is damaged; its colours are taken as sRGB.")
        return None


def _grey(image: Image.Image, icc: bytes | None, notes: list[str]) -> Samples:
    has_alpha = image.mode in ("LA", "La") or "transparency" in image.info
    pixels: Samples = np.asarray(image.convert("RGBA" if has_alpha else "RGB"))
    curve = _grey_curve(icc, notes)
    if curve is not None:
        colours = np.rint(curve).astype(np.uint8)[pixels[..., :3]]
        pixels = np.dstack((colours, pixels[..., 3:])) if has_alpha else colours
    return pixels


def _deep_grey(
    image: Image.Image, path: Path, what: str, icc: bytes | None, notes: list[str]
) -> NDArray[np.uint16]:
    """uint16 (H, W) of a 16-bit, 32-bit or floating-point grey picture."""
    values: NDArray[Any] = np.asarray(image)
    if _is_min_white(image):  # Pillow turns eight bits around, and leaves more as they are
        if values.dtype != np.uint16:
            raise UnreadablePhoto(
                f"The {what} {quoted(path)} stores white as 0 in {8 * values.itemsize} bits.",
                "Export it with 8 or 16 bits.",
            )
        values = np.uint16(65535) - values
    if values.dtype == np.float32:
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise UnreadablePhoto(
                f"The {what} {quoted(path)} holds numbers that are no shades from 0 to 1.",
                "Export it with 8 or 16 bits.",
            )
        values = np.rint(values * 65535)
    elif values.min() < 0 or values.max() > 65535:
        raise UnreadablePhoto(
            f"The {what} {quoted(path)} has 32 bits per pixel.", "Export it with 8 or 16 bits."
        )
    grey = values.astype(np.uint16)
    curve = _grey_curve(icc, notes)
    if curve is not None:
        grey = np.rint(np.interp(np.arange(65536), np.arange(256) * 257, curve * 257)).astype(np.uint16)[grey]
    return grey


def _grey_curve(icc: bytes | None, notes: list[str]) -> NDArray[np.float64] | None:
    if icc is None:
        return None
    try:
        curve = grey_curve(icc)
    except UnusableProfile:
        notes.append("The photo's colour profile is damaged; its shades are taken as sRGB.")
        return None
    if curve is not None:
        notes.append("The photo's shades were converted from its own profile to sRGB.")
    return curve


def _from_ink(image: Image.Image, icc: bytes | None, notes: list[str]) -> Image.Image:
    """A CMYK or LAB picture as sRGB."""
    if icc is not None:
        try:
            converted = converted_to_srgb(image, icc)
            notes.append(f"The photo's {image.mode} colours were converted from their profile to sRGB.")
            return converted
        except UnusableProfile:
            notes.append("The photo's colour profile is damaged and was not used.")
    notes.append(f"The photo's {image.mode} colours were converted to sRGB.")
    if image.mode == "CMYK":
        return image.convert("RGB")
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(image)


def _upright(pixels: Samples, orientation: int) -> Samples:
    """Pixels turned as EXIF's orientation (1 to 8) says they must be seen.

    Source: CIPA DC-008 (Exif 2.32), 4.6.4 A.
    """
    turned: dict[int, Samples] = {
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.swapaxes(0, 1),
        6: pixels.swapaxes(0, 1)[:, ::-1],
        7: pixels[::-1, ::-1].swapaxes(0, 1),
        8: pixels.swapaxes(0, 1)[::-1],
    }
    return turned.get(orientation, pixels)


def _upright_exif(exif: Image.Exif, orientation: int, notes: list[str]) -> bytes:
    """The EXIF block for the turned picture; empty if there is none."""
    told = Image.Exif()  # a new one: that of a BigTIFF cannot be read where EXIF is expected
    try:
        for tag, value in exif.items():
            if tag not in _NOT_EXIF and tag not in _FOLDERS:
                told[tag] = value
        if _ORIENTATION in told:
            told[_ORIENTATION] = 1
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
