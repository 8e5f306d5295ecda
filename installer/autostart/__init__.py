"""Starting the service at login, by the means of each system: systemd, launchd or the Task Scheduler."""

from __future__ import annotations

from installer.autostart.launchd import LaunchAgent
from installer.autostart.login_service import LoginService
from installer.autostart.systemd import SystemdUnit
from installer.autostart.task_scheduler import LogonTask
from installer.computer.places import Places

__all__ = ["LoginService", "login_service"]


def login_service(places: Places) -> LoginService:
    """The way of this system; nothing is changed yet."""
    kinds: dict[str, type[LoginService]] = {"win32": LogonTask, "darwin": LaunchAgent}
    return kinds.get(places.platform, SystemdUnit)(places)
