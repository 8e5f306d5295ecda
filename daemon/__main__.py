"""Lets ``python -m daemon`` and ``python PATH/daemon`` be ``insert-object``, installed or not."""

import _signal  # type: ignore[import-not-found]  # the part of ``signal`` that is there already: nothing may be loaded before the next line

if __name__ == "__main__" and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # Ctrl+C while modules are loaded: no traceback

import sys
from pathlib import Path

if not __package__:  # started by its path: sys.path then begins with this folder instead of its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from daemon.command_line import program

if __name__ == "__main__":
    program()
