"""Daemons that are not there, die, are restarted, or are something else: real processes, really killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from wire import approach, protocol
from wire.connection import Config, ConnectionUnavailable
from wire.protocol import ErrorCode, InsertObjectError
from wire.request import new_id
from wire.session import Event, Session, SessionState, StateChanged

from .scripted_router import ScriptedRouter, obliging, silent_on_insert
from .sessions import OpenSession, insert, is_last_of, is_state, wait_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def connection_file(tmp_path: Path) -> Path:
    return tmp_path / "connection.json"


def pid_of(connection_file: Path) -> int:
    return int(json.loads(connection_file.read_text(encoding="utf-8"))["pid"])


def end(connection_file: Path) -> None:
    """Kills the stand-in daemon if one is left."""
    try:
        pid = pid_of(connection_file)
        if pid != os.getpid():
            os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return


@pytest.fixture
def open_session(connection_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenSession]:
    """Opens sessions that start a stand-in daemon of the given behaviour."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    sessions: list[Session] = []

    def open_one(behaviour: str = "obliging") -> Session:
        command = (sys.executable, "-m", "tests.wire.stand_in_daemon", str(connection_file), behaviour)
        session = Session(Config(connection_file, command), "tests 1.0")
        sessions.append(session)
        session.open()
        return session

    yield open_one
    for session in sessions:
        session.close()
    end(connection_file)


def states(events: list[Event]) -> list[SessionState]:
    return [event.state for event in events if isinstance(event, StateChanged)]


def test_a_daemon_is_started_where_there_is_none(open_session: OpenSession, connection_file: Path) -> None:
    session = open_session()
    seen = states(wait_for(session, is_state(SessionState.READY)))
    assert seen == [SessionState.STARTING, SessionState.READY]
    assert [type(reply) for reply in session.stream(insert(), 5)][-1] is protocol.Done
    session.close()
    os.kill(pid_of(connection_file), 0)  # it outlives the session


def test_a_daemon_killed_in_the_middle_is_started_again_and_the_request_sent_once_more(
    open_session: OpenSession,
) -> None:
    session = open_session("dies-once")
    session.wait_ready(10)
    session.poll()
    request = insert(variations=2)
    session.send(request)
    seen = wait_for(session, is_last_of(request), 20)
    assert SessionState.STARTING in states(seen)
    replies = [event for event in seen if not isinstance(event, StateChanged)]
    assert [type(reply).__name__ for reply in replies] == ["Accepted", "Layer", "Layer", "Done"]


def test_a_request_that_the_daemon_dies_of_twice_fails_and_the_next_one_works(
    open_session: OpenSession, connection_file: Path
) -> None:
    session = open_session("dies-on-insert")
    with pytest.raises(InsertObjectError, match="stopped twice"):
        list(session.stream(insert(), 20))
    wait_for(session, is_state(SessionState.ASLEEP))
    with ScriptedRouter() as healthy:
        healthy.write_connection_file(connection_file)
        assert [type(reply) for reply in session.stream(insert(), 10)][-1] is protocol.Done
        connection_file.unlink()


def test_a_daemon_that_ends_while_nobody_needs_it_is_started_only_by_the_next_request(
    open_session: OpenSession, connection_file: Path
) -> None:
    session = open_session()
    session.wait_ready(10)
    [done] = session.stream(protocol.Shutdown(new_id()), 5)
    assert isinstance(done, protocol.Done)
    wait_for(session, is_state(SessionState.ASLEEP))
    time.sleep(0.3)  # in which it could be started too early
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as before:
        assert [type(reply) for reply in session.stream(insert(), 10)][-1] is protocol.Done
        started = psutil.Process(pid_of(connection_file)).create_time()
        assert started >= psutil.Process(before.pid).create_time()
        before.communicate(b"\n")


def test_a_daemon_that_does_not_start_is_one_clear_error(
    open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approach, "EXIT_GRACE_SECONDS", 0.1)
    session = open_session("fails")
    request = insert()
    session.send(request)
    [error] = [e for e in wait_for(session, is_last_of(request)) if isinstance(e, protocol.Error)]
    assert "exit code 3" in error.sentence
    assert "doctor" in error.hint
    assert isinstance(session.error, ConnectionUnavailable)


def test_a_start_command_that_is_not_there_is_one_clear_error(connection_file: Path) -> None:
    with Session(Config(connection_file, (str(connection_file / "no such program"),)), "tests") as session:
        with pytest.raises(ConnectionUnavailable, match="could not be started") as caught:
            session.wait_ready(5)
        assert "install.py" in caught.value.hint


def test_a_damaged_connection_file_does_not_keep_the_daemon_from_being_started(
    open_session: OpenSession, connection_file: Path
) -> None:
    connection_file.write_bytes(b"{")
    open_session().wait_ready(10)


