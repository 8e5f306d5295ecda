"""The service when something fails, when it ends, and when nobody asks."""

from __future__ import annotations

import pytest
import torch

from daemon.serving.settings import Settings
from tests.daemon.conftest import Serve, wait_until
from tests.daemon.peer import an_insert, kinds, new_id, report_of, the_error
from tests.stand_in_engine import StandInEngine, out_of_memory
from wire.protocol import (
    Accepted,
    Cancel,
    Done,
    ErrorCode,
    Hello,
    InsertObjectError,
    Shutdown,
    Stage,
    Welcome,
    encode,
)


@pytest.mark.parametrize("stage", [Stage.MASK, Stage.OBJECT, Stage.FINISHING])
def test_an_exception_in_any_stage_is_told_without_its_details_and_the_next_request_works(
    serve: Serve, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    peer = serve(StandInEngine(errors={stage: RuntimeError("tensor of size 3 at 0xdeadbeef")})).peer()
    error = the_error(peer.ask(an_insert()))
    assert error.code is ErrorCode.INTERNAL
    assert "tensor" not in f"{error.sentence} {error.hint}"
    assert "0xdeadbeef" in caplog.text  # the log has all of it
    assert kinds(peer.ask(an_insert()))[-1] == "done"


def test_an_engines_own_error_reaches_the_client_as_it_is(serve: Serve) -> None:
    peer = serve(StandInEngine(errors={Stage.OBJECT: out_of_memory()})).peer()
    error = the_error(peer.ask(an_insert()))
    assert (error.code, error.sentence) == (ErrorCode.OUT_OF_MEMORY, "There was not enough memory.")


def full_memory_of_torch() -> Exception:
    """What PyTorch says when the computer's memory does not suffice."""
    with pytest.raises(RuntimeError) as told:
        torch.empty(1 << 60, dtype=torch.uint8)
    return told.value


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        full_memory_of_torch(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] data. DefaultCPUAllocator: not enough memory: you …"
        ),
    ],
    ids=["Python", "PyTorch", "PyTorch on Windows"],
)
def test_a_full_memory_is_called_by_its_name(serve: Serve, error: Exception) -> None:
    peer = serve(StandInEngine(errors={Stage.MASK: error})).peer()
    told = the_error(peer.ask(an_insert()))
    assert told.code is ErrorCode.OUT_OF_MEMORY and told.hint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/tmp/caf\udce9 is missing.", "/tmp/caf\\udce9 is missing."),
        ("Choose dog, " * 500, ("Choose dog, " * 500)[:4095] + "…"),
    ],
    ids=["bytes that are no text", "longer than a message holds"],
)
def test_an_error_of_any_text_can_be_read_and_the_next_request_works(
    serve: Serve, text: str, told: str
) -> None:
    failure = InsertObjectError(ErrorCode.MODEL_MISSING, text, text)
    peer = serve(StandInEngine(load_errors=[failure], load_seconds=0.2)).peer(greeted="")
    error = the_error(peer.ask(Hello(new_id())))
    assert (error.sentence, error.hint) == (told, told)
    assert isinstance(peer.ask(Hello(new_id()))[-1], Welcome)


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["failed", "cancelled"])
def test_the_notes_of_a_request_that_came_to_nothing_are_not_told_to_the_next_one(
    serve: Serve, is_cancelled: bool
) -> None:
    engine = StandInEngine(notes=["The CPU had to help."], stage_seconds=0.1)
    peer = serve(engine).peer()
    if is_cancelled:
        peer.send(request := an_insert())
        while peer.receive().TYPE != "progress":
            pass
        peer.ask(Cancel(new_id(), request.id))
    else:
        engine.errors[Stage.OBJECT] = out_of_memory()
        the_error(peer.ask(an_insert()))
    done = peer.ask(an_insert())[-1]
    assert isinstance(done, Done)
    assert done.notes == ()


