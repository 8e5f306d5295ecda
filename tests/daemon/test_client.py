"""Inserting from Python, through a real daemon process with the stand-in engine."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from daemon.client import Client, start_command
from daemon.client.in_process import client_in_this_process
from daemon.home.folders import Folders
from daemon.home.lifecycle import connection_pid, running_pid
from daemon.home.private_files import PrivateFileError
from tests.daemon.conftest import Serve, wait_until
from tests.program import ROOT
from tests.stand_in_engine import StandInEngine, chosen_seeds, out_of_memory, stand_in_colour
from wire import __version__
from wire.connection import Config
from wire.herd import Region, herd_in
from wire.protocol import (
    PROTOCOL_VERSION,
    ErrorCode,
    InsertObjectError,
    Limits,
    Rect,
    Reply,
    Request,
    Stage,
    Welcome,
)
from wire.session import NotReady, Session


@pytest.fixture
def home_folders(insert_object_home: Path) -> Folders:
    del insert_object_home  # it has set the environment
    return Folders.default()


@pytest.fixture
def client(home_folders: Folders) -> Iterator[Client]:
    """A client that starts the stand-in daemon when it needs one; a stage takes 0.1 s."""
    command = (sys.executable, str(ROOT / "tests" / "stand_in_daemon.py"), "--stage-seconds", "0.1")
    session = Session(Config(home_folders.connection_file, command), "test")
    session.open()
    with Client(session) as opened:
        yield opened


def test_it_starts_the_daemon_and_inserts(client: Client, sample_photo: np.ndarray) -> None:
    before = sample_photo.copy()
    stages: list[tuple[Stage, float]] = []
    layer = client.insert(
        sample_photo,
        box=(100, 50, 200, 160),
        class_name="dog",
        seed=3,
        on_progress=lambda stage, part: stages.append((stage, part)),
    )
    assert layer.pixels.shape == (120, 150, 4)
    assert layer.pixels.dtype == np.uint8
    assert tuple(layer.pixels[0, 0]) == (*stand_in_colour("dog", 3, 0), 255)
    assert layer.offset == (125, 70)
    assert (layer.seed, layer.class_name) == (3, "dog")
    assert [stage for stage, _ in stages] == [Stage.MASK, Stage.OBJECT, Stage.FINISHING]
    assert np.array_equal(sample_photo, before)


def test_it_inserts_a_herd(client: Client, sample_photo: np.ndarray) -> None:
    herd = client.insert_herd(sample_photo, (50, 40, 400, 200), "dog", 3, seed=3, shadow=False)
    lowest = [layer.offset[1] + layer.pixels.shape[0] for layer in herd]
    assert lowest == sorted(lowest)
    assert len({layer.seed for layer in herd}) == 3
    assert {layer.shadow for layer in herd} == {None}


def test_variations_come_in_order_and_in_the_pictures_depth(client: Client) -> None:
    picture = np.full((300, 400, 4), 30_000, np.uint16)
    mask = np.full((300, 400), 255, np.uint8)
    reference = np.full((2000, 1500, 3), 90, np.uint8)
    layers = client.insert_variations(
        picture, box=(0, 0, 80, 80), class_name="cat", seed=3, variations=3, mask=mask, reference=reference
    )
    assert [layer.seed for layer in layers] == [3, 4, 5]
    assert all(layer.pixels.dtype == np.uint16 for layer in layers)
    assert all("reaches beyond the box" in layer.notes[0] for layer in layers)
    mask[:, 80:] = mask[80:] = 0
    eight = client.insert(picture, box=(0, 0, 80, 80), class_name="cat", depth=8, mask=mask)
    assert eight.notes == ()
    assert eight.pixels.dtype == np.uint8


def test_without_a_seed_the_best_of_a_dozen_are_made_and_with_one_that_very_object(serve: Serve) -> None:
    served = serve()
    picture = np.full((300, 400, 3), 90, np.uint8)
    wanted: dict[str, Any] = {"picture": picture, "box": (0, 0, 380, 280), "class_name": "dog"}
    with Client.connect(served.folders, autostart=False) as client:

        def seeds(**choices: Any) -> list[int]:
            return [layer.seed for layer in client.insert_variations(**wanted, **choices)]

        assert seeds() == chosen_seeds(0, 12, 1, 0) == [11]
        assert seeds(variations=8) == chosen_seeds(0, 16, 8, 0)
        assert seeds(seed=5) == [5]
        assert seeds(seed=5, variations=2) == [5, 6]
        assert seeds(seed=5, candidates=3) == [7]
        assert seeds(candidates=1) == [0]
        layer = client.insert(**wanted)
        assert tuple(layer.pixels[0, 0, :3]) == stand_in_colour("dog", 11, 0)
        herds = [
            client.insert_herd(**wanted, count=3, **choices)
            for choices in ({"seed": 0}, {}, {"seed": 0, "candidates": 5})
        ]
    members = herd_in(Region(Rect(0, 0, 380, 280)), "dog", 3, 0, 300)
    for herd, candidates in zip(herds, (1, 12, 5), strict=True):
        assert [layer.seed for layer in herd] == [
            chosen_seeds(member.seed, candidates, 1, member.box.x)[0] for member in members
        ]


def test_the_service_names_its_classes_and_its_state(client: Client) -> None:
    assert [known.name for known in client.classes] == ["dog", "cat", "car"]
    assert client.status()["state"] == "ready"


def test_errors_arrive_as_exceptions_with_their_code(client: Client, sample_photo: np.ndarray) -> None:
    with pytest.raises(InsertObjectError) as unknown:
        client.insert(sample_photo, box=(0, 0, 50, 50), class_name="dgo")
    assert unknown.value.code is ErrorCode.UNKNOWN_CLASS
    with pytest.raises(InsertObjectError) as small:
        client.insert(sample_photo, box=(0, 0, 3, 50), class_name="dog")
    assert small.value.code is ErrorCode.BOX_TOO_SMALL
    with pytest.raises(ValueError, match="mask"):
        client.insert(sample_photo, box=(0, 0, 50, 50), class_name="dog", mask=np.zeros((5, 5), np.uint8))


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("stage", [Stage.MASK, Stage.OBJECT, Stage.FINISHING])
def test_a_daemon_killed_in_any_stage_is_started_again_and_the_request_done(
    client: Client, home_folders: Folders, sample_photo: np.ndarray, stage: Stage
) -> None:
    client.status()
    killed: list[int] = []

    def kill(now: Stage, _fraction: float) -> None:
        if now is stage and not killed:
            pid = connection_pid(home_folders)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    layer = client.insert(sample_photo, box=(0, 0, 80, 80), class_name="dog", seed=5, on_progress=kill)
    assert tuple(layer.pixels[0, 0, :3]) == stand_in_colour("dog", 5, 0)
    assert killed
    assert running_pid(home_folders) not in (None, *killed)


def test_loading_is_reported_while_it_is_waited_for(home_folders: Folders) -> None:
    command = (sys.executable, str(ROOT / "tests" / "stand_in_daemon.py"), "--load-seconds", "1")
    session = Session(Config(home_folders.connection_file, command), "test")
    session.open()
    told: list[float] = []
    with Client(session) as opened:
        welcome = opened.wait_until_ready(lambda _stage, part: told.append(part))
    assert welcome.device == "stand-in"
    assert told == sorted(told)
    assert told[-1] > 0


def test_a_service_that_takes_too_long_is_told_with_the_whole_time(
    home_folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (sys.executable, str(ROOT / "tests" / "stand_in_daemon.py"), "--load-seconds", "60")
    session = Session(Config(home_folders.connection_file, command), "test")
    session.open()
    monkeypatch.setattr("daemon.client.client.READY_SECONDS", 0.5)
    with Client(session) as opened, pytest.raises(InsertObjectError, match=r"not ready within 0\.5 seconds"):
        opened.wait_until_ready()


def test_shutdown_ends_the_daemon(client: Client, home_folders: Folders) -> None:
    client.status()
    pid = running_pid(home_folders)
    client.shutdown()
    wait_until(lambda: running_pid(home_folders) is None)
    wait_until(lambda: pid is not None and not psutil.pid_exists(pid))


def test_several_threads_share_one_client(client: Client, sample_photo: np.ndarray) -> None:
    found: dict[int, tuple[int, ...]] = {}

    def insert(seed: int) -> None:
        layer = client.insert(sample_photo, box=(0, 0, 80, 80), class_name="car", seed=seed)
        found[seed] = tuple(int(value) for value in layer.pixels[0, 0, :3])

    threads = [threading.Thread(target=insert, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {seed: stand_in_colour("car", seed, 0) for seed in range(4)}


def test_without_autostart_a_missing_daemon_is_one_clear_error(home_folders: Folders) -> None:
    with Client.connect(home_folders, autostart=False) as lonely, pytest.raises(InsertObjectError) as missing:
        lonely.status()
    assert "not running" in missing.value.sentence
    assert "daemon start" in missing.value.hint


def test_a_home_that_cannot_be_written_is_told_before_anything_is_started(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folders = Folders.default({"INSERT_OBJECT_HOME": str(tmp_path / "file")})
    with pytest.raises(PrivateFileError, match="cannot be written"):
        Client.connect(folders)


class JustReady:
    """A session whose daemon becomes ready right after the first wait for it was over."""

    fraction = 1.0

    def __init__(self) -> None:
        self.waits = 0

    def wait_ready(self, timeout: float) -> Welcome:
        self.waits += 1
        if self.waits == 1:
            raise NotReady(timeout)
        return Welcome("id", PROTOCOL_VERSION, __version__, "stand-in", (), Limits())

    def stream(self, _request: Request, _timeout: float) -> Iterator[Reply]:
        raise AssertionError("nothing was asked for")

    def close(self) -> None: ...


def test_a_daemon_that_becomes_ready_between_two_waits_is_no_error() -> None:
    assert Client(JustReady()).wait_until_ready().device == "stand-in"


def test_the_start_command_works_from_any_folder() -> None:
    program, isolated, path, *rest = start_command()
    assert Path(program).is_absolute()
    assert (isolated, (Path(path) / "__main__.py").is_file()) == ("-I", True)
    assert rest == ["daemon", "run"]


def test_networks_of_ones_own_tell_no_notes_of_a_request_that_failed(
    home_folders: Folders, sample_photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = StandInEngine(notes=["The CPU had to help."], errors={Stage.OBJECT: out_of_memory()})
    monkeypatch.setattr("daemon.painting.engine.create_engine", lambda *_places, **_more: engine)
    with client_in_this_process(home_folders) as client:
        with pytest.raises(InsertObjectError, match="not enough memory"):
            client.insert(sample_photo, (100, 50, 200, 160), "dog", seed=3)
        assert client.insert(sample_photo, (100, 50, 200, 160), "dog", seed=3).notes == ()
