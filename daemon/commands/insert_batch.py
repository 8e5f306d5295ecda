"""``insert-object insert --batch``: many photos in one process and over one connection."""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from daemon.client import Client
from daemon.commands.batch_rows import Row, planned_rows, read_rows
from daemon.commands.insert_options import add_insert_options
from daemon.commands.option_values import WrongOptions
from daemon.commands.progress_bar import ProgressBar
from daemon.commands.row_account import account_of
from daemon.pictures.atomic_file import quoted

AT_ONCE = 3  # rows: one is read, one painted, one written
_STDIN = "-"


def run(options: argparse.Namespace) -> int:
    """Runs the command; exit code 2 where a row failed.

    Raises:
        InsertObjectError: the rows cannot be read, or nothing can be painted at all.
    """
    _check_alone(options)
    if options.cluster:
        _check_dask()
    rows = rows_of(options.batch)
    failed = 0
    with ExitStack() as stack:
        bar = stack.enter_context(ProgressBar(len(rows)))
        if options.cluster:
            from daemon.commands.insert_cluster import accounts_on_cluster

            accounts = accounts_on_cluster(rows, options.cluster)
        else:
            client = stack.enter_context(Client.connect())
            client.wait_until_ready(bar.show)
            accounts = accounts_of(rows, client)
        for account in accounts:
            print(json.dumps(account), flush=True)
            failed += "error" in account
            bar.next_step()
    if failed:
        print(f"insert-object: {failed} of {len(rows)} rows failed; their lines say why.", file=sys.stderr)
    return 2 if failed else 0


def rows_of(batch: Path) -> list[Row]:
    """The rows of a file, or of the standard input for “-”.

    Raises:
        WrongOptions: it cannot be read.
    """
    try:
        with ExitStack() as stack:
            file = sys.stdin.buffer if str(batch) == _STDIN else stack.enter_context(batch.open("rb"))
            return planned_rows(read_rows(file), [] if str(batch) == _STDIN else [batch])
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise WrongOptions(f"The rows {quoted(batch)} cannot be read: {reason}.") from error


def accounts_of(rows: Sequence[Row], client: Client) -> Iterator[Mapping[str, Any]]:
    """What became of each row, in their order. A row that fails says why, and the others go on."""
    with ThreadPoolExecutor(AT_ONCE, "insert-object row") as pool:
        waiting: deque[Future[Mapping[str, Any]]] = deque()
        try:
            for row in rows:
                waiting.append(pool.submit(account_of, row, client))
                if len(waiting) > AT_ONCE:
                    yield waiting.popleft().result()
            yield from _results(waiting)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _results(waiting: Iterable[Future[Mapping[str, Any]]]) -> Iterator[Mapping[str, Any]]:
    for future in waiting:
        yield future.result()


def _check_dask() -> None:
    if find_spec("distributed") is None:
        raise WrongOptions(
            "--cluster needs Dask.",
            f"In the folder of install.py, run {sys.executable} -m pip install --require-hashes --no-deps "
            "-r requirements-cluster.lock",
        )


def _check_alone(options: argparse.Namespace) -> None:
    """Refuses options beside --batch: rows say everything."""
    grammar = argparse.ArgumentParser(add_help=False)
    add_insert_options(grammar)
    allowed = ("batch", "cluster", "json")
    for action in grammar._actions:
        value = getattr(options, action.dest)
        if action.dest not in allowed and value != action.default:
            names = [name for name in action.option_strings if name.startswith("--")] or [action.dest]
            name = names[-1 if value is False else 0].removeprefix("--")
            raise WrongOptions(f"--batch and {name} are both given.", "A row says everything about itself.")
