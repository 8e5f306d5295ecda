"""The installer's command line: what is to be done for this user, and in which order."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence

from daemon.editors import Editor, EditorKind, find_editors
from installer.desktop import DaemonStep, DemoStep, LinkStep, PluginStep
from installer.failure import InstallFailure
from installer.places import Places
from installer.program import OwnCodeStep, PackagesStep, SpaceStep, TorchStep, WeightsStep
from installer.record import Record
from installer.removal import uninstall
from installer.steps import Step, run_steps, show_plan, tell

NO_EDITORS = "none"


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: done; 1: a step failed and was undone; 2: bad arguments; 130: interrupted."""
    options = _parser().parse_args(arguments)
    try:
        places = Places.of_this_user()
        record = Record.read(places.record)
        if options.uninstall:
            uninstall(places, record, dry_run=options.dry_run)
            return 0
        _install(places, record, options)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Installs Insert Object for you alone; it never needs root.",
        epilog="INSERT_OBJECT_HOME names another folder than the usual one for the program's data.",
    )
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    parser.add_argument("--uninstall", action="store_true", help="take everything out again")
    parser.add_argument("--no-demo", action="store_true", help="leave out the first insertion")
    parser.add_argument(
        "--editors",
        type=_editor_kinds,
        default=tuple(EditorKind),
        metavar="LIST",
        help="which editors get the plug-in: gimp,krita (the default), gimp, krita or none",
    )
    return parser


def _editor_kinds(text: str) -> tuple[EditorKind, ...]:
    names = [name.strip().lower() for name in text.split(",")]
    if names == [NO_EDITORS]:
        return ()
    known = {kind.value: kind for kind in EditorKind}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of gimp, krita and none")
    return tuple(known[name] for name in names)


def _install(places: Places, record: Record, options: argparse.Namespace) -> None:
    print(f"Insert Object goes to {places.data}")
    found = find_editors(places.home, places.environ, places.platform)
    editors = [editor for editor in found if editor.kind in options.editors]
    _tell_missing(editors, options.editors)
    steps = _steps(places, record, editors, demo=not options.no_demo)
    if options.dry_run:
        show_plan(steps)
        print("Nothing was changed.")
        return
    run_steps(steps)
    command = "insert-object" if shutil.which("insert-object") else str(places.link)
    print(f"\nInsert Object is installed. Try: {command} --help")


def _tell_missing(editors: Sequence[Editor], wanted: Sequence[EditorKind]) -> None:
    for kind, name in ((EditorKind.GIMP, "GIMP 3"), (EditorKind.KRITA, "Krita")):
        if kind in wanted and not any(editor.kind is kind for editor in editors):
            print(f"no {name} found, skipped")


def _steps(places: Places, record: Record, editors: Sequence[Editor], *, demo: bool) -> list[Step]:
    steps: list[Step] = [
        SpaceStep(places, record),
        WeightsStep(),
        PackagesStep(places, record),
        TorchStep(places, record),
        OwnCodeStep(places, record),
        LinkStep(places, record),
        *(PluginStep(places, record, editor) for editor in editors),
        DaemonStep(places),
    ]
    return [*steps, DemoStep(places, record)] if demo else steps
