"""What the ways to start the service at login have in common."""

from __future__ import annotations

import abc
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from installer.computer.places import Places

START_SECONDS = 30.0  # for a process that has just been started to say where it listens
LOOK_SECONDS = 0.1
ANSWER_SECONDS = 60.0  # for a system's own tool


class LoginService(abc.ABC):
    """One file that describes the service, and the system's tool that reads it."""

    def __init__(self, places: Places) -> None:
        self.places = places

    @property
    @abc.abstractmethod
    def path(self) -> Path:
        """The file."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """What the user knows it as: ``systemd user unit``."""

    @abc.abstractmethod
    def is_on(self) -> bool:
        """Whether the service, as it would be set up now, starts at the next login."""

    @abc.abstractmethod
    def switch_on(self) -> str:
        """Writes the file, starts the service now if that can be, and returns a remark for the user.

        Raises:
            InstallFailure, OSError: it cannot be set up.
        """

    @abc.abstractmethod
    def start(self) -> None:
        """Starts the service that is set up, if it can be started now and does not run."""

    @abc.abstractmethod
    def switch_off(self) -> None:
        """Ends the service and removes what ``switch_on`` made; without a trace when nothing is there.

        Raises:
            OSError: a file cannot be removed.
        """

    def write(self, content: bytes) -> None:
        """Writes the file in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f"{self.path.name}.new")
        new.write_bytes(content)
        new.replace(self.path)

    def holds(self, *contents: bytes) -> bool:
        """Whether the file is there and is one of these."""
        return self.path.is_file() and self.path.read_bytes() in contents

    def ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs the system's tool; exit code 127 stands for a tool that is not there or does not answer."""
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=dict(self.places.environ),
                timeout=ANSWER_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return subprocess.CompletedProcess(command, 127, "", str(error))

    def connection_mark(self) -> tuple[int, int] | None:
        """What changes when a daemon writes its connection file; None when there is none."""
        try:
            found = self.places.connection_file.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino

    def wait_for_start(self, before: tuple[int, int] | None, is_over: Callable[[], bool]) -> bool:
        """Waits for a connection file other than ``before``, until ``is_over`` says that there is no hope."""
        deadline = time.monotonic() + START_SECONDS
        while self.connection_mark() in (None, before):
            if is_over() or time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True
