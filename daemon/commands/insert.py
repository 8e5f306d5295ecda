"""``insert-object insert``: a photo and wishes in, a finished picture or layers out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from daemon.client import Client
from daemon.commands.insert_job import painted, planned, prepared, written
from daemon.commands.progress_bar import ProgressBar
from daemon.commands.result_files import check_clashes
from daemon.pictures.composition import Composition


def run(options: argparse.Namespace) -> int:
    """Runs the command; see ``insert-object insert --help``.

    Raises:
        InsertObjectError: for everything the user can mend; nothing is written then, or the files that
            were finished before it.
    """
    plan = planned(options)
    check_clashes(plan.written, plan.read)
    job = prepared(plan)
    with Client.connect() as client, ProgressBar(job.steps) as bar:
        results = painted(job, client, bar)
    account = written(job, results)
    if options.json:
        print(json.dumps(account))
    else:
        _tell(results, *plan.files_of(results))
        for note in dict.fromkeys(job.notes):
            print(f"insert-object: {note}", file=sys.stderr)
    return 0


def _tell(results: list[Composition], outputs: list[Path], layer_files: list[Path]) -> None:
    """One line per file."""
    if len(outputs) == len(results):
        for result, path in zip(results, outputs, strict=True):
            print(f"{path}: {', '.join(layer.name for layer in result.objects)}")
    else:
        print(f"{outputs[0]}: {', '.join(layer.name for result in results for layer in result.objects)}")
    for path in layer_files:
        print(f"{path}: object layer")
