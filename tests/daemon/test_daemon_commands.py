"""``insert-object daemon …`` and ``doctor`` as a user meets them in the shell."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
from pathlib import Path

import pytest

from daemon.commands.doctor import as_text, examine
from daemon.home.folders import Folders
from daemon.home.machine import about_program
from tests.conftest import RunCli
from tests.daemon.conftest import DaemonProcess, RunDaemon


@pytest.fixture
def daemon(run_daemon_process: RunDaemon, insert_object_home: Path) -> DaemonProcess:
    """A stand-in daemon in the home that ``run_cli`` uses."""
    started = run_daemon_process()
    assert started.folders.data.parent == insert_object_home
    started.wait_for_connection()
    return started


def lay_weights(folder: Path, *, intact: bool) -> None:
    """A manifest with one file that is, or is not, what the manifest says."""
    folder.mkdir()
    (folder / "net.safetensors").write_bytes(b"weights" if intact else b"damaged")
    channels = {str(side): 8 for side in (4, 8, 16, 32)}
    manifest = {
        "format": 1,
        "name": "test",
        "resolution": 32,
        "network": {"channels": channels, "code_size": 8, "style_size": 8, "base": 16},
        "classes": [{"name": "dog", "label": "Dog"}],
        "files": {"net.safetensors": hashlib.sha256(b"weights").hexdigest()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_status_stop_and_logs_of_a_running_daemon(run_cli: RunCli, daemon: DaemonProcess) -> None:
    status = run_cli("daemon", "status")
    assert status.returncode == 0
    assert "device: stand-in" in status.stdout
    logs = run_cli("daemon", "logs", "-n", 1)
    assert len(logs.stdout.splitlines()) == 1
    stop = run_cli("daemon", "stop")
    assert (stop.returncode, stop.stdout) == (0, "The service has ended.\n")
    assert daemon.wait() == 0
    assert json.loads(run_cli("daemon", "status", "--json").stdout) == {"running": False}
    assert run_cli("daemon", "stop").stdout == "The service does not run.\n"


def test_start_says_when_the_service_already_runs(run_cli: RunCli, daemon: DaemonProcess) -> None:
    start = run_cli("daemon", "start")
    assert start.stdout == f"The service already runs as process {daemon.process.pid} on stand-in.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
def test_stop_ends_a_daemon_that_was_started_under_another_token(
    run_cli: RunCli, daemon: DaemonProcess
) -> None:
    content = {**daemon.connection(), "token": "x" * 43}  # as if somebody had meddled with the file
    daemon.folders.connection_file.write_text(json.dumps(content), encoding="utf-8")
    assert run_cli("daemon", "stop").returncode == 0
    assert daemon.process.wait(10) in (0, -signal.SIGTERM)


def test_logs_say_where_they_are_before_there_are_any(run_cli: RunCli, insert_object_home: Path) -> None:
    logs = run_cli("daemon", "logs")
    assert logs.returncode == 0
    assert str(insert_object_home / "logs" / "daemon.log") in logs.stdout
    path = run_cli("daemon", "logs", "--path").stdout.strip()
    assert path == str(insert_object_home / "logs" / "daemon.log")


@pytest.mark.parametrize(
    "arguments", [("--end-after", "soon"), ("--release-after", "0"), ("--device", "toaster")]
)
def test_an_option_that_makes_no_sense_is_one_line_and_exit_code_2(
    run_cli: RunCli, arguments: tuple[str, str]
) -> None:
    run = run_cli("daemon", "run", *arguments)
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert arguments[1] in run.stderr


def test_the_doctor_finds_nothing_wrong_with_whole_weights(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_weights(tmp_path / "weights", intact=True)
    monkeypatch.setenv("INSERT_OBJECT_WEIGHTS", str(tmp_path / "weights"))
    doctor = run_cli("doctor", "--json")
    found = json.loads(doctor.stdout)
    assert (doctor.returncode, found["problems"]) == (0, [])
    assert found["weights"]["intact"] is True
    assert found["daemon"] == {"running": False, "stale_connection_file": False}
    assert {"python", "packages", "system", "disk_free_mb", "editors", "folders", "cpu_threads"} <= set(found)
    assert "No problems found." in run_cli("doctor").stdout


def test_the_doctor_alone_names_the_python_that_further_packages_are_installed_with(tmp_path: Path) -> None:
    found = examine(Folders.default({"INSERT_OBJECT_HOME": str(tmp_path)}))
    assert f"python executable: {sys.executable}" in as_text(found).splitlines()
    assert sys.executable not in str(about_program()), "computers that are let in are told all of this"


def test_the_doctor_names_damaged_weights_and_says_what_to_do(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_weights(tmp_path / "weights", intact=False)
    monkeypatch.setenv("INSERT_OBJECT_WEIGHTS", str(tmp_path / "weights"))
    doctor = run_cli("doctor")
    assert doctor.returncode == 2
    assert "net.safetensors" in doctor.stdout
    assert "install.py" in doctor.stdout


def test_the_doctor_tells_about_the_running_daemon(run_cli: RunCli, daemon: DaemonProcess) -> None:
    found = json.loads(run_cli("doctor", "--json").stdout)
    assert found["daemon"]["running"] is True
    assert found["daemon"]["pid"] == daemon.process.pid
    assert found["daemon"]["device"] == "stand-in"


def test_missing_weights_end_the_start_with_one_line(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSERT_OBJECT_WEIGHTS", str(tmp_path / "nothing"))
    start = run_cli("daemon", "start")
    assert start.returncode == 2
    assert len(start.stderr.splitlines()) == 1
    assert "missing" in start.stderr
    assert Path(json.loads(run_cli("doctor", "--json").stdout)["folders"]["log_file"]).exists()
