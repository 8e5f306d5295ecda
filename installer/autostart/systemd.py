"""The service as a systemd user unit, shut in as far as the system allows.

Source: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html and systemd.service.html
"""

from __future__ import annotations

import os
from pathlib import Path

from installer.autostart.login_service import LoginService
from installer.computer.places import APPLICATION

UNIT = f"{APPLICATION}.service"
TARGET = "default.target"  # what a user's session of any kind starts

# systemd starts no program with a quote in its path, and a home folder may have one; the shell does.
SHELL = ("/bin/sh", "-c", 'exec "$0" "$@"')

# Needs namespaces of the user's own, which some systems deny; the unit works without these lines, too.
SANDBOX = """\
PrivateUsers=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={writable}
PrivateTmp=yes
ProtectControlGroups=yes
"""

# No MemoryDenyWriteExecute and no PrivateDevices: the networks' code is made at run time, for the processor
# at hand, and a graphics card is a device.
UNIT_TEXT = """\
# Written by install.py of Insert Object; `install.py --no-autostart` takes it out. For settings of your own:
# systemctl --user edit {unit}
[Unit]
Description=Insert Object: puts generated objects into pictures
StartLimitIntervalSec=300
StartLimitBurst=3

[Service]
Type=exec
ExecStart={command}
{environment}\
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
TimeoutStopSec=60
UMask=0077
MemoryMax=75%
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
LockPersonality=yes
{sandbox}
[Install]
WantedBy={target}
"""


class SystemdUnit(LoginService):
    """``~/.config/systemd/user/insert-object.service``."""

    name = "systemd user unit"

    @property
    def folder(self) -> Path:
        chosen = self.places.environ.get("XDG_CONFIG_HOME", "")
        return (Path(chosen) if chosen else self.places.home / ".config") / "systemd" / "user"

    @property
    def path(self) -> Path:
        return self.folder / UNIT

    @property
    def wish(self) -> Path:
        """The link by which the session starts the unit, as ``systemctl --user enable`` lays it."""
        return self.folder / f"{TARGET}.wants" / UNIT

    def content(self, sandbox: str = SANDBOX) -> bytes:
        """The unit's text; an empty ``sandbox`` leaves out what needs namespaces."""
        writable = " ".join(quoted(str(path)) for path in (self.places.data, self.places.logs))
        text = UNIT_TEXT.format(
            unit=UNIT,
            target=TARGET,
            command=" ".join(quoted(part, dollar="$$") for part in (*SHELL, *self.places.service_command)),
            environment="".join(
                f"Environment={quoted(f'{name}={value}')}\n"
                for name, value in self.places.service_environment.items()
            ),
            sandbox=sandbox.format(writable=writable),
        )
        return text.encode()

    def is_on(self) -> bool:
        return self.holds(self.content(), self.content("")) and os.path.lexists(self.wish)

    def switch_on(self) -> str:
        for folder in (self.places.data, self.places.logs):  # the unit may write there, if they exist
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.write(self.content())
        self.wish.parent.mkdir(parents=True, exist_ok=True)
        self.wish.unlink(missing_ok=True)
        self.wish.symlink_to(self.path)
        if self.ask("systemctl", "--user", "daemon-reload").returncode:
            return (
                f"{self.path}\n      systemd does not run in this session, so it starts with the next one "
                "that has it"
            )
        if self._starts():
            return f"{self.path}\n      running; it starts with every session"
        self.write(self.content(""))
        self.ask("systemctl", "--user", "daemon-reload")
        if self._starts():
            return f"{self.path}\n      running, but not shut in: this system does not allow that"
        return (
            f"{self.path}\n      it does not start now; see: systemctl --user status {UNIT}\n"
            "      editors start the service themselves all the same"
        )

    def start(self) -> None:
        self._starts("start")

    def _starts(self, verb: str = "restart") -> bool:
        before = self.connection_mark()  # a daemon that was killed leaves its own
        self.ask("systemctl", "--user", "reset-failed", UNIT)
        self.ask("systemctl", "--user", verb, UNIT)
        return self.wait_for_start(before, self._has_failed)

    def _has_failed(self) -> bool:
        return self.ask("systemctl", "--user", "is-active", "--quiet", UNIT).returncode != 0

    def switch_off(self) -> None:
        if self.path.exists():
            self.ask("systemctl", "--user", "stop", UNIT)
        for path in (self.wish, self.path):
            path.unlink(missing_ok=True)
            for folder in (path.parent, *path.parents[1:3]):
                if (
                    folder.is_relative_to(self.folder.parent)
                    and folder.is_dir()
                    and not any(folder.iterdir())
                ):
                    folder.rmdir()
        self.ask("systemctl", "--user", "daemon-reload")


def quoted(text: str, dollar: str = "$") -> str:
    """The text as one word of a unit file; ``dollar`` stands for each $, which commands have replaced."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", dollar)
    return f'"{text}"'
