#!/usr/bin/env python3
"""Installs Insert Object for the user who runs it: python3 install.py [--dry-run | --uninstall | --help]

This file stays readable for old Pythons, so that they can say which one is needed.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 10)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3")


def newer_python() -> str:
    """A Python in PATH that is new enough; "" if there is none."""
    check = "import sys; sys.exit(sys.version_info < (%d, %d))" % OLDEST  # noqa: UP031 - for old Pythons
    for name in NEWER:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", check], stderr=subprocess.DEVNULL) == 0:
            return path
    return ""


def main() -> int:
    """Hands over to the installer, in a newer Python if this one is too old."""
    if sys.version_info >= OLDEST:
        from installer.install_command import main as install

        return install(sys.argv[1:])
    newer = newer_python()
    if newer:
        return subprocess.call([newer, os.path.abspath(__file__), *sys.argv[1:]])  # noqa: PTH100 - as above
    sys.stderr.write(
        "Insert Object needs Python 3.10 or later, and this is Python %d.%d. "  # noqa: UP031 - as above
        "Install a newer one and run install.py with it.\n" % sys.version_info[:2]
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
