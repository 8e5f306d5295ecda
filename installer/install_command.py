"""The installer's command line: what is to be done for this user, and in which order."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from installer.autostart_steps import AutostartStep, NoAutostartStep
from installer.computer.failure import InstallFailure
from installer.computer.file_lock import file_lock
from installer.computer.places import Places
from installer.desktop import DaemonStep, DemoStep, LinkStep, PluginStep
from installer.program import (
    OwnCodeStep,
    PackagesStep,
    SpaceStep,
    TorchStep,
    WeightsStep,
    check_writable,
)
from installer.record import Record
from installer.removal import remove_files, uninstall
from installer.steps import Step, run_steps, show_plan, tell
from plugins.profiles import Editor, EditorKind, find_editors

NO_EDITORS = "none"
ALL_EDITORS = ",".join(kind.value for kind in EditorKind)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: done; 1: a step failed and was undone; 2: bad arguments; 130: interrupted."""
    options = _parser().parse_args(arguments)
    try:
        places = Places.of_this_user()
        if options.dry_run or (options.uninstall and not places.data.exists()):
            _run(places, options)
        else:
            _run_alone(places, options)
    except InstallFailure as failure:
        tell(failure)
        return 1
    except OSError as error:
        tell(InstallFailure(f"{error.filename or ''} {error.strerror or error}.".strip()))
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run install.py again to go on from here.", file=sys.stderr)
        return 130
    return 0


def _run(places: Places, options: argparse.Namespace) -> None:
    record = Record.read(places.record)
    if options.uninstall:
        uninstall(places, record, dry_run=options.dry_run)
    else:
        _install(places, record, options)


def _run_alone(places: Places, options: argparse.Namespace) -> None:
    """Runs while no other installer is at work in this data folder."""
    check_writable(places.data)
    with file_lock(places.installing, on_wait=_tell_waiting, on_end=partial(_leave, places)):
        _run(places, options)


def _leave(places: Places) -> None:
    """Removes the lock's file where nothing is installed, so nothing stays."""
    if not places.record.exists():
        with contextlib.suppress(PermissionError):  # Windows: the next installer has opened it
            remove_files(places.data, places.installing.name)


def _tell_waiting() -> None:
    print("Another install.py is at work here; waiting for it to end …", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Installs Insert Object for you alone; it never needs root.",
        epilog="INSERT_OBJECT_HOME names another folder than the usual one for the program's data.",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--uninstall", action="store_true", help="take everything out again")
    parser.add_argument(
        "--autostart",
        action=argparse.BooleanOptionalAction,
        help="start the service at login, or no longer; by default editors start it when they need it",
    )
    parser.add_argument("--no-demo", action="store_true", help="leave out the first insertion")
    parser.add_argument(
        "--editors",
        type=_editor_kinds,
        default=tuple(EditorKind),
        metavar="LIST",
        help=f"which editors get the plug-in: {ALL_EDITORS} (the default), some of them, or {NO_EDITORS}",
    )
    return parser


def _editor_kinds(text: str) -> tuple[EditorKind, ...]:
    names = [name.strip().lower() for name in text.split(",")]
    if names == [NO_EDITORS]:
        return ()
    known = {kind.value: kind for kind in EditorKind}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {ALL_EDITORS}; or say {NO_EDITORS}")
    return tuple(known[name] for name in names)


def _install(places: Places, record: Record, options: argparse.Namespace) -> None:
    print(f"Insert Object goes to {places.data}")
    found = find_editors(places.home, places.environ, places.platform)
    editors = [editor for editor in found if editor.kind in options.editors]
    _tell_missing(editors, options.editors)
    steps = _steps(places, record, editors, options)
    if options.dry_run:
        show_plan(steps)
        print("Nothing was changed.")
        return
    run_steps(steps)
    print(f"\nInsert Object is installed.\n{next_steps(places, record)}")


def next_steps(places: Places, record: Record) -> str:
    """Where to find it now, a line for every way in."""
    kinds = {editor.kind for editor in record.editors()}
    found = shutil.which("insert-object", path=places.environ.get("PATH"))
    command = "insert-object" if found and Path(found) == places.link else str(places.link)
    ways = [
        f"  in {kind.about.wanted}: restart it, then {kind.about.way_in}"
        for kind in EditorKind
        if kind in kinds
    ]
    return "\n".join([*ways, f"  in a terminal: {command} --help"])


def _tell_missing(editors: Sequence[Editor], wanted: Sequence[EditorKind]) -> None:
    for kind in wanted:
        if not any(editor.kind is kind for editor in editors):
            print(f"No {kind.about.wanted} was found. Once you have it, run install.py again.")


def _steps(
    places: Places, record: Record, editors: Sequence[Editor], options: argparse.Namespace
) -> list[Step]:
    steps: list[Step] = [
        SpaceStep(places, record),
        WeightsStep(),
        PackagesStep(places, record),
        TorchStep(places, record),
        OwnCodeStep(places, record),
        LinkStep(places, record),
        *(PluginStep(places, record, editor) for editor in editors),
    ]
    if options.autostart or (options.autostart is None and record.autostart):
        steps.append(AutostartStep(places, record))
    elif options.autostart is False:
        steps.append(NoAutostartStep(places, record))
    steps.append(DaemonStep(places, record))
    return steps if options.no_demo else [*steps, DemoStep(places, record)]
