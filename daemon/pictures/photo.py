"""Reading photos: whatever Pillow opens becomes pixels with their colours, depth and orientation right."""

from __future__ import annotations

import errno
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from daemon.painting.pixels import Samples
from daemon.pictures.atomic_file import quoted
from daemon.pictures.colour_profile import RgbProfile
from daemon.pictures.decoding import decoded
from daemon.pictures.deep_pictures import is_grey_alpha
from daemon.pictures.exif import ORIENTATION, upright_exif
from daemon.pictures.iptc import iptc_of
from daemon.pictures.storage import (
    LONGEST_CHUNK,
    has_deep_samples,
    has_unknown_space,
    has_unnamed_channel,
    own_profile,
    refusal,
    stored_bits,
)
from daemon.pictures.time_limit import TimedFile
from daemon.pictures.unreadable import UnreadablePhoto, no_picture
from daemon.pictures.words import comment_of, png_texts_of, xmp_of
from wire.protocol import MAX_IMAGE_SIDE, ErrorCode, InsertObjectError

BYTES_PER_PIXEL = 14  # at the peak of reading, pasting and writing 8 bits per colour; measured, twice for 16
_STILL_FORMATS = ("MPO", "PSD")  # further frames are previews or layers, not movement
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "TGA", "PSD", "JPEG2000", "AVIF")
"""What is opened, by content: pixels in a file. Others start further programs (EPS) or open further files."""
_X_RESOLUTION = 282  # TIFF 6.0, section 8
_CGROUP = Path("/sys/fs/cgroup")
_PILLOWS_LIMITS = threading.Lock()


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
    iptc: bytes = field(default=b"", repr=False)
    texts: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)  # of PNG: kind and data of chunks
    notes: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """Bits per sample, 8 or 16."""
        return 8 * int(self.pixels.itemsize)


def read_photo(path: Path, what: str = "photo") -> Photo:
    """Reads a picture.

    EXIF orientation is applied. Grey, palette, CMYK and LAB pictures become RGB; an RGB profile is kept, a
    CMYK, LAB or grey one is converted to sRGB. docs/pictures.md lists where 16 bits per sample
    are kept. Of animated files the first picture is read, of which a note tells.

    Args:
        path: any file.
        what: the word for it in messages, such as "photo" or "mask".

    Raises:
        UnreadablePhoto: the sentence says whether there is no such file, no permission, no picture in it,
            a damaged one, one too large for the memory at hand, or one that takes too long.
    """
    _check_file(path, what)
    with _pillows_limits_lifted():
        try:
            with TimedFile(path, what) as file, Image.open(file, formats=_known_formats()) as image:
                _check_size(image, path, what)
                file.allow(image.width * image.height)
                return _read(image, path, file, what)
        except InsertObjectError:
            raise
        except UnidentifiedImageError as error:
            raise no_picture(path) from error
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
        if path.is_symlink():
            raise UnreadablePhoto(
                f"The {what} {quoted(path)} is a link that leads nowhere.", "Give the file itself."
            ) from error
        raise UnreadablePhoto(f"There is no {what} {quoted(path)}.", "Check the name.") from error
    if stat.S_ISDIR(kind):
        raise UnreadablePhoto(f"{quoted(path)} is a folder, not a {what}.", "Give one picture file.")
    if not stat.S_ISREG(kind):
        raise UnreadablePhoto(f"{quoted(path)} is not a file.", "Give a picture file.")
    size = path.stat().st_size
    if size == 0:
        raise UnreadablePhoto(f"The {what} {quoted(path)} is an empty file.", "Export or download it again.")
    if size > memory_left():  # some codecs take the whole file at once
        raise _too_large(path, what, f"is a file of {size / 1e9:.1f} GB, more than the memory that is free")


@contextmanager
def _pillows_limits_lifted() -> Iterator[None]:
    """Lifts Pillow's limits of 179 million pixels, which ``_check_size`` compares with the memory at hand,
    and of 1 MB for a PNG file's texts and colour profile.

    One thread at a time, since the limits are the whole program's.
    """
    with _PILLOWS_LIMITS:
        before = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = None, LONGEST_CHUNK
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = before


def _check_size(image: ImageFile.ImageFile, path: Path, what: str) -> None:
    needed = image.width * image.height * BYTES_PER_PIXEL * (2 if has_deep_samples(image) else 1)
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


def _read(image: ImageFile.ImageFile, path: Path, file: TimedFile, what: str) -> Photo:
    notes: list[str] = []
    if wrong := refusal(image, path):
        raise UnreadablePhoto(f"The {what} {quoted(path)} {wrong.reason}.", wrong.hint)
    bits = stored_bits(image, path)
    if image.format == "TIFF":
        if image.tag_v2.next:  # type: ignore[attr-defined]  # Pillow would count them by reading every one
            notes.append(f"The {what} {quoted(path)} has further pages; the first is used.")
    elif image.format not in _STILL_FORMATS and getattr(image, "is_animated", False):
        notes.append(f"The {what} {quoted(path)} is animated; its first picture is used.")
    has_colours = image.mode.startswith(("RGB", "P")) and not is_grey_alpha(image)
    named = own_profile(path) if image.format == "PNG" and has_colours else None
    icc = named or image.info.get("icc_profile") or None
    if image.format == "PNG" and icc is None and has_unknown_space(path):
        notes.append("The photo's colour space (cICP) is not known; its colours are taken as sRGB.")
    dots = _resolution(image)
    iptc = iptc_of(image, notes)
    texts = png_texts_of(path, notes) if image.format == "PNG" else ()
    pixels, is_grey, profile = decoded(image, path, file, icc, what, notes)
    # After loading, because Pillow turns TIFF pictures upright itself.
    exif = image.getexif()
    orientation = exif.get(ORIENTATION, 1)
    if bits > 8 * pixels.itemsize:
        notes.append(f"The photo's {bits} bits per colour are read as {8 * pixels.itemsize}.")
    if has_unnamed_channel(image) and pixels.shape[2] == 3:
        notes.append("A channel beside the photo's colours, which is not called transparency, was left out.")
    return Photo(
        np.ascontiguousarray(_upright(pixels, orientation)),
        is_grey,
        profile,
        upright_exif(exif, orientation, notes),
        (float(dots[0]), float(dots[1])) if dots and min(dots) > 0 else None,
        xmp_of(image, orientation, notes),
        comment_of(image),
        iptc,
        texts,
        tuple(notes),
    )


def _resolution(image: ImageFile.ImageFile) -> tuple[float, float] | None:
    """Dots per inch, if the file says any: for TIFF files that do not, Pillow would say 1."""
    tags = getattr(image, "tag_v2", None)
    if tags is not None and _X_RESOLUTION not in tags:
        return None
    dots: tuple[float, float] | None = image.info.get("dpi")
    return dots


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
