"""The service's promises to a client: every request gets its replies, whatever happens to others."""

from __future__ import annotations

import time
from typing import Any

import msgpack
import pytest

from daemon.serving.settings import Settings
from tests.changed_insert import with_changes
from tests.daemon.conftest import Serve, wait_until
from tests.daemon.peer import Peer, an_insert, kinds, new_id, report_of, the_error
from tests.stand_in_engine import CLASSES, StandInEngine, stand_in_colour
from wire.protocol import (
    PROTOCOL_VERSION,
    Accepted,
    Cancel,
    Cancelled,
    Done,
    Error,
    ErrorCode,
    Hello,
    Layer,
    PixelFormat,
    PixelFrame,
    Progress,
    Rect,
    Shutdown,
    Stage,
    Welcome,
)


def test_a_hello_is_answered_with_versions_device_classes_and_limits(serve: Serve) -> None:
    welcome = serve().peer().greet("again")
    assert isinstance(welcome, Welcome)
    assert welcome.protocol_version == PROTOCOL_VERSION
    assert welcome.device == "stand-in"
    assert welcome.classes == CLASSES


def test_a_hello_while_loading_is_told_the_progress_and_then_welcomed(serve: Serve) -> None:
    peer = serve(StandInEngine(load_seconds=0.3)).peer(greeted="")
    replies = peer.ask(Hello(new_id(), "early"))
    assert isinstance(replies[-1], Welcome)
    told = [reply for reply in replies if isinstance(reply, Progress)]
    assert all(reply.stage is Stage.LOADING for reply in told)
    assert len(told) > 2
    assert [reply.fraction for reply in told] == sorted(reply.fraction for reply in told)


def test_an_insertion_is_accepted_followed_and_delivered_in_order(serve: Serve) -> None:
    peer = serve(StandInEngine(notes=["The CPU had to help."])).peer()
    request = an_insert("cat", variations=3, seed=7, depth=16)
    replies = peer.ask(request)
    assert kinds(replies) == [
        "accepted",
        "progress",
        "progress",
        "progress",
        "layer",
        "layer",
        "layer",
        "done",
    ]
    layers = [reply for reply in replies if isinstance(reply, Layer)]
    assert [layer.index for layer in layers] == [0, 1, 2]
    for layer in layers:
        assert layer.pixels.format is PixelFormat.RGBA16
        first = bytes(layer.pixels.data[:6])
        assert first[::2] == bytes(stand_in_colour("cat", 7, layer.index))
    done = replies[-1]
    assert isinstance(done, Done)
    assert done.notes == ("The CPU had to help.",)


def test_a_class_is_found_by_its_label_and_whatever_its_capitals(serve: Serve) -> None:
    layer = serve().peer().ask(an_insert("DOG"))[-2]
    assert isinstance(layer, Layer)
    assert layer.class_name == "dog"


def test_two_clients_get_their_own_pixels(serve: Serve) -> None:
    served = serve()
    peers = [served.peer(), served.peer()]
    requests = [(peer, an_insert(seed=seed)) for seed in range(10) for peer in peers]
    for peer, request in requests:
        peer.send(request)
    for peer, request in requests:
        (layer,) = [reply for reply in peer.replies(request.id) if isinstance(reply, Layer)]
        assert bytes(layer.pixels.data[:3]) == bytes(stand_in_colour("dog", request.wish.seed, 0))


# --- What is refused --------------------------------------------------------------------------------


def wrong_size() -> PixelFrame:
    return PixelFrame(3, 3, PixelFormat.A8, bytes(9))


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"class_name": "dgo"}, ErrorCode.UNKNOWN_CLASS, "“dog”"),
        ({"style": "blck"}, ErrorCode.BAD_REQUEST, "“black”"),
        ({"box": Rect(0, 0, 7, 100)}, ErrorCode.BOX_TOO_SMALL, "8"),
        ({"box": Rect(5000, 0, 100, 100)}, ErrorCode.BOX_OUTSIDE, "outside"),
        ({"mask": wrong_size()}, ErrorCode.BAD_REQUEST, "mask"),
        (
            {"reference": PixelFrame(4097, 1, PixelFormat.RGB8, bytes(3 * 4097))},
            ErrorCode.TOO_LARGE,
            "reference",
        ),
        (
            {"scene": PixelFrame(513, 1, PixelFormat.RGB8, bytes(3 * 513))},
            ErrorCode.TOO_LARGE,
            "512",
        ),
    ],
)
def test_a_request_that_cannot_succeed_is_refused_with_its_reason(
    serve: Serve, changes: dict[str, Any], code: ErrorCode, word: str
) -> None:
    peer = serve().peer()
    if "box" in changes:  # no window lies on the picture; it is not looked at before the box
        changes = {**changes, "window": Rect(0, 0, 3, 3), "scene": PixelFrame(1, 1, PixelFormat.RGB8, b"abc")}
        request = with_changes(an_insert(), **changes)
    else:
        request = an_insert(**changes)
    error = the_error(peer.ask(request))
    assert error.code is code
    assert word in f"{error.sentence} {error.hint}"
    assert kinds(peer.ask(an_insert()))[-1] == "done"


