"""Failures inside the daemon, wherever they happen: one clear error, and the next request works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from daemon.serving.settings import Settings
from tests.daemon.conftest import Serve, wait_until
from tests.daemon.peer import an_insert, kinds, new_id, report_of, the_error
from tests.stand_in_engine import StandInEngine
from wire.protocol import Done, Error, ErrorCode, Hello, Insert, Layer, Stage, Welcome

PLACES = ["begin", "mask", "object", "finishing", "between layers", "notes", "report"]


@dataclass
class BreakableEngine(StandInEngine):
    """Fails once, in the place and in the way that it is told."""

    broken: str = ""
    way: BaseException | None = None

    def _break(self, place: str) -> None:
        if place == self.broken and self.way is not None:
            self.broken = ""
            raise self.way

    def load(self, on_progress: Callable[[float], None]) -> None:
        self._break("load")
        super().load(on_progress)

    def insert(self, request: Insert, on_stage: Callable[[Stage, float], None]) -> Iterator[Layer]:
        self._break("begin")

        def told(stage: Stage, fraction: float) -> None:
            on_stage(stage, fraction)
            self._break(stage.value)

        for layer in super().insert(request, told):
            yield layer
            self._break("between layers")

    def take_notes(self) -> tuple[str, ...]:
        self._break("notes")
        return super().take_notes()

    def report(self) -> dict[str, Any]:
        self._break("report")
        return super().report()

    def release(self) -> None:
        self._break("release")
        super().release()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", [RuntimeError("inside"), MemoryError(), SystemExit(3)], ids=repr)
def test_a_failure_anywhere_costs_one_request_at_most(serve: Serve, place: str, way: BaseException) -> None:
    engine = BreakableEngine()
    served = serve(engine)
    peer, other = served.peer(), served.peer()
    engine.broken, engine.way = place, way
    replies = peer.ask(an_insert(variations=2))
    if place != "report":
        code = ErrorCode.OUT_OF_MEMORY if isinstance(way, MemoryError) else ErrorCode.INTERNAL
        assert the_error(replies).code is code
    for asking in (peer, other):
        assert kinds(asking.ask(an_insert()))[-1] == "done"
    report = report_of(peer)
    assert (report["requests_waiting"], report["requests_running"]) == (0, 0)


@pytest.mark.parametrize("way", [RuntimeError("inside"), MemoryError(), SystemExit(3)], ids=repr)
def test_a_failure_while_loading_is_told_and_the_next_hello_loads_again(
    serve: Serve, way: BaseException
) -> None:
    engine = BreakableEngine(broken="load", way=way)
    peer = serve(engine).peer(greeted="")
    last = peer.ask(Hello(new_id()))[-1]
    if not isinstance(last, Welcome):  # the load may have failed before the hello came, which began the next
        assert isinstance(peer.ask(Hello(new_id()))[-1], Welcome)
    assert kinds(peer.ask(an_insert()))[-1] == "done"


@pytest.mark.parametrize("way", [RuntimeError("inside"), SystemExit(3)], ids=repr)
def test_a_failure_while_memory_is_given_back_is_nobodys_problem(serve: Serve, way: BaseException) -> None:
    engine = BreakableEngine(broken="release", way=way)
    served = serve(engine, Settings(release_after=0.1))
    peer = served.peer()
    wait_until(lambda: engine.broken == "")
    assert kinds(peer.ask(an_insert()))[-1] == "done"


def test_a_request_that_comes_just_as_the_worker_fails_gets_one_last_word(serve: Serve) -> None:
    engine = BreakableEngine()
    peer = serve(engine).peer()
    for place in ("report", "notes", "begin") * 5:
        engine.broken, engine.way = place, SystemExit(3)
        requests = [an_insert(seed=seed) for seed in range(3)]
        for request in requests:
            peer.send(request)
        ends: list[str] = []
        while len(ends) < len(requests):
            reply = peer.receive()
            if isinstance(reply, (Done, Error)):
                assert reply.id not in ends
                ends.append(reply.id)
        assert sorted(ends) == sorted(request.id for request in requests)
    assert peer.receive_or_none(0.2) is None


def test_what_waited_behind_a_failure_is_made(serve: Serve) -> None:
    engine = BreakableEngine(stage_seconds=0.05)
    served = serve(engine)
    peer = served.peer()
    engine.broken, engine.way = "object", SystemExit(3)
    requests = [an_insert(seed=seed) for seed in range(4)]
    for request in requests:
        peer.send(request)
    ends = [peer.replies(request.id)[-1].TYPE for request in requests]
    assert ends == ["error", "done", "done", "done"]
