"""Status and doctor stay readable whatever lies in the folder of packs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.commands import doctor
from daemon.home.account import MOST_BYTES, account
from daemon.home.folders import Folders
from daemon.painting.engine import create_engine
from daemon.serving.settings import Settings
from tests.daemon.conftest import ServedEngine, wait_until
from tests.daemon.peer import report_of
from tests.tiny_weights import write_tiny_weights

posix = pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be any bytes")
REFUSED = 275


def test_a_long_list_is_cut_and_says_how_much_was_left_out() -> None:
    short = account({"packs": [f"p{n}" for n in range(275)], "refused": {f"r{n}": "why" for n in range(275)}})
    assert short["packs"][-2:] == ["p31", "… and 243 more"]
    assert list(short["refused"].items())[-2:] == [("r31", "why"), ("…", "and 243 more")]
    assert account({"packs": ["a"] * 33})["packs"] == ["a"] * 33  # “and 1 more” would be no shorter


def test_an_account_fits_into_a_message_however_long_its_texts_are() -> None:
    short = account({"refused": {f"r{n}": "w" * 5000 for n in range(500)}, "state": "ready"})
    assert short["state"] == "ready"
    assert short["refused"]["…"] == f"and {501 - len(short['refused'])} more"
    assert len(json.dumps(short, ensure_ascii=False).encode()) <= MOST_BYTES


@pytest.fixture
def crowded(tmp_path: Path) -> Folders:
    """Folders with hundreds of packs, none of which can be used, and names of every kind."""
    folders = Folders.default({"INSERT_OBJECT_HOME": str(tmp_path / "home")})
    for number in range(REFUSED - 3):
        (folders.packs / f"broken-{number:03}-{'x' * 200}").mkdir(parents=True)
    for name in (b"a\xff\xfe", b"a\nPROBLEM: all is lost", "a\u202e\x1b[31mred".encode()):
        os.mkdir(os.fsencode(folders.packs) + b"/" + name)  # noqa: PTH102  # no Path can be made of bytes
    return folders


@pytest.fixture
def served(crowded: Folders, tmp_path: Path) -> Iterator[ServedEngine]:
    """A service with the real engine, small networks and those packs."""
    write_tiny_weights(tmp_path / "weights")
    engine = create_engine(tmp_path / "weights", device="cpu", packs=crowded.packs)
    made = ServedEngine(crowded, engine, Settings())  # type: ignore[arg-type]
    yield made
    made.end()


@posix
def test_the_status_of_a_daemon_with_hundreds_of_refused_packs_can_be_read(served: ServedEngine) -> None:
    peer = served.peer()
    wait_until(lambda: bool(report_of(peer)["engine"]))
    refused = report_of(peer)["engine"]["refused_packs"]
    assert refused["…"] == f"and {REFUSED - len(refused) + 1} more"
    assert r"a\udcff\udcfe" in refused and r"a\nPROBLEM: all is lost" in refused
    assert all(name.isprintable() and reason for name, reason in refused.items())


@posix
def test_the_doctor_names_a_few_refused_packs_and_counts_the_rest(crowded: Folders) -> None:
    found = doctor.examine(crowded)
    told = [problem for problem in found.problems if "left out" in problem]
    assert len(told) == doctor.MOST_REFUSED + 1
    assert told[-1].startswith(f"… and {REFUSED - doctor.MOST_REFUSED} more model packs are left out.")
    text = doctor.as_text(found)
    assert "\nPROBLEM: all is lost" not in text and "\x1b" not in text
    assert json.loads(doctor.as_json(found).encode("utf-8"))["packs"]["refused"]["…"].startswith("and ")
