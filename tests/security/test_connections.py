"""Which client belongs to which connection, when descriptors are used again and events come late."""

from __future__ import annotations

import time

import zmq

from daemon.remote.failures import Failure
from daemon.remote.link import Link, LinkState
from daemon.remote.upstream import Upstream
from daemon.serving.address import Address
from daemon.serving.connections import Connections
from daemon.serving.keys import KeyPair


def key(number: int) -> bytes:
    return b"\0" + (number % 2**32).to_bytes(4, "big")


def test_a_client_has_gone_when_its_connection_ends() -> None:
    connections = Connections()
    connections.note(key(1), 30, "insert-object")
    assert connections.user(key(1)) == "insert-object"
    connections.ended(30)
    connections.ended(30)
    connections.ended(31)
    assert connections.take_gone() == [key(1)]
    assert connections.take_gone() == []
    assert connections.user(key(1)) == ""


def test_a_newer_client_on_the_same_descriptor_means_that_the_older_has_gone() -> None:
    for older, newer in ((5, 6), (2**32 - 1, 0)):  # ROUTER's count may run over
        connections = Connections()
        connections.note(key(older), 30, "insert-object")
        connections.note(key(newer), 30, "insert-object")
        assert connections.take_gone() == [key(older)]
        assert key(newer) in connections


def test_what_an_older_client_left_behind_drives_nobody_out() -> None:
    connections = Connections()
    connections.note(key(6), 30, "insert-object")
    connections.note(key(5), 30, "insert-object")
    assert connections.take_gone() == []
    assert key(6) in connections and key(5) not in connections


def test_a_client_that_chose_its_own_name_is_followed_like_others() -> None:
    connections = Connections()
    connections.note(b"own name", 30, "insert-object")
    connections.note(b"other name", 30, "insert-object")
    assert connections.take_gone() == [b"own name"]


def test_a_message_on_a_connection_that_never_was_is_lost_without_an_error() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    link = Link(context, Upstream(Address("127.0.0.1", 9), KeyPair.new().public), KeyPair.new())
    try:
        deadline = time.monotonic() + 10
        while link.state is not LinkState.LOST and time.monotonic() < deadline:
            link.look()
            time.sleep(0.01)
        assert link.failure is Failure.UNREACHABLE
        for _ in range(200):
            link.send([b"lost"])
    finally:
        link.close()
        context.term()
