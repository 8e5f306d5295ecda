"""One daemon per user, from start to end, whatever happened to the one before."""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daemon.home.folders import Folders
from daemon.home.lifecycle import (
    AlreadyRunning,
    DaemonLock,
    check_startable,
    connection_pid,
    remove_connection_file,
    running_pid,
    wait_for_lock,
    write_connection_file,
)
from daemon.home.logs import LOG_BYTES, OLD_LOGS, last_lines, logging_to
from daemon.home.private_files import PrivateFileError, make_private_folder, write_private_file
from daemon.serving.settings import BadSetting, Settings
from tests.daemon.conftest import RunDaemon
from tests.daemon.peer import an_insert, new_id
from wire.protocol import Accepted, Done, Progress, StatusRequest

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and modes of POSIX")


def test_all_folders_lie_under_the_home_that_the_environment_names(tmp_path: Path) -> None:
    folders = Folders.default(
        {"INSERT_OBJECT_HOME": str(tmp_path), "INSERT_OBJECT_WEIGHTS": str(tmp_path / "w")}
    )
    assert folders.data == tmp_path / "data"
    assert folders.logs == tmp_path / "logs"
    assert folders.weights == tmp_path / "w"


def test_by_default_the_weights_are_those_that_came_with_the_program() -> None:
    assert Folders.default({}).weights.parts[-2:] == ("models", "weights")


@posix
def test_a_signal_ends_the_daemon_in_good_order(run_daemon_process: RunDaemon) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = run_daemon_process()
        daemon.wait_for_connection()
        daemon.process.send_signal(number)
        assert daemon.wait() == 0
        assert not daemon.folders.connection_file.exists()
        assert running_pid(daemon.folders) is None
        assert daemon.errors() == ""


