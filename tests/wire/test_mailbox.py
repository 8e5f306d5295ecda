"""Where the owner and the session's thread meet."""

from __future__ import annotations

from wire.mailbox import Mailbox
from wire.protocol import Status, StatusRequest
from wire.state import SessionState, StateChanged


def test_nothing_is_heard_after_the_session_closed() -> None:
    mailbox = Mailbox()
    mailbox.add(StatusRequest("a"))
    mailbox.close()
    mailbox.take_reply(Status("a", {}))
    assert mailbox.take_events()[-1] == StateChanged(SessionState.CLOSED)
