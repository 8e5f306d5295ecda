"""Finds a GIMP 3 to test in, or makes one.

On Debian before trixie, as root: a trixie root made by debootstrap, kept between runs under the user's
cache folder (``INSERT_OBJECT_TEST_CACHE`` names another). Elsewhere: the GIMP 3 that the system has. Else
``NoGimp`` says why there is none. ``INSERT_OBJECT_TEST_SUITE=sid`` makes a root of that Debian suite
instead, whatever the system has: sid has GIMP 3.2.

``python tests/gimp/provision.py`` does it ahead of time; ``… -- COMMAND`` runs a command beside GIMP.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.downloads import apt_alone, cache_folder  # noqa: E402 - found through the line above

MIRROR = "http://deb.debian.org/debian"
SUITE_VARIABLE = "INSERT_OBJECT_TEST_SUITE"
SUITE = "trixie"
PACKAGES = (
    "gimp",
    "python3-gi",
    "gir1.2-gtk-3.0",
    "xvfb",
    "openbox",
    "xdotool",
    "scrot",
    "fonts-dejavu-core",
    "fonts-wqy-microhei",  # Chinese glyphs for the screenshot of the translated dialog
    "locales",
)
LOCALES = ("en_US.UTF-8", "fr_FR.UTF-8", "de_DE.UTF-8", "zh_CN.UTF-8")
WINDOW_PROGRAMS = ("Xvfb", "openbox", "xdotool", "scrot")
FIRST_DEBIAN_WITH_GIMP_3 = 13

# Runs as the first process of its own mount namespace, so that every mount goes away with it.
ENTER = """
set -e
root=$1; shift
while [ "$1" != -- ]; do
    [ -d "$1" ] || { shift; continue; }
    mkdir -p "$root$1"; mount --rbind "$1" "$root$1"; shift
