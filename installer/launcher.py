"""The file behind ``insert-object``: it starts the environment's Python, deaf to what is meant for others.

PYTHONPATH and PYTHONHOME of another Python, an active environment, a ``numpy.py`` in the current folder: with
``-I`` none of them counts. pip's own script has no such option, so this one takes its place.

And Ctrl+C shows no traceback: ``-S`` puts off the search for packages, the longest part of Python's start,
until Ctrl+C ends the process without a word. What Python says in the milliseconds before goes nowhere.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

_DEAF = "-I -S -c"
_QUIET = (
    "import _signal as s; s.getsignal(s.SIGINT) is s.default_int_handler and s.signal(s.SIGINT, s.SIG_DFL)"
)
_HEARD = (
    "import posix, sys; posix.dup2(3, 2); posix.close(3); "
    "sys.stderr = sys.__stderr__ = open(2, 'w', 1, errors='backslashreplace', closefd=False)"
)
_RUN = "import site; site.main(); from daemon.command_line import program; program()"

# cmd.exe reads such a file in the code page of the console, so it holds no path: %~dp0 is the file's folder.
CMD_TEXT = (
    "@setlocal DisableDelayedExpansion\r\n"
    f'@"%~dp0..\\environment\\Scripts\\python.exe" {_DEAF} "{_QUIET}; {_RUN}" %*\r\n'
)


def launcher(python: Path) -> bytes:
    """A shell script that runs the command line with that Python, whatever is in its path."""
    program = shlex.quote(str(python))
    text = (
        "#!/bin/sh\n"
        "unset __PYVENV_LAUNCHER__ PYTHONEXECUTABLE  # of a Python on macOS that called this\n"
        f"[ -x {program} ] || {{\n"
        "    echo 'insert-object: Its environment is damaged. Run install.py of Insert Object again.' >&2\n"
        "    exit 2\n"
        "}\n"
        f'exec {program} {_DEAF} "{_QUIET}; {_HEARD}; {_RUN}" "$@" 3>&2 2>/dev/null\n'
    )
    return os.fsencode(text)


def write_launcher(path: Path, python: Path) -> None:
    """Puts the script in the place of pip's. Raises OSError."""
    path.unlink(missing_ok=True)
    path.write_bytes(launcher(python))
    path.chmod(0o755)
