"""Files and folders that the user alone may read, whatever the umask says and whoever lays links."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import IO

from daemon.protocol import ErrorCode, InsertObjectError

FOLDER_MODE = 0o700
FILE_MODE = 0o600


class PrivateFileError(InsertObjectError):
    """A private file or folder cannot be made, or cannot be trusted."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


def make_private_folder(folder: Path) -> None:
    """Makes the folder, its parents too, so that the user alone may enter it.

    Raises:
        PrivateFileError: it cannot be made, belongs to somebody else, or is open to others for good.
    """
    try:
        for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            with contextlib.suppress(FileExistsError):  # another process of ours made it meanwhile
                missing.mkdir(FOLDER_MODE)
            missing.chmod(FOLDER_MODE)  # a hostile umask may have taken rights from ourselves
        state = folder.stat()
        if not stat.S_ISDIR(state.st_mode):
            raise PrivateFileError(f"{folder} is not a folder.", "Move it away and try again.")
        if sys.platform != "win32":
            if state.st_uid != os.geteuid():
                raise PrivateFileError(
                    f"The folder {folder} belongs to another user.", "Move it away and try again."
                )
            if stat.S_IMODE(state.st_mode) & 0o077:
                folder.chmod(FOLDER_MODE)
    except OSError as error:
        raise unwritable(folder, error) from error


def write_private_file(path: Path, content: bytes) -> None:
    """Writes the file in one step, readable by the user alone; readers see the old or the new one.

    Raises:
        PrivateFileError: it cannot be written, or a link lies in its place.
    """
    refuse_link(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, _flags(os.O_WRONLY | os.O_CREAT | os.O_EXCL), FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _make_private(file.fileno())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise unwritable(path, error) from error


def open_private_file(path: Path, mode: str, encoding: str | None = None) -> IO[str]:
    """Opens a text file for appending ("a") or reading and writing ("a+"), made private if it is new.

    Raises:
        OSError: as ``open`` does; a link in the file's place is one, too.
    """

    def private(name: str, flags: int) -> int:
        descriptor = os.open(name, _flags(flags), FILE_MODE)
        _make_private(descriptor)
        return descriptor

    return open(path, mode, encoding=encoding, errors="backslashreplace", opener=private)


def refuse_link(path: Path) -> None:
    """Raises PrivateFileError when a link lies in the file's place: somebody else may have laid it."""
    if path.is_symlink():
        raise PrivateFileError(
            f"{path} is a link, and this file must not be one.", "Delete the link and try again."
        )


def unwritable(path: Path, error: OSError) -> PrivateFileError:
    """What to tell the user when a file or folder could not be made."""
    return PrivateFileError(
        f"{path} cannot be written: {error.strerror or error}.",
        "Free some disk space or give yourself the right to write there, "
        "or set INSERT_OBJECT_HOME to another folder.",
    )


def _flags(flags: int) -> int:
    """Flags that follow no link and are not inherited by other programs, where the system has them."""
    return flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def _make_private(descriptor: int) -> None:
    """Sets the mode by hand: the umask may have taken too much, an old file may have given too much."""
    if sys.platform != "win32":  # there, the user's own folder is private by its access list
        os.fchmod(descriptor, FILE_MODE)
