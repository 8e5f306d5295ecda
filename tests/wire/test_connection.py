"""The connection file, the plug-in's configuration, and the start of the daemon as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wire import connection as connection_module
from wire.connection import (
    Config,
    Connection,
    ConnectionUnavailable,
    daemon_environment,
    in_sandbox,
    is_gone,
    read_config,
    read_connection,
    start_daemon,
)
from wire.sentences import OF_THE_CLIENT

GOOD = {
    "protocol_version": 1,
    "endpoint": "tcp://127.0.0.1:4711",
    "token": "the token",
    "pid": 12,
    "daemon_version": "1.2.3",
}


def written(folder: Path, content: object) -> Path:
    path = folder / "file é 漢.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_connection_file_is_read(tmp_path: Path) -> None:
    found = read_connection(written(tmp_path, {**GOOD, "of a later version": True}))
    assert found == Connection(1, "tcp://127.0.0.1:4711", "the token", 12, "1.2.3")
    assert found.address == ("127.0.0.1", 4711)


def test_an_address_of_version_6_is_read(tmp_path: Path) -> None:
    assert read_connection(written(tmp_path, {**GOOD, "endpoint": "tcp://[::1]:80"})).address == ("::1", 80)


def test_the_token_never_shows_in_a_representation(tmp_path: Path) -> None:
    assert "the token" not in repr(read_connection(written(tmp_path, GOOD)))


@pytest.mark.parametrize("name", list(GOOD))
@pytest.mark.parametrize("value", [None, [], {}, "", True, 1.5])
def test_a_field_of_a_wrong_kind_is_damage(tmp_path: Path, name: str, value: object) -> None:
    path = written(tmp_path, {**GOOD, name: value})
    with pytest.raises(ConnectionUnavailable, match="damaged") as caught:
        read_connection(path)
    assert str(path) in caught.value.hint


@pytest.mark.parametrize("name", list(GOOD))
def test_a_missing_field_is_damage(tmp_path: Path, name: str) -> None:
    content = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(ConnectionUnavailable, match="damaged"):
        read_connection(written(tmp_path, content))


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp://192.168.1.5:4711",
        "tcp://8.8.8.8:53",
        "tcp://[2001:db8::1]:80",
        "ipc:///tmp/socket",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:70000",
    ],
)
def test_the_token_goes_nowhere_but_to_this_machine(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(ConnectionUnavailable):
        read_connection(written(tmp_path, {**GOOD, "endpoint": endpoint}))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 60_000, b" " * 100_000 + b"{}"]
)
def test_what_is_no_connection_file_is_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "connection.json"
    path.write_bytes(content)
    with pytest.raises(ConnectionUnavailable, match="damaged"):
        read_connection(path)


def test_no_connection_file_means_that_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(ConnectionUnavailable, match="not running") as caught:
        read_connection(tmp_path / "none.json")
    assert "insert-object daemon start" in caught.value.hint


def test_a_folder_in_the_files_place_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConnectionUnavailable, match="cannot be read"):
        read_connection(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX's file modes")
def test_a_file_that_others_can_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, GOOD)
    path.chmod(0o602)
    with pytest.raises(ConnectionUnavailable, match="other users"):
        read_connection(path)
    path.chmod(0o600)
    assert read_connection(path).pid == 12
    if path.stat().st_uid != 0:
        monkeypatch.setattr(os, "getuid", lambda: path.stat().st_uid + 1)
        with pytest.raises(ConnectionUnavailable, match="other users"):
            read_connection(path)


def test_a_configuration_is_read(tmp_path: Path) -> None:
    content = {"connection_file": "/data/connection.json", "start_command": ["/bin/insert-object", "daemon"]}
    expected = Config(Path("/data/connection.json"), ("/bin/insert-object", "daemon"))
    assert read_config(written(tmp_path, content)) == expected


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"connection_file": "/x"},
        {"connection_file": "/x", "start_command": "insert-object"},
        {"connection_file": "/x", "start_command": [1]},
        {"connection_file": 5, "start_command": []},
        [],
    ],
)
def test_a_damaged_configuration_points_to_the_installer(tmp_path: Path, content: object) -> None:
    with pytest.raises(ConnectionUnavailable, match="damaged") as caught:
        read_config(written(tmp_path, content))
    assert "install.py" in caught.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="sessions and signals are POSIX's")
def test_a_started_daemon_has_a_session_of_its_own_and_leaves_no_zombie(tmp_path: Path) -> None:
    report = tmp_path / "report"
    program = f"import os; open({str(report)!r}, 'w').write(f'{{os.getsid(0)}} {{os.getpid()}}')"
    process = start_daemon((sys.executable, "-c", program))
    deadline = time.monotonic() + 10
    while not is_gone(process.pid):
        assert time.monotonic() < deadline, "the process was not reaped"
        time.sleep(0.01)
    session, pid = report.read_text().split()
    assert session == pid == str(process.pid)
    assert process.returncode == 0


def test_a_program_that_cannot_be_run_is_a_clear_error(tmp_path: Path) -> None:
    for command in ((str(tmp_path / "missing"),), (str(tmp_path),), ("a\0b",), ()):
        with pytest.raises(ConnectionUnavailable) as caught:
            start_daemon(command)
        assert caught.value.hint


def test_a_sandboxed_editor_says_how_to_start_the_daemon_now_and_at_every_login(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_module, "security_label", lambda: "snap.gimp.gimp (enforce)")
    with pytest.raises(ConnectionUnavailable, match="sandbox") as caught:
        start_daemon((sys.executable, "-c", ""))
    assert "insert-object daemon start" in caught.value.hint
    assert "install.py --autostart" in caught.value.hint
    assert caught.value.hint in OF_THE_CLIENT  # and so it is translated


def test_a_terminal_of_an_unconfined_snap_is_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAP", "/snap/code/1")
    for label in ("snap.code.code (complain)", "unconfined", ""):
        monkeypatch.setattr(connection_module, "security_label", lambda label=label: label)
        assert not in_sandbox()


def test_the_daemon_does_not_inherit_an_editors_own_python() -> None:
    kept = {"PATH": "/bin", "HOME": "/h", "INSERT_OBJECT_HOME": "/i", "PYTHONUTF8": "1"}
    assert daemon_environment({**kept, "PYTHONPATH": "/mine"}) == {**kept, "PYTHONPATH": "/mine"}
    bundle = {"APPDIR": "/app", "LD_LIBRARY_PATH": "/app/lib", "PYTHONPATH": "/app/py"}
    assert daemon_environment({**kept, **bundle}) == {**kept, "APPDIR": "/app"}
    assert daemon_environment({**kept, "PYTHONHOME": "/krita", "PYTHONPATH": "/krita/py"}) == kept


def test_only_a_process_that_surely_ended_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    assert not is_gone(os.getpid())
    assert not is_gone(0)
    assert is_gone(dead.pid) == (sys.platform != "win32")
    monkeypatch.setattr(connection_module, "in_sandbox", lambda: True)
    assert not is_gone(dead.pid), "a sandbox does not see the processes outside"
