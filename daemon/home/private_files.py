"""Files and folders that the user alone may read, whatever the umask says and whoever lays links.

Nothing here is checked by one name and used by another: a file or folder is opened without following links,
what was opened is checked, and only that is read, written or closed to others. So swapping a file between
the check and the use gains nothing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from wire.protocol import ErrorCode, InsertObjectError

FOLDER_MODE = 0o700
FILE_MODE = 0o600
OTHERS_MAY_READ = 0o077  # bits of a mode by which others may do anything with the file
OTHERS_MAY_WRITE = 0o022  # bits by which others may change it
MAX_FILE_BYTES = 64 * 1024  # the small files kept here hold a few hundred

_HAS_USERS = sys.platform != "win32"  # there, the user's own folder is private by its access list
_HAS_FOLDER_DESCRIPTORS = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd


class PrivateFileError(InsertObjectError):
    """A private file or folder cannot be made, or cannot be trusted."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, sentence, hint)


def make_private_folder(folder: Path) -> None:
    """Makes the folder, its parents too, so that the user alone may enter it.

    Raises:
        PrivateFileError: it cannot be made, belongs to somebody else, is a link, or is open to others for
            good.
    """
    try:
        _make_missing(folder)
        with _opened_folder(folder) as descriptor:
            if descriptor is None:
                return
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & OTHERS_MAY_READ:
                os.fchmod(descriptor, FOLDER_MODE)
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & OTHERS_MAY_READ:
                raise PrivateFileError(  # a FAT or NTFS disk may know no owners
                    f"The folder {folder} is open to other users, and that cannot be changed.",
                    "Set INSERT_OBJECT_HOME to a folder on a disk that keeps users apart.",
                )
    except OSError as error:
        raise unwritable(folder, error) from error


def make_shared_folder(folder: Path) -> int:
    """Makes the folder, its parents too, as ``make_private_folder`` does; one that is there keeps its mode.

    Returns that mode, for what is put there.

    Raises:
        PrivateFileError: it cannot be made, belongs to somebody else, is a link, or others can write there.
    """
    try:
        _make_missing(folder)
        with _opened_folder(folder) as descriptor:
            if descriptor is None:
                return FOLDER_MODE
            _refuse_writers(folder, descriptor)
            return stat.S_IMODE(os.fstat(descriptor).st_mode)
    except OSError as error:
        raise unwritable(folder, error) from error


