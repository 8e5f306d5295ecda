"""Decoding that ends: no file, however long or however made, keeps a command busy for ever.

Most codecs of Pillow ask for the next bytes again and again, so a file that refuses after some time ends
them, in every thread and on every system, at no cost. Those that want the whole file at once are of two
kinds. What WebP and libtiff do is bounded by the number of pixels, which is compared with the memory before.
What JPEG 2000 and AVIF do is not, so they run in a process of their own, which is ended; it takes some 0.1 s
to start, for these two formats alone.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image, ImageFile

from daemon.pictures.atomic_file import quoted
from daemon.pictures.unreadable import UnreadablePhoto

LONGEST_SECONDS = 60.0  # for any picture, and
PIXELS_A_SECOND = 2_000_000  # more for a large one; a slow computer's slowest codec takes five times as many
APART = ("JPEG2000", "AVIF")  # decoded in a process of their own
JPEG_BLOCK = (
    4096  # bytes: of these, a progressive picture can have a hundred empty passes, each over all of it
)
_DECODER = Path(__file__).with_name("decoder.py")


class TimedFile(io.BufferedReader):
    """A file that can be read until its time is over.

    Raises:
        UnreadablePhoto: from ``read``, once the time is over.
    """

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(io.FileIO(path))
        self._path, self._what = path, what
        self._allowed = LONGEST_SECONDS
        self._deadline = time.monotonic() + self._allowed

    def allow(self, pixels: int) -> None:
        """Gives a picture of that size its time."""
        self._allowed += pixels / PIXELS_A_SECOND
        self._deadline += pixels / PIXELS_A_SECOND

    @property
    def seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    def read(self, size: int | None = -1, /) -> bytes:
        if self.seconds_left < 0:
            raise self.too_slow()
        return super().read(size)

    def too_slow(self) -> UnreadablePhoto:
        return UnreadablePhoto(
            f"The {self._what} {quoted(self._path)} takes longer than {self._allowed:.0f} s to read.",
            "It may be damaged, or made to do that. Open it in an editor and export it again.",
        )


def loaded(image: ImageFile.ImageFile, path: Path, file: TimedFile) -> Image.Image:
    """The picture with its pixels decoded; the same object but for the formats of ``APART``.

    Args:
        image: opened from ``file``, which is opened from ``path``.

    Raises:
        UnreadablePhoto: it takes too long.
        OSError: its data cannot be decoded.
    """
    if image.format not in APART:
        image.decodermaxblock = JPEG_BLOCK if image.format in ("JPEG", "MPO") else image.decodermaxblock
        image.load()
        return image
    seconds = max(0.1, file.seconds_left)
    command = [sys.executable, "-I", str(_DECODER), image.format, str(seconds), str(path.absolute())]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise file.too_slow() from error
    if done.returncode:
        raise OSError(f"the decoder ended with {done.returncode}")
    end = done.stdout.index(b"\n")
    told = json.loads(done.stdout[:end])
    return Image.frombytes(told["mode"], tuple(told["size"]), memoryview(done.stdout)[end + 1 :])
