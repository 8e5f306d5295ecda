"""The steps that make the service start at login, or no longer."""

from __future__ import annotations

from dataclasses import dataclass

from installer.autostart import LoginService, login_service
from installer.computer.places import Places
from installer.program import stop_daemon
from installer.record import Record
from installer.steps import Step


@dataclass
class AutostartStep(Step):
    """The service starts at login and stays; only its memory is given back when nobody asks for anything."""

    places: Places
    record: Record
    title = "Start at login"

    @property
    def service(self) -> LoginService:
        return login_service(self.places)

    def plan(self) -> str:
        return f"set up the {self.service.name} {self.service.path}, and start it"

    def is_done(self) -> bool:
        return self.record.autostart == str(self.service.path) and self.service.is_on()

    def do(self) -> str:
        stop_daemon(self.places)  # one that was started on demand would end when idle
        # Noted first: what is half done is taken out with the rest.
        self.record.autostart = str(self.service.path)
        self.record.write()
        return self.service.switch_on()

    def undo(self) -> None:
        remove_autostart(self.places, self.record)


@dataclass
class NoAutostartStep(Step):
    """The service no longer starts at login; editors start it when they need it."""

    places: Places
    record: Record
    title = "Start at login"
    when_done = "already off"

    def plan(self) -> str:
        return f"take out the {login_service(self.places).name} {self.record.autostart}"

    def is_done(self) -> bool:
        return not self.record.autostart

    def do(self) -> str:
        remove_autostart(self.places, self.record)
        return "no longer; editors start the service when they need it"


def remove_autostart(places: Places, record: Record) -> None:
    """Takes out what ``AutostartStep`` made.

    Raises:
        OSError: a file cannot be removed.
    """
    login_service(places).switch_off()
    record.autostart = ""
    record.write()
