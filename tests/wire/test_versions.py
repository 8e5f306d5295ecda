"""Versions are compared by their numbers, and a daemon of another protocol is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from wire import protocol
from wire.connection import Config
from wire.protocol import ErrorCode, InsertObjectError
from wire.session import Session
from wire.versions import is_older

from .scripted_router import ScriptedRouter


@pytest.mark.parametrize(
    ("older", "newer"),
    [("0.1.0", "0.2.0"), ("0.9", "0.10"), ("1", "1.0.1"), ("0.1.0", "1"), ("2.0rc1", "2.1")],
)
def test_numbers_decide(older: str, newer: str) -> None:
    assert is_older(older, newer)
    assert not is_older(newer, older)


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0.0"), ("", "1.0"), ("unknown", "1.0"), ("1.0", "1.0+local"), ("", "")]
)
def test_what_cannot_be_told_is_not_older(one: str, other: str) -> None:
    assert not is_older(one, other)
    assert not is_older(other, one)


@pytest.mark.parametrize(
    ("step", "which", "advice"), [(1, "newer one", "Restart this program"), (-1, "older one", "daemon stop")]
)
def test_a_daemon_of_another_protocol_is_named_older_or_newer_with_what_to_do(
    tmp_path: Path, step: int, which: str, advice: str
) -> None:
    connection_file = tmp_path / "connection.json"
    with ScriptedRouter() as router:
        router.write_connection_file(connection_file, protocol_version=protocol.PROTOCOL_VERSION + step)
        with Session(Config(connection_file, ()), "tests", autostart=False) as session:
            with pytest.raises(InsertObjectError, match=which) as caught:
                session.wait_ready(5)
            assert caught.value.code is ErrorCode.VERSION
            assert advice in caught.value.hint
        assert router.requests == [], "nothing is sent to it"
