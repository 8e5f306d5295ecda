"""What the editors' tests download: where it is kept, and that apt is asked by one of them at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from installer.computer.file_lock import file_lock


def cache_folder() -> Path:
    """Where what tests download is kept between runs."""
    override = os.environ.get("INSERT_OBJECT_TEST_CACHE")
    return Path(override) if override else Path.home() / ".cache" / "insert-object"


@contextlib.contextmanager
def apt_alone() -> Iterator[None]:
    """Holds a lock of all test runs of this user; who comes second waits."""
    with file_lock(cache_folder() / "apt.lock", on_wait=lambda: None):
        yield
