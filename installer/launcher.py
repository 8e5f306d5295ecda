"""The file behind ``insert-object``: it starts the environment's Python, deaf to what is meant for others.

PYTHONPATH and PYTHONHOME of another Python, an active environment, a ``numpy.py`` in the current folder: with
``-I`` none of them counts. pip's own script has no such option, so this one takes its place.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

_ISOLATED = "-I -m daemon.command_line"

# cmd.exe reads such a file in the code page of the console, so it holds no path: %~dp0 is the file's folder.
CMD_TEXT = (
    f'@setlocal DisableDelayedExpansion\r\n@"%~dp0..\\environment\\Scripts\\python.exe" {_ISOLATED} %*\r\n'
)


def launcher(python: Path) -> bytes:
    """A shell script that runs the command line with that Python, whatever is in its path."""
    text = (
        "#!/bin/sh\n"
        "unset __PYVENV_LAUNCHER__ PYTHONEXECUTABLE  # of a Python on macOS that called this\n"
        f'exec {shlex.quote(str(python))} {_ISOLATED} "$@"\n'
    )
    return os.fsencode(text)


def write_launcher(path: Path, python: Path) -> None:
    """Puts the script in the place of pip's. Raises OSError."""
    path.unlink(missing_ok=True)
    path.write_bytes(launcher(python))
    path.chmod(0o755)
