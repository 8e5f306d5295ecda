"""A name that has an IPv4 and an IPv6 address: a desk finds its box at either of them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from daemon.remote.guests import LinkMaker
from daemon.remote.lifeline import Lifeline, UpstreamState
from daemon.remote.upstream import Upstream
from daemon.serving.address import Address
from daemon.serving.keys import KeyPair
from tests.daemon.peer import an_insert
from tests.security.conftest import OpenBox
from tests.security.studio import Desk

NAME = "gpu-box-of-a-test"
_WITH_HOSTS = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"')


@pytest.fixture
def knows_the_name(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """A prefix of commands that lets them, and nobody else, find this computer's loopbacks by ``NAME``."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("a table of hosts for one process needs root on Linux and the command unshare")
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n::1 {NAME}\n127.0.0.1 {NAME}\n")
    prefix = (*_WITH_HOSTS, str(hosts))
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no table of hosts can be laid over the system's: {tried.stderr.strip()}")
    with socket.socket(socket.AF_INET6) as loopback:
        try:
            loopback.bind(("::1", 0))
        except OSError as error:
            pytest.skip(f"this computer has no IPv6: {error.strerror}")
    yield prefix


@pytest.mark.parametrize("listen", ["tcp://127.0.0.1:0", "tcp://[::1]:0"], ids=["IPv4", "IPv6"])
def test_a_box_that_listens_at_one_of_its_names_addresses_is_reached_by_the_name(
    open_box: OpenBox, tmp_path: Path, knows_the_name: tuple[str, ...], listen: str
) -> None:
    box = open_box(listen=listen)
    desk = Desk(tmp_path / "desk", f"tcp://{NAME}:{box.port}", box.key.public, prefix=knows_the_name)
    try:
        box.ring.allow("desk", desk.ring.client().public)
        desk.wait_for_connection()
        peer = desk.peer(greeted="")
        assert peer.greet("test").TYPE == "welcome"
        assert peer.ask(an_insert())[-1].TYPE == "done"
    finally:
        desk.end()


def families_tried(host: str, count: int) -> list[str]:
    """What a desk tries whose box does not run, with the pauses between."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and does not listen
        address = Address(host, reserved.getsockname()[1])
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        links = LinkMaker(context, Upstream(address, KeyPair.new().public), KeyPair.new(), zmq.Poller())
        lifeline = Lifeline(links, "test")
        found = []
        for _ in range(count):
            if time.monotonic() < (lifeline.next_try or 0.0):
                found.append("pause")
                lifeline.try_now()
            lifeline.connect_if_due(wanted=False)
            assert lifeline.link is not None
            found.append("IPv6" if lifeline.link.dealer.getsockopt(zmq.IPV6) else "IPv4")
            while not lifeline.look():
                time.sleep(0.01)
            assert lifeline.state is UpstreamState.AWAY
        context.term()
    return found


def test_both_families_of_a_name_are_tried_before_a_pause() -> None:
    assert families_tried("localhost", 4) == ["IPv6", "IPv4", "pause", "IPv6", "IPv4"]


def test_an_address_in_numbers_is_tried_as_what_it_is() -> None:
    assert families_tried("127.0.0.1", 2) == ["IPv4", "pause", "IPv4"]
