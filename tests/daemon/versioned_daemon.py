"""The stand-in daemon as if it were of another version: ``python versioned_daemon.py VERSION …``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import wire  # noqa: E402 - found through the line above

wire.__version__ = sys.argv.pop(1)  # before anything takes its copy
runpy.run_path(str(ROOT / "tests" / "stand_in_daemon.py"), run_name="__main__")
