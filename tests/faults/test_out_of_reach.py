"""A daemon that was started where nobody else can reach it, with the same home folder."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.commands import doctor
from daemon.home.folders import Folders
from tests.daemon.conftest import wait_until
from tests.faults.house import Daemons
from tests.program import ROOT, program_environment
from wire import approach
from wire.connection import Config, ConnectionUnavailable
from wire.session import Session

STAND_IN = (sys.executable, str(ROOT / "tests" / "stand_in_daemon.py"))
NEVER_LONGER = 10.0  # seconds that anybody waits
ON_A_BUSY_COMPUTER = 30.0  # seconds, for two daemons that are started in vain


def _can(*unshare: str) -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "ip"))):
        return False
    return subprocess.run([*unshare, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0


OTHER_NETWORK = ("unshare", "--net")
SANDBOX = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
needs_namespaces = pytest.mark.skipif(not _can(*SANDBOX), reason="needs root, unshare and ip of Linux")

StartIn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.setenv("INSERT_OBJECT_HOME", str(tmp_path / "home"))
    return Folders.default()


@pytest.fixture
def start_in(folders: Folders) -> Iterator[StartIn]:
    """Starts a daemon in namespaces of its own: ``start_in(*OTHER_NETWORK)``."""
    home = folders.data.parent
    started: list[subprocess.Popen[bytes]] = []

    def start(*unshare: str) -> subprocess.Popen[bytes]:
        daemon = subprocess.Popen(
            [*unshare, "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *STAND_IN],
            env=program_environment(home),
            stdin=subprocess.DEVNULL,
        )
        started.append(daemon)
        wait_until(folders.connection_file.exists)
        return daemon

    yield start
    Daemons(home).end()
    for daemon in started:
        daemon.wait()


def ready(folders: Folders) -> float:
    """Seconds until a client that may start the daemon has been welcomed."""
    began = time.monotonic()
    with Session(Config(folders.connection_file, STAND_IN), "test") as session:
        assert session.wait_ready(NEVER_LONGER).device == "stand-in"
    return time.monotonic() - began


@needs_namespaces
def test_a_daemon_in_another_network_is_replaced_by_one_that_can_be_reached(
    folders: Folders, start_in: StartIn
) -> None:
    unreachable = start_in(*OTHER_NETWORK)
    assert ready(folders) < NEVER_LONGER
    assert unreachable.wait(NEVER_LONGER) is not None
    assert ready(folders) < NEVER_LONGER  # it stays


@needs_namespaces
def test_a_daemon_in_a_sandbox_of_its_own_is_named_and_no_other_process_ended(
    folders: Folders, start_in: StartIn
) -> None:
    sandbox = start_in(*SANDBOX)
    began = time.monotonic()
    with (
        Session(Config(folders.connection_file, STAND_IN), "test") as session,
        pytest.raises(ConnectionUnavailable, match="in a sandbox or container") as told,
    ):
        session.wait_ready(NEVER_LONGER)
    assert time.monotonic() - began < NEVER_LONGER
    assert "End it there" in told.value.hint
    assert sandbox.poll() is None


@needs_namespaces
@pytest.mark.parametrize(
    ("where", "cause"),
    [(OTHER_NETWORK, "another network namespace"), (SANDBOX, "a sandbox or container")],
    ids=["network", "sandbox"],
)
def test_the_doctor_names_the_cause_and_the_command_that_cures_it(
    folders: Folders, start_in: StartIn, where: tuple[str, ...], cause: str
) -> None:
    start_in(*where)
    began = time.monotonic()
    (told,) = [problem for problem in doctor.examine(folders).problems if "cannot be asked" in problem]
    assert time.monotonic() - began < NEVER_LONGER
    assert cause in told and told.endswith("insert-object daemon stop")


@pytest.mark.parametrize(
    ("lock_tells", "said"),
    [(True, "in a sandbox or container"), (False, "ends as soon as it is started")],
    ids=["macOS", "Windows"],
)
def test_where_the_system_tells_little_a_daemon_out_of_reach_is_an_error_in_time_and_left_alone(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, lock_tells: bool, said: str
) -> None:
    """A real daemon whose connection file names a port where nobody is; a stand-in for the other systems:
    on macOS no process can be asked for its open files, on Windows the lock cannot be either."""
    monkeypatch.setattr(approach, "holder", lambda _file: None)
    if not lock_tells:
        monkeypatch.setattr(approach, "is_held", lambda _file: False)
    daemon = subprocess.Popen(
        STAND_IN, env=program_environment(folders.data.parent), stdin=subprocess.DEVNULL
    )
    try:
        wait_until(folders.connection_file.exists)
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            port = nobody.getsockname()[1]
        told = json.loads(folders.connection_file.read_text("utf-8"))
        folders.connection_file.write_text(
            json.dumps(told | {"endpoint": f"tcp://127.0.0.1:{port}"}), "utf-8"
        )
        began = time.monotonic()
        with (
            Session(Config(folders.connection_file, STAND_IN), "test") as session,
            pytest.raises(ConnectionUnavailable, match=said) as error,
        ):
            session.wait_ready(ON_A_BUSY_COMPUTER)
        assert time.monotonic() - began < ON_A_BUSY_COMPUTER
        assert "insert-object d" in error.value.hint  # daemon stop, or doctor
        assert daemon.poll() is None
    finally:
        daemon.terminate()
        daemon.wait()