def test_a_stale_connection_file_of_a_dead_process_leads_to_a_new_start(
    open_session: OpenSession, connection_file: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    with ScriptedRouter() as stranger:  # its port was taken by somebody else since
        stranger.write_connection_file(connection_file, pid=dead.pid)
        open_session().wait_ready(10)
        assert stranger.passwords == []


@pytest.mark.parametrize("step", [-1, 1], ids=["older", "newer"])
@pytest.mark.parametrize("is_taken", [False, True], ids=["pid of nobody", "pid of another program"])
def test_what_a_killed_daemon_of_another_protocol_left_does_not_keep_one_from_being_started(
    open_session: OpenSession, connection_file: Path, step: int, is_taken: bool
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    with ScriptedRouter() as killed:
        killed.write_connection_file(
            connection_file,
            protocol_version=protocol.PROTOCOL_VERSION + step,
            pid=os.getpid() if is_taken else dead.pid,
        )
    open_session().wait_ready(10)


def test_a_web_server_on_the_daemons_port_does_not_keep_the_daemon_from_being_started(
    open_session: OpenSession, connection_file: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        values = {
            "protocol_version": protocol.PROTOCOL_VERSION,
            "endpoint": f"tcp://127.0.0.1:{server.getsockname()[1]}",
            "token": "t",
            "pid": os.getpid(),
            "daemon_version": "0",
        }
        connection_file.write_text(json.dumps(values), encoding="utf-8")
        open_session().wait_ready(10)
        thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process and go on")
def test_a_daemon_that_is_stopped_for_a_while_answers_afterwards(
    open_session: OpenSession, connection_file: Path
) -> None:
    session = open_session()
    session.wait_ready(10)
    session.poll()
    pid = pid_of(connection_file)
    os.kill(pid, signal.SIGSTOP)
    while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    request = insert()
    session.send(request)
    assert session.poll(0.3) == []
    os.kill(pid, signal.SIGCONT)
    assert states(wait_for(session, is_last_of(request))) == []


def test_a_daemon_of_an_older_protocol_is_asked_to_end_and_replaced(
    open_session: OpenSession, connection_file: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.wire.stand_in_daemon", str(connection_file), "version-0"]
    with subprocess.Popen(command, env=environment) as old:
        while not connection_file.exists():
            time.sleep(0.02)
        open_session().wait_ready(15)
        assert old.wait(5) == 0
    assert pid_of(connection_file) != old.pid


def test_without_autostart_a_missing_daemon_is_told_at_once(connection_file: Path) -> None:
    with Session(Config(connection_file, ()), "tests", autostart=False) as session:
        with pytest.raises(ConnectionUnavailable, match="not running") as caught:
            session.wait_ready(5)
        assert "insert-object daemon start" in caught.value.hint
        with pytest.raises(InsertObjectError, match="not running"):
            list(session.stream(insert(), 5))


def test_a_restarted_server_gets_each_unanswered_request_once_more_and_no_other(
    connection_file: Path,
) -> None:
    answered, unanswered, cancelled = insert(seed=1), insert(seed=2, variations=2), insert(seed=3)

    def first(request: protocol.Request) -> list[protocol.Reply]:
        return silent_on_insert(request) if request.id != answered.id else obliging(request)

    def deaf(request: protocol.Request) -> list[protocol.Reply]:
        return [] if isinstance(request, protocol.Cancel) else first(request)

    with ScriptedRouter(deaf) as router:
        router.write_connection_file(connection_file)
        session = Session(Config(connection_file, ()), "tests", autostart=False)
        with session:
            for request in (answered, unanswered, cancelled):
                session.send(request)
            seen = wait_for(session, lambda e: isinstance(e, protocol.Layer) and e.id == cancelled.id)
            session.send(protocol.Cancel(new_id(), cancelled.id))
            deadline = time.monotonic() + 5
            while len(router.requests) < 5:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            with ScriptedRouter() as second:
                second.write_connection_file(connection_file)
                router.stop()
                seen += wait_for(session, is_last_of(unanswered))
                assert second.inserts() == [unanswered]
    layers = [event for event in seen if isinstance(event, protocol.Layer) and event.id == unanswered.id]
    assert [each.index for each in layers] == [0, 1], "a layer that came before the restart came again"
    assert any(isinstance(event, protocol.Cancelled) and event.target == cancelled.id for event in seen)


def test_a_failure_that_nobody_foresaw_is_one_error_and_the_next_request_works(
    connection_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedRouter() as router:
        router.write_connection_file(connection_file)
        with Session(Config(connection_file, ()), "tests", autostart=False) as session:
            session.wait_ready(10)
            with monkeypatch.context() as broken:
                broken.setattr(protocol, "decode_reply", lambda _frames: 1 // 0)
                with pytest.raises(InsertObjectError, match="failed inside: ZeroDivisionError"):
                    list(session.stream(insert(), 10))
            assert [type(reply) for reply in session.stream(insert(), 10)][-1] is protocol.Done


def test_a_daemon_that_is_ending_is_waited_for(connection_file: Path) -> None:
    def ending(request: protocol.Request) -> list[protocol.Reply]:
        if isinstance(request, protocol.Hello):
            return [protocol.Error(request.id, ErrorCode.BUSY, "The daemon is ending.")]
        return obliging(request)

    with ScriptedRouter(ending) as old:
        old.write_connection_file(connection_file)
        with Session(Config(connection_file, ()), "tests", autostart=False) as session:
            request = insert()
            session.send(request)
            time.sleep(0.2)
            with ScriptedRouter() as new:
                new.write_connection_file(connection_file)
                wait_for(session, is_last_of(request))
                assert new.inserts() == [request]


def test_a_program_that_forgets_to_close_its_session_still_ends(
    open_session: OpenSession, connection_file: Path
) -> None:
    open_session().wait_ready(10)
    program = (
        "import sys; from pathlib import Path\n"
        "from wire.connection import Config\n"
        "from wire.session import Session\n"
        "session = Session(Config(Path(sys.argv[1]), ()), 'forgetful')\n"
        "session.open(); session.wait_ready(10); print('ready')\n"
    )
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(connection_file)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=10,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ready\n", "")
    assert time.monotonic() - began < 5
