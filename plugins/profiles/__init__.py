"""Finds every GIMP 3 and Krita profile of a user, on Linux, Flatpak, Windows and macOS.

Standard library only, because the installer runs it before anything is installed.
"""

from __future__ import annotations

import enum
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from plugins.profiles.kinds import EditorKind as EditorKind

GIMP_FLATPAK = "org.gimp.GIMP"
KRITA_FLATPAK = "org.kde.krita"
VERSION_SECONDS = 20.0  # a cold GIMP needs a few to tell its version


class Flavour(str, enum.Enum):
    """How an editor was packaged, which decides where its profile lies."""

    NATIVE = "native"
    FLATPAK = "flatpak"
    WINDOWS = "windows"
    MACOS = "macos"


@dataclass(frozen=True)
class Editor:
    """One profile of one editor.

    ``profile`` is GIMP's folder of one version (``GIMP/3.0``) or Krita's resource folder; it need not
    exist yet when the editor was never started. ``version`` is "" where nothing tells it. ``settings`` is
    Krita's file of settings, None for other editors.
    """

    kind: EditorKind
    version: str
    profile: Path
    flavour: Flavour
    settings: Path | None = None

    @property
    def plugin_folder(self) -> Path:
        """Where our plug-in goes; editors want exactly these names."""
        return self.profile.joinpath(*self.kind.about.plugin_folder)

    @property
    def name(self) -> str:
        """For people: ``GIMP 3.0 (Flatpak)``."""
        sandbox = " (Flatpak)" if self.flavour is Flavour.FLATPAK else ""
        return f"{self.kind.about.name} {self.version}".strip() + sandbox


def find_editors(
    home: Path, environ: Mapping[str, str], platform: str, *, root: Path = Path("/")
) -> list[Editor]:
    """Every GIMP 3 and Krita profile, GIMP first, without duplicates.

    Args:
        home: the user's home folder.
        environ: the environment variables, for PATH, GIMP3_DIRECTORY and the platform's folders.
        platform: as ``sys.platform``.
        root: where the system's own folders start.
    """
    system = _System(home, environ, platform, root)
    return [*_gimp_profiles(system), *_krita_profiles(system)]


@dataclass(frozen=True)
class _System:
    """A user on a system: where its folders are."""

    home: Path
    environ: Mapping[str, str]
    platform: str
    root: Path

    @property
    def flavour(self) -> Flavour:
        return {"win32": Flavour.WINDOWS, "darwin": Flavour.MACOS}.get(self.platform, Flavour.NATIVE)

    def folder(self, variable: str, *default: str) -> Path:
        """The folder that a variable names, else one under the home folder."""
        return Path(self.environ.get(variable) or self.home.joinpath(*default))

    @property
    def config(self) -> Path:
        if self.flavour is Flavour.WINDOWS:
            return self.folder("APPDATA", "AppData", "Roaming")
        if self.flavour is Flavour.MACOS:
            return self.home / "Library" / "Application Support"
        return self.folder("XDG_CONFIG_HOME", ".config")

    def flatpak_programs(self, name: str) -> Iterator[Path]:
        """The folders of an application that Flatpak has installed, for all users or for this one."""
        if self.flavour is not Flavour.NATIVE:
            return
        flatpak = (self.root / "var" / "lib" / "flatpak", self.home / ".local" / "share" / "flatpak")
        for base in flatpak:
            files = base / "app" / name / "current" / "active" / "files"
            if files.is_dir():
                yield files

    def program_folders(self, macos_bundle: str, windows_pattern: str) -> Iterator[Path]:
        """The folders of a program that was installed with the platform's own installer."""
        if self.flavour is Flavour.MACOS:
            for base in (self.root / "Applications", self.home / "Applications"):
                yield from base.glob(f"{macos_bundle}/Contents/Resources")
        if self.flavour is Flavour.WINDOWS:
            yield from self.folder("ProgramFiles", "Program Files").glob(windows_pattern)
            yield from self.folder("LOCALAPPDATA", "AppData", "Local").glob(f"Programs/{windows_pattern}")

    def programs(self, pattern: str) -> Iterator[Path]:
        """The programs in PATH whose whole name matches."""
        if self.flavour is not Flavour.NATIVE:
            return
        for entry in filter(None, self.environ.get("PATH", "").split(":")):
            folder = Path(entry)
            if folder.is_dir():
                yield from sorted(path for path in folder.iterdir() if re.fullmatch(pattern, path.name))


# --- GIMP -------------------------------------------------------------------------------------------


