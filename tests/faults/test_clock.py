"""A clock that is set, by hand or by summer time: nothing is decided by it."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.serving.settings import Settings
from tests.daemon.conftest import Serve
from tests.daemon.peer import an_insert
from tests.program import ROOT

WALL_CLOCKS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
PROGRAM = ("wire", "daemon", "plugins")
# how old a leftover file is can only be told by the clock that dated it
MAY_ASK = {"daemon/packs/pack_files.py"}


def wall_clocks_asked(source: Path) -> Iterator[str]:
    place = source.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute):
            owner = called.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if (name, called.attr) in WALL_CLOCKS and place not in MAY_ASK:
                yield f"{place}:{called.lineno}"


def test_neither_daemon_nor_client_asks_what_time_it_is() -> None:
    sources = [path for folder in PROGRAM for path in (ROOT / folder).rglob("*.py")]
    assert len(sources) > 50
    assert [place for source in sources for place in wall_clocks_asked(source)] == []


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_clock_that_jumps_by_a_day_ends_no_daemon_and_no_request(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    served = serve(settings=Settings(release_after=60, end_after=120))
    peer = served.peer()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    for _ in range(3):
        assert peer.ask(an_insert())[-1].TYPE == "done"
    assert served.thread.is_alive()
    assert "release" not in served.engine.calls
