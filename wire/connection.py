"""Finding the daemon: the connection file, the plug-in's configuration, and starting the daemon."""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import protocol
from .default_places import RUN_DAEMON, data_folder, environment_python, outside_sandbox
from .trust import folder_of_others, writable_by_others

MAX_FILE_BYTES = 64 * 1024  # both files hold a few hundred bytes

# What an editor's own bundle sets for its own Python and libraries; the daemon's Python must not see it.
_ALWAYS_FOREIGN = ("PYTHONHOME", "__PYVENV_LAUNCHER__", "PYTHONEXECUTABLE")
_FOREIGN_IN_A_BUNDLE = ("PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH")


class ConnectionUnavailable(protocol.InsertObjectError):
    """The daemon cannot be reached; the sentence says why and the hint what to do."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(protocol.ErrorCode.UNAVAILABLE, sentence, hint)


@dataclass(frozen=True)
class Connection:
    """What a running daemon tells its clients; ``endpoint`` is ``tcp://`` and a loopback address."""

    protocol_version: int
    endpoint: str
    token: str = field(repr=False)
    pid: int
    daemon_version: str

    @property
    def address(self) -> tuple[str, int]:
        """Host (a loopback address) and port."""
        host, _, port = self.endpoint.removeprefix("tcp://").rpartition(":")
        return host.strip("[]"), int(port)


@dataclass(frozen=True)
class Config:
    """Where the connection file is, the command that starts the daemon, and which version that starts.

    An empty ``version`` is not known; else an older daemon that runs is replaced by one of this version.
    """

    connection_file: Path
    start_command: tuple[str, ...]
    version: str = ""


def read_connection(path: Path) -> Connection:
    """Reads the file that a running daemon keeps.

    Raises:
        ConnectionUnavailable: there is no such file, or it cannot be used.
    """
    values = _read_json(path, "connection file", "The Insert Object service is not running.")
    hint = f"Remove {path} and try again; the service then writes a new one."
    try:
        connection = Connection(
            protocol_version=_whole(values, "protocol_version"),
            endpoint=_text(values, "endpoint"),
            token=_text(values, "token"),
            pid=_whole(values, "pid"),
            daemon_version=_text(values, "daemon_version"),
        )
        host, port = connection.address
        usable = connection.endpoint.startswith("tcp://") and 0 < port < 65536
        usable = usable and ipaddress.ip_address(host).is_loopback
        usable = usable and len(connection.token.encode()) <= 255
    except (KeyError, TypeError, ValueError) as error:
        raise ConnectionUnavailable(f"The connection file {path} is damaged.", hint) from error
    if not usable:
        # The token is only as safe as the loopback: it never goes out to another machine.
        raise ConnectionUnavailable(f"The connection file {path} names no address on this machine.", hint)
    return connection


def read_config(path: Path) -> Config:
    """Reads a plug-in's ``config.json``; a plug-in that was unpacked by hand has none and looks around.

    Raises:
        ConnectionUnavailable: there is no such file and no program either, the file cannot be used, or others
            can write it or the plug-in's folder.
    """
    hint = "Run install.py of Insert Object again."
    folder = folder_of_others(path)
    if folder is not None:
        raise ConnectionUnavailable(
            f"The plug-in's folder {folder} can be written by other users.", _or_close(folder, hint)
        )
    if not path.exists():
        return _config_of_this_user()
    values = _read_json(path, "configuration", "The plug-in is not fully installed.", hint)
    try:
        command = values["start_command"]
        if not isinstance(command, list) or not all(isinstance(part, str) for part in command):
            raise TypeError("start_command is not a list of texts")
        version = _text(values, "version") if "version" in values else ""
        return Config(Path(_text(values, "connection_file")), tuple(command), version)
    except (KeyError, TypeError, ValueError) as error:
        raise ConnectionUnavailable(f"The plug-in's configuration {path} is damaged.", hint) from error


