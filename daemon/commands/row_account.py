"""One row of a batch: painted, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.client import Client
from daemon.commands.batch_rows import Row, failure
from daemon.commands.insert_job import Plan, painted, prepared, written
from daemon.commands.progress_bar import ProgressBar
from daemon.home.limits import is_of_memory, memory_hint
from wire.protocol import ErrorCode, InsertObjectError


def account_of(row: Row, client: Client) -> Mapping[str, Any]:
    """Paints a row; what was made, or why it was not."""
    return {
        "row": row.number,
        **(_made(row.plan, client) if isinstance(row.plan, Plan) else failure(row.plan)),
    }


def _made(plan: Plan, client: Client) -> Mapping[str, Any]:
    try:
        job = prepared(plan)
        return written(job, painted(job, client, ProgressBar(job.steps)))
    except InsertObjectError as error:
        return failure(error)
    except Exception as error:  # one row's trouble, a bug of ours included, is not the others'
        if is_of_memory(error):
            return failure(
                InsertObjectError(ErrorCode.OUT_OF_MEMORY, "There is not enough memory.", memory_hint())
            )
        sentence = f"Internal error, please report it: {type(error).__name__}: {' '.join(str(error).split())}"
        return failure(InsertObjectError(ErrorCode.INTERNAL, sentence))
