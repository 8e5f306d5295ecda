"""Processes that are killed without a word, at every stage: the next request works, nothing is left over."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from daemon.home.folders import Folders
from daemon.home.lifecycle import running_pid
from tests.daemon.conftest import DaemonProcess, RunDaemon
from tests.daemon.peer import an_insert, new_id, report_of
from tests.faults.conftest import OpenSession
from tests.faults.house import (
    Asked,
    ClientProcess,
    Daemons,
    descriptors,
    eventually,
    in_order,
    is_at,
    right_layers,
)
from wire.protocol import Cancel, Layer, Stage
from wire.session import Session, SessionState

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

STAGES = ["connecting", "ready", "mask", "object", "finishing", "layer"]


def one_daemon_is_left(daemons: Daemons) -> None:
    eventually(lambda: [process.pid for process in daemons.processes()] == [daemons.pid])
    assert running_pid(daemons.folders) == daemons.pid
    in_order(daemons.folders)


@pytest.mark.parametrize("stage", [Stage.MASK, Stage.OBJECT, Stage.FINISHING])
def test_a_daemon_killed_at_any_stage_is_replaced_and_the_request_answered(
    open_session: OpenSession, daemons: Daemons, stage: Stage
) -> None:
    session = open_session("--stage-seconds", 0.15)
    session.wait_ready(30)
    request = an_insert(variations=3, seed=5)
    asked = Asked(session, request)
    asked.until(is_at(stage))
    killed = daemons.pid
    os.kill(killed, signal.SIGKILL)
    asked.ends_well()
    assert daemons.pid != killed
    one_daemon_is_left(daemons)


def test_a_daemon_killed_between_two_layers_delivers_each_layer_once(
    open_session: OpenSession, daemons: Daemons
) -> None:
    session = open_session()
    session.wait_ready(30)
    request = an_insert(variations=16, seed=9)
    asked = Asked(session, request)
    asked.until(lambda reply: isinstance(reply, Layer))
    os.kill(daemons.pid, signal.SIGKILL)
    asked.ends_well()
    right_layers(again := an_insert(), list(session.stream(again, 30)))
    one_daemon_is_left(daemons)


def test_a_daemon_killed_while_it_loads_is_started_again(open_session: OpenSession, daemons: Daemons) -> None:
    session = open_session("--load-seconds", 1)
    asked = Asked(session, an_insert())
    eventually(lambda: session.state is SessionState.LOADING)
    os.kill(daemons.pid, signal.SIGKILL)
    asked.ends_well()
    one_daemon_is_left(daemons)


def test_a_daemon_killed_while_nobody_asks_is_started_by_the_next_request(
    open_session: OpenSession, daemons: Daemons
) -> None:
    session = open_session()
    session.wait_ready(30)
    os.kill(daemons.pid, signal.SIGKILL)
    eventually(lambda: session.state is not SessionState.READY)
    right_layers(request := an_insert(), list(session.stream(request, 30)))
    one_daemon_is_left(daemons)


def test_a_daemon_killed_while_it_ends_is_replaced_and_the_request_answered(
    open_session: OpenSession, daemons: Daemons
) -> None:
    session = open_session("--stage-seconds", 0.3)
    session.wait_ready(30)
    asked = Asked(session, an_insert(variations=2))
    asked.until(is_at(Stage.MASK))
    pid = daemons.pid
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGKILL)
    asked.ends_well()
    assert daemons.pid != pid
    one_daemon_is_left(daemons)


def test_a_daemon_killed_after_a_cancel_does_not_make_the_object_after_all(
    open_session: OpenSession, daemons: Daemons
) -> None:
    session = open_session("--stage-seconds", 0.3)
    session.wait_ready(30)
    request = an_insert()
    asked = Asked(session, request)
    asked.until(is_at(Stage.MASK))
    session.send(Cancel(new_id(), request.id))
    os.kill(daemons.pid, signal.SIGKILL)
    following = an_insert()
    replies = list(session.stream(following, 30))
    right_layers(following, replies)
    assert not [event for event in session.poll() if isinstance(event, Layer)]


def test_what_a_daemon_left_that_was_killed_while_it_wrote_is_tidied_up(
    run_daemon_process: RunDaemon, folders: Folders
) -> None:
    folders.data.mkdir(parents=True, mode=0o700)
    (folders.data / ".connection.json.0123456789abcdef").write_text('{"token": "half', encoding="utf-8")
    daemon = run_daemon_process()
    daemon.wait_for_connection()
    in_order(daemon.folders)


# --- Clients ----------------------------------------------------------------------------------------


@pytest.fixture
def victim(run_daemon_process: RunDaemon) -> Iterator[tuple[DaemonProcess, ClientProcess]]:
    daemon = run_daemon_process("--stage-seconds", 0.1)
    daemon.wait_for_connection()
    client = ClientProcess(daemon.folders)
    yield daemon, client
    client.end()


@pytest.mark.parametrize("stage", STAGES)
def test_a_client_killed_at_any_stage_leaves_no_work_no_descriptor_and_no_file(
    victim: tuple[DaemonProcess, ClientProcess], stage: str
) -> None:
    daemon, client = victim
    other = daemon.peer()
    client.wait_for(stage)
    client.signal(signal.SIGKILL)
    client.process.wait()
    assert other.ask(an_insert())[-1].TYPE == "done"
    report = report_of(other)
    assert (report["requests_waiting"], report["requests_running"]) == (0, 0)
    with_one_client = descriptors(daemon.process.pid)
    daemon.peer().close()
    eventually(lambda: descriptors(daemon.process.pid) <= with_one_client)
    in_order(daemon.folders)


def test_a_client_that_is_killed_takes_no_daemon_with_it(open_session: OpenSession, daemons: Daemons) -> None:
    session: Session = open_session()
    session.wait_ready(30)
    client = ClientProcess(daemons.folders)
    client.wait_for("ready")
    client.signal(signal.SIGKILL)
    client.end()
    right_layers(request := an_insert(), list(session.stream(request, 30)))
    one_daemon_is_left(daemons)
