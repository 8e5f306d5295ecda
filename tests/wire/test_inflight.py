"""Which requests may be sent, and each gets one last reply: the bookkeeping by itself."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from wire import protocol
from wire.inflight import InFlight, is_final
from wire.protocol import ErrorCode, InsertObjectError

from .sessions import insert


def sent_types(in_flight: InFlight, *, networks_ready: bool) -> list[str]:
    messages = in_flight.take_sendable(networks_ready=networks_ready)
    return [protocol.decode_request(list(frames)).TYPE for frames in messages]


def test_only_insertions_wait_for_the_networks() -> None:
    in_flight = InFlight()
    in_flight.add(insert())
    in_flight.add(protocol.StatusRequest("s"))
    assert in_flight.awaits_networks
    assert sent_types(in_flight, networks_ready=False) == ["status"]
    assert sent_types(in_flight, networks_ready=True) == ["insert"]
    assert sent_types(in_flight, networks_ready=True) == []


def test_after_a_loss_an_insertion_is_sent_once_more_and_then_fails() -> None:
    in_flight = InFlight()
    request = insert()
    in_flight.add(request)
    for _ in range(2):
        assert sent_types(in_flight, networks_ready=True) == ["insert"]
        replies = in_flight.connection_lost()
    [error] = replies
    assert isinstance(error, protocol.Error)
    assert (error.id, "twice" in error.sentence) == (request.id, True)
    assert not in_flight


def test_a_lost_connection_answers_what_needs_no_daemon_any_more() -> None:
    in_flight = InFlight()
    request = insert()
    in_flight.add(request)
    in_flight.add(protocol.Shutdown("down"))
    in_flight.take_sendable(networks_ready=True)
    in_flight.add(protocol.Cancel("c", request.id))
    in_flight.take_sendable(networks_ready=True)
    assert in_flight.connection_lost() == [
        protocol.Cancelled(request.id, request.id),
        protocol.Done("down"),
        protocol.Cancelled("c", request.id),
    ]


def test_an_error_without_an_id_belongs_to_what_was_not_answered_yet() -> None:
    in_flight = InFlight()
    accepted, unread = insert(), insert()
    for request in (accepted, unread):
        in_flight.add(request)
    in_flight.take_sendable(networks_ready=True)
    in_flight.take_reply(protocol.Accepted(accepted.id))
    [error] = in_flight.take_reply(protocol.Error("", ErrorCode.BAD_REQUEST, "What?"))
    assert (error.id, accepted.id in in_flight) == (unread.id, True)


def test_late_and_foreign_replies_are_dropped() -> None:
    in_flight = InFlight()
    assert in_flight.take_reply(protocol.Done("unknown")) == []
    assert in_flight.take_reply(protocol.Cancelled("unknown", "unknown too")) == []
    assert in_flight.take_reply(protocol.Error("", ErrorCode.INTERNAL, "?")) == []


EVENTS = st.lists(
    st.sampled_from(["insert", "cancel", "status", "send", "lost", "answer", "accept", "fail"]), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_every_request_gets_one_last_reply_whatever_happens(events: list[str]) -> None:
    in_flight = InFlight()
    open_requests: list[protocol.Request] = []
    last: dict[str, int] = {}
    cancel_of: dict[str, str] = {}

    def note(replies: list[protocol.Reply]) -> None:
        for reply in replies:
            if is_final(reply):
                last[reply.id] = last.get(reply.id, 0) + 1
                if isinstance(reply, protocol.Cancelled) and reply.target != reply.id:
                    cancel_of[reply.target] = reply.id

    for number, event in enumerate(events):
        if event in ("insert", "status"):
            made = insert() if event == "insert" else protocol.StatusRequest(f"s{number}")
            open_requests.append(made)
            note(in_flight.add(made))
        elif event == "cancel" and open_requests:
            target = open_requests[number % len(open_requests)]
            cancel = protocol.Cancel(f"c{number}", target.id)
            open_requests.append(cancel)
            note(in_flight.add(cancel))
        elif event == "send":
            in_flight.take_sendable(networks_ready=number % 2 == 0)
        elif event == "lost":
            note(in_flight.connection_lost())
        elif event in ("answer", "accept") and open_requests:
            request = open_requests[number % len(open_requests)]
            if event == "accept":
                note(in_flight.take_reply(protocol.Accepted(request.id)))
            elif isinstance(request, protocol.Cancel):
                note(in_flight.take_reply(protocol.Cancelled(request.id, request.target)))
            else:
                note(in_flight.take_reply(protocol.Done(request.id)))
        elif event == "fail":
            note(in_flight.fail_all(InsertObjectError(ErrorCode.INTERNAL, "gone")))
    note(in_flight.fail_all(InsertObjectError(ErrorCode.INTERNAL, "the end")))
    for request in open_requests:
        assert last.get(request.id, 0) == 1 or (request.id in cancel_of and last.get(request.id, 0) == 0)
    assert not in_flight
