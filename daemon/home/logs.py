"""The daemon's log: rotating files that the user alone may read."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon.home.private_files import (
    PrivateFileError,
    make_private_folder,
    open_private_file,
    refuse_link,
    unwritable,
)

LOG_BYTES = 1_000_000  # size at which a new file is begun
OLD_LOGS = 3  # daemon.log.1 … daemon.log.3 are kept
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


@contextlib.contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Sends all log messages to the file, and to standard error when that is a terminal.

    Raises:
        PrivateFileError: the file cannot be written.
    """
    make_private_folder(path.parent)
    refuse_link(path)
    try:
        handlers: list[logging.Handler] = [_PrivateRotatingFile(path)]
    except OSError as error:
        raise unwritable(path, error) from error
    if sys.stderr is not None and sys.stderr.isatty():
        handlers.append(logging.StreamHandler())
    formatter = _OneLine(_FORMAT)
    formatter.converter = time.gmtime
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    try:
        yield
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of the log, the file before it included when that one is short.

    Raises:
        PrivateFileError: there is one that cannot be read.
    """
    lines: list[str] = []
    for part in (path.with_name(path.name + ".1"), path):
        lines += _lines_in(part)
    return lines[-count:] if count > 0 else []


def _lines_in(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise PrivateFileError(
            f"{path} cannot be read: {error.strerror}.",
            "Give yourself the right to read it, or set INSERT_OBJECT_HOME to another folder.",
        ) from error


class _OneLine(logging.Formatter):
    """Writes what a client calls itself, or its class, so that it cannot pass for lines of the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        message = record.message
        if not message.isprintable():
            record.message = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
        return super().formatMessage(record)


class _PrivateRotatingFile(logging.handlers.RotatingFileHandler):
    """A rotating file whose every new file has mode 0600."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=OLD_LOGS, encoding="utf-8")

    def _open(self) -> Any:
        return open_private_file(Path(self.baseFilename), "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:
        """A log that cannot be written (a full disk) must not stop what it tells about."""
