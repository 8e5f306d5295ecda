"""Where the installer puts things: the folders of the user that runs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.computer.environment import Environment
from wire.default_places import APPLICATION, RUN_DAEMON, data_folder, xdg_folder

__all__ = ["APPLICATION", "Places", "data_folder", "log_folder"]

_YIELDING = ("--if-none-runs",)  # of a service and a daemon started on demand, the second one ends


def log_folder(home: Path, environ: Mapping[str, str], platform: str) -> Path:
    """The daemon's log folder, by the same rules as ``data_folder``."""
    chosen = environ.get("INSERT_OBJECT_HOME", "")
    if chosen:
        return Path(chosen).expanduser().absolute() / "logs"
    if platform == "win32":
        return data_folder(home, environ, platform) / "Logs"
    if platform == "darwin":
        return home / "Library" / "Logs" / APPLICATION
    return (xdg_folder(environ, "XDG_STATE_HOME") or home / ".local" / "state") / APPLICATION / "log"


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
    def installing(self) -> Path:
        """Locked while an installer is at work, so that two of them take turns."""
        return self.data / "installing.lock"

    @property
    def connection_file(self) -> Path:
        return self.data / "connection.json"

    @property
    def service_command(self) -> tuple[str, ...]:
        """How the system starts the daemon at login; it needs ``service_environment``."""
        return (str(self.environment.python), *RUN_DAEMON, *_YIELDING)

    @property
    def service_environment(self) -> dict[str, str]:
        """Variables for ``service_command``: the service of a session stays as long as the session."""
        chosen = self.environ.get("INSERT_OBJECT_HOME", "")
        home = {"INSERT_OBJECT_HOME": str(Path(chosen).expanduser().absolute())} if chosen else {}
        return {"INSERT_OBJECT_END_MINUTES": "never", **home}

    @property
    def service_command_alone(self) -> tuple[str, ...]:
        """The same for systems that give a service no variables."""
        return (*self.start_command, *_YIELDING, "--end-after", "never")

    @property
    def start_command(self) -> tuple[str, ...]:
        """How a plug-in starts the daemon, wherever the editor's own working folder is."""
        python = str(self.environment.python)
        chosen = self.environ.get("INSERT_OBJECT_HOME", "")
        if not chosen:
            return (python, *RUN_DAEMON)
        # An editor started from the desktop does not have the variable, so the command brings it along.
        code = (
            "import os, sys; os.environ['INSERT_OBJECT_HOME'] = sys.argv.pop(1); "
            "from daemon.command_line import main; sys.exit(main())"
        )
        return (python, "-I", "-c", code, str(Path(chosen).expanduser().absolute()), "daemon", "run")
