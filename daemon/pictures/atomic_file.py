"""Files that are written whole or not at all: a temporary one beside the target takes its name at the end."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from wire.protocol import ErrorCode, InsertObjectError

_UMASK = threading.Lock()  # it is the whole process's, and can only be read by setting it

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or choose another disk."),
    errno.EDQUOT: ("your share of the disk is full", "Free some space, or choose another disk."),
    errno.EFBIG: ("it is larger than files may be here", "Choose another disk."),
    errno.EACCES: ("the folder may not be written to", "Choose a folder of your own."),
    errno.EPERM: ("the folder may not be written to", "Choose a folder of your own."),
    errno.EROFS: ("the disk can only be read", "Choose another disk."),
    errno.ENAMETOOLONG: ("its name is too long", "Choose a shorter one."),
    errno.ENOENT: ("its folder does not exist", "Make the folder first."),
    errno.ENOTDIR: ("its folder is a file", "Choose another folder."),
    errno.ELOOP: ("its links go round in a circle", "Choose another name."),
}


class UnwritableFile(InsertObjectError):
    """A file that cannot be written; what was there before is unchanged."""

    def __init__(self, path: Path, reason: str, hint: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, f"{quoted(path)} cannot be written: {reason}.", hint)


def quoted(path: Path | str) -> str:
    """A path for a message: in quotes, its middle left out if it is very long."""
    text = str(path).encode("utf-8", "replace").decode()
    return f"“{text}”" if len(text) <= 120 else f"“{text[:40]}…{text[-60:]}”"


def _unwritable(path: Path, error: OSError) -> UnwritableFile:
    reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), "Choose another file."))
    return UnwritableFile(path, reason, hint)


def check_writable(path: Path) -> None:
    """Finds out early, before minutes of work, whether a file can be written; leaves nothing behind.

    Raises:
        UnwritableFile: if the target is a folder or a device, or its folder does not take files.
    """
    try:
        target = _target(path)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".insert-object-")
        os.close(handle)
        Path(name).unlink()
        _mode_of(target)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of ``path`` when the block ends well, and vanishes if it does not.

    Links are followed. A new file gets the usual permissions, a replaced one keeps its own.

    Raises:
        UnwritableFile: for whatever goes wrong with the file, a full disk included.
    """
    try:
        target = _target(path)
        mode = _mode_of(target)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".insert-object-")
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):  # the error on its way says more than one from cleaning up
                Path(name).unlink()
            raise
    except OSError as error:
        raise _unwritable(path, error) from error


def _target(path: Path) -> Path:
    """Where the file really goes."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():  # only a circle is left of one
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if target.is_dir():
        raise UnwritableFile(path, "it is a folder", "Give the name of a file in it.")
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        raise UnwritableFile(path, "it is not an ordinary file", "Choose another name.")
    return target


def _mode_of(target: Path) -> int:
    """The permissions for the new file. ``lstat`` also finds names that are too long."""
    try:
        return stat.S_IMODE(target.lstat().st_mode)
    except FileNotFoundError:
        with _UMASK:
            mask = os.umask(0)
            os.umask(mask)
        return 0o666 & ~mask