def write_private_file(path: Path, content: bytes) -> None:
    """Writes the file in one step, readable by the user alone; readers see the old or the new one.

    Its folder must be one that nobody else can write, as ``make_private_folder`` makes it.

    Raises:
        PrivateFileError: it cannot be written, a link lies in its place, or others can write its folder.
    """
    refuse_link(path)
    temporary = f".{path.name}.{secrets.token_hex(8)}"
    try:
        with _opened_folder(path.parent) as folder:
            if folder is not None:
                _refuse_writers(path.parent, folder)
            place = Path() if folder is not None else path.parent
            try:
                _write_new(place / temporary, content, folder)
                os.replace(place / temporary, place / path.name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(place / temporary, dir_fd=folder)
                raise
    except OSError as error:
        raise unwritable(path, error) from error


def open_private_file(path: Path, mode: str, encoding: str | None = None) -> IO[str]:
    """Opens a text file for appending ("a") or reading and writing ("a+"), made private if it is new.

    Raises:
        OSError: as ``open`` does.
        PrivateFileError: a link, a pipe, another user's file or one with a second name lies there.
    """

    def private(name: str, flags: int) -> int:
        refuse_link(path)
        descriptor = os.open(name, _flags(flags), FILE_MODE)
        try:
            _check_file(path, os.fstat(descriptor))
            _make_private(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    return open(path, mode, encoding=encoding, errors="backslashreplace", opener=private)


def read_private_file(path: Path, *, denied: int = OTHERS_MAY_READ, limit: int = MAX_FILE_BYTES) -> bytes:
    """The content of a small file, if it can be trusted.

    Args:
        path: the file itself, not a link to it.
        denied: mode bits that it must not have.
        limit: the most bytes that it may hold.

    Raises:
        OSError: as ``open`` does.
        PrivateFileError: it is a link, another user's, has a second name, is open to others, or is too large.
    """
    refuse_link(path)
    descriptor = os.open(path, _flags(os.O_RDONLY) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(file.fileno())
        _check_file(path, state)
        if _HAS_USERS and stat.S_IMODE(state.st_mode) & denied:
            raise PrivateFileError(
                f"The file {path} is open to other users.", "Delete it; it is made again when it is needed."
            )
        content = file.read(limit + 1)
    if len(content) > limit:
        raise PrivateFileError(f"The file {path} is too large to be right.", "Delete it and try again.")
    return content


def is_there(path: Path) -> bool:
    """Whether a file, a folder or a link lies at a path.

    Raises:
        PrivateFileError: that cannot be seen, as in a folder that this user may not enter.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise unwritable(path, error) from error
    return True


def refuse_link(path: Path) -> None:
    """Raises PrivateFileError when a link lies in the file's place: somebody else may have laid it."""
    if path.is_symlink():
        raise PrivateFileError(f"{path} is a link, and must not be one.", "Delete the link and try again.")


def unwritable(path: Path, error: OSError) -> PrivateFileError:
    """What to tell the user when a file or folder could not be made."""
    return PrivateFileError(
        f"{path} cannot be written: {error.strerror or error}.",
        "Free some disk space or give yourself the right to write there, "
        "or set INSERT_OBJECT_HOME to another folder.",
    )


def _make_missing(folder: Path) -> None:
    """Makes the folder and those above it that are not there, so that the user alone may enter them."""
    for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
        with contextlib.suppress(FileExistsError):  # another process of ours made it meanwhile
            missing.mkdir(FOLDER_MODE)
            missing.chmod(FOLDER_MODE)  # a hostile umask may have taken rights from ourselves


def _refuse_writers(folder: Path, descriptor: int) -> None:
    if stat.S_IMODE(os.fstat(descriptor).st_mode) & OTHERS_MAY_WRITE:
        raise PrivateFileError(f"Other users can write in the folder {folder}.", "Take that right from them.")


@contextlib.contextmanager
def _opened_folder(folder: Path) -> Iterator[int | None]:
    """The folder's descriptor, checked to be the user's own and no link; None where there are none."""
    if folder.is_symlink():
        raise PrivateFileError(
            f"The folder {folder} is a link, and must not be one.",
            "Put a real folder there, or set INSERT_OBJECT_HOME to the one that the link leads to.",
        )
    if not folder.is_dir():
        raise PrivateFileError(f"{folder} is not a folder.", "Move it away and try again.")
    if not _HAS_FOLDER_DESCRIPTORS:
        yield None
        return
    descriptor = os.open(folder, _flags(os.O_RDONLY | os.O_DIRECTORY))
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PrivateFileError(
                f"The folder {folder} belongs to another user.", "Move it away and try again."
            )
        yield descriptor
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes, folder: int | None) -> None:
    """Writes a file that is not there yet; ``path`` is relative to ``folder`` if that is a descriptor."""
    flags = _flags(os.O_WRONLY | os.O_CREAT | os.O_EXCL) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, FILE_MODE, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        _make_private(file.fileno())
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _check_file(path: Path, state: os.stat_result) -> None:
    """Raises PrivateFileError unless this is a plain file of the user's own that has one name only."""
    if not stat.S_ISREG(state.st_mode):
        raise PrivateFileError(f"{path} is not a plain file.", "Move it away and try again.")
    if not _HAS_USERS:
        return
    if state.st_uid != os.geteuid():
        raise PrivateFileError(f"The file {path} belongs to another user.", "Delete it and try again.")
    if state.st_nlink > 1:  # a hard link: what is written here would appear in another place as well
        raise PrivateFileError(
            f"The file {path} has a second name in another place.", "Delete it and try again."
        )


def _flags(flags: int) -> int:
    """Flags that follow no link, wait for no pipe and are not inherited, where the system has them."""
    return flags | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK"))


def _make_private(descriptor: int) -> None:
    """Sets the mode by hand: the umask may have taken too much, an old file may have given too much."""
    if _HAS_USERS:
        os.fchmod(descriptor, FILE_MODE)
