"""A lock between programs: who comes second waits, and the system frees it when its holder ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOOK_SECONDS = 0.2


@contextlib.contextmanager
def file_lock(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Holds the lock of that name; ``on_wait`` is called once if somebody else has it.

    Raises:
        OSError: the file or its folder cannot be made.
    """
    waited = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
        # a holder before us may have removed the file: a lock on what has no name any more is none
        if _lock(file) and _is_file_at(path, file):
            break
        file.close()
        if not waited:
            waited = True
            on_wait()
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        file.close()


def _lock(file: IO[bytes]) -> bool:
    """Takes the system's lock on the file without waiting; False when somebody else holds it."""
    try:
        if sys.platform == "win32":
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_file_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
