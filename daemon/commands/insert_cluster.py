"""``insert-object insert --batch … --cluster``: rows of a batch, painted by the workers of a Dask cluster.

Dask hands rows out, finds out that a worker is gone and gives its rows to another. A row that is painted
again for that makes the same file: files appear whole, and a row says all that they depend on. Imports Dask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from distributed import Client as Cluster
from distributed import Future, WorkerPlugin, as_completed, get_worker
from distributed.scheduler import KilledWorker

from daemon.client import Client
from daemon.client.in_process import client_in_this_process
from daemon.commands.batch_rows import Row, failure
from daemon.commands.insert_job import Plan
from daemon.commands.row_account import account_of
from daemon.home.folders import Folders
from daemon.home.machine import let_threads_sleep
from models.files.manifest import FILE_NAME
from wire import __version__
from wire.protocol import ErrorCode, InsertObjectError

FIRST_WORKER_SECONDS = 60.0
HANDED_OUT = 8  # rows for each thread of the cluster: none has to wait, and few are painted again for a death


class Painter(WorkerPlugin):  # type: ignore[misc]
    """What each worker holds: the networks, warm, also from one batch to the next.

    ``version`` and ``weights`` are those of the computer that asks; others would make other pixels.
    """

    idempotent = True  # a worker that has a painter of this name keeps it

    def __init__(self, version: str, weights: str) -> None:
        self._version, self._weights = version, weights
        self.name = f"insert-object {version} {weights}"
        self._client: Client | None = None

    @classmethod
    def like_here(cls) -> Painter:
        return cls(__version__, _weights_here())

    def setup(self, worker: Any) -> None:
        """Loads the networks.

        Raises:
            InsertObjectError: they are missing, or others than those of the computer that asks.
        """
        let_threads_sleep()
        if (self._version, self._weights) != (__version__, _weights_here()):
            raise InsertObjectError(
                ErrorCode.VERSION,
                f"The worker {worker.address} has another version of Insert Object, or other weights.",
                "Install the same on every computer.",
            )
        self._client = client_in_this_process()

    def teardown(self, worker: Any) -> None:  # noqa: ARG002 - as Dask calls it
        if self._client is not None:
            self._client.close()

    def paint(self, row: Row) -> Mapping[str, Any]:
        """The account of a row, with the device that made it: unlike processors may differ a little."""
        if self._client is None:
            raise RuntimeError("the networks were not loaded")
        return {**account_of(row, self._client), "device": self._client.welcome.device}


def _weights_here() -> str:
    """What tells these weights from others: the hash of the manifest, which holds the files' own."""
    manifest = Folders.default().weights / FILE_NAME
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.exists() else ""


def _paint(painter: str, row: Row) -> Mapping[str, Any]:
    """Runs on a worker."""
    account: Mapping[str, Any] = get_worker().plugins[painter].paint(row)
    return account


def accounts_on_cluster(rows: Sequence[Row], address: str) -> Iterator[Mapping[str, Any]]:
    """What became of each row, each once, as they are done.

    Raises:
        InsertObjectError: there is no cluster, or its workers cannot paint.
    """
    try:
        cluster = Cluster(address, set_as_default=False)
        cluster.wait_for_workers(1, timeout=FIRST_WORKER_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise InsertObjectError(
            ErrorCode.UNAVAILABLE,
            f"There is no cluster with a worker at “{address}”.",
            "Start “dask scheduler” and “dask worker”, see docs/batch.md.",
        ) from error
    with cluster:
        painter = Painter.like_here()
        cluster.register_plugin(painter, painter.name)
        yield from _painted(cluster, painter.name, rows)


def _painted(cluster: Cluster, painter: str, rows: Sequence[Row]) -> Iterator[Mapping[str, Any]]:
    yield from ({"row": row.number, **failure(row.plan)} for row in rows if not isinstance(row.plan, Plan))
    left = iter([row for row in rows if isinstance(row.plan, Plan)])
    waiting = as_completed(loop=cluster.loop)
    numbers: dict[str, int] = {}  # of the rows that are handed out, by Dask's key

    def hand_out() -> None:
        if row := next(left, None):
            future = cluster.submit(_paint, painter, _absolute(row), pure=False)
            numbers[future.key] = row.number
            waiting.add(future)

    for _ in range(HANDED_OUT * max(1, sum(cluster.nthreads().values()))):
        hand_out()
    for future in waiting:
        yield _account(future, numbers.pop(future.key))
        hand_out()


def _account(future: Future, number: int) -> Mapping[str, Any]:
    try:
        account: Mapping[str, Any] = future.result()
    except KilledWorker:
        sentence = "The workers that were given this row died of it."
        return {"row": number, **failure(InsertObjectError(ErrorCode.INTERNAL, sentence, "See their logs."))}
    return account


def _absolute(row: Row) -> Row:
    """The row for a process with another working folder."""
    plan = row.plan
    if not isinstance(plan, Plan):
        return row
    asked = [
        replace(item, mask=item.mask and item.mask.absolute(), models=item.models.absolute())
        for item in plan.asked
    ]
    return Row(
        row.number,
        replace(
            plan,
            asked=asked,
            photo=plan.photo.absolute(),
            outputs=[path.absolute() for path in plan.outputs],
            layer_files=[path.absolute() for path in plan.layer_files],
        ),
    )
