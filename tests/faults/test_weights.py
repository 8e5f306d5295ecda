"""Weights that are changed while the daemon runs: a reason and what to do, never a crash or wrong pixels."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.painting.engine import Engine, create_engine
from daemon.serving.settings import Settings
from tests.daemon.conftest import Serve, wait_until
from tests.daemon.peer import Peer, an_insert, the_error
from tests.faults.house import patient_peer
from tests.fuzz.live_daemon import live_daemon
from tests.tiny_weights import write_tiny_weights
from wire.protocol import ErrorCode, Layer

FILE = "foreground.safetensors"


def truncate(weights: Path) -> None:
    with (weights / FILE).open("r+b") as file:
        file.truncate(1000)


def swap(weights: Path) -> None:
    """Another network, itself without a fault, takes the file's place."""
    other = weights.with_name("other")
    write_tiny_weights(other)
    content = bytearray((other / FILE).read_bytes())
    content[-1] ^= 0x01  # one weight differs in its last bit
    (weights / FILE).write_bytes(content)


def remove(weights: Path) -> None:
    (weights / FILE).unlink()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    write_tiny_weights(tmp_path / "weights")
    return tmp_path / "weights"


def pixels(peer: Peer) -> bytes:
    replies = peer.ask(an_insert("disc", seed=3), 60)
    (layer,) = [reply for reply in replies if isinstance(reply, Layer)]
    return bytes(layer.pixels.data)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (truncate, ErrorCode.MODEL_CORRUPT),
        (swap, ErrorCode.MODEL_CORRUPT),
        (remove, ErrorCode.MODEL_MISSING),
    ],
)
def test_weights_changed_while_they_are_not_in_memory_are_refused_until_they_are_mended(
    serve: Serve, weights: Path, change: Callable[[Path], None], code: ErrorCode
) -> None:
    engine: Engine = create_engine(weights, device="cpu")
    served = serve(engine, Settings(release_after=0.2))
    peer = patient_peer(served)
    before = pixels(peer)
    wait_until(lambda: not engine.report()["loaded"])
    backup = weights.with_name("backup")
    shutil.copytree(weights, backup)
    change(weights)
    error = the_error(peer.ask(an_insert("disc"), 60))
    assert error.code is code
    assert "install.py" in error.hint
    shutil.copytree(backup, weights, dirs_exist_ok=True)
    assert pixels(peer) == before


def test_weights_changed_while_they_are_in_use_change_nothing(tmp_path: Path, weights: Path) -> None:
    with live_daemon(tmp_path / "home", weights) as daemon:  # a process: a file that is mapped could kill it
        peer = daemon.peer("test")
        try:
            before = pixels(peer)
            for change in (swap, truncate, remove):
                change(weights)
                assert pixels(peer) == before
        finally:
            peer.close()
        assert daemon.process.poll() is None
