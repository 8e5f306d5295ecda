"""A session with a daemon that runs: what its owner sees, from hello to the last layer."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from wire import protocol
from wire.connection import Config, ConnectionUnavailable
from wire.job import InsertJob, JobState
from wire.protocol import ErrorCode, InsertObjectError, PixelFormat, PixelFrame, Rect
from wire.request import insert_request, new_id
from wire.session import Session, SessionState, StateChanged

from .scripted_router import ScriptedRouter, obliging, silent_on_insert, welcome
from .sessions import OpenSession, insert, is_last_of, is_state, wait_for


@pytest.fixture
def connection_file(tmp_path: Path) -> Path:
    return tmp_path / "connection.json"


@pytest.fixture
def open_session(connection_file: Path) -> Iterator[OpenSession]:
    """Opens sessions without autostart; they are closed after the test, and their threads have ended."""
    sessions: list[Session] = []

    def open_one(router: ScriptedRouter | None = None, **changes: object) -> Session:
        if router is not None:
            router.write_connection_file(connection_file, **changes)
        session = Session(Config(connection_file, ()), "tests 1.0", autostart=False)
        sessions.append(session)
        session.open()
        return session

    yield open_one
    for session in sessions:
        session.close()
    deadline = time.monotonic() + 2.0
    while any(thread.name == "insert-object session" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a session's thread did not end"
        time.sleep(0.01)


def test_a_session_is_welcomed_with_the_daemons_classes(open_session: OpenSession) -> None:
    with ScriptedRouter() as router:
        session = open_session(router)
        assert [c.label for c in session.wait_ready(5).classes] == ["Dog"]
        assert session.state is SessionState.READY
        assert session.welcome == session.wait_ready(0)
        [hello] = router.requests
        assert isinstance(hello, protocol.Hello)
        assert hello.client == "tests 1.0"


def test_an_insertion_brings_its_layers_in_order(open_session: OpenSession) -> None:
    with ScriptedRouter() as router:
        session = open_session(router)
        request = insert(variations=3, seed=42)
        session.send(request)
        job = InsertJob(request)
        for event in wait_for(session, is_last_of(request)):
            if not isinstance(event, StateChanged):
                assert job.feed(event)
        assert job.state is JobState.DONE
        assert [(each.index, each.seed) for each in job.layers] == [(0, 42), (1, 42), (2, 42)]
        assert bytes(job.layers[0].pixels.data) == bytes(range(16))
        assert router.inserts() == [request]


def test_the_daemon_gets_the_very_pixels(open_session: OpenSession) -> None:
    pixels = bytearray(range(256)) * 3072
    scene = PixelFrame(512, 512, PixelFormat.RGB8, memoryview(pixels))
    mask = PixelFrame(512, 512, PixelFormat.A8, bytes(512 * 512))
    request = insert_request(protocol.Wish("dog", Rect(100, 100, 1000, 1000)), 4000, 4000, scene, mask=mask)
    with ScriptedRouter() as router:
        list(open_session(router).stream(request, 5))
        [received] = router.inserts()
        assert bytes(received.scene.data) == bytes(pixels)
        assert received.mask is not None
        assert received.mask.format is PixelFormat.A8


def test_loading_is_reported_and_insertions_wait_for_it(open_session: OpenSession) -> None:
    hellos: list[protocol.Request] = []

    def loading(request: protocol.Request) -> list[protocol.Reply]:
        if isinstance(request, protocol.Hello):
            hellos.append(request)
            return [protocol.Progress(request.id, protocol.Stage.LOADING, part) for part in (0.25, 0.5)]
        if isinstance(request, protocol.StatusRequest):  # the script's cue to be ready
            return [welcome(hellos[0]), *obliging(request)]
        return obliging(request)

    with ScriptedRouter(loading) as router:
        session = open_session(router)
        request = insert()
        session.send(request)
        seen = wait_for(session, lambda event: isinstance(event, StateChanged) and event.fraction == 0.5)
        assert StateChanged(SessionState.LOADING, 0.25) in seen
        assert session.fraction == 0.5
        assert router.inserts() == []
        session.send(protocol.StatusRequest(new_id()))
        wait_for(session, is_last_of(request))
        assert router.inserts() == [request]


def test_a_status_is_answered_while_the_daemon_loads(open_session: OpenSession) -> None:
    def loading(request: protocol.Request) -> list[protocol.Reply]:
        return [] if isinstance(request, protocol.Hello) else obliging(request)

    with ScriptedRouter(loading) as router:
        [status] = open_session(router).stream(protocol.StatusRequest(new_id()), 5)
        assert isinstance(status, protocol.Status)
        assert status.report == {"device": "script"}


def test_a_stream_keeps_its_replies_to_itself(open_session: OpenSession) -> None:
    with ScriptedRouter() as router:
        session = open_session(router)
        session.wait_ready(5)
        session.poll()
        replies = list(session.stream(insert(), 5))
        assert [type(reply) for reply in replies] == [protocol.Accepted, protocol.Layer, protocol.Done]
        assert session.poll() == []


def test_two_streams_in_two_threads_do_not_mix(open_session: OpenSession) -> None:
    with ScriptedRouter() as router:
        session = open_session(router)
        found: dict[int, list[int]] = {}

        def run(seed: int) -> None:
            replies = [reply for _ in range(20) for reply in session.stream(insert(seed=seed), 5)]
            found[seed] = [reply.seed for reply in replies if isinstance(reply, protocol.Layer)]

        threads = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == {1: [1] * 20, 2: [2] * 20}


def test_a_stream_that_fails_raises_the_daemons_error(open_session: OpenSession) -> None:
    def refusing(request: protocol.Request) -> list[protocol.Reply]:
        if isinstance(request, protocol.Insert):
            return [protocol.Error(request.id, ErrorCode.UNKNOWN_CLASS, "No class dgo.", "Try dog.")]
        return obliging(request)

    with ScriptedRouter(refusing) as router:
        session = open_session(router)
        with pytest.raises(InsertObjectError, match=r"No class dgo\. Try dog\.") as caught:
            list(session.stream(insert(), 5))
        assert caught.value.code is ErrorCode.UNKNOWN_CLASS


def test_a_stream_gives_up_after_a_long_silence(open_session: OpenSession) -> None:
    with ScriptedRouter(silent_on_insert) as router:
        session = open_session(router)
        session.wait_ready(5)
        with pytest.raises(ConnectionUnavailable, match=r"not answered for 0\.2 seconds"):
            list(session.stream(insert(), 0.2))


def test_leaving_a_stream_early_cancels_the_insertion(open_session: OpenSession) -> None:
    with ScriptedRouter(silent_on_insert) as router:
        session = open_session(router)
        session.wait_ready(5)
        request = insert()
        replies = session.stream(request, 5)
        assert isinstance(next(replies), protocol.Accepted)
        replies.close()  # type: ignore[attr-defined]
        list(session.stream(protocol.StatusRequest(new_id()), 5))
        cancels = [request for request in router.requests if isinstance(request, protocol.Cancel)]
        assert [cancel.target for cancel in cancels] == [request.id]
        assert [event for event in session.poll() if not isinstance(event, StateChanged)] == []


def test_cancelling_ends_the_job_with_one_reply(open_session: OpenSession) -> None:
    with ScriptedRouter(silent_on_insert) as router:
        session = open_session(router)
        request = insert()
        job = InsertJob(request)
        session.send(request)
        wait_for(session, lambda event: isinstance(event, protocol.Layer))
        session.send(job.cancel_request())
        [reply] = [
            event
            for event in wait_for(session, lambda event: isinstance(event, protocol.Cancelled))
            if not isinstance(event, StateChanged)
        ]
        assert job.feed(reply)
        assert job.state is JobState.CANCELLED
        assert router.inserts() == [request]


def test_an_insertion_cancelled_before_it_left_never_leaves(open_session: OpenSession) -> None:
    def loading(request: protocol.Request) -> list[protocol.Reply]:
        return [] if isinstance(request, protocol.Hello) else obliging(request)

    with ScriptedRouter(loading) as router:
        session = open_session(router)
        request = insert()
        session.send(request)
        cancel = protocol.Cancel(new_id(), request.id)
        session.send(cancel)
        assert protocol.Cancelled(cancel.id, request.id) in session.poll(5.0)
        list(session.stream(protocol.StatusRequest(new_id()), 5))
        assert router.inserts() == []


def test_the_pixels_of_finished_requests_are_let_go(open_session: OpenSession) -> None:
    def fickle(request: protocol.Request) -> list[protocol.Reply]:
        if isinstance(request, protocol.Insert) and request.wish.seed % 3 == 1:
            return [protocol.Accepted(request.id)]
        if isinstance(request, protocol.Insert) and request.wish.seed % 3 == 2:
            return [protocol.Error(request.id, ErrorCode.INTERNAL, "No.")]
        return obliging(request)

    with ScriptedRouter(fickle) as router:
        session = open_session(router)
        kept: list[weakref.ref[protocol.Insert]] = []
        for seed in range(30):
            request = insert(seed=seed)
            kept.append(weakref.ref(request))
            replies = session.stream(request, 5)
            with contextlib.suppress(InsertObjectError):
                next(replies)
            replies.close()  # type: ignore[attr-defined]
        list(session.stream(protocol.StatusRequest(new_id()), 5))
        router.requests.clear()
        del request, replies
        gc.collect()
        assert [reference for reference in kept if reference() is not None] == []


def test_a_wrong_key_is_a_clear_error_and_the_request_ends_with_it(open_session: OpenSession) -> None:
    with ScriptedRouter() as router:
        session = open_session(router, token="not the token")
        request = insert()
        session.send(request)
        seen = wait_for(session, is_last_of(request))
        [error] = [event for event in seen if isinstance(event, protocol.Error)]
        assert error.code is ErrorCode.UNAUTHORISED
        assert "unauthorised" in error.sentence
        assert error.hint
        assert session.state is SessionState.UNAVAILABLE
        assert router.requests == []
        with pytest.raises(InsertObjectError, match="unauthorised"):
            session.wait_ready(5)


def test_a_new_key_in_the_connection_file_is_taken_up(
    open_session: OpenSession, connection_file: Path
) -> None:
    with ScriptedRouter() as router:
        session = open_session(router, token="an old token")
        wait_for(session, is_state(SessionState.UNAVAILABLE))
        router.write_connection_file(connection_file)
        wait_for(session, is_state(SessionState.READY))


def test_a_daemon_that_cannot_load_its_networks_says_why_and_is_asked_again(
    open_session: OpenSession,
) -> None:
    answers: list[protocol.Reply] = []

    def failing(request: protocol.Request) -> list[protocol.Reply]:
        if isinstance(request, protocol.Hello) and not answers:
            answers.append(protocol.Error(request.id, ErrorCode.MODEL_MISSING, "No weights.", "Get them."))
            return answers
        return obliging(request)

    with ScriptedRouter(failing) as router:
        session = open_session(router)
        with pytest.raises(InsertObjectError, match="No weights") as caught:
            session.wait_ready(5)
        assert caught.value.code is ErrorCode.MODEL_MISSING
        assert session.error is caught.value
        assert [type(reply) for reply in session.stream(insert(), 5)][-1] is protocol.Done


def test_another_protocol_version_is_told_before_anything_is_sent(open_session: OpenSession) -> None:
    with ScriptedRouter() as router:
        session = open_session(router, protocol_version=protocol.PROTOCOL_VERSION + 1)
        with pytest.raises(InsertObjectError, match="different versions") as caught:
            session.wait_ready(5)
        assert caught.value.code is ErrorCode.VERSION
        assert router.passwords == []


def test_unreadable_replies_cost_only_their_request(open_session: OpenSession) -> None:
    def broken(frames: list[bytes]) -> list[list[bytes]]:
        request = protocol.decode_request(frames)
        replies = [[bytes(part) for part in protocol.encode(reply)] for reply in obliging(request)]
        if isinstance(request, protocol.Insert) and request.wish.seed == 1:
            return [[b"\xc1 no msgpack"], [], [replies[1][0], b"short"]]
        return [frames for frames in replies if frames]

    with ScriptedRouter(raw=broken) as router:
        session = open_session(router)
        with pytest.raises(InsertObjectError, match="holds 5 bytes"):
            list(session.stream(insert(seed=1), 5))
        assert [type(reply) for reply in session.stream(insert(seed=2), 5)][-1] is protocol.Done


def test_what_cannot_be_sent_is_refused_where_it_is_sent(open_session: OpenSession) -> None:
    with ScriptedRouter() as router:
        session = open_session(router)
        request = insert()
        gappy = PixelFrame(140, 140, PixelFormat.RGB8, memoryview(bytes(140 * 140 * 6))[::2])
        with pytest.raises((TypeError, BufferError)):
            session.send(protocol.Insert(**{**vars(request), "scene": gappy}))
        session.send(request)
        wait_for(session, is_last_of(request))


def test_an_id_in_use_is_refused(open_session: OpenSession) -> None:
    with ScriptedRouter(silent_on_insert) as router:
        session = open_session(router)
        request = insert()
        session.send(request)
        with pytest.raises(ValueError, match="unanswered"):
            session.send(request)


def test_sending_and_polling_do_not_wait_even_without_a_daemon(open_session: OpenSession) -> None:
    session = open_session()
    began = time.perf_counter()
    session.send(insert())
    session.poll(0.0)
    assert time.perf_counter() - began < 0.05


def test_closing_is_prompt_in_every_state(open_session: OpenSession) -> None:
    with ScriptedRouter(silent_on_insert) as router:
        busy = open_session(router)
        busy.wait_ready(5)
        busy.send(insert())
        unavailable = open_session(router, endpoint="tcp://127.0.0.1:9")
        wait_for(unavailable, is_state(SessionState.UNAVAILABLE))
        for session in (busy, unavailable):
            began = time.perf_counter()
            session.close()
            assert time.perf_counter() - began < 0.1
            assert session.state is SessionState.CLOSED
            assert session.poll(5.0)[-1] == StateChanged(SessionState.CLOSED)
            with pytest.raises(ConnectionUnavailable, match="closed"):
                session.send(insert())


def test_a_request_sent_just_before_closing_still_leaves(open_session: OpenSession) -> None:
    with ScriptedRouter() as router:
        session = open_session(router)
        session.wait_ready(5)
        session.send(protocol.Shutdown(new_id()))
        session.close()
        deadline = time.monotonic() + 5
        while not any(isinstance(request, protocol.Shutdown) for request in router.requests):
            assert time.monotonic() < deadline, "the request never came"
            time.sleep(0.01)


def test_closing_wakes_a_thread_that_waits(open_session: OpenSession) -> None:
    with ScriptedRouter(silent_on_insert) as router:
        session = open_session(router)
        session.wait_ready(5)
        threading.Timer(0.1, session.close).start()
        with pytest.raises(ConnectionUnavailable, match="closed"):
            list(session.stream(insert(), 30))