@pytest.mark.parametrize("code", [ErrorCode.MODEL_MISSING, ErrorCode.MODEL_CORRUPT])
def test_weights_that_fail_are_told_and_tried_again_at_the_next_hello(serve: Serve, code: ErrorCode) -> None:
    failure = InsertObjectError(code, "The weights are bad.", "Mend them.")
    peer = serve(StandInEngine(load_errors=[failure], load_seconds=0.2)).peer(greeted="")
    assert the_error(peer.ask(Hello(new_id()))).code is code
    assert report_of(peer)["error"] == "The weights are bad. Mend them."
    assert isinstance(peer.ask(Hello(new_id()))[-1], Welcome)
    assert report_of(peer)["error"] == ""


def test_an_insertion_after_a_failed_load_tries_the_load_again(serve: Serve) -> None:
    failure = InsertObjectError(ErrorCode.MODEL_MISSING, "The weights are missing.")
    peer = serve(StandInEngine(load_errors=[failure, failure], load_seconds=0.1)).peer(greeted="")
    peer.ask(Hello(new_id()))
    assert the_error(peer.ask(an_insert())).code is ErrorCode.MODEL_MISSING
    assert kinds(peer.ask(an_insert()))[-1] == "done"
    assert isinstance(peer.ask(Hello(new_id()))[-1], Welcome)


def test_an_unforeseen_failure_of_loading_leaves_the_daemon_alive(serve: Serve) -> None:
    peer = serve(StandInEngine(load_errors=[ImportError("no torch")], load_seconds=0.2)).peer(greeted="")
    error = the_error(peer.ask(Hello(new_id())))
    assert error.code is ErrorCode.INTERNAL
    assert "torch" not in error.sentence
    assert isinstance(peer.ask(Hello(new_id()))[-1], Welcome)


# --- The end and idling -----------------------------------------------------------------------------


def test_shutdown_finishes_the_running_request_and_turns_away_the_waiting_one(serve: Serve) -> None:
    served = serve(StandInEngine(stage_seconds=0.1))
    peer, other = served.peer(), served.peer()
    running, waiting = an_insert(), an_insert()
    peer.send(running)
    peer.send(waiting)
    assert isinstance(peer.receive(), Accepted)
    shutdown = Shutdown(new_id())
    other.send(shutdown)
    assert the_error(peer.replies(waiting.id)).code is ErrorCode.BUSY
    assert not served.folders.connection_file.exists()  # whoever comes now starts the next daemon
    assert kinds(peer.replies(running.id))[-1] == "done"
    assert kinds(other.replies(shutdown.id)) == ["done"]
    wait_until(lambda: not served.thread.is_alive())


def test_an_idle_service_gives_memory_back_and_the_next_request_works(serve: Serve) -> None:
    served = serve(settings=Settings(release_after=0.1))
    peer = served.peer()
    wait_until(lambda: "release" in served.engine.calls)
    assert kinds(peer.ask(an_insert()))[-1] == "done"
    assert served.engine.calls.count("load") == 1  # the engine loads by itself, not the service
    wait_until(lambda: served.engine.calls.count("release") == 2)


def test_an_idle_service_ends(serve: Serve) -> None:
    served = serve(settings=Settings(end_after=0.2))
    wait_until(lambda: not served.thread.is_alive())
    assert not served.folders.connection_file.exists()


def test_a_busy_service_is_not_idle(serve: Serve) -> None:
    served = serve(StandInEngine(stage_seconds=0.2), Settings(end_after=0.3, release_after=0.25))
    assert kinds(served.peer().ask(an_insert()))[-1] == "done"
    assert "release" not in served.engine.calls


def test_the_status_holds_what_a_report_needs_and_no_secret(serve: Serve) -> None:
    served = serve()
    report = report_of(served.peer())
    assert {"insert_object", "python", "packages", "device", "resident_mb", "log_file", "engine"} <= set(
        report
    )
    assert served.connection["token"] not in str(report)


def test_a_message_survives_its_own_encoding(serve: Serve) -> None:
    peer = serve().peer()
    frames = encode(an_insert(mask=None))
    peer.send_raw([bytes(frame) for frame in frames])
    assert isinstance(peer.receive(), Accepted)