def _gimp_profiles(system: _System) -> list[Editor]:
    found: dict[Path, Editor] = {}

    def add(profile: Path, flavour: Flavour) -> None:
        version = profile.name if _is_gimp_3(profile.name) else "3"
        found.setdefault(profile, Editor(EditorKind.GIMP, version, profile, flavour))

    chosen = system.environ.get("GIMP3_DIRECTORY")
    if chosen:
        add(system.home / chosen, system.flavour)  # GIMP takes a relative one from the home folder too
    shared = system.config / "GIMP"
    native = _native_gimp_versions(system)
    flatpak = {v for files in system.flatpak_programs(GIMP_FLATPAK) for v in _versions_in_share(files)}
    existing = {path.name for path in _gimp_3_folders(shared)}
    for version in sorted(existing | native | flatpak, key=_version_key):
        only_flatpak = version in flatpak and version not in native
        add(shared / version, Flavour.FLATPAK if only_flatpak else system.flavour)
    if system.flavour is Flavour.NATIVE:
        private = system.home / ".var" / "app" / GIMP_FLATPAK / "config" / "GIMP"
        for profile in _gimp_3_folders(private):
            add(profile, Flavour.FLATPAK)
    return list(found.values())


def _is_gimp_3(name: str) -> bool:
    return re.fullmatch(r"3\.\d+", name) is not None


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _gimp_3_folders(base: Path) -> list[Path]:
    folders = [path for path in base.glob("3.*") if _is_gimp_3(path.name) and path.is_dir()]
    return sorted(folders, key=lambda path: _version_key(path.name))


def _versions_in_share(files: Path) -> set[str]:
    """The versions of a GIMP in a folder of its own, by the folder of its data."""
    return {path.name for path in _gimp_3_folders(files / "share" / "gimp")}


def _native_gimp_versions(system: _System) -> set[str]:
    """The versions (``3.0``) of the installed GIMPs, whether they were ever started or not."""
    versions: set[str] = set()
    for files in system.program_folders("GIMP*.app", "GIMP*"):
        versions |= _versions_in_share(files)
    for program in system.programs(r"gimp(-console)?(-3(\.\d+)?)?"):
        named = re.search(r"3\.\d+", program.resolve().name)
        version = named.group() if named else _told_version(program)
        if version:
            versions.add(version)
    return versions


def _told_version(program: Path) -> str:
    """``3.N`` as a program tells it; "" when it is not a GIMP 3 or does not run."""
    try:
        done = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""  # a broken program has no profile worth installing into
    version = re.search(r"\bversion (3\.\d+)\.", done.stdout)
    return version.group(1) if version else ""


# --- Krita ------------------------------------------------------------------------------------------


def _krita_profiles(system: _System) -> list[Editor]:
    found = []
    for profile, settings, flavour, installed in _krita_places(system):
        if installed or profile.is_dir():
            found.append(Editor(EditorKind.KRITA, _krita_version(profile), profile, flavour, settings))
    return found


def _krita_places(system: _System) -> Iterator[tuple[Path, Path, Flavour, bool]]:
    """Resource folder, file of settings, flavour, and whether a program is there that uses them."""
    bundle = any(system.program_folders("[Kk]rita.app", "Krita*"))
    if system.flavour is Flavour.WINDOWS:
        local = system.folder("LOCALAPPDATA", "AppData", "Local")
        yield system.config / "krita", local / "kritarc", Flavour.WINDOWS, bundle
        for cache in sorted(local.glob("Packages/49800Krita_*/LocalCache")):  # from the Microsoft Store
            yield cache / "Roaming" / "krita", cache / "Local" / "kritarc", Flavour.WINDOWS, False
    elif system.flavour is Flavour.MACOS:
        settings = system.home / "Library" / "Preferences" / "kritarc"
        yield system.config / "Krita", settings, Flavour.MACOS, bundle
    else:
        data = system.folder("XDG_DATA_HOME", ".local", "share")
        in_path = any(system.programs("krita"))
        yield data / "krita", system.config / "kritarc", Flavour.NATIVE, in_path
        sandbox = system.home / ".var" / "app" / KRITA_FLATPAK
        installed = any(system.flatpak_programs(KRITA_FLATPAK))
        yield sandbox / "data" / "krita", sandbox / "config" / "kritarc", Flavour.FLATPAK, installed


def _krita_version(profile: Path) -> str:
    """The version that Krita noted in its resource folder; "" before its first start."""
    try:
        noted = (profile / "KRITA_RESOURCE_VERSION").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    version = re.match(r"\d+(\.\d+)+", noted.strip())
    return version.group() if version else ""
