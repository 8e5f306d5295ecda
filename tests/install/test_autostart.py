"""The service at login: set up, left alone when it is right, taken out again, and never two at once."""

from __future__ import annotations

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from daemon.home.folders import Folders
from daemon.home.lifecycle import running_pid
from installer.autostart import login_service
from installer.autostart.launchd import LaunchAgent
from installer.autostart.systemd import SystemdUnit, quoted
from installer.autostart.task_scheduler import LogonTask
from installer.autostart_steps import AutostartStep, NoAutostartStep
from installer.computer.failure import InstallFailure
from installer.computer.places import Places
from installer.desktop import DaemonStep
from installer.record import Record
from installer.removal import uninstall

posix = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand for the system's tools")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose name has everything that unit files and command lines treat specially."""
    folder = tmp_path / "h ö \"m%e $HOME's"
    folder.mkdir()
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for programs that stand for the system's own."""
    folder = tmp_path / "tools"
    folder.mkdir()
    return folder


def stand_in(tools: Path, name: str, script: str) -> None:
    """A program that notes its arguments in the file ``calls`` beside it and then runs the script."""
    program = tools / name
    program.write_text(f'#!/bin/sh\necho "{name} $*" >> {shlex.quote(str(tools / "calls"))}\n{script}\n')
    program.chmod(0o755)


def calls(tools: Path) -> list[str]:
    noted = tools / "calls"
    return noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []


def places_of(home: Path, tools: Path, platform: str = "linux", **environ: str) -> Places:
    data = home / "data"
    data.mkdir(exist_ok=True)
    path = f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return Places(home, data, {"PATH": path, "INSERT_OBJECT_HOME": str(home), **environ}, platform)


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# --- systemd ----------------------------------------------------------------------------------------


