"""A process that may open no more files: nobody who is there notices, and it recovers."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.daemon.conftest import RunDaemon, wait_until
from tests.daemon.peer import an_insert
from tests.faults.conftest import OpenSession
from tests.faults.house import Daemons, descriptors, in_order, right_layers
from wire.approach import Approach
from wire.channel import Waker
from wire.connection import Config, ConnectionUnavailable

PATIENCE = 30.0


@contextlib.contextmanager
def no_file_from(number: int) -> Iterator[None]:
    """Lets this process open no file whose descriptor would be that number or a higher one."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux sets another process's limits")
def test_a_daemon_that_can_open_no_more_connections_serves_those_it_has_and_recovers(
    run_daemon_process: RunDaemon,
) -> None:
    daemon = run_daemon_process()
    peer = daemon.peer()
    pid = daemon.process.pid
    before = descriptors(pid)
    psutil.Process(pid).rlimit(psutil.RLIMIT_NOFILE, (before + 10, before + 10))
    host, _, port = str(daemon.connection()["endpoint"]).removeprefix("tcp://").rpartition(":")
    strangers = [socket.create_connection((host, int(port)), 5) for _ in range(50)]
    wait_until(lambda: descriptors(pid) >= before + 10)
    for _ in range(3):
        assert peer.ask(an_insert())[-1].TYPE == "done"
    for stranger in strangers:
        stranger.close()
    wait_until(lambda: descriptors(pid) <= before + 1, PATIENCE)
    assert daemon.peer().ask(an_insert())[-1].TYPE == "done"
    in_order(daemon.folders)


@pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
def test_an_editor_that_could_open_no_more_files_when_the_daemon_died_is_served_once_it_can(
    open_session: OpenSession, daemons: Daemons
) -> None:
    session = open_session()
    session.wait_ready(PATIENCE)
    pid = daemons.pid
    with no_file_from(3):
        os.kill(pid, signal.SIGKILL)
        time.sleep(1.5)  # in which the session finds out
    right_layers(request := an_insert(), list(session.stream(request, PATIENCE)))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who holds the lock")
def test_an_editor_that_could_open_no_more_files_ends_no_daemon_that_can_be_reached(
    run_daemon_process: RunDaemon,
) -> None:
    daemon = run_daemon_process()
    peer = daemon.peer()
    waker = Waker()
    approach = Approach(Config(daemon.folders.connection_file, ("false",)), waker, lambda: False)
    os.close(lowest := os.dup(0))
    with no_file_from(lowest + 1), pytest.raises(ConnectionUnavailable):
        approach.connect()
    approach.start(lambda: None).close()
    waker.close()
    assert peer.ask(an_insert())[-1].TYPE == "done"
