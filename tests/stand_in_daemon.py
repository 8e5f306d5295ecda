"""Runs the real daemon with the stand-in engine: ``python tests/stand_in_daemon.py [--stage-seconds S]``.

It serves the folders that INSERT_OBJECT_HOME names, as ``insert-object daemon run`` does.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from daemon.home.folders import Folders
from daemon.serving.address import Address
from daemon.serving.process import run_daemon
from daemon.serving.settings import Settings
from tests.stand_in_engine import StandInEngine
from wire.protocol import ErrorCode, InsertObjectError, Stage


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load-seconds", type=float, default=0.0, help="time that loading takes")
    parser.add_argument("--stage-seconds", type=float, default=0.0, help="time that each stage takes")
    parser.add_argument("--fail-load", type=int, default=0, help="so many loads fail with model-missing")
    parser.add_argument("--fail-stage", type=Stage, choices=list(Stage), help="this stage fails, once")
    parser.add_argument("--note", action="append", default=[], help="a note for the next request's done")
    parser.add_argument("--listen", help="tcp://HOST:PORT for other computers, as “daemon run” takes it")
    options = parser.parse_args()
    missing = InsertObjectError(ErrorCode.MODEL_MISSING, "The weights are missing.", "Run install.py again.")
    engine = StandInEngine(
        load_seconds=options.load_seconds,
        stage_seconds=options.stage_seconds,
        load_errors=[missing] * options.fail_load,
        errors={options.fail_stage: RuntimeError("injected")} if options.fail_stage else {},
        notes=list(options.note),
    )
    settings = Settings.from_environment()
    if options.listen:
        settings = replace(settings, listen=Address.parse(options.listen, lowest_port=0))
    try:
        run_daemon(Folders.default(), lambda: engine, settings)
    except InsertObjectError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
