"""``insert-object packs``: lists, adds, checks and removes model packs. Imports little until it runs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.commands.option_values import whole_number
from daemon.home.folders import Folders

if TYPE_CHECKING:
    from daemon.packs.shelf import Pack
    from wire.protocol import PackInfo

_DESCRIPTION = """\
A model pack is a set of networks with classes of its own, in a folder: manifest.json, .safetensors files and
a card. “insert-object insert --pack NAME” uses one; GIMP and Krita offer them beside the classes that came
with the program. Without an action, the packs that are there are listed."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``packs`` to the command line."""
    parser = commands.add_parser(
        "packs",
        help="list, add or remove model packs",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(metavar="ACTION")
    add = actions.add_parser("add", help="check a pack and add it", allow_abbrev=False)
    add.add_argument("source", metavar="FOLDER_OR_ZIP", type=Path, help="the pack's folder, or a zip of it")
    add.add_argument("--name", help="what to call it here (default: the folder's or the zip's name)")
    add.set_defaults(run=_add)
    remove = actions.add_parser("remove", help="remove a pack", allow_abbrev=False)
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_remove)
    check = actions.add_parser("check", help="find out whether a pack can be used", allow_abbrev=False)
    check.add_argument("folder", metavar="FOLDER", type=Path)
    check.set_defaults(run=_check)
    outlines = actions.add_parser(
        "outlines", help="show a pack's outlines with their numbers, and leave some out", allow_abbrev=False
    )
    outlines.add_argument("folder", metavar="FOLDER", type=Path)
    outlines.add_argument(
        "-o", "--output", metavar="SHEET.png", type=Path, help="the sheet (default: FOLDER-outlines.png)"
    )
    choice = outlines.add_mutually_exclusive_group()
    choice.add_argument("--without", metavar="N,N,…", type=_numbers, help="take these out of the pack first")
    choice.add_argument("--only", metavar="N,N,…", type=_numbers, help="take all others out of it first")
    outlines.set_defaults(run=_outlines)


def _numbers(text: str) -> set[int]:
    """The numbers of ``3,7,12``; raises argparse.ArgumentTypeError."""
    try:
        return {whole_number(part) for part in text.split(",")}
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text[:60]}” are not numbers; give them as 3,7,12") from None


def _list(options: argparse.Namespace) -> int:
    """The shipped pack, those that can be used, and those that cannot with the reason."""
    from daemon.packs.shelf import PackShelf, pack_info
    from models.files.manifest import Manifest, ModelCorrupt, ModelMissing

    folders = Folders.default()
    shelf = PackShelf(folders.packs).look()
    listed: list[dict[str, Any]] = []
    try:
        shipped = Manifest.read(folders.weights)
        listed.append(_entry(pack_info("", shipped), shipped.resolution, folders.weights))
    except (ModelMissing, ModelCorrupt) as error:
        listed.append(_refused("", folders.weights, str(error)))
    listed += [_entry(pack.info, pack.resolution, pack.folder) for pack in shelf.packs.values()]
    listed += [_refused(name, folders.packs / name, reason) for name, reason in shelf.refused.items()]
    if options.json:
        print(json.dumps(listed, indent=2))
        return 0
    width = max(len(_name(entry)) for entry in listed)
    for entry in listed:
        told = f"{entry['label']}: {', '.join(known['name'] for known in entry['classes'])}"
        if entry["state"] == "refused":
            told = f"cannot be used: {entry['reason']}"
        print(f"{_name(entry):<{width}}  {told}")
    return 0


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"]) or "(shipped)"


def _entry(info: PackInfo, resolution: int, folder: Path) -> dict[str, Any]:
    return {
        "name": info.name,
        "label": info.label,
        "classes": [
            {"name": known.name, "label": known.label, "styles": list(known.styles)} for known in info.classes
        ],
        "resolution": resolution,
        "folder": str(folder),
        "state": "usable",
        "reason": "",
    }


def _refused(name: str, folder: Path, reason: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": "",
        "classes": [],
        "resolution": None,
        "folder": str(folder),
        "state": "refused",
        "reason": reason,
    }


def _add(options: argparse.Namespace) -> int:
    from daemon.packs.pack_files import add_pack

    folders = Folders.default()
    pack = add_pack(options.source, folders.packs, options.name, shared=folders.has_shared_packs)
    print(f"Added the model pack “{pack.name}”: {_told(pack)}.")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from daemon.packs.pack_files import remove_pack

    remove_pack(Folders.default().packs, options.name)
    print(f"Removed the model pack “{options.name}”.")
    return 0


def _check(options: argparse.Namespace) -> int:
    from daemon.packs.pack_files import check_pack, suggested_name

    pack = check_pack(options.folder, suggested_name(options.folder) or "pack")
    print(f"{options.folder} can be used: {_told(pack)}.")
    return 0


def _outlines(options: argparse.Namespace) -> int:
    """The sheet of what is left, so that the numbers on it are right for the next time."""
    from daemon.packs.pack_files import PackProblem, check_pack, suggested_name
    from models.bundle import Bundle
    from models.photos.data import DataError
    from models.training.own_class.outline_choice import leave_out, outline_sheet

    folder: Path = options.folder.resolve()  # “.” has no name
    check_pack(folder, suggested_name(folder) or "pack")
    sheet: Path = options.output or folder.with_name(f"{folder.name}-outlines.png")
    try:
        if named := options.without or options.only:
            print(f"Left out: {leave_out(folder, named, others=options.only is not None)}.")
        count = outline_sheet(Bundle.load(folder), sheet)
    except DataError as error:
        raise PackProblem(str(error), f"Look at the sheet: insert-object packs outlines {folder}") from error
    except OSError as error:
        raise PackProblem(f"{error.filename or folder} cannot be written: {error.strerror}.") from error
    print(f"{count} outlines, with their numbers: {sheet}")
    print(f"Leave out what looks wrong: insert-object packs outlines {folder} --without 3,7,12")
    print("Or keep what looks right, and nothing else: --only 1,4,5")
    return 0


def _told(pack: Pack) -> str:
    classes = ", ".join(known.name for known in pack.info.classes)
    return f"{pack.info.label}, with {classes}"