@posix
def test_a_signal_lets_the_running_request_finish(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process("--stage-seconds", 0.2)
    peer = daemon.peer()
    request = an_insert()
    peer.send(request)
    assert isinstance(peer.receive(), Accepted)
    assert isinstance(peer.receive(), Progress)  # it has begun
    daemon.process.terminate()
    assert isinstance(peer.replies(request.id)[-1], Done)
    assert daemon.wait() == 0


@posix
def test_a_signal_while_loading_ends_the_daemon_soon(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process("--load-seconds", 5)
    daemon.wait_for_connection()
    began = time.monotonic()
    daemon.process.terminate()
    assert daemon.wait() == 0
    assert time.monotonic() - began < 3


def test_a_second_daemon_says_in_one_line_which_process_runs(run_daemon_process: RunDaemon) -> None:
    first = run_daemon_process()
    first.wait_for_connection()
    second = run_daemon_process()
    assert second.wait() == 2
    assert second.errors().splitlines() == [
        f"The Insert Object service already runs as process {first.process.pid}. "
        "Use that one, or end it with “insert-object daemon stop”."
    ]
    assert first.connection()["pid"] == first.process.pid


def test_of_many_daemons_started_at_once_one_serves(run_daemon_process: RunDaemon) -> None:
    daemons = [run_daemon_process() for _ in range(4)]
    deadline = time.monotonic() + 20
    while sum(daemon.process.poll() is None for daemon in daemons) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (alive,) = [daemon for daemon in daemons if daemon.process.poll() is None]
    assert alive.connection()["pid"] == alive.process.pid
    assert isinstance(alive.peer().ask(an_insert())[-1], Done)


def test_after_a_kill_the_stale_file_is_replaced_by_the_next_daemon(run_daemon_process: RunDaemon) -> None:
    first = run_daemon_process()
    old = first.wait_for_connection()
    first.process.kill()
    first.wait()
    assert first.folders.connection_file.exists()
    assert running_pid(first.folders) is None
    second = run_daemon_process()
    new = second.wait_for_connection()
    assert new["token"] != old["token"]
    assert isinstance(second.peer().ask(an_insert())[-1], Done)


def test_a_new_daemon_waits_for_one_that_is_ending(folders: Folders) -> None:
    lock = DaemonLock(folders)  # held, and no connection file: its daemon is ending
    began = time.monotonic()
    with pytest.raises(AlreadyRunning):
        wait_for_lock(folders, patience=0.3)
    assert time.monotonic() - began >= 0.3
    write_connection_file(folders, "tcp://127.0.0.1:1", "token")  # now it is there to stay
    began = time.monotonic()
    with pytest.raises(AlreadyRunning) as refused:
        wait_for_lock(folders, patience=5)
    assert time.monotonic() - began < 1
    assert refused.value.pid == os.getpid()
    lock.release()
    wait_for_lock(folders).release()


@posix
def test_a_drive_without_locks_is_named_and_not_taken_for_a_running_daemon(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    DaemonLock(folders).release()
    monkeypatch.setattr("fcntl.flock", flock)
    for ask in (DaemonLock, wait_for_lock, running_pid):
        with pytest.raises(
            PrivateFileError, match=r"daemon\.lock .*No locks available\. .*INSERT_OBJECT_HOME"
        ):
            ask(folders)


def test_the_idle_daemon_ends_by_itself(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process(environment={"INSERT_OBJECT_END_MINUTES": "0.005"})
    assert daemon.wait() == 0
    assert not daemon.folders.connection_file.exists()
    assert "Nobody asked for anything" in daemon.log()


@posix
def test_a_stopped_daemon_goes_on_where_it_was(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process("--stage-seconds", 0.1)
    peer = daemon.peer()
    request = an_insert()
    peer.send(request)
    assert isinstance(peer.receive(), Accepted)
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    daemon.process.send_signal(signal.SIGCONT)
    assert isinstance(peer.replies(request.id)[-1], Done)


@pytest.mark.parametrize("name", ["connection.json", "daemon.lock"])
@posix
def test_a_link_in_the_place_of_a_file_is_refused_and_not_followed(
    run_daemon_process: RunDaemon, tmp_path: Path, name: str
) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    data = tmp_path / "home" / "data"
    data.mkdir(parents=True)
    (data / name).symlink_to(target)
    daemon = run_daemon_process()
    assert daemon.wait() == 2
    assert "is a link" in daemon.errors()
    assert target.read_text() == "precious"


@posix
def test_an_open_folder_is_closed_to_others(folders: Folders) -> None:
    folders.data.mkdir(parents=True, mode=0o777)
    folders.data.chmod(0o777)
    make_private_folder(folders.data)
    assert folders.data.stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folders = Folders.default({"INSERT_OBJECT_HOME": str(tmp_path / "file" / "home")})
    with pytest.raises(PrivateFileError, match=r"cannot be written.*INSERT_OBJECT_HOME"):
        check_startable(folders)


def test_a_full_disk_leaves_no_half_written_file(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    make_private_folder(folders.data)
    write_private_file(folders.connection_file, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PrivateFileError, match="No space left"):
        write_private_file(folders.connection_file, b"new")
    assert [path.name for path in folders.data.iterdir()] == ["connection.json"]
    assert folders.connection_file.read_bytes() == b"old"


def test_only_its_own_connection_file_is_removed(folders: Folders) -> None:
    make_private_folder(folders.data)
    write_private_file(folders.connection_file, json.dumps({"pid": os.getpid() + 1}).encode())
    remove_connection_file(folders)
    assert connection_pid(folders) == os.getpid() + 1
    write_connection_file(folders, "tcp://127.0.0.1:1", "token")
    remove_connection_file(folders)
    assert not folders.connection_file.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"pid": "x"}', b"\xff\xfe"])
def test_a_damaged_connection_file_counts_as_none(folders: Folders, content: bytes) -> None:
    make_private_folder(folders.data)
    write_private_file(folders.connection_file, content)
    assert connection_pid(folders) is None


def test_looking_for_a_daemon_creates_nothing(folders: Folders) -> None:
    assert running_pid(folders) is None
    assert not folders.data.exists()


def test_the_process_starts_without_torch() -> None:
    modules = "daemon.serving.process, daemon.commands.service, daemon.client"
    script = f"import sys, {modules}; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


# --- Logs -------------------------------------------------------------------------------------------


def test_the_log_rotates_and_keeps_a_few_old_files_all_private(folders: Folders) -> None:

    with logging_to(folders.log_file):
        for number in range(6 * LOG_BYTES // 1000):
            logging.getLogger("test").info("%d %s", number, "x" * 950)
    files = sorted(folders.logs.iterdir())
    assert len(files) == OLD_LOGS + 1
    assert all(path.stat().st_size <= LOG_BYTES for path in files)
    if sys.platform != "win32":
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)


def test_the_last_lines_reach_into_the_rotated_file(folders: Folders) -> None:
    make_private_folder(folders.logs)
    folders.log_file.with_name("daemon.log.1").write_text("1\n2\n3\n", encoding="utf-8")
    folders.log_file.write_text("4\n", encoding="utf-8")
    assert last_lines(folders.log_file, 2) == ["3", "4"]
    assert last_lines(folders.log_file, 0) == []


def test_an_error_inside_is_in_the_log_with_its_traceback(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process("--fail-stage", "object")
    peer = daemon.peer()
    assert peer.ask(an_insert())[-1].TYPE == "error"
    assert "RuntimeError: injected" in daemon.log()
    assert peer.ask(StatusRequest(new_id()))[-1].TYPE == "status"


# --- Settings ---------------------------------------------------------------------------------------


def test_idle_times_come_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "INSERT_OBJECT_RELEASE_MINUTES": "2",
            "INSERT_OBJECT_END_MINUTES": "never",
            "INSERT_OBJECT_DEVICE": "cpu",
        }
    )
    assert (settings.release_after, settings.end_after, settings.device) == (120.0, float("inf"), "cpu")
    assert Settings.from_environment({}) == Settings()


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan"])
def test_a_setting_that_makes_no_sense_is_named(text: str) -> None:
    with pytest.raises(BadSetting, match="INSERT_OBJECT_END_MINUTES"):
        Settings.from_environment({"INSERT_OBJECT_END_MINUTES": text})
