"""Waiting requests: nothing is lost, clients take turns, limits hold."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.serving.workqueue import QueueFull, Work, WorkQueue
from tests.daemon.peer import an_insert
from wire.protocol import ErrorCode

CLIENTS = (b"a", b"b", b"c")


def queue_of(*clients: bytes, length: int = 100, client_length: int = 100, size: int = 2**30) -> WorkQueue:
    queue = WorkQueue(length, client_length, size)
    for client in clients:
        queue.put(Work(client, an_insert()))
    return queue


def taken(queue: WorkQueue) -> list[Work]:
    works = []
    while (work := queue.take()) is not None:
        works.append(work)
    return works


def test_clients_take_turns_however_much_one_of_them_asks_for() -> None:
    queue = queue_of(b"a", b"a", b"a", b"a", b"b", b"c")
    assert [work.client for work in taken(queue)] == [b"a", b"b", b"c", b"a", b"a", b"a"]


@given(st.lists(st.sampled_from(CLIENTS), max_size=30), st.integers(0, 10))
def test_the_position_told_is_the_number_of_requests_served_before(
    clients: list[bytes], already_taken: int
) -> None:
    queue = queue_of(*clients)
    for _ in range(already_taken):
        queue.take()
    told = [(work, queue.position(work)) for work in queue]
    order = taken(queue)
    assert all(order[position] is work for work, position in told)


@given(st.lists(st.tuples(st.sampled_from(CLIENTS), st.sampled_from(["put", "preview", "take", "remove"]))))
def test_every_request_comes_out_once_and_in_the_order_of_its_client(
    actions: list[tuple[bytes, str]],
) -> None:
    queue = WorkQueue(1000, 1000, 2**30)
    put: dict[bytes, list[Work]] = defaultdict(list)
    out: list[Work] = []
    for client, action in actions:
        if action in ("put", "preview"):
            work = Work(client, an_insert(preview=action == "preview"))
            replaced = queue.put(work)
            if replaced:
                put[client][put[client].index(replaced)] = work
            else:
                put[client].append(work)
        elif action == "take" and (work_taken := queue.take()):
            out.append(work_taken)
        elif action == "remove" and len(queue):
            first = next(iter(queue))
            assert queue.remove(first.client, first.id) is first
            put[first.client].remove(first)
    out += taken(queue)
    assert queue.bytes == 0
    for client in CLIENTS:
        assert [work for work in out if work.client == client] == put[client]


def test_a_newer_preview_takes_the_place_of_the_clients_waiting_one() -> None:
    queue = queue_of(b"a")
    older, newer = Work(b"a", an_insert(preview=True)), Work(b"a", an_insert(preview=True))
    others = Work(b"b", an_insert(preview=True))
    assert queue.put(older) is None
    assert queue.put(others) is None
    assert queue.put(newer) is older
    left = taken(queue)
    assert newer in left
    assert others in left
    assert older not in left


def test_a_preview_never_takes_the_place_of_a_request_for_keeps() -> None:
    queue = queue_of(b"a")
    assert queue.put(Work(b"a", an_insert(preview=True))) is None
    assert len(queue) == 2


@pytest.mark.parametrize("limit", [{"length": 3}, {"client_length": 3}, {"size": 3 * 168 * 168 * 3}])
def test_a_full_queue_refuses_as_busy_and_stays_as_it_was(limit: dict[str, int]) -> None:
    queue = queue_of(b"a", b"a", b"a", **limit)
    before = list(queue)
    with pytest.raises(QueueFull) as refused:
        queue.put(Work(b"a", an_insert()))
    assert refused.value.code is ErrorCode.BUSY
    assert list(queue) == before


def test_a_preview_may_be_renewed_in_a_full_queue() -> None:
    queue = queue_of(b"a", b"a", length=3)
    first = Work(b"a", an_insert(preview=True))
    queue.put(first)
    assert queue.put(Work(b"a", an_insert(preview=True))) is first


def test_removing_a_client_removes_its_requests_alone() -> None:
    queue = queue_of(b"a", b"b", b"a")
    assert len(queue.remove_client(b"a")) == 2
    assert [work.client for work in taken(queue)] == [b"b"]
    assert queue.remove_client(b"a") == []
