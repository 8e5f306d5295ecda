"""What a client of another computer learns of our files: nothing, in no status and no error (real engine)."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.home.folders import Folders
from daemon.serving.keys import KeyPair, KeyRing
from models.files.part_files import ENCODER, FOREGROUND, MASKS
from tests.daemon.conftest import wait_until
from tests.daemon.peer import Peer, an_insert, new_id, report_of, the_error
from tests.security.studio import PROGRAM, GpuBox, StudioProcess
from tests.tiny_weights import write_tiny_weights
from wire.protocol import Done, Error, ErrorCode, Hello

LOAD_SECONDS = 60.0


class RealBox(GpuBox):
    """The program itself, with small random networks, which other computers may use."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        self.guest = KeyPair.new()
        self.key = KeyRing(Folders.default({"INSERT_OBJECT_HOME": str(home)}).remote).new_server()
        StudioProcess.__init__(self, home, *PROGRAM, "daemon", "run", "--listen", f"tcp://127.0.0.1:{port}")

    def guests_peer(self) -> Peer:
        return self.remote_peer(self.guest)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder for the process that is started."""
    write_tiny_weights(tmp_path / "our-weights")
    monkeypatch.setenv("INSERT_OBJECT_WEIGHTS", str(tmp_path / "our-weights"))
    monkeypatch.setenv("INSERT_OBJECT_PACKS", str(tmp_path / "our-packs"))
    return tmp_path / "our-weights"


@pytest.fixture
def open_real_box(tmp_path: Path) -> Iterator[Callable[[], RealBox]]:
    """Starts the box, which lets its guest in."""
    started: list[RealBox] = []

    def start() -> RealBox:
        box = RealBox(tmp_path / "box")
        started.append(box)
        box.ring.allow("desk", box.guest.public)
        box.wait_for_connection()
        return box

    yield start
    for box in started:
        box.end()


@pytest.fixture
def box(weights: Path, tmp_path: Path, open_real_box: Callable[[], RealBox]) -> RealBox:
    """A running box with a pack that cannot be loaded, and one that is refused at once."""
    packs = tmp_path / "our-packs"
    shutil.copytree(weights, packs / "hollow")
    spoil(packs / "hollow" / FOREGROUND)  # found out when it is loaded
    shutil.copytree(weights, packs / "refused-by-size")
    (packs / "refused-by-size" / ENCODER).write_bytes(b"")  # found out at a glance
    return open_real_box()


def spoil(path: Path) -> None:
    """Another content of the same size."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def names_of_ours(box: RealBox, weights: Path) -> tuple[str, ...]:
    return (
        str(box.home.parent),
        weights.name,
        "our-packs",
        "refused-by-size",
        "manifest",
        ".safetensors",
        "daemon.log",
        "connection.json",
    )


def assert_silent(text: str, box: RealBox, weights: Path) -> None:
    assert [name for name in names_of_ours(box, weights) if name in text] == []


def test_the_status_of_a_guest_names_no_file_and_no_folder(box: RealBox, weights: Path) -> None:
    own, guest = box.peer(greeted=""), box.guests_peer()
    for peer in (own, guest):
        assert peer.ask(Hello(new_id(), "test"), LOAD_SECONDS)[-1].TYPE == "welcome"
    wait_until(lambda: bool(report_of(own)["engine"]))
    assert_silent(repr(report_of(guest)), box, weights)
    engine = report_of(guest)["engine"]
    assert engine["weights"] == "untrained" and engine["loaded"] is True  # what it may know is there
    own_report = repr(report_of(own))
    assert all(name in own_report for name in names_of_ours(box, weights) if name != "manifest")


def test_an_error_about_a_pack_names_no_file(box: RealBox, weights: Path) -> None:
    own, guest = box.peer(greeted=""), box.guests_peer()
    for peer in (guest, own):
        peer.ask(Hello(new_id(), "test"), LOAD_SECONDS)
    error = the_error(guest.ask(an_insert("disc", pack="hollow"), LOAD_SECONDS))
    assert error.code is ErrorCode.MODEL_CORRUPT
    assert "damaged" in error.sentence and "who looks after that computer" in error.hint
    assert_silent(repr(error), box, weights)
    assert FOREGROUND in box.log()
    assert isinstance(guest.ask(an_insert("disc"), LOAD_SECONDS)[-1], Done)


@pytest.mark.parametrize("harm", [Path.unlink, spoil])
def test_an_error_about_the_shipped_weights_names_no_file(
    weights: Path, harm: Callable[[Path], None], open_real_box: Callable[[], RealBox]
) -> None:
    harm(weights / MASKS)
    box = open_real_box()
    guest = box.guests_peer()
    answer = guest.ask(Hello(new_id(), "test"), LOAD_SECONDS)[-1]
    assert isinstance(answer, Error)
    assert answer.code in (ErrorCode.MODEL_MISSING, ErrorCode.MODEL_CORRUPT)
    assert_silent(repr(answer), box, weights)
    report = report_of(guest)
    assert report["state"] == "failed" and "who looks after that computer" in report["error"]
    assert_silent(repr(report), box, weights)
    own = box.peer(greeted="")
    assert str(weights) in repr(own.ask(Hello(new_id(), "test"), LOAD_SECONDS)[-1])
