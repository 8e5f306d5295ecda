"""``insert --batch --cluster``: rows painted by the workers of a Dask cluster."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from daemon.client import Client
from daemon.client.in_process import client_in_this_process
from daemon.home.folders import Folders
from tests.cluster import check_same, make_studio, painted_here, painted_with_a_death, running_cluster
from tests.command_line.conftest import Command
from tests.conftest import RunCli

ROWS = 60
needs_dask = pytest.mark.skipif(
    find_spec("distributed") is None, reason="the extra “cluster” is not installed"
)


@needs_dask
def test_a_worker_that_dies_loses_nothing_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    studio = make_studio(tmp_path, ROWS)
    with running_cluster(studio) as cluster:
        accounts = painted_with_a_death(studio, studio.batch("there"), cluster)
        assert cluster.workers[0].poll() is not None and cluster.workers[1].poll() is None
    ours = painted_here(studio, studio.batch("here"))
    check_same(studio, accounts, ours)
    made = sorted(path.name for path in (tmp_path / "there").iterdir() if not path.name.startswith("."))
    assert made == sorted(f"{number}.png" for number in range(ROWS))


@needs_dask
def test_other_weights_are_refused_by_the_workers(tmp_path: Path, run_cli: RunCli) -> None:
    studio = make_studio(tmp_path, 1)
    batch = studio.batch("there")
    with running_cluster(studio) as cluster:  # the command itself has the shipped weights
        ended = run_cli("insert", "--batch", batch, "--cluster", cluster.address)
    assert ended.returncode == 2 and "other weights" in ended.stderr and not ended.stdout


@needs_dask
def test_no_cluster_at_the_address(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n")
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "0.5s")
    ended = run_cli("insert", "--batch", "rows.jsonl", "--cluster", "tcp://127.0.0.1:9")
    assert ended.returncode == 2 and "There is no cluster" in ended.stderr and not ended.stdout


def test_a_cluster_needs_rows(command: Command, photo: Path, tmp_path: Path) -> None:
    ended = command("insert", photo, "--cluster", "tcp://127.0.0.1:9", "-o", tmp_path / "o.png")
    assert ended.code == 2 and "without --batch" in ended.err


@pytest.mark.usefixtures("running_daemon")
def test_networks_in_this_process_make_what_the_daemon_makes(sample_photo: np.ndarray) -> None:
    wanted = {"box": (100, 120, 300, 260), "class_name": "horse", "seed": 5, "shadow": True}
    with Client.connect(autostart=False) as theirs, client_in_this_process(Folders.default()) as own:
        assert [info.name for info in own.classes] == [info.name for info in theirs.classes]
        one, other = (
            client.insert_variations(sample_photo, variations=2, **wanted) for client in (theirs, own)
        )
    for mine, its in zip(one, other, strict=True):
        assert mine.offset == its.offset and mine.pixels.shape == its.pixels.shape
        apart = np.abs(mine.pixels.astype(int) - its.pixels.astype(int))
        assert apart.max() <= 4 and apart.mean() < 0.25  # of 255: other threads sum in another order
        assert mine.shadow is not None and its.shadow is not None
        shadows = np.abs(mine.shadow.pixels.astype(int) - its.shadow.pixels.astype(int))
        assert shadows.max() <= 4 and shadows.mean() < 0.25
