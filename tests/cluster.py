"""A Dask cluster of real processes on this computer, small networks and pictures, and a batch for it.

Used by the tests, and by ``benchmarks.cluster`` with more rows.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from daemon.client.in_process import client_in_this_process
from daemon.commands.insert_batch import accounts_of, rows_of
from daemon.home.folders import Folders
from tests.program import program_environment
from tests.tiny_weights import write_tiny_weights
from wire.protocol import USUAL_CANDIDATES

START_SECONDS = 120.0
PHOTOS = 20
WITHOUT_SEED = 10  # one row of so many


@dataclass(frozen=True)
class Studio:
    """A folder with photos, weights and rows."""

    folder: Path
    rows: int

    @property
    def environment(self) -> dict[str, str]:
        """For processes of it: one thread each, on the weights of this folder."""
        return {
            **program_environment(self.folder / "home"),
            "INSERT_OBJECT_WEIGHTS": str(self.folder / "weights"),
            "OMP_NUM_THREADS": "1",
        }

    def batch(self, out: str) -> Path:
        """A file of rows whose pictures go into that folder; some leave their seed to the program."""
        (self.folder / out).mkdir()
        file = self.folder / f"{out}.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            for number in range(self.rows):
                row = {
                    "photo": f"photo-{number % PHOTOS}.png",
                    "box": [10 + number % 7, 12, 40, 36],
                    "class": ("disc", "star")[number % 2],
                    "seed": number if number % WITHOUT_SEED else None,
                    "out": f"{out}/{number}.png",
                }
                lines.write(json.dumps(row) + "\n")
        return file


def make_studio(folder: Path, rows: int) -> Studio:
    """Photos of 96 × 80 pixels and untrained networks of 32 pixels: a row takes milliseconds."""
    write_tiny_weights(folder / "weights", judging=True)
    random = np.random.default_rng(0)
    for number in range(PHOTOS):
        pixels = random.integers(0, 256, (80, 96, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"photo-{number}.png")
    return Studio(folder, rows)


@dataclass(frozen=True)
class RunningCluster:
    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def running_cluster(studio: Studio) -> Iterator[RunningCluster]:
    """A scheduler and two workers, started as docs/batch.md says; they end with the block."""
    told = studio.folder / "scheduler.json"
    with ExitStack() as stack:

        def start(command: str, *options: str) -> subprocess.Popen[bytes]:
            output = stack.enter_context((studio.folder / "cluster.log").open("ab"))
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", command, "--no-dashboard", *options],
                cwd=studio.folder,
                env=studio.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            stack.callback(_end, process)
            return process

        local = ("--host", "127.0.0.1")
        start("scheduler", "--port", "0", "--scheduler-file", str(told), *local)
        deadline = time.monotonic() + START_SECONDS
        while (address := _address_in(told)) is None:
            if time.monotonic() > deadline:
                raise RuntimeError((studio.folder / "cluster.log").read_text("utf-8"))
            time.sleep(0.02)
        workers = [start("worker", address, "--nthreads", "1", "--no-nanny", *local) for _ in range(2)]
        yield RunningCluster(address, workers)


def _address_in(file: Path) -> str | None:
    """What a scheduler's file says, once it is there and whole."""
    try:
        return str(json.loads(file.read_text("utf-8"))["address"])
    except (OSError, ValueError):
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def painted_with_a_death(studio: Studio, batch: Path, cluster: RunningCluster) -> list[Mapping[str, Any]]:
    """The accounts of a batch that lost one of its two workers, killed as it worked, after a quarter."""
    command = [sys.executable, "-m", "daemon", "insert", "--batch", str(batch), "--cluster", cluster.address]
    accounts: list[Mapping[str, Any]] = []
    with subprocess.Popen(
        command, cwd=studio.folder, env=studio.environment, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            accounts.append(json.loads(line))
            if len(accounts) == studio.rows // 4:
                cluster.workers[0].send_signal(signal.SIGKILL)
    return accounts


def painted_here(studio: Studio, batch: Path) -> list[Mapping[str, Any]]:
    """The accounts of a batch that this process has painted; the working folder is the studio's."""
    folders = replace(Folders.default(), weights=studio.folder / "weights")
    with client_in_this_process(folders) as client:
        return list(accounts_of(rows_of(batch), client))


def check_same(studio: Studio, accounts: list[Mapping[str, Any]], ours: list[Mapping[str, Any]]) -> None:
    """Nothing is lost, nothing doubled, and every file is the one that the other run made.

    Raises:
        AssertionError: what is wrong.
    """
    assert sorted(account["row"] for account in accounts) == list(range(1, studio.rows + 1))
    assert all("error" not in account for account in accounts)
    hashes = {account["row"]: account["sha256"] for account in accounts}
    assert hashes == {account["row"]: account["sha256"] for account in ours}
    for account in accounts:
        number, seed = account["row"] - 1, account["layers"][0]["seed"]
        assert seed == number if number % WITHOUT_SEED else seed in range(USUAL_CANDIDATES)
        assert Path(account["outputs"][0]).exists()
