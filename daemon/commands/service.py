"""``insert-object daemon run | start | stop | status | logs`` and ``insert-object doctor``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from typing import TYPE_CHECKING

from daemon.commands.remote import add_remote_options, add_remote_parsers, chosen_upstream, with_listening
from daemon.home.folders import Folders
from daemon.serving.settings import Settings, device_name, seconds_of_minutes
from wire.protocol import ErrorCode, InsertObjectError

if TYPE_CHECKING:
    from daemon.serving.worker import Engine

STOP_SECONDS = 60.0  # for the running request of a daemon that was asked to end
KILL_SECONDS = 10.0  # for a daemon that does not answer, after its process was asked to end


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``daemon`` and ``doctor`` to the command line."""
    daemon = subparsers.add_parser("daemon", help="run, start or stop the service", allow_abbrev=False)
    actions = daemon.add_subparsers(metavar="ACTION", required=True)
    run = actions.add_parser("run", help="serve in the foreground", allow_abbrev=False)
    run.add_argument("--device", help="cpu, cuda, cuda:1 …; default: the best there is")
    run.add_argument(
        "--release-after", metavar="MINUTES", help="give memory back when idle for so long (default 5)"
    )
    run.add_argument("--end-after", metavar="MINUTES", help="end when idle for so long (default 30)")
    run.add_argument(
        "--if-none-runs", action="store_true", help="end at once, without a fault, when one runs already"
    )
    add_remote_options(run)
    run.set_defaults(run=_run)
    actions.add_parser("start", help="start it in the background").set_defaults(run=_start)
    actions.add_parser("stop", help="end it once its running request is done").set_defaults(run=_stop)
    for commands, who in ((actions, "it"), (subparsers, "the service")):
        status = commands.add_parser(
            "status", help=f"what {who} is doing, on which device", allow_abbrev=False
        )
        status.add_argument("--json", action="store_true", help="print JSON")
        status.add_argument(
            "--timings", action="store_true", help="how long the stages of the last insertions took"
        )
        status.set_defaults(run=_status)
    logs = actions.add_parser("logs", help="show the end of its log", allow_abbrev=False)
    logs.add_argument("-n", "--lines", type=int, default=50, metavar="N", help="so many lines (default 50)")
    logs.add_argument("--path", action="store_true", help="print only where the log is")
    logs.set_defaults(run=_logs)
    add_remote_parsers(actions)
    doctor = subparsers.add_parser(
        "doctor", help="find out what is wrong; gives what a bug report needs", allow_abbrev=False
    )
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(run=_doctor, whatever_the_limits=True)


def _run(options: argparse.Namespace) -> int:
    from daemon.home.lifecycle import AlreadyRunning
    from daemon.remote.forwarding import run_forwarder
    from daemon.serving.process import run_daemon

    settings = Settings.from_environment()
    if options.device:
        settings = dataclasses.replace(settings, device=device_name(options.device, "--device"))
    if options.release_after:
        seconds = seconds_of_minutes(options.release_after, "--release-after")
        settings = dataclasses.replace(settings, release_after=seconds)
    if options.end_after:
        seconds = seconds_of_minutes(options.end_after, "--end-after")
        settings = dataclasses.replace(settings, end_after=seconds)
    folders = Folders.default()
    settings = with_listening(settings, options)
    upstream = chosen_upstream(folders, options)

    def engine() -> Engine:
        from daemon.packs.shelf import check_weights

        check_weights(folders.weights)
        from daemon.painting.engine import create_engine  # imports torch: in the worker thread, when needed

        return create_engine(folders.weights, device=settings.device, packs=folders.packs)

    try:
        if upstream is not None:
            run_forwarder(folders, upstream, settings)
        else:
            run_daemon(folders, engine, settings)
    except AlreadyRunning as running:
        if not options.if_none_runs:
            raise
        print(running.sentence)
    return 0


def _start(_options: argparse.Namespace) -> int:
    from daemon.client import Client
    from daemon.commands.progress_bar import ProgressBar
    from daemon.home.lifecycle import running_pid

    folders = Folders.default()
    before = running_pid(folders)
    began = time.monotonic()
    with Client.connect(folders, name="insert-object daemon start") as client, ProgressBar(1) as bar:
        welcome = client.wait_until_ready(bar.show)
    if before is not None and before == running_pid(folders):
        print(f"The service already runs as process {before} on {welcome.device}.")
        return 0
    if before is not None:
        print(f"The service that ran before (process {before}) has ended for this one.")
    print(f"The service is ready after {time.monotonic() - began:.1f} s on {welcome.device}.")
    return 0


def _stop(_options: argparse.Namespace) -> int:
    from daemon.client import Client
    from daemon.home.lifecycle import end_process, running_pid, wait_until_ended

    folders = Folders.default()
    pid = running_pid(folders)
    if pid is None:
        print("The service does not run.")
        return 0
    try:
        with Client.connect(folders, autostart=False, name="insert-object daemon stop") as client:
            client.shutdown()
        patience = STOP_SECONDS
    except InsertObjectError:
        # it does not answer, but the lock tells that its process lives: the system ends it
        if not end_process(folders, pid):
            raise InsertObjectError(
                ErrorCode.UNAVAILABLE,
                "The service runs where it cannot be reached from here: in a sandbox or container.",
                "Give this command there.",
            ) from None
        patience = KILL_SECONDS
    if not wait_until_ended(folders, patience):
        raise InsertObjectError(
            ErrorCode.BUSY,
            f"The service (process {pid}) does not end.",
            "End that process by hand.",
        )
    print("The service has ended.")
    return 0


def _status(options: argparse.Namespace) -> int:
    from daemon.client import Client
    from daemon.commands.doctor import status_text, timings_text
    from daemon.home.lifecycle import running_pid

    folders = Folders.default()
    if running_pid(folders) is None:
        print(json.dumps({"running": False}) if options.json else "The service does not run.")
        return 0
    with Client.connect(folders, autostart=False, name="insert-object daemon status") as client:
        report = {"running": True, **client.status()}
    if options.timings:
        report = report.get("engine", {}).get("timings", {})
    text = timings_text if options.timings else status_text
    print(json.dumps(report, indent=2) if options.json else text(report))
    return 0


def _logs(options: argparse.Namespace) -> int:
    from daemon.home.logs import last_lines

    path = Folders.default().log_file
    if options.path:
        print(path)
        return 0
    lines = last_lines(path, options.lines)
    print("\n".join(lines) if lines else f"There is no log yet; it will be {path}.")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from daemon.commands.doctor import as_json, as_text, examine

    found = examine(Folders.default())
    print(as_json(found) if options.json else as_text(found))
    return 2 if found.problems else 0
