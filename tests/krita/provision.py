"""Finds a Krita to test in, or gets one: with apt on Debian and its kin as root, else the system's own.

``python tests/krita/provision.py`` does it ahead of time. Another release of Krita runs in a root folder of
another Debian: ``python tests/krita/provision.py FOLDER [SUITE]`` makes one (as root, minutes and 1.4 GB;
trixie has Krita 5.2, sid 5.3, experimental 6.0), and ``pytest tests/krita --krita-root FOLDER`` tests in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.downloads import apt_alone  # noqa: E402 - found through the line above

MIRROR = "http://deb.debian.org/debian"
SUITE = "trixie"
EXPERIMENTAL = "experimental"  # it lies over sid, and gives Krita alone

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

# Runs as the first process of its own mount namespace, so that every mount goes away with it.
ENTER = """
set -e
root=$1; shift
while [ "$1" != -- ]; do
    mkdir -p "$root$1"; mount --rbind "$1" "$root$1"; shift
done
shift
exec chroot "$root" "$@"
"""


class NoKrita(Exception):
    """There is no Krita here and none can be had; the text says why."""


@dataclass(frozen=True)
class KritaPrograms:
    """The programs to run; ``missing_for_windows`` names what tests with a window lack.

    ``root`` is the folder in which Krita is at home and where the paths of its programs begin; None: here.
    """

    krita: Path
    runner: Path
    missing_for_windows: tuple[str, ...]
    root: Path | None = None

    def command(self, arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """The command line that runs ``arguments`` where Krita is, with only that environment.

        The checkout, this Python and the temporary folder have the same paths there as here.
        """
        inner = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *arguments]
        return inner if self.root is None else entered(self.root, inner)

    @property
    def python_plugins(self) -> Path:
        """Where Krita's own Python plug-ins lie, as seen from here."""
        return (self.root or Path("/")) / "usr" / "share" / "krita" / "pykrita"


def entered(root: Path, arguments: Sequence[str]) -> list[str]:
    """The command line that runs ``arguments`` in a root folder."""
    python = [folder for folder in (sys.prefix, sys.base_prefix) if not folder.startswith("/usr")]
    shared = dict.fromkeys(("/proc", "/dev", "/sys", tempfile.gettempdir(), str(CHECKOUT), *python))
    return ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(root), *shared, "--", *arguments]


def find_krita(root: Path | None = None) -> KritaPrograms:
    """The Krita to test in, installed first where that can be done; or the one in a root folder.

    Raises:
        NoKrita: with the reason for the person who reads the test report.
    """
    if root is not None:
        return _krita_in(root)
    if _missing(PROGRAMS + WINDOW_PROGRAMS) and _can_install():
        with apt_alone():
            if _missing(PROGRAMS + WINDOW_PROGRAMS):  # another run may have done it meanwhile
                _install()
    missing = _missing(PROGRAMS)
    if missing:
        raise NoKrita(f"{' and '.join(missing)} not in PATH; on Debian: apt install {' '.join(PACKAGES)}")
    krita, runner = (Path(str(shutil.which(name))) for name in PROGRAMS)
    return KritaPrograms(krita, runner, _missing(WINDOW_PROGRAMS))


def _krita_in(root: Path) -> KritaPrograms:
    if os.geteuid() != 0:
        raise NoKrita(f"Only root can run the Krita in {root}.")
    krita, runner = (Path("/usr/bin") / name for name in PROGRAMS)
    if not all((root / program.relative_to("/")).exists() for program in (krita, runner)):
        raise NoKrita(f"There is no Krita in {root}; python tests/krita/provision.py {root} puts one there.")
    missing = tuple(name for name in WINDOW_PROGRAMS if not (root / "usr" / "bin" / name).exists())
    return KritaPrograms(krita, runner, missing, root)


def make_root(root: Path, suite: str = SUITE) -> None:
    """Makes a root folder of a Debian release with its Krita.

    Raises:
        NoKrita: it could not be made.
    """
    quiet = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    packages = list(PACKAGES)
    base = suite
    if suite == EXPERIMENTAL:
        base = "sid"
        packages[packages.index("krita")] = f"krita/{suite}"
        packages.append(f"krita-data/{suite}")
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    inside = ["env", "-i", *(f"{name}={value}" for name, value in quiet.items())]
    if shutil.which("debootstrap") is None:
        raise NoKrita("debootstrap is not in PATH; on Debian: apt install debootstrap")
    _run(["debootstrap", "--variant=minbase", base, str(root), MIRROR])
    if base != suite:
        sources = root / "etc" / "apt" / "sources.list.d" / f"{suite}.list"
        sources.write_text(f"deb {MIRROR} {suite} main\n", encoding="utf-8")
    shutil.copyfile("/etc/resolv.conf", root / "etc" / "resolv.conf")
    # sid's release files are valid for a week only: a mirror that lags behind will do for tests
    (root / "etc/apt/apt.conf.d/99-tests").write_text('Acquire::Check-Valid-Until "false";\n')
    for command in (["apt-get", "update"], install, ["apt-get", "clean"]):
        _run(entered(root, [*inside, *command]))


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise NoKrita(f"{' '.join(command[:3])} … failed:\n{done.stdout[-600:]}")


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
        if len(sys.argv) > 1:
            made = Path(sys.argv[1]).resolve()
            make_root(made, *sys.argv[2:3])
            print(find_krita(made))
        else:
            print(find_krita())
    except NoKrita as error:
        sys.exit(str(error))
