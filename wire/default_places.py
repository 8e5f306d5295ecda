"""Where the program is when nobody has said so: the folders that its installer chooses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

APPLICATION = "insert-object"
RUN_DAEMON = ("-I", "-m", "daemon.command_line", "daemon", "run")  # arguments for the environment's Python


def data_folder(home: Path, environ: Mapping[str, str], platform: str) -> Path:
    """The daemon's data folder, by the rules of platformdirs, which is not there in an editor's Python.

    ``INSERT_OBJECT_HOME`` names a folder that holds everything instead. ``platform`` is as ``sys.platform``.
    """
    chosen = environ.get("INSERT_OBJECT_HOME", "")
    if chosen:
        return Path(chosen).expanduser().absolute() / "data"
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / APPLICATION
    usual = ("Library", "Application Support") if platform == "darwin" else (".local", "share")
    return (xdg_folder(environ, "XDG_DATA_HOME") or home.joinpath(*usual)) / APPLICATION


def xdg_folder(environ: Mapping[str, str], variable: str) -> Path | None:
    """The folder that a variable of the XDG base directories names; other than whole paths do not count."""
    named = environ.get(variable, "")
    return Path(named) if named.startswith("/") else None


def outside_sandbox(home: Path, environ: Mapping[str, str]) -> tuple[Path, dict[str, str]]:
    """Home folder and variables as programs outside a Flatpak or Snap see them, from inside of one."""
    outside = {name: value for name, value in environ.items() if name != "XDG_DATA_HOME"}
    if named := environ.get("HOST_XDG_DATA_HOME"):  # Flatpak's
        outside["XDG_DATA_HOME"] = named
    return Path(environ.get("SNAP_REAL_HOME") or home), outside


def environment_python(data: Path, platform: str) -> Path:
    """The Python of the environment that the installer makes in the data folder."""
    place = ("Scripts", "python.exe") if platform == "win32" else ("bin", "python")
    return data.joinpath("environment", *place)