def test_another_protocol_version_is_told_what_to_update(serve: Serve) -> None:
    peer = serve().peer(greeted="")
    newer = the_error(peer.ask(Hello(new_id(), "new", PROTOCOL_VERSION + 1)))
    older = the_error(peer.ask(Hello(new_id(), "old", PROTOCOL_VERSION - 1)))
    assert newer.code is older.code is ErrorCode.VERSION
    assert "daemon stop" in newer.hint
    assert "install.py" in older.hint
    assert the_error(peer.ask(an_insert())).code is ErrorCode.BAD_REQUEST  # it is not greeted


def test_a_client_of_another_version_can_still_end_the_daemon(serve: Serve) -> None:
    served = serve()
    assert kinds(served.peer(greeted="").ask(Shutdown(new_id()))) == ["done"]
    wait_until(lambda: not served.thread.is_alive())


@pytest.mark.parametrize(
    ("frames", "identity"),
    [
        ([b""], ""),
        ([b"\xc1\xc1"], ""),
        ([msgpack.packb([1, 2])], ""),
        ([msgpack.packb({"type": "insert", "id": "x"})], "x"),
        ([msgpack.packb({"type": "nonsense", "id": "y"})], "y"),
        (
            [msgpack.packb({"type": "insert", "id": "z", "frames": {"scene": [1, 10**12, 1, "rgb8"]}}), b""],
            "z",
        ),
        ([bytes(200_000)], ""),
        ([msgpack.packb({"type": "status", "id": "s"})] + [b""] * 50, ""),
        ([msgpack.packb({"type": "insert", "id": 5})], ""),
    ],
)
def test_a_malformed_message_costs_that_message_alone(
    serve: Serve, frames: list[bytes], identity: str
) -> None:
    peer = serve().peer()
    waiting = an_insert()
    peer.send(waiting)
    peer.send_raw(frames)
    found = [peer.receive() for _ in range(7)]
    errors = [reply for reply in found if isinstance(reply, Error)]
    assert [error.id for error in errors] == [identity]
    assert errors[0].code in (ErrorCode.BAD_REQUEST, ErrorCode.TOO_LARGE)
    assert any(isinstance(reply, Done) and reply.id == waiting.id for reply in found)


def test_an_id_in_use_is_refused_and_the_first_request_goes_on(serve: Serve) -> None:
    peer = serve(StandInEngine(stage_seconds=0.1)).peer()
    request = an_insert()
    peer.send(request)
    peer.send(request)
    found = [peer.receive() for _ in range(7)]
    assert sorted(kinds(found)) == sorted(
        ["accepted", "error", "progress", "progress", "progress", "layer", "done"]
    )


def test_a_full_queue_answers_busy_at_once(serve: Serve) -> None:
    peer = serve(StandInEngine(stage_seconds=0.2), Settings(client_queue_length=2)).peer()
    first = an_insert()
    peer.send(first)
    assert isinstance(peer.receive(), Accepted)
    assert isinstance(peer.receive(), Progress)  # it runs, the queue is empty
    others = [an_insert() for _ in range(3)]
    for request in others:
        peer.send(request)
    began = time.monotonic()
    assert the_error(peer.replies(others[2].id)).code is ErrorCode.BUSY
    assert time.monotonic() - began < 0.2
    assert kinds(peer.replies(others[1].id))[-1] == "done"


# --- Cancelling, previews, turns --------------------------------------------------------------------


def test_a_running_request_is_cancelled_between_two_stages(serve: Serve) -> None:
    served = serve(StandInEngine(stage_seconds=0.2))
    peer = served.peer()
    request = an_insert()
    peer.send(request)
    while not isinstance(peer.receive(), Progress):
        pass
    began = time.monotonic()
    cancel = Cancel(new_id(), request.id)
    assert kinds(peer.ask(cancel)) == ["cancelled"]
    assert time.monotonic() - began < 0.15  # the client does not wait for the stage
    following = an_insert()
    replies = peer.ask(following)
    assert kinds(replies)[-1] == "done"
    assert report_of(peer)["requests_finished"]["cancelled"] == 1


