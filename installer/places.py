"""Where the installer puts things: the folders of the user that runs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.environment import Environment

APPLICATION = "insert-object"


def data_folder(home: Path, environ: Mapping[str, str], platform: str) -> Path:
    """The daemon's data folder, by the rules of platformdirs, which is not installed yet.

    ``INSERT_OBJECT_HOME`` names a folder that holds everything instead.
    """
    chosen = environ.get("INSERT_OBJECT_HOME", "")
    if chosen:
        return Path(chosen).expanduser().absolute() / "data"
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / APPLICATION
    if platform == "darwin":
        return home / "Library" / "Application Support" / APPLICATION
    named = environ.get("XDG_DATA_HOME", "").strip()
    return (Path(named) if named else home / ".local" / "share") / APPLICATION


def log_folder(home: Path, environ: Mapping[str, str], platform: str) -> Path:
    """The daemon's log folder, by the same rules."""
    chosen = environ.get("INSERT_OBJECT_HOME", "")
    if chosen:
        return Path(chosen).expanduser().absolute() / "logs"
    if platform == "win32":
        return data_folder(home, environ, platform) / "Logs"
    if platform == "darwin":
        return home / "Library" / "Logs" / APPLICATION
    named = environ.get("XDG_STATE_HOME", "").strip()
    return (Path(named) if named else home / ".local" / "state") / APPLICATION / "log"


@dataclass(frozen=True)
class Places:
    """One user's folders and what lies in them."""

    home: Path
    data: Path
    environ: Mapping[str, str]
    platform: str

    @classmethod
    def of_this_user(cls) -> Places:
        home = Path.home()
        return cls(home, data_folder(home, os.environ, sys.platform), os.environ, sys.platform)

    @property
    def environment(self) -> Environment:
        return Environment(self.data / "environment")

    @property
    def program(self) -> Path:
        """The ``insert-object`` command in the private environment."""
        suffix = ".exe" if self.platform == "win32" else ""
        return self.environment.scripts / f"{APPLICATION}{suffix}"

    @property
    def link(self) -> Path:
        """What a user types: a link in the folder for own programs, on Windows a file that calls it."""
        if self.platform == "win32":
            return self.data / "bin" / f"{APPLICATION}.cmd"
        return self.home / ".local" / "bin" / APPLICATION

    @property
    def logs(self) -> Path:
        return log_folder(self.home, self.environ, self.platform)

    @property
    def demo(self) -> Path:
        return self.data / "demo"

    @property
    def record(self) -> Path:
        """What was installed, for the next run and for taking it out again."""
        return self.data / "installed.json"

    @property
    def connection_file(self) -> Path:
        return self.data / "connection.json"

    @property
    def start_command(self) -> tuple[str, ...]:
        """How a plug-in starts the daemon, wherever the editor's own working folder is."""
        python = str(self.environment.python)
        chosen = self.environ.get("INSERT_OBJECT_HOME", "")
        if not chosen:
            return (python, "-I", "-m", "daemon.command_line", "daemon", "run")
        # An editor started from the desktop does not have the variable, so the command brings it along.
        code = (
            "import os, sys; os.environ['INSERT_OBJECT_HOME'] = sys.argv.pop(1); "
            "from daemon.command_line import main; sys.exit(main())"
        )
        return (python, "-I", "-c", code, str(Path(chosen).expanduser().absolute()), "daemon", "run")
