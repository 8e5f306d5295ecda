"""A daemon that forwards is to the plug-ins as the daemon itself."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from daemon.remote.forwarder import REACH_SECONDS
from tests.conftest import RunCli
from tests.daemon.conftest import wait_until
from tests.daemon.peer import Peer, an_insert, kinds, new_id, report_of, the_error
from tests.security.conftest import OpenBox, OpenDesk, posix
from tests.stand_in_engine import chosen_seeds, stand_in_colour
from wire.connection import Config
from wire.protocol import (
    Accepted,
    Cancel,
    Cancelled,
    Done,
    Error,
    ErrorCode,
    Hello,
    Insert,
    InsertObjectError,
    Layer,
    Light,
    Lit,
    PixelFormat,
    PixelFrame,
    Progress,
    Shutdown,
    Stage,
    StatusRequest,
    Welcome,
)
from wire.session import Session

NOTICE_SECONDS = 15.0  # a dead computer is noticed within


def layers(replies: list[object]) -> list[Layer]:
    return [reply for reply in replies if isinstance(reply, Layer)]


def running(peer: Peer) -> int:
    return int(report_of(peer)["requests_running"])


def begin(peer: Peer, request: Insert) -> None:
    """Sends a request and waits until it is being worked on."""
    peer.send(request)
    while True:
        reply = peer.receive()
        if isinstance(reply, Progress) and reply.id == request.id and reply.stage is Stage.MASK:
            return


def test_an_insertion_comes_back_as_from_a_local_daemon(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box()
    desk = open_desk(box)
    request = an_insert(
        "cat",
        seed=7,
        variations=3,
        depth=16,
        reference=PixelFrame(2, 2, PixelFormat.RGB8, bytes([10, 20, 30] * 4)),
    )
    forwarded, local = desk.peer().ask(request), box.peer().ask(request)
    assert forwarded == local
    assert [layer.seed for layer in layers(forwarded)] == [7, 8, 9]
    assert bytes(layers(forwarded)[0].pixels.data[:6:2]) == bytes([10, 20, 30])  # the reference's look


def test_the_best_are_chosen_on_the_other_computer(open_box: OpenBox, open_desk: OpenDesk) -> None:
    request = an_insert("cat", seed=7, variations=2, candidates=12)
    chosen = layers(open_desk(open_box()).peer().ask(request))
    assert [layer.seed for layer in chosen] == chosen_seeds(7, 12, 2, request.wish.box.x)


def test_light_comes_back_as_from_a_local_daemon(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box()
    desk = open_desk(box)
    grey = an_insert()
    pixels = PixelFrame(12, 8, PixelFormat.RGBA8, bytes(range(96)) * 4)
    place = grey.wish.box
    request = Light(new_id(), grey.image_width, grey.image_height, place, grey.window, grey.scene, pixels)
    forwarded, local = desk.peer().ask(request), box.peer().ask(request)
    assert forwarded == local
    lit = next(reply for reply in forwarded if isinstance(reply, Lit))
    assert bytes(lit.pixels.data) != bytes(pixels.data)
    assert lit.adjustments


def test_the_welcome_names_the_computer_that_does_the_work(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box()
    welcome = open_desk(box).peer(greeted="").greet("test")
    assert isinstance(welcome, Welcome)
    assert welcome.device == f"stand-in on {box.endpoint.removeprefix('tcp://')}"
    assert [known.name for known in welcome.classes] == ["dog", "cat", "car"]


def test_clients_with_the_same_ids_get_their_own_results(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box("--stage-seconds", 0.02)
    first_desk, second_desk = open_desk(box), open_desk(box, name="other")
    peers = [first_desk.peer(), first_desk.peer(), second_desk.peer(), box.peer()]
    for seed, peer in enumerate(peers):
        peer.send(an_insert(id="same", seed=seed))
    for seed, peer in enumerate(peers):
        (layer,) = layers(peer.replies("same"))
        assert layer.seed == seed
        assert bytes(layer.pixels.data[:3]) == bytes(stand_in_colour("dog", seed, 0))


def test_a_newer_preview_replaces_the_clients_older_one_and_nobody_elses(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    box = open_box("--stage-seconds", 0.2)
    desk = open_desk(box)
    gimp, krita = desk.peer(), desk.peer()
    begin(gimp, an_insert())
    older, others, newer = (an_insert(preview=True) for _ in range(3))
    gimp.send(older)
    krita.send(others)
    wait_until(lambda: report_of(box.peer())["requests_waiting"] == 2)
    gimp.send(newer)
    assert isinstance(gimp.replies(older.id)[-1], Cancelled)
    assert isinstance(gimp.replies(newer.id)[-1], Done)
    assert isinstance(krita.replies(others.id)[-1], Done)


def test_a_cancel_reaches_the_request_that_is_running_there(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box("--stage-seconds", 0.3)
    peer, watcher = open_desk(box).peer(), box.peer()
    request = an_insert()
    begin(peer, request)
    cancel = Cancel(new_id(), request.id)
    assert peer.ask(cancel) == [Cancelled(cancel.id, request.id)]
    wait_until(lambda: not running(watcher), 2)
    assert report_of(watcher)["requests_finished"] == {"cancelled": 1}
    unknown = Cancel(new_id(), "nothing")
    assert peer.ask(unknown) == [Cancelled(unknown.id, "nothing")]


def test_the_requests_of_a_client_that_goes_are_dropped_there(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box("--stage-seconds", 0.3)
    desk = open_desk(box)
    leaving, watcher = desk.peer(), box.peer()
    begin(leaving, an_insert())
    leaving.send(an_insert())
    wait_until(lambda: report_of(watcher)["requests_waiting"] == 1)
    leaving.close()
    desk.peers.remove(leaving)
    wait_until(lambda: report_of(watcher)["requests_finished"].get("dropped") == 2, 2)
    assert report_of(watcher)["requests_waiting"] == 0


def test_clients_that_go_while_their_results_come_in_take_nobody_with_them(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    desk = open_desk(open_box())
    stays = desk.peer()
    for _ in range(25):
        leaving = desk.peer()
        leaving.send(an_insert(variations=4))
        leaving.receive()
        leaving.close()
        desk.peers.remove(leaving)
    assert stays.ask(an_insert())[-1].TYPE == "done"
    assert desk.process.poll() is None


def test_errors_come_back_with_their_code_sentence_and_hint(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box("--fail-stage", "object")
    remote, local = open_desk(box).peer(), box.peer()
    assert the_error(remote.ask(an_insert())).code is ErrorCode.INTERNAL
    request = an_insert("dgo")
    assert the_error(remote.ask(request)) == the_error(local.ask(request))
    assert the_error(remote.ask(request)).code is ErrorCode.UNKNOWN_CLASS


def test_progress_is_told_while_the_other_computer_loads_its_networks(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    box = open_box("--load-seconds", 4)
    peer = open_desk(box).peer(greeted="")
    peer.send(an_insert(id="early"))
    assert the_error(peer.replies("early")).sentence == "The request came before a hello."
    replies = peer.ask(Hello("h", "test"))
    assert kinds(replies)[-1] == "welcome"
    assert any(isinstance(reply, Progress) and reply.fraction > 0 for reply in replies)
    assert all(reply.stage is Stage.LOADING for reply in replies if isinstance(reply, Progress))


def test_networks_that_could_not_be_loaded_there_are_tried_again_with_the_next_hello(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    box = open_box("--fail-load", 1)
    peer = open_desk(box).peer(greeted="")
    wait_until(lambda: report_of(peer)["state"] == "failed" or peer.greet("test").TYPE == "welcome")
    assert peer.greet("test").TYPE == "welcome"


def test_the_forwarding_daemon_has_no_networks(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box()
    desk = open_desk(box)
    assert desk.peer().ask(an_insert())[-1].TYPE == "done"
    process = psutil.Process(desk.process.pid)
    assert not any("torch" in found.path for found in process.memory_maps())
    assert process.memory_info().rss < 150 * 2**20


def test_status_and_doctor_say_where_the_work_is_done(
    open_box: OpenBox, open_desk: OpenDesk, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = open_box()
    desk = open_desk(box)
    desk.peer()
    monkeypatch.setenv("INSERT_OBJECT_HOME", str(desk.home))
    for command in (("daemon", "status"), ("doctor",)):
        text = run_cli(*command).stdout
        assert f"address: {box.endpoint}" in text
        assert f"device: stand-in on {box.endpoint.removeprefix('tcp://')}" in text


def test_only_the_forwarding_daemon_ends_when_it_is_told_to(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box()
    desk = open_desk(box)
    assert isinstance(desk.peer().ask(Shutdown(new_id()))[-1], Done)
    assert desk.wait() == 0
    assert desk.errors() == ""
    assert not desk.folders.connection_file.exists()
    assert box.peer().ask(an_insert())[-1].TYPE == "done"


def test_the_idle_forwarding_daemon_ends_by_itself_and_the_box_does_not(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    box = open_box()
    desk = open_desk(box, "--end-after", "0.01")
    assert desk.wait() == 0
    assert box.process.poll() is None


# --- When the other computer is not there -----------------------------------------------------------


def test_a_box_that_is_killed_is_told_at_once_and_used_again_when_it_is_back(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    box = open_box("--stage-seconds", 0.3)
    desk = open_desk(box)
    peer = desk.peer()
    request = an_insert()
    begin(peer, request)
    endpoint = box.endpoint
    box.process.kill()
    began = time.monotonic()
    error = the_error(peer.replies(request.id))
    assert time.monotonic() - began < 3
    assert error.code is ErrorCode.UNAVAILABLE
    assert endpoint.removeprefix("tcp://") in error.sentence
    box.wait()
    late = an_insert()
    peer.send(late)  # held until the box is there again
    open_box(listen=endpoint)
    assert isinstance(peer.replies(late.id)[-1], Done)


@pytest.mark.slow
def test_a_box_that_dies_while_it_loads_its_networks_is_told_to_who_waits_for_them(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    box = open_box("--load-seconds", 8)
    peer = open_desk(box).peer(greeted="")
    peer.send(Hello("h", "test"))
    while not (isinstance(reply := peer.receive(), Progress) and reply.fraction > 0):
        pass
    box.process.kill()
    began = time.monotonic()
    assert the_error(peer.replies("h", NOTICE_SECONDS + 5)).code is ErrorCode.UNAVAILABLE
    assert time.monotonic() - began < NOTICE_SECONDS


@pytest.mark.slow
def test_a_desk_sleeps_while_a_box_takes_long_to_load_its_networks(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    desk = open_desk(open_box("--load-seconds", 50))
    peer = desk.peer(greeted="")
    peer.send(Hello("h", "test"))
    process = psutil.Process(desk.process.pid)
    time.sleep(REACH_SECONDS + 0.5)
    before = process.cpu_times()
    time.sleep(1.5)
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.15
    assert all(isinstance(reply, Progress) for reply in iter(lambda: peer.receive_or_none(0), None))


@posix
@pytest.mark.slow
def test_a_box_that_freezes_is_noticed_within_fifteen_seconds(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box("--stage-seconds", 0.5)
    peer = open_desk(box).peer()
    request = an_insert()
    begin(peer, request)
    os.kill(box.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        error = the_error(peer.replies(request.id, NOTICE_SECONDS + 5))
        assert time.monotonic() - began < NOTICE_SECONDS
        assert error.code is ErrorCode.UNAVAILABLE
    finally:
        os.kill(box.process.pid, signal.SIGCONT)
    wait_until(lambda: peer.ask(an_insert())[-1].TYPE == "done", 10)


@pytest.mark.slow
def test_a_box_that_is_off_is_told_in_plain_words(
    open_box: OpenBox, open_desk: OpenDesk, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = open_box()
    endpoint = box.endpoint
    box.process.kill()
    box.wait()
    desk = open_desk(box, endpoint=endpoint)
    began = time.monotonic()
    error = desk.peer(greeted="").greet("test")
    assert time.monotonic() - began < 9
    assert isinstance(error, Error)
    assert "cannot be reached" in error.sentence and "upstream none" in error.hint
    monkeypatch.setenv("INSERT_OBJECT_HOME", str(desk.home))
    found = run_cli("doctor")
    assert found.returncode == 2
    assert f"PROBLEM: {error.sentence}" in found.stdout


@pytest.mark.slow
def test_an_editors_session_gets_over_a_box_that_was_away(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box("--stage-seconds", 0.3)
    endpoint = box.endpoint
    desk = open_desk(box)
    with Session(Config(desk.folders.connection_file, ()), "editor", autostart=False) as session:
        assert "stand-in on" in session.wait_ready(10).device
        replies = session.stream(an_insert(), 20)
        assert isinstance(next(replies), Accepted)
        box.process.kill()
        with pytest.raises(InsertObjectError, match="broke off"):
            list(replies)
        box.wait()  # while it dies, its end may be open still
        with pytest.raises(InsertObjectError, match="cannot be reached"):
            list(session.stream(an_insert(), 20))
        open_box(listen=endpoint)
        assert isinstance(list(session.stream(an_insert(), 20))[-1], Done)


def test_many_clients_at_once_are_served_through_one_desk(open_box: OpenBox, open_desk: OpenDesk) -> None:
    box = open_box()
    desk = open_desk(box)
    peers = [desk.peer(greeted="") for _ in range(12)]
    for number, peer in enumerate(peers):
        peer.greet(f"client {number}")
    for _ in range(3):
        requests = [an_insert(seed=number, variations=2) for number in range(len(peers))]
        for peer, request in zip(peers, requests, strict=True):
            peer.send(request)
        for number, (peer, request) in enumerate(zip(peers, requests, strict=True)):
            replies = peer.replies(request.id)
            assert isinstance(replies[0], Accepted)
            assert [layer.seed for layer in layers(replies)] == [number, number + 1]
    assert report_of(peers[0])["requests_running"] == 0


def test_a_status_request_needs_no_hello(open_box: OpenBox, open_desk: OpenDesk) -> None:
    desk = open_desk(open_box())
    peer = desk.peer(greeted="")
    assert peer.ask(StatusRequest(new_id()))[-1].TYPE == "status"
