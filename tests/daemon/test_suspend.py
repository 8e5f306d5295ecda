"""A computer that sleeps, or a daemon that is stopped for a while: nothing ends, nothing is lost."""

from __future__ import annotations

import signal
import sys
import time

import pytest

from daemon.serving.idleness import Idleness
from tests.daemon.conftest import DaemonProcess, RunDaemon
from tests.daemon.peer import an_insert
from wire.protocol import StatusRequest
from wire.request import new_id

posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")

IDLE_SECONDS = 2.0
SLEEP_SECONDS = 4.0


class Clock:
    """A clock that goes on during suspensions, as Windows' does."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_time_without_requests_counts() -> None:
    clock = Clock()
    idleness = Idleness(clock)
    for _ in range(10):
        with idleness.waiting(60_000):
            clock.now += 60
    assert idleness.seconds == 600
    idleness.restart()
    assert idleness.seconds == 0


@pytest.mark.parametrize("hours", [0.1, 8, 24 * 7])
def test_a_night_asleep_does_not_count(hours: float) -> None:
    clock = Clock()
    idleness = Idleness(clock)
    with idleness.waiting(60_000):
        clock.now += 60
    with idleness.waiting(60_000):
        clock.now += 10 + hours * 3600
    assert idleness.seconds == 60
    with idleness.waiting(60_000):
        clock.now += 30
    assert idleness.seconds == 90, "and it goes on afterwards"


def test_a_wait_that_is_a_little_late_counts() -> None:
    clock = Clock()
    idleness = Idleness(clock)
    with idleness.waiting(1000):
        clock.now += 1.5
    assert idleness.seconds == 1.5


def test_a_stop_between_two_waits_does_not_count() -> None:
    clock = Clock()
    idleness = Idleness(clock)
    with idleness.waiting(1000):
        clock.now += 0.5
    clock.now += 3600
    with idleness.waiting(1000):
        clock.now += 0.5
    assert idleness.seconds == 0.5


def test_a_stop_while_a_request_is_answered_does_not_count_before_it() -> None:
    clock = Clock()
    idleness = Idleness(clock)
    clock.now += 3600
    idleness.restart()
    with idleness.waiting(1000):
        clock.now += 0.5
    assert idleness.seconds == 0


def test_a_wait_without_an_end_says_nothing_about_a_suspension() -> None:
    clock = Clock()
    idleness = Idleness(clock)
    with idleness.waiting(None):
        clock.now += 3600
    assert idleness.seconds == 3600


def stop_for(daemon: DaemonProcess, seconds: float) -> None:
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    daemon.process.send_signal(signal.SIGCONT)


@posix
def test_an_idle_daemon_does_not_end_the_moment_it_wakes(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process(environment={"INSERT_OBJECT_END_MINUTES": str(IDLE_SECONDS / 60)})
    peer = daemon.peer()
    asked = time.monotonic()
    assert peer.ask(an_insert())[-1].TYPE == "done"
    stop_for(daemon, SLEEP_SECONDS)
    woke = time.monotonic()
    awake_before = woke - SLEEP_SECONDS - asked
    assert daemon.wait() == 0, "idle at last, it ends"
    assert time.monotonic() - woke >= IDLE_SECONDS - awake_before, "it ended on waking"


@posix
def test_several_sleeps_in_a_row_are_survived(run_daemon_process: RunDaemon) -> None:
    daemon = run_daemon_process(environment={"INSERT_OBJECT_END_MINUTES": str(IDLE_SECONDS / 60)})
    peer = daemon.peer()
    for _ in range(2):
        time.sleep(0.2)
        stop_for(daemon, SLEEP_SECONDS)
    assert peer.ask(StatusRequest(new_id()))[-1].TYPE == "status", "the same connection still serves"
