"""One daemon per user: the lock, the connection file, and ending what runs."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import sys
import time
from pathlib import Path
from types import TracebackType

import psutil

from daemon.home.folders import Folders
from daemon.home.private_files import (
    OTHERS_MAY_WRITE,
    PrivateFileError,
    is_there,
    make_private_folder,
    open_private_file,
    read_private_file,
    refuse_link,
    unwritable,
    write_private_file,
)
from wire import __version__
from wire.lock_holder import holder
from wire.protocol import PROTOCOL_VERSION, ErrorCode, InsertObjectError

log = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_PATIENCE = 10.0  # seconds that a new daemon waits for one that is ending
_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # by somebody else; the last one is Windows' word
_LOCKED_BYTE = 2**20  # Windows locks bytes against reading, too: one far behind the process id


class AlreadyRunning(InsertObjectError):
    """Another daemon of this user holds the lock."""

    def __init__(self, pid: int | None) -> None:
        named = f" as process {pid}" if pid else ""
        super().__init__(
            ErrorCode.BUSY,
            f"The Insert Object service already runs{named}.",
            "Use that one, or end it with “insert-object daemon stop”.",
        )
        self.pid = pid


class DaemonLock:
    """The lock that the running daemon holds; the system frees it whenever its process ends."""

    def __init__(self, folders: Folders) -> None:
        """Takes the lock.

        Raises:
            AlreadyRunning: another process holds it.
            PrivateFileError: the lock file cannot be made or locked.
        """
        make_private_folder(folders.data)
        refuse_link(folders.lock_file)
        try:
            self._file = open_private_file(folders.lock_file, "a+", encoding="ascii")
        except OSError as error:
            raise unwritable(folders.lock_file, error) from error
        try:
            is_ours = _lock(self._file.fileno())
            if is_ours:
                self._file.truncate(0)
                self._file.write(f"{os.getpid()}\n")
                self._file.flush()
        except OSError as error:
            self.release()
            raise unwritable(folders.lock_file, error) from error
        if not is_ours:
            self._file.close()
            raise AlreadyRunning(_pid_in(folders.lock_file))

    def release(self) -> None:
        """Frees the lock. The file stays: deleting it would let two daemons hold two different ones."""
        with contextlib.suppress(OSError):  # a full disk: closing tries to write the process id once more
            self._file.close()

    def __enter__(self) -> DaemonLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def check_startable(folders: Folders) -> None:
    """Finds out here and now what would keep a daemon from starting unseen.

    Raises:
        PrivateFileError: it could not keep its files.
    """
    for folder in (folders.data, folders.logs):
        make_private_folder(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise unwritable(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def wait_for_lock(folders: Folders, patience: float = LOCK_PATIENCE) -> DaemonLock:
    """Takes the lock, waiting for a daemon that is just ending (it has no connection file any more).

    Raises:
        AlreadyRunning: a daemon is there to stay.
        PrivateFileError: the lock file cannot be made or locked.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return DaemonLock(folders)
        except AlreadyRunning as running:
            if connection_pid(folders) == running.pid or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def running_pid(folders: Folders) -> int | None:
    """The process id of the running daemon, or None; 0 when it runs but its id is not known.

    Raises:
        PrivateFileError: the lock file cannot be reached or opened.
    """
    if not is_there(folders.lock_file):
        return None
    try:
        with open_private_file(folders.lock_file, "a+", encoding="ascii") as file:
            free = _lock(file.fileno())
    except OSError as error:
        raise unwritable(folders.lock_file, error) from error
    return None if free else (_pid_in(folders.lock_file) or 0)


def write_connection_file(folders: Folders, endpoint: str, token: str) -> None:
    """Tells clients how to reach this process.

    Raises:
        PrivateFileError: it cannot be written.
    """
    make_private_folder(folders.data)
    content = {
        "protocol_version": PROTOCOL_VERSION,
        "endpoint": endpoint,
        "token": token,
        "pid": os.getpid(),
        "daemon_version": __version__,
    }
    for leftover in folders.data.glob(f".{folders.connection_file.name}.*"):
        with contextlib.suppress(OSError):  # of a daemon that was killed while it wrote
            leftover.unlink()
    write_private_file(folders.connection_file, json.dumps(content, indent=1).encode())


def remove_connection_file(folders: Folders) -> None:
    """Removes the connection file if it is this process's own."""
    if connection_pid(folders) == os.getpid():
        try:
            folders.connection_file.unlink(missing_ok=True)
        except OSError as error:  # clients look whether its process lives, and the next daemon replaces it
            log.warning("The connection file could not be removed: %s", error)


def connection_pid(folders: Folders) -> int | None:
    """The process id in the connection file, or None if there is none that can be read."""
    try:
        pid = json.loads(read_private_file(folders.connection_file, denied=OTHERS_MAY_WRITE))["pid"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, PrivateFileError):
        return None  # no file, or one that cannot be used: the next daemon writes it again
    return pid if isinstance(pid, int) else None


def end_process(folders: Folders, pid: int) -> bool:
    """Asks the system to end a daemon that does not answer; ``wait_until_ended`` tells whether it did.

    False: the process of that id is not the daemon, which runs where it cannot be seen.
    """
    if sys.platform == "linux" and running_pid(folders) is not None and holder(folders.lock_file) != pid:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
        psutil.Process(pid).terminate()
    return True


def wait_until_ended(folders: Folders, patience: float) -> bool:
    """Waits until no daemon holds the lock; False if one still does after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while running_pid(folders) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _pid_in(path: Path) -> int | None:
    try:
        return int(read_private_file(path, denied=OTHERS_MAY_WRITE))
    except (OSError, ValueError, PrivateFileError):
        return None  # its owner has not written it yet


def _lock(descriptor: int) -> bool:
    """Takes the system's lock on the file without waiting; False when somebody else holds it.

    Raises:
        OSError: it cannot be locked at all, as on some network drives.
    """
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True