def running_systemd(tools: Path, connection_file: Path, *, sandbox: bool = True) -> None:
    """A ``systemctl`` whose manager runs; a unit that is shut in fails where ``sandbox`` is not allowed."""
    file = shlex.quote(str(connection_file))
    unit = shlex.quote(str(connection_file.parent.parent / ".config/systemd/user/insert-object.service"))
    starts = "true" if sandbox else f"! grep -q PrivateUsers {unit}"
    stand_in(
        tools,
        "systemctl",
        f'case "$2" in\n  restart|start) if {starts}; then echo "{{}}" > {file}; fi;;\n'
        f"  is-active) test -e {file};;\nesac",
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze to ask")
def test_systemd_finds_no_fault_in_the_unit(
    home: Path, tools: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runtime = tmp_path_factory.mktemp("run")  # short: sockets of systemd's own lie in it
    places = places_of(home, tools)
    service = SystemdUnit(places)
    places.environment.scripts.mkdir(parents=True)
    places.environment.python.symlink_to(sys.executable)
    for content in (service.content(), service.content("")):
        service.write(content)
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--user", "--man=no", str(service.path)],
            env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (checked.returncode, checked.stderr) == (0, "")


def test_special_characters_in_a_path_mean_nothing_special_to_systemd() -> None:
    assert quoted('a "b" %h $x \\', dollar="$$") == '"a \\"b\\" %%h $$x \\\\"'


@posix
def test_the_unit_is_shut_in_and_may_write_where_the_daemon_has_to(home: Path, tools: Path) -> None:
    service = SystemdUnit(places_of(home, tools))
    lines = service.content().decode().splitlines()
    walls = {"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=read-only", "PrivateTmp=yes"}
    assert {*walls, "MemoryMax=75%"} <= set(lines)
    (writable,) = [line for line in lines if line.startswith("ReadWritePaths=")]
    assert shlex.split(writable.partition("=")[2].replace("%%", "%").replace("\\'", "'")) == [
        str(home / "data"),
        str(home / "logs"),
    ]


@posix
def test_the_service_is_started_now_and_with_every_session(home: Path, tools: Path) -> None:
    places = places_of(home, tools)
    running_systemd(tools, places.connection_file)
    step = AutostartStep(places, record := Record.read(places.record))
    assert not step.is_done()
    assert "starts with every session" in step.do()
    assert "systemctl --user restart insert-object.service" in calls(tools)
    assert SystemdUnit(places).wish.resolve() == SystemdUnit(places).path
    assert step.is_done()
    assert AutostartStep(places, Record.read(places.record)).is_done(), "the next run knows it"
    assert record.autostart == str(SystemdUnit(places).path)


@posix
def test_after_an_upgrade_the_system_starts_the_service_again(home: Path, tools: Path) -> None:
    places = places_of(home, tools)
    running_systemd(tools, places.connection_file)
    record = Record.read(places.record)
    AutostartStep(places, record).do()
    places.connection_file.unlink()  # the upgrade has ended it
    places.program.parent.mkdir(parents=True)
    stand_in(places.program.parent, places.program.name, "")
    assert AutostartStep(places, record).is_done()
    DaemonStep(places, record).do()
    assert "systemctl --user start insert-object.service" in calls(tools)
    assert calls(places.program.parent) == ["insert-object daemon start"]


@posix
def test_where_systemd_denies_a_sandbox_the_service_runs_without_one(home: Path, tools: Path) -> None:
    places = places_of(home, tools)
    running_systemd(tools, places.connection_file, sandbox=False)
    step = AutostartStep(places, Record.read(places.record))
    assert "not shut in" in step.do()
    content = SystemdUnit(places).path.read_text(encoding="utf-8")
    assert "PrivateUsers" not in content
    assert "NoNewPrivileges=yes" in content
    assert step.is_done()


@posix
@pytest.mark.parametrize("tool", ["no systemctl", "no bus"])
def test_without_a_running_systemd_it_is_set_up_for_later_and_says_so(
    home: Path, tools: Path, tool: str
) -> None:
    places = places_of(home, tools)
    if tool == "no systemctl":
        places = Places(home, places.data, {**places.environ, "PATH": str(tools)}, "linux")
    else:
        stand_in(tools, "systemctl", 'echo "Failed to connect to bus" >&2; exit 1')
    step = AutostartStep(places, Record.read(places.record))
    assert "systemd does not run in this session" in step.do()
    assert step.is_done()


@posix
def test_a_changed_unit_is_written_again(home: Path, tools: Path) -> None:
    places = places_of(home, tools)
    step = AutostartStep(places, Record.read(places.record))
    stand_in(tools, "systemctl", "exit 1")
    step.do()
    SystemdUnit(places).path.write_text("[Service]\n")
    assert not step.is_done()
    step.do()
    assert step.is_done()


@posix
@pytest.mark.parametrize("way", ["--no-autostart", "--uninstall", "undone"])
def test_taking_it_out_leaves_no_trace(home: Path, tools: Path, way: str) -> None:
    places = places_of(home, tools)
    stand_in(tools, "systemctl", "exit 1")
    record = Record.read(places.record)
    step = AutostartStep(places, record)
    step.do()
    assert ".config" in everything_below(home)
    if way == "--no-autostart":
        NoAutostartStep(places, record).do()
    elif way == "--uninstall":
        uninstall(places, Record.read(places.record), dry_run=False)
    else:
        step.undo()
    assert not [name for name in everything_below(home) if name.startswith(".config/systemd")]
    assert record.autostart == "" or way == "--uninstall"
    assert NoAutostartStep(places, Record.read(places.record)).is_done()


@posix
def test_other_units_stay(home: Path, tools: Path) -> None:
    places = places_of(home, tools)
    stand_in(tools, "systemctl", "exit 1")
    other = home / ".config/systemd/user/default.target.wants/other.service"
    other.parent.mkdir(parents=True)
    other.write_text("")
    step = AutostartStep(places, Record.read(places.record))
    step.do()
    step.undo()
    assert other.exists()


# --- macOS and Windows ------------------------------------------------------------------------------


def test_the_launch_agent_holds_command_and_variables(home: Path, tools: Path) -> None:
    places = places_of(home, tools, "darwin")
    service = login_service(places)
    assert isinstance(service, LaunchAgent)
    agent = plistlib.loads(service.content())
    assert agent["ProgramArguments"] == list(places.service_command)
    variables = agent["EnvironmentVariables"]
    assert variables == {"INSERT_OBJECT_END_MINUTES": "never", "INSERT_OBJECT_HOME": str(home)}
    assert agent["RunAtLoad"] is True
    assert service.path == home / "Library" / "LaunchAgents" / "insert-object.service.plist"


@posix
def test_the_launch_agent_is_handed_to_launchd_and_taken_back(home: Path, tools: Path) -> None:
    places = places_of(home, tools, "darwin")
    stand_in(
        tools, "launchctl", f'[ "$1" = bootstrap ] && echo > {shlex.quote(str(places.connection_file))}; true'
    )
    step = AutostartStep(places, Record.read(places.record))
    assert "starts with every login" in step.do()
    assert step.is_done()
    step.undo()
    domain = f"gui/{os.getuid()}"
    assert calls(tools) == [
        f"launchctl bootout {domain}/insert-object.service",
        f"launchctl bootstrap {domain} {LaunchAgent(places).path}",
        f"launchctl bootout {domain}/insert-object.service",
    ]
    assert not LaunchAgent(places).path.exists()


def test_the_task_runs_as_the_user_with_no_more_rights_and_without_a_window(home: Path, tools: Path) -> None:
    places = places_of(home, tools, "win32", USERDOMAIN="STUDIO", USERNAME="Zoë")
    service = login_service(places)
    assert isinstance(service, LogonTask)
    task = ElementTree.fromstring(service.content())
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    told = {element.tag.removeprefix(space): element.text for element in task.iter()}
    assert told["UserId"] == "STUDIO\\Zoë"
    assert told["RunLevel"] == "LeastPrivilege"
    assert told["ExecutionTimeLimit"] == "PT0S"
    assert Path(str(told["Command"])).name == "pythonw.exe"
    assert str(told["Arguments"]).endswith("daemon run --if-none-runs --end-after never")


@posix
def test_a_task_that_windows_refuses_stops_the_step_with_what_to_do(home: Path, tools: Path) -> None:
    places = places_of(home, tools, "win32")
    stand_in(tools, "schtasks", "echo Access is denied.; exit 1")
    step = AutostartStep(places, Record.read(places.record))
    with pytest.raises(InstallFailure, match="Leave out --autostart") as refused:
        step.do()
    assert "Access is denied." in refused.value.details
    step.undo()
    assert step.record.autostart == ""


# --- Service and on-demand start --------------------------------------------------------------------


@pytest.fixture
def service_environ(tmp_path: Path) -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    return {
        **os.environ,
        "PYTHONPATH": str(root),
        "INSERT_OBJECT_HOME": str(tmp_path / "home"),
        "INSERT_OBJECT_WEIGHTS": str(tmp_path / "none"),  # it serves all the same, and starts at once
        "OMP_NUM_THREADS": "1",
    }


def test_of_a_service_and_a_daemon_on_demand_the_second_yields(service_environ: dict[str, str]) -> None:
    run = [sys.executable, "-m", "daemon.command_line", "daemon", "run"]
    folders = Folders.default(service_environ)
    with subprocess.Popen(run, env=service_environ, stdin=subprocess.DEVNULL) as first:
        try:
            deadline = time.monotonic() + 30
            while not folders.connection_file.exists():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            as_service, on_demand = (
                subprocess.run(command, env=service_environ, capture_output=True, text=True, check=False)
                for command in ([*run, "--if-none-runs"], run)
            )
            assert as_service.returncode == 0, "a fault would make systemd start it again"
            assert as_service.stdout == f"The Insert Object service already runs as process {first.pid}.\n"
            assert on_demand.returncode == 2
            assert running_pid(folders) == first.pid
        finally:
            first.terminate()
