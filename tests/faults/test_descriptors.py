"""A process that may open no more files: nobody who is there notices, and it recovers."""

from __future__ import annotations

import socket
import sys

import psutil
import pytest

from tests.daemon.conftest import RunDaemon, wait_until
from tests.daemon.peer import an_insert
from tests.faults.house import descriptors, in_order

PATIENCE = 30.0


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
