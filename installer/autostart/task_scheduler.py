"""The service as a task that runs at the user's logon, on Windows.

Source: https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema
"""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from installer.autostart.login_service import LoginService
from installer.computer.failure import InstallFailure

TASK = "Insert Object"
_NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"


class LogonTask(LoginService):
    """A task of the user alone, with no more rights than the user's programs have."""

    name = "scheduled task"

    @property
    def path(self) -> Path:
        return self.places.data / "logon-task.xml"  # the Task Scheduler keeps a copy of its own

    @property
    def user(self) -> str:
        """The account, as ``DOMAIN\\name``."""
        environ = self.places.environ
        return "\\".join(filter(None, (environ.get("USERDOMAIN"), environ.get("USERNAME"))))

    def content(self) -> bytes:
        # a task has no variables of its own, so what would be in them is on the command line
        program, *arguments = self.places.service_command_alone
        quiet = Path(program).with_name("pythonw.exe")  # python.exe would open a window
        values = {
            "RegistrationInfo/Description": "Insert Object: puts generated objects into pictures",
            "Triggers/LogonTrigger/UserId": self.user,
            "Principals/Principal/UserId": self.user,
            "Principals/Principal/LogonType": "InteractiveToken",
            "Principals/Principal/RunLevel": "LeastPrivilege",
            "Settings/MultipleInstancesPolicy": "IgnoreNew",
            "Settings/DisallowStartIfOnBatteries": "false",
            "Settings/StopIfGoingOnBatteries": "false",
            "Settings/ExecutionTimeLimit": "PT0S",  # none
            "Settings/Priority": "5",  # as the user's programs have; a task's own is below
            "Actions/Exec/Command": str(quiet),
            "Actions/Exec/Arguments": subprocess.list2cmdline(arguments),
        }
        task = ElementTree.Element("Task", {"version": "1.2", "xmlns": _NAMESPACE})
        for place, text in values.items():
            element = task
            for part in place.split("/"):
                found = element.find(part)
                element = ElementTree.SubElement(element, part) if found is None else found
            element.text = text
        content: bytes = ElementTree.tostring(task, encoding="utf-16", xml_declaration=True)
        return content

    def is_on(self) -> bool:
        known = self.ask("schtasks", "/Query", "/TN", TASK).returncode == 0
        return known and self.holds(self.content())

    def switch_on(self) -> str:
        self.write(self.content())
        done = self.ask("schtasks", "/Create", "/F", "/TN", TASK, "/XML", str(self.path))
        if done.returncode:
            self.path.unlink(missing_ok=True)
            raise InstallFailure(
                "Windows does not take the task that starts the service.",
                "Leave out --autostart: editors start the service themselves.",
                details=done.stdout + done.stderr,
            )
        self.start()
        return f"the task “{TASK}”\n      it starts with every logon"

    def start(self) -> None:
        before = self.connection_mark()
        if self.ask("schtasks", "/Run", "/TN", TASK).returncode == 0:
            self.wait_for_start(before, lambda: False)

    def switch_off(self) -> None:
        if self.path.exists():
            self.ask("schtasks", "/Delete", "/F", "/TN", TASK)
        self.path.unlink(missing_ok=True)
