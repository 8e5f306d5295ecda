"""A lock between programs: who comes second waits, and the system frees it when its holder ends."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from installer.computer.failure import InstallFailure

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOOK_SECONDS = 0.2
HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # by somebody else; the last one is Windows' word


@contextlib.contextmanager
def file_lock(
    path: Path, on_wait: Callable[[], None], on_end: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Holds the lock of that name; ``on_wait`` is called once if somebody else has it.

    ``on_end``, which may remove the file, is called only where the lock was held: as the last thing before it
    is freed, or on Windows, which removes no open file, just after.

    Raises:
        InstallFailure: the file cannot be locked.
        OSError: the file or its folder cannot be made.
    """
    waited = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
        # a holder before us may have removed the file: a lock on what has no name any more is none
        if _lock(path, file) and _is_file_at(path, file):
            break
        file.close()
        if not waited:
            waited = True
            on_wait()
        time.sleep(LOOK_SECONDS)
    with contextlib.ExitStack() as end:
        for step in (on_end, file.close) if sys.platform == "win32" else (file.close, on_end):
            end.callback(step)  # called in the reverse order
        yield


def _lock(path: Path, file: IO[bytes]) -> bool:
    """Takes the system's lock on the file without waiting; False when somebody else holds it."""
    try:
        if sys.platform == "win32":
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in HELD:
            return False
        file.close()
        raise InstallFailure(
            f"{path} cannot be locked: {error.strerror or error}.",
            "Some network drives have no locks. Set INSERT_OBJECT_HOME (for the tests "
            "INSERT_OBJECT_TEST_ENVIRONMENT) to a folder on a disk of this computer and run this again.",
        ) from error
    return True


def _is_file_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