done
shift
exec chroot "$root" "$@"
"""


class NoGimp(Exception):
    """There is no GIMP 3 here and none can be made; the text says why."""


@dataclass(frozen=True)
class GimpPlace:
    """Where GIMP 3 runs: the system itself (``root`` is None) or a root folder of another release."""

    root: Path | None

    def command(self, arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """The command line that runs ``arguments`` where GIMP is, with only that environment.

        The checkout and the temporary folder have the same paths there as here.
        """
        settings = [f"{name}={value}" for name, value in environment.items()]
        inner = ["env", "-i", *settings, *arguments]
        if self.root is None:
            return inner
        shared = ["/proc", "/dev", "/sys", "/tmp", str(CHECKOUT), *_outside_tmp(environment.values())]
        return ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(self.root), *shared, "--", *inner]

    def version(self) -> str:
        """GIMP's version, like 3.0.4."""
        plain = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LC_ALL": "C"}
        told = subprocess.run(
            self.command([self.program("gimp-console"), "--version"], plain),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        found = re.search(r"\d+\.\d+\.\d+", told)
        if found is None:
            raise NoGimp(f"gimp-console does not run: {told}")
        return found.group()

    def program(self, name: str) -> str:
        """The path there of ``gimp`` or ``gimp-console``, whose file's name ends in GIMP's version."""
        if self.root is None:
            return str(_newest(map(Path, os.get_exec_path()), name))
        return f"/usr/bin/{_newest([self.root / 'usr' / 'bin'], name).name}"

    def has(self, program: str) -> bool:
        """Whether a program can be run there."""
        if self.root is None:
            return shutil.which(program) is not None
        return any((self.root / folder / program).exists() for folder in ("usr/bin", "bin"))

    def missing_for_windows(self) -> tuple[str, ...]:
        """The programs that tests with a window need and that are not there."""
        return tuple(program for program in WINDOW_PROGRAMS if not self.has(program))


def find_gimp() -> GimpPlace:
    """The GIMP 3 to test in, made first if need be (about a minute and 1.2 GB, once).

    Raises:
        NoGimp: with the reason for the person who reads the test report.
    """
    suite = os.environ.get(SUITE_VARIABLE)
    if suite is None and _has_gimp_3():
        return GimpPlace(None)
    if not sys.platform.startswith("linux"):
        raise NoGimp("GIMP 3 is not in PATH, and a root to run it in can be made on Debian only.")
    release = _debian_release()
    if release is None:
        raise NoGimp("GIMP 3 is not installed, and a root to run it in can be made on Debian only.")
    if suite is None and release >= FIRST_DEBIAN_WITH_GIMP_3:
        raise NoGimp("GIMP 3 is not installed. `apt install gimp` puts it on this system.")
    if os.geteuid() != 0:
        raise NoGimp("Only root can make a root folder of another Debian to run GIMP 3 in.")
    return GimpPlace(_root_of(suite or SUITE))


def _has_gimp_3() -> bool:
    here = GimpPlace(None)
    try:
        return bool(here.program("gimp") and here.program("gimp-console"))
    except NoGimp:
        return False


def _newest(folders: Iterable[Path], name: str) -> Path:
    """The program ``NAME-3.N`` of those folders with the highest N."""
    found = [path for folder in folders for path in folder.glob(f"{name}-3.*") if path.suffix[1:].isdigit()]
    if not found:
        raise NoGimp(f"{name}-3 is not installed.")
    return max(found, key=lambda path: int(path.suffix[1:]))


def _debian_release() -> int | None:
    """The major number of this Debian, None on anything else."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return None
    if not re.search(r"^ID=debian$", text, re.MULTILINE):
        return None
    version = re.search(r'^VERSION_ID="?(\d+)', text, re.MULTILINE)
    return int(version.group(1)) if version else None


def _root_of(suite: str) -> Path:
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / f"{suite}-gimp"
    stamp = root / "etc" / "insert-object-tests"
    wanted = " ".join((*PACKAGES, *LOCALES))
    with (cache / f"{suite}-gimp.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second test run waits for the first one to make the root
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return root
        if root.exists():
            shutil.rmtree(root)
        partial = cache / f"{suite}-gimp.partial"
        if partial.exists():
            shutil.rmtree(partial)
        _build_root(partial, suite)
        (partial / stamp.relative_to(root)).write_text(wanted, encoding="utf-8")
        partial.rename(root)
    return root


def _build_root(folder: Path, suite: str) -> None:
    with apt_alone():
        if shutil.which("debootstrap") is None:
            _run(["apt-get", "update"])
            _run(["apt-get", "install", "-y", "--no-install-recommends", "debootstrap"])
    _run(["debootstrap", "--variant=minbase", suite, str(folder), MIRROR])
    place = GimpPlace(folder)
    quiet = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    shutil.copyfile("/etc/resolv.conf", folder / "etc" / "resolv.conf")
    # sid's release files are valid for a week only: a mirror that lags behind will do for tests
    (folder / "etc/apt/apt.conf.d/99-tests").write_text('Acquire::Check-Valid-Until "false";\n')
    lines = "".join(f"{name} UTF-8\n" for name in LOCALES)
    _run(place.command(["apt-get", "update"], quiet))
    _run(place.command(["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES], quiet))
    (folder / "etc" / "locale.gen").write_text(lines, encoding="utf-8")
    _run(place.command(["locale-gen"], quiet))
    _run(place.command(["apt-get", "clean"], quiet))


def _outside_tmp(values: Iterable[str]) -> list[str]:
    """The folders among an environment's values that are neither the system's own nor shared anyway."""
    own = ("tmp", "usr", "bin", "sbin", "etc", "dev", "proc", "sys")
    folders = [Path(value) for value in values if value.startswith("/")]
    return [str(path) for path in folders if path.is_dir() and path.parts[1:] and path.parts[1] not in own]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-8:])
        raise NoGimp(f"Making a root with GIMP 3 failed: {' '.join(command[:3])} … ended with:\n{tail}")


def main(arguments: Sequence[str]) -> int:
    place = find_gimp()
    print(f"GIMP 3 runs in {place.root or 'the system'}", file=sys.stderr)
    if arguments[:1] == ["--"]:
        keep = {name: os.environ[name] for name in ("TERM", "DISPLAY") if name in os.environ}
        keep |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LC_ALL": "C.UTF-8"}
        return subprocess.run(place.command(arguments[1:], keep), check=False).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
