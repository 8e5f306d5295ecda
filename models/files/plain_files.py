"""Reading the files of a weights folder: ordinary files of a bounded size that lie in the folder itself."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class ModelMissing(Exception):
    """A file of the weights is not there; ``path`` names it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing.")
        self.path = path


class ModelCorrupt(Exception):
    """A file of the weights is not what it should be; ``path`` names it, ``reason`` goes on from there."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = " ".join(reason.split()).rstrip(". ")[:400]
        super().__init__(f"{path} {self.reason}.")


def file_size(path: Path) -> int:
    """Bytes of an ordinary file that lies in its folder itself.

    Raises:
        ModelMissing: it is not there.
        ModelCorrupt: it is a folder, a device, or a link that leads out of the folder.
    """
    try:
        real = Path(os.path.realpath(path))
        if real.parent != Path(os.path.realpath(path.parent)):
            raise ModelCorrupt(path, "is a link that leads out of its folder")
        state = real.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise ModelMissing(path) from None
    except (OSError, ValueError) as error:
        raise ModelCorrupt(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(state.st_mode):
        raise ModelCorrupt(path, "is not an ordinary file")
    return state.st_size


def read_file(path: Path, most: int) -> bytes:
    """The whole file, after a look at its size; raises as ``file_size``, also beyond ``most`` bytes."""
    size = file_size(path)
    if size > most:
        raise ModelCorrupt(path, f"holds {size} bytes, more than the {most} that can be")
    return read_start(path, size)


def read_start(path: Path, count: int) -> bytes:
    """The first ``count`` bytes of the file, or fewer if it is shorter; raises as ``file_size``."""
    file_size(path)
    try:
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError as error:
        raise ModelCorrupt(path, f"cannot be read: {error.strerror}") from error
