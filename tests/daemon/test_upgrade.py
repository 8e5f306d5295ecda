"""Daemons and clients of different versions: the older daemon makes way once, and nobody fights."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.home.folders import Folders
from daemon.home.lifecycle import end_process, running_pid, wait_until_ended
from tests.conftest import RunCli
from tests.daemon.conftest import DaemonProcess, wait_until
from tests.daemon.peer import an_insert
from tests.program import program_environment
from wire.connection import Config
from wire.protocol import Accepted, Done, Progress
from wire.session import Session

SCRIPT = Path(__file__).with_name("versioned_daemon.py")

RunVersion = Callable[..., DaemonProcess]
OpenVersion = Callable[..., Session]


@pytest.fixture
def home(insert_object_home: Path) -> Path:
    return insert_object_home


@pytest.fixture
def run_version(home: Path) -> Iterator[RunVersion]:
    """Starts a daemon of a version: ``run_version("0.0.1")``; all of them share one home."""
    started: list[DaemonProcess] = []

    def start(version: str, *arguments: object) -> DaemonProcess:
        started.append(DaemonProcess(home, version, *arguments, script=SCRIPT))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def open_version(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenVersion]:
    """Opens a client that was installed with one version, whose command starts it, or another one."""
    for name, value in program_environment(home).items():
        monkeypatch.setenv(name, value)
    folders = Folders.default({"INSERT_OBJECT_HOME": str(home)})
    sessions: list[Session] = []

    def open_one(version: str, *, starts: str = "") -> Session:
        command = (sys.executable, str(SCRIPT), starts or version)
        sessions.append(Session(Config(folders.connection_file, command, version), f"editor {version}"))
        sessions[-1].open()
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.close()
    while pid := running_pid(folders):
        end_process(folders, pid)  # another one may have waited for its place: it is the next to end
        wait_until(lambda ended=pid: running_pid(folders) != ended)


def running_version(home: Path) -> str:
    content = json.loads((home / "data" / "connection.json").read_text(encoding="utf-8"))
    return str(content["daemon_version"])


def starts(home: Path) -> int:
    """How many daemons have begun to serve."""
    return (home / "logs" / "daemon.log").read_text(encoding="utf-8").count(" listens on ")


def test_an_older_daemon_finishes_its_request_and_is_replaced(
    run_version: RunVersion, open_version: OpenVersion, home: Path
) -> None:
    old = run_version("0.0.1", "--stage-seconds", 0.3)
    peer = old.peer()
    peer.send(request := an_insert())
    assert isinstance(peer.receive(), Accepted)
    assert isinstance(peer.receive(), Progress)  # it has begun
    welcome = open_version("0.2.0").wait_ready(20)
    assert isinstance(peer.replies(request.id)[-1], Done)
    assert old.wait() == 0
    assert welcome.daemon_version == running_version(home) == "0.2.0"
    assert starts(home) == 2


def test_a_newer_daemon_is_used_and_left_alone(
    run_version: RunVersion, open_version: OpenVersion, home: Path
) -> None:
    newer = run_version("9.0.0")
    newer.wait_for_connection()
    for version in ("0.2.0", "0.1.0"):
        assert open_version(version).wait_ready(20).daemon_version == "9.0.0"
    assert newer.process.poll() is None
    assert starts(home) == 1


def test_a_command_that_starts_an_older_version_is_not_fought(
    run_version: RunVersion, open_version: OpenVersion, home: Path
) -> None:
    run_version("0.1.0").wait_for_connection()
    session = open_version("0.2.0", starts="0.1.0")  # half an upgrade: the plug-in is newer than the program
    assert session.wait_ready(20).daemon_version == "0.1.0"
    assert [type(reply) for reply in session.stream(an_insert(), 20)][-1] is Done
    assert starts(home) == 2, "it was asked once to make way, and not again"

    folders = Folders.default({"INSERT_OBJECT_HOME": str(home)})
    end_process(folders, running_pid(folders) or 0)
    assert wait_until_ended(folders, 10)
    again = run_version("0.1.0")  # somebody else's start
    again.wait_for_connection()
    assert [type(reply) for reply in session.stream(an_insert(), 20)][-1] is Done
    assert again.process.poll() is None
    assert starts(home) == 3


def test_editors_of_two_versions_share_one_daemon_in_the_end(open_version: OpenVersion, home: Path) -> None:
    old, new = open_version("0.1.0"), open_version("0.2.0")
    for _ in range(5):
        for session in (old, new):
            assert [type(reply) for reply in session.stream(an_insert(), 30)][-1] is Done
    assert starts(home) <= 3
    assert old.wait_ready(5).daemon_version == new.wait_ready(5).daemon_version == running_version(home)


def test_a_daemon_of_another_version_does_not_touch_the_files_of_the_running_one(
    run_version: RunVersion,
) -> None:
    first = run_version("0.1.0")
    before = first.wait_for_connection()
    for version in ("0.2.0", "0.0.1"):
        second = run_version(version)
        assert second.wait() == 2
        assert f"already runs as process {first.process.pid}" in second.errors()
    assert first.connection() == before
    assert isinstance(first.peer().ask(an_insert())[-1], Done)


def test_daemon_start_replaces_what_an_earlier_installation_left_running(
    run_version: RunVersion, run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = run_version("0.0.1")
    old.wait_for_connection()
    monkeypatch.setenv("INSERT_OBJECT_WEIGHTS", str(tmp_path / "none"))
    told = run_cli("daemon", "start")
    assert old.wait() == 0
    assert "missing" in told.stderr, "the new one serves, and says what it lacks"
    status = json.loads(run_cli("daemon", "status", "--json").stdout)
    assert status["pid"] != old.process.pid
    assert run_cli("daemon", "stop").returncode == 0


def test_an_ended_daemon_removes_only_its_own_file(run_version: RunVersion) -> None:
    first = run_version("0.1.0")
    first.wait_for_connection()
    successor = {**first.connection(), "pid": first.process.pid + 1, "daemon_version": "0.2.0"}
    first.folders.connection_file.write_text(json.dumps(successor), encoding="utf-8")
    first.process.terminate()
    assert first.wait() == 0
    assert first.connection() == successor


def test_the_lock_outlives_a_version_that_is_killed(run_version: RunVersion) -> None:
    first = run_version("0.1.0")
    first.wait_for_connection()
    first.process.kill()
    first.wait()
    second = run_version("0.2.0")
    assert second.wait_for_connection()["daemon_version"] == "0.2.0"
    wait_until(lambda: running_pid(second.folders) == second.process.pid)