def _config_of_this_user() -> Config:
    """What the installer would write, found where it puts things.

    Raises:
        ConnectionUnavailable: there is nothing.
    """
    home, environ = Path.home(), dict(os.environ)
    if in_sandbox():
        home, environ = outside_sandbox(home, environ)
    data = data_folder(home, environ, sys.platform)
    connection_file = data / "connection.json"
    python = environment_python(data, sys.platform)
    if python.exists():
        return Config(connection_file, (str(python), *RUN_DAEMON))
    if connection_file.exists():
        return Config(connection_file, ())  # somebody runs it from elsewhere
    raise ConnectionUnavailable(
        f"Only the plug-in is installed: the Insert Object service is not in {data}.",
        "Get Insert Object and run its install.py; it sets up the service and this plug-in.",
    )


def start_daemon(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts the daemon so that it outlives the editor: its own session, no window, no open files of ours.

    Raises:
        ConnectionUnavailable: the command cannot be run, here or at all.
    """
    hint = "Start it in a terminal: insert-object daemon start"
    if in_sandbox():
        raise ConnectionUnavailable(
            "This editor runs in a sandbox (Flatpak or Snap), from which the Insert Object service "
            "cannot be started.",
            "Run install.py --autostart of Insert Object, and it starts at login; "
            "or start it in a terminal: insert-object daemon start",
        )
    if not command:
        raise ConnectionUnavailable("The plug-in does not know how to start the Insert Object service.", hint)
    windows_flags = 0
    if sys.platform == "win32":
        windows_flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=daemon_environment(os.environ),
            creationflags=windows_flags,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ConnectionUnavailable(
            f"The Insert Object service could not be started: {error}.",
            "Run install.py of Insert Object again.",
        ) from error
    # Waited for in a thread of its own, so that no zombie stays in an editor that runs for days.
    threading.Thread(target=process.wait, name="insert-object daemon process", daemon=True).start()
    return process


def daemon_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what an editor's bundle sets for its own Python and libraries."""
    foreign = set(_ALWAYS_FOREIGN)
    if "PYTHONHOME" in environment or "APPDIR" in environment:
        foreign.update(_FOREIGN_IN_A_BUNDLE)
    return {name: value for name, value in environment.items() if name not in foreign}


def in_sandbox() -> bool:
    """Whether this process is confined by Flatpak or Snap, with a process table and programs of its own."""
    # The variable SNAP tells nothing: a terminal opened from an unconfined snap has it too.
    label = security_label()
    return Path("/.flatpak-info").exists() or (label.startswith("snap.") and "(enforce)" in label)


def security_label() -> str:
    """AppArmor's name for what this process may do; "" where there is none."""
    try:
        return Path("/proc/self/attr/current").read_text(encoding="ascii", errors="replace").strip("\0\n ")
    except OSError:
        return ""


def is_gone(pid: int) -> bool:
    """Whether the user surely has no process with that id. False where that cannot be told.

    After a crash the system may give the id to somebody else's process, and the port with it.
    """
    if sys.platform == "win32" or in_sandbox() or pid <= 0:
        return False  # on Windows os.kill would end the process; a sandbox hides the host's processes
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError as error:
        return error.errno == errno.EPERM  # another user's; a sandbox that forbids signals says EACCES
    return False


def _read_json(path: Path, what: str, missing: str, hint: str = "") -> Mapping[str, Any]:
    hint = hint or "Start it in a terminal: insert-object daemon start"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
            status = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise ConnectionUnavailable(missing, hint) from error
    except OSError as error:
        raise ConnectionUnavailable(f"The {what} {path} cannot be read: {error.strerror}.", hint) from error
    if writable_by_others(path, status):
        # who can write this file can have the user's pictures sent to them, or a program started
        raise ConnectionUnavailable(
            f"The {what} {path} can be written by other users.", _or_close(path, hint)
        )
    try:
        values = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConnectionUnavailable(f"The {what} {path} is damaged.", hint) from error
    if not isinstance(values, dict) or len(content) > MAX_FILE_BYTES:
        raise ConnectionUnavailable(f"The {what} {path} is damaged.", hint)
    return values


def _or_close(path: Path, hint: str) -> str:
    return f"{hint} Or, if it is as you left it, take that right from them: chmod -R go-w '{path}'"


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} is not a text")
    return value


def _whole(values: Mapping[str, Any], name: str) -> int:
    value = values[name]
    if type(value) is not int:
        raise TypeError(f"{name} is not a whole number")
    return value
