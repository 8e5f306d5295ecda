"""Lets ``python -m daemon`` and ``python PATH/daemon`` be ``insert-object``, installed or not."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # started by its path: sys.path then begins with this folder instead of its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from daemon.command_line import main

if __name__ == "__main__":
    raise SystemExit(main())
