"""Processes that stand still for a while, as with a suspended computer: they go on where they were."""

from __future__ import annotations

import os
import signal
import sys
import time

import psutil
import pytest

from tests.daemon.conftest import RunDaemon
from tests.daemon.peer import an_insert
from tests.faults.conftest import OpenSession
from tests.faults.house import (
    Asked,
    ClientProcess,
    Daemons,
    eventually,
    in_order,
    is_at,
    right_layers,
)
from wire import channel
from wire.protocol import InsertObjectError, Stage
from wire.session import SessionState

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process and go on")


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)


@pytest.mark.parametrize("seconds", [1.0, pytest.param(30.0, marks=pytest.mark.slow)])
def test_a_daemon_that_stands_still_for_a_while_finishes_the_request(
    open_session: OpenSession, daemons: Daemons, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    if seconds < 10:
        monkeypatch.setattr(channel, "PING_AFTER_SECONDS", 0.3)  # as if it were a longer time
    session = open_session("--stage-seconds", 0.1)
    session.wait_ready(30)
    pid = daemons.pid
    request = an_insert(variations=2)
    asked = Asked(session, request)
    asked.until(is_at(Stage.MASK))
    stop(pid)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
    asked.ends_well()
    assert daemons.pid == pid


def test_a_daemon_that_never_goes_on_is_an_error_and_once_it_does_the_next_request_works(
    open_session: OpenSession, daemons: Daemons, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("PING_AFTER_SECONDS", 0.2),
        ("LOST_AFTER_SECONDS", 0.5),
    ):
        monkeypatch.setattr(channel, name, value)
    defaults = channel.Channel.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "handshake_seconds", 0.5)
    session = open_session("--stage-seconds", 0.1)
    session.wait_ready(30)
    pid = daemons.pid
    stop(pid)
    with pytest.raises(InsertObjectError) as told:
        list(session.stream(an_insert(), 60))
    assert told.value.hint
    os.kill(pid, signal.SIGCONT)
    right_layers(request := an_insert(), list(session.stream(request, 30)))
    assert daemons.pid == pid
    in_order(daemons.folders)


def test_a_client_that_stands_still_keeps_nobody_waiting_and_gets_its_layers_later(
    run_daemon_process: RunDaemon,
) -> None:
    daemon = run_daemon_process("--stage-seconds", 0.05)
    other = daemon.peer()
    client = ClientProcess(daemon.folders)
    try:
        client.wait_for("mask")
        stop(client.process.pid)
        slowest = 0.0
        for _ in range(5):
            began = time.monotonic()
            assert other.ask(an_insert())[-1].TYPE == "done"
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 2.0
        client.signal(signal.SIGCONT)
        client.wait_for("done")
        assert client.process.wait(10) == 0
    finally:
        client.end()


def test_a_session_of_a_computer_that_slept_goes_on(
    open_session: OpenSession, daemons: Daemons, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ends stand still at once, and much time has passed for the client when it wakes."""
    session = open_session()
    session.wait_ready(30)
    pid = daemons.pid
    stop(pid)
    monkeypatch.setattr(channel, "PING_AFTER_SECONDS", 0.1)
    time.sleep(0.5)
    os.kill(pid, signal.SIGCONT)
    right_layers(request := an_insert(), list(session.stream(request, 30)))
    assert session.state is SessionState.READY
    assert daemons.pid == pid
