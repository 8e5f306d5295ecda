"""The service as a launchd agent of the user, on macOS.

Source: launchd.plist(5) and launchctl(1), https://www.manpagez.com/man/5/launchd.plist/
"""

from __future__ import annotations

import os
import plistlib
from pathlib import Path

from installer.autostart.login_service import LoginService
from installer.computer.places import APPLICATION

LABEL = f"{APPLICATION}.service"


class LaunchAgent(LoginService):
    """``~/Library/LaunchAgents/insert-object.service.plist``."""

    name = "launch agent"

    @property
    def path(self) -> Path:
        return self.places.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    @property
    def domain(self) -> str:
        """The user's graphical session, as launchctl names it."""
        return f"gui/{os.getuid()}"

    def content(self) -> bytes:
        agent = {
            "Label": LABEL,
            "ProgramArguments": list(self.places.service_command),
            "EnvironmentVariables": dict(self.places.service_environment),
            "RunAtLoad": True,
            "KeepAlive": {"Crashed": True},  # not when it was asked to end
            "Umask": 0o077,
            "ExitTimeOut": 60,  # seconds for a running request
        }
        return plistlib.dumps(agent)

    def is_on(self) -> bool:
        return self.holds(self.content())

    def switch_on(self) -> str:
        self.ask("launchctl", "bootout", f"{self.domain}/{LABEL}")  # what an earlier file described
        self.write(self.content())
        before = self.connection_mark()
        if self.ask("launchctl", "bootstrap", self.domain, str(self.path)).returncode:
            return f"{self.path}\n      launchd does not take it in this session; it starts with the next one"
        self.wait_for_start(before, lambda: False)
        return f"{self.path}\n      running; it starts with every login"

    def start(self) -> None:
        before = self.connection_mark()
        if self.ask("launchctl", "kickstart", f"{self.domain}/{LABEL}").returncode == 0:
            self.wait_for_start(before, lambda: False)

    def switch_off(self) -> None:
        if self.path.exists():
            self.ask("launchctl", "bootout", f"{self.domain}/{LABEL}")
        self.path.unlink(missing_ok=True)