def test_nothing_of_a_cancelled_request_is_sent_any_more(serve: Serve) -> None:
    peer = serve(StandInEngine(stage_seconds=0.05)).peer()
    running, waiting = an_insert(), an_insert()
    peer.send(running)
    peer.send(waiting)
    for target in (waiting.id, running.id, "nonsense"):
        cancelled = peer.ask(Cancel(new_id(), target))[-1]
        assert isinstance(cancelled, Cancelled)
        assert cancelled.target == target
    assert peer.receive_or_none(0.4) is None


def test_nobody_can_cancel_the_request_of_another(serve: Serve) -> None:
    served = serve(StandInEngine(stage_seconds=0.05))
    owner, other = served.peer(), served.peer()
    request = an_insert()
    owner.send(request)
    assert isinstance(owner.receive(), Accepted)
    other.ask(Cancel(new_id(), request.id))
    assert kinds(owner.replies(request.id))[-1] == "done"


def test_a_newer_preview_replaces_the_one_that_has_not_begun(serve: Serve) -> None:
    served = serve(StandInEngine(stage_seconds=0.1))
    peer = served.peer()
    previews = [an_insert(preview=True, seed=seed) for seed in range(5)]
    peer.send(previews[0])
    assert isinstance(peer.receive(), Accepted)
    assert isinstance(peer.receive(), Progress)
    for preview in previews[1:]:
        peer.send(preview)
    last_words = {}
    while len(last_words) < 5:
        reply = peer.receive()
        if isinstance(reply, (Done, Cancelled)):
            last_words[reply.id] = reply.TYPE
    assert [last_words[preview.id] for preview in previews] == ["done", *["cancelled"] * 3, "done"]
    assert [call for call in served.engine.calls if call.startswith("insert")] == [
        f"insert {previews[0].id}",
        f"insert {previews[4].id}",
    ]


def test_a_client_with_many_requests_does_not_starve_another(serve: Serve) -> None:
    served = serve(StandInEngine(stage_seconds=0.02))
    greedy, modest = served.peer(), served.peer()
    many = [an_insert() for _ in range(10)]
    for request in many:
        greedy.send(request)
    for _ in range(10):
        greedy.receive()
    assert kinds(modest.ask(an_insert()))[-1] == "done"
    began = [call for call in served.engine.calls if call.startswith("insert")]
    assert len(began) < 7  # the modest one did not wait for the other's ten


def test_status_is_answered_while_the_worker_is_busy(serve: Serve) -> None:
    peer = serve(StandInEngine(stage_seconds=0.5)).peer()
    peer.send(an_insert())
    assert isinstance(peer.receive(), Accepted)
    began = time.monotonic()
    assert report_of(peer)["requests_running"] == 1
    assert time.monotonic() - began < 0.3


# --- Clients that go or do not read -----------------------------------------------------------------


def test_the_work_of_a_client_that_is_gone_is_dropped(serve: Serve) -> None:
    served = serve(StandInEngine(stage_seconds=0.1))
    going, staying = served.peer(), served.peer()
    for _ in range(8):
        going.send(an_insert())
    for _ in range(8):
        assert isinstance(going.receive(), (Accepted, Progress))
    going.close()
    assert kinds(staying.ask(an_insert()))[-1] == "done"
    assert len([call for call in served.engine.calls if call.startswith("insert")]) <= 3
    assert report_of(staying)["requests_waiting"] == 0


def test_a_client_that_never_reads_does_not_stop_others(serve: Serve) -> None:
    served = serve(settings=Settings(client_queue_length=64))
    deaf = Peer(served.connection["endpoint"], served.connection["token"], receive_queue=1)
    served.peers.append(deaf)
    deaf.greet("deaf")
    other = served.peer()
    for _ in range(12):  # 12 × 16 layers of 1.2 MB: far more than any queue or socket buffer keeps
        deaf.send(an_insert(box=Rect(0, 0, 640, 480), variations=16))
    slowest = 0.0
    for _ in range(20):
        began = time.monotonic()
        assert kinds(other.ask(an_insert()))[-1] == "done"
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2.0


def test_a_slow_reader_gets_every_layer_in_the_end(serve: Serve) -> None:
    served = serve()
    slow = Peer(served.connection["endpoint"], served.connection["token"], receive_queue=1)
    served.peers.append(slow)
    slow.greet("slow")
    requests = [an_insert(box=Rect(0, 0, 640, 480), variations=16, seed=seed) for seed in range(4)]
    for request in requests:
        slow.send(request)
    time.sleep(0.5)
    for request in requests:
        replies = slow.replies(request.id, seconds=20)
        assert [reply.index for reply in replies if isinstance(reply, Layer)] == list(range(16))
        assert kinds(replies)[-1] == "done"
