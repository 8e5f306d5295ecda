"""A daemon without networks still answers what needs none."""

from __future__ import annotations

from pathlib import Path

import pytest

from wire import protocol
from wire.connection import Config
from wire.protocol import ErrorCode, InsertObjectError
from wire.request import new_id
from wire.session import Session

from .scripted_router import ScriptedRouter, obliging
from .sessions import insert


def test_its_refusal_to_insert_does_not_cost_a_status_that_is_under_way(tmp_path: Path) -> None:
    held: list[protocol.Request] = []

    def without_networks(request: protocol.Request) -> list[protocol.Reply]:
        """Refuses the hello only once the status has come in, and answers that one last."""
        held.append(request)
        kinds = {type(each): each for each in held}
        if not {protocol.Hello, protocol.StatusRequest} <= set(kinds):
            return []
        hello, status = kinds[protocol.Hello], kinds[protocol.StatusRequest]
        refusal = protocol.Error(hello.id, ErrorCode.MODEL_MISSING, "No weights.", "Get them.")
        return [refusal, *obliging(status)]

    connection_file = tmp_path / "connection.json"
    with ScriptedRouter(without_networks) as router:
        router.write_connection_file(connection_file)
        with Session(Config(connection_file, ()), "tests", autostart=False) as session:
            replies = list(session.stream(protocol.StatusRequest(new_id()), 10))
            assert [type(reply) for reply in replies] == [protocol.Status]
            with pytest.raises(InsertObjectError, match="No weights"):
                held.clear()
                session.send(protocol.StatusRequest(new_id()))  # so that the next hello is refused, too
                list(session.stream(insert(), 10))
