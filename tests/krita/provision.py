"""Finds a Krita to test in, or gets one: with apt on Debian and its kin as root, else the system's own.

``python tests/krita/provision.py`` does it ahead of time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "krita",
    "python3-pyqt5",
    "python3-pyqt6",
    "xvfb",
    "openbox",
    "xdotool",
    "imagemagick",
    "fonts-dejavu-core",
)
PROGRAMS = ("krita", "kritarunner")
WINDOW_PROGRAMS = ("Xvfb", "openbox", "xdotool", "import")
APT_SECONDS = 1200


class NoKrita(Exception):
    """There is no Krita here and none can be had; the text says why."""


@dataclass(frozen=True)
class KritaPrograms:
    """The programs to run; ``missing_for_windows`` names what tests with a window lack."""

    krita: Path
    runner: Path
    missing_for_windows: tuple[str, ...]


def find_krita() -> KritaPrograms:
    """The Krita to test in, installed first where that can be done.

    Raises:
        NoKrita: with the reason for the person who reads the test report.
    """
    if _missing(PROGRAMS + WINDOW_PROGRAMS) and _can_install():
        _install()
    missing = _missing(PROGRAMS)
    if missing:
        raise NoKrita(f"{' and '.join(missing)} not in PATH; on Debian: apt install {' '.join(PACKAGES)}")
    krita, runner = (Path(str(shutil.which(name))) for name in PROGRAMS)
    return KritaPrograms(krita, runner, _missing(WINDOW_PROGRAMS))


def python_with(binding: str) -> str | None:
    """A Python that can import PyQt5 or PyQt6, or None."""
    candidates = dict.fromkeys([sys.executable, "/usr/bin/python3", shutil.which("python3") or ""])
    for python in filter(None, candidates):
        check = [python, "-c", f"from {binding} import QtWidgets, sip"]
        if Path(python).exists() and subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return python
    return None


def _missing(programs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in programs if shutil.which(name) is None)


def _can_install() -> bool:
    return sys.platform.startswith("linux") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install() -> None:
    options = ["-o", "DPkg::Lock::Timeout=600", "-y", "--no-install-recommends"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", *options, "install", *PACKAGES]):
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=APT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise NoKrita(f"{' '.join(command[:2])} took longer than {APT_SECONDS} s") from error
        if done.returncode != 0 and "install" in command:
            raise NoKrita(f"apt-get could not install Krita: {done.stderr.strip()[-300:]}")


if __name__ == "__main__":
    try:
        print(find_krita())
    except NoKrita as error:
        sys.exit(str(error))
