"""The process that holds the daemon's lock: whether it is the one that its file names, and where it is.

A daemon that was started in a sandbox or another network namespace, with the same home folder, keeps the
lock, and nobody outside can reach it. A process id from a sandbox may be anybody's outside; so only a process
that has the lock file open is taken for the daemon. Linux tells (/proc, see proc(5)); elsewhere nothing is
known.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

LOCK_NAME = "daemon.lock"  # beside the connection file


def holder(lock_file: Path) -> int | None:
    """The id of the process named in the lock file, if it is this user's and has that file open."""
    try:
        pid = int(lock_file.read_text("ascii"))
        wanted = lock_file.stat()
        opened = list(Path(f"/proc/{pid}/fd").iterdir())
    except (OSError, ValueError):
        return None
    for descriptor in opened:
        with contextlib.suppress(OSError):  # closed meanwhile
            if os.path.samestat(descriptor.stat(), wanted):
                return pid
    return None


def is_held(lock_file: Path) -> bool:
    """Whether some process holds the lock, be it one that cannot be seen from here."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        with lock_file.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # there is no lock
    return False


def is_in_another_network(pid: int) -> bool:
    """Whether a process sees another network than this one, so that its loopback is not ours."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")  # noqa: PTH115
    except OSError:
        return False
