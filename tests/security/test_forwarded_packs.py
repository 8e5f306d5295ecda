"""The packs of the computer that does the work, as the programs of a desk are told of them."""

from __future__ import annotations

import dataclasses
import signal
import sys
import time

import pytest

from daemon.home.folders import Folders
from daemon.serving.address import Address
from daemon.serving.keys import KeyRing
from daemon.serving.settings import Settings
from tests.daemon.conftest import Serve, folders, serve
from tests.daemon.peer import Peer, new_id, report_of
from tests.security.conftest import OpenBox, OpenDesk
from tests.stand_in_engine import PACKS, StandInEngine
from wire.protocol import Hello, PackInfo, Welcome

__all__ = ["folders", "serve"]  # fixtures


def offered(peer: Peer) -> tuple[PackInfo, ...]:
    welcome = peer.ask(Hello(new_id(), "again"))[-1]
    assert isinstance(welcome, Welcome)
    return welcome.packs


def test_packs_that_come_and_go_on_the_other_computer_are_in_the_next_welcome(
    folders: Folders, serve: Serve, open_desk: OpenDesk
) -> None:
    engine = StandInEngine(packs=())
    ring = KeyRing(folders.remote)
    ring.new_server()
    box = serve(engine, dataclasses.replace(Settings(), listen=Address("127.0.0.1", 0)))
    endpoint = str(report_of(box.peer())["listens_for_others_at"])
    desk = open_desk(None, endpoint=endpoint, server_key=ring.server().public)
    ring.allow("desk", desk.ring.client().public)
    gimp = desk.peer()
    assert offered(gimp) == ()
    engine.packs = PACKS
    assert offered(gimp) == PACKS
    engine.packs = ()
    assert offered(gimp) == ()
    engine.packs = PACKS
    assert offered(desk.peer(greeted="")) == PACKS  # of an editor that has come meanwhile


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
def test_however_many_ask_one_question_at_a_time_is_on_its_way(
    open_box: OpenBox, open_desk: OpenDesk
) -> None:
    """On a dead line they would gather, and all arrive when it is mended."""
    box = open_box()
    desk = open_desk(box)
    gimp = desk.peer()
    offered(gimp)
    said_before = box.log().count("says hello")
    box.process.send_signal(signal.SIGSTOP)
    for number in range(20):
        gimp.send(Hello(new_id(), f"try {number}"))
    last = Hello(new_id(), "the last try")
    gimp.send(last)
    time.sleep(0.5)  # long enough for all of them to get to the desk
    box.process.send_signal(signal.SIGCONT)
    assert gimp.replies(last.id)[-1].TYPE == "welcome"
    assert 1 <= box.log().count("says hello") - said_before <= 2
