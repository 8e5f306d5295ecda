"""``insert-object doctor``: everything a bug report needs, without secrets, and what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon.client import Client
from daemon.home.account import account, first_of, printable
from daemon.home.folders import Folders
from daemon.home.lifecycle import connection_pid, running_pid
from daemon.home.limits import check_limits
from daemon.home.machine import about_program
from daemon.packs.shelf import PackShelf
from daemon.remote.upstream import read_upstream
from daemon.serving.keys import KeyRing
from models.files.manifest import Manifest, ModelCorrupt, ModelMissing
from plugins.profiles import find_editors
from wire.lock_holder import holder, is_held, is_in_another_network
from wire.protocol import InsertObjectError

LITTLE_DISK_MB = 200  # below this, logs and results may not find room
MOST_REFUSED = 8  # packs that are left out and named as a problem each


@dataclass
class Findings:
    """What was found out; ``problems`` are sentences with what to do about them."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def examine(folders: Folders) -> Findings:
    """Looks at the program, its files, its daemon and the editors. Starts nothing, changes nothing."""
    found = Findings({**about_program(), "python_executable": sys.executable})
    found.values["folders"] = {
        "data": str(folders.data),
        "log_file": str(folders.log_file),
        "connection_file": str(folders.connection_file),
    }
    _look_at_limits(found)
    _look_at_disk(folders, found)
    _look_at_weights(folders.weights, found)
    _look_at_packs(folders.packs, found)
    _look_at_upstream(folders, found)
    _look_at_daemon(folders, found)
    _look_at_editors(found)
    return Findings(account(found.values), [printable(problem) for problem in found.problems])


def _look_at_limits(found: Findings) -> None:
    try:
        check_limits()
    except InsertObjectError as error:
        found.problems.append(str(error))


def _look_at_disk(folders: Folders, found: Findings) -> None:
    ways = (folders.data, *folders.data.parents)
    existing = next((p for p in ways if os.path.exists(p)), Path("/"))  # noqa: PTH110  # never raises
    free = shutil.disk_usage(existing).free // 2**20
    found.values["disk_free_mb"] = free
    if free < LITTLE_DISK_MB:
        found.problems.append(f"Only {free} MB of disk are free at {existing}. Free some space.")
    if not os.access(existing, os.W_OK):
        found.problems.append(
            f"{existing} cannot be written. Give yourself the right to, or set INSERT_OBJECT_HOME."
        )


def _look_at_weights(folder: Path, found: Findings) -> None:
    weights: dict[str, Any] = {"folder": str(folder)}
    found.values["weights"] = weights
    try:
        manifest = Manifest.read(folder)
        weights.update(name=manifest.name, classes=[known.name for known in manifest.classes])
        weights["files"] = dict(manifest.files)
        manifest.verify(folder)
        weights["intact"] = True
    except (ModelMissing, ModelCorrupt) as error:
        weights["intact"] = False
        found.problems.append(f"The weights cannot be used: {error} Run install.py again.")


def _look_at_packs(folder: Path, found: Findings) -> None:
    shelf = PackShelf(folder).look()
    found.values["packs"] = {
        "folder": str(folder),
        "usable": {name: [known.name for known in pack.info.classes] for name, pack in shelf.packs.items()},
        "refused": dict(shelf.refused),
    }
    refused, left = first_of(list(shelf.refused.items()), MOST_REFUSED)
    for name, reason in refused:
        found.problems.append(
            f"The model pack “{name}” is left out: {reason} Download it again, or delete {folder / name}."
        )
    if left:
        found.problems.append(
            f"… and {left} more model packs are left out. The log says why: insert-object daemon logs"
        )


def _look_at_upstream(folders: Folders, found: Findings) -> None:
    """Which computer makes the objects of a daemon that is started now."""
    try:
        upstream = read_upstream(folders.upstream_file)
        if upstream is not None:
            KeyRing(folders.remote).client()
        found.values["objects_are_made_by"] = upstream.address.shown if upstream else "this computer"
    except InsertObjectError as error:
        found.values["objects_are_made_by"] = "not known"
        found.problems.append(f"The other computer that makes the objects cannot be used: {error}")


def _look_at_daemon(folders: Folders, found: Findings) -> None:
    """Asks the daemon if there is one; that there is none is all right: it starts when it is needed."""
    daemon: dict[str, Any] = {"running": False}
    found.values["daemon"] = daemon
    try:
        pid = running_pid(folders)
        if pid is None:
            daemon["stale_connection_file"] = connection_pid(folders) is not None
            return
        daemon.update(running=True, pid=pid)
        with Client.connect(folders, autostart=False, name="doctor") as client:
            status = client.status()
    except InsertObjectError as error:
        found.problems.append(f"The service cannot be asked: {_cause(folders, error)}")
        return
    # what the daemon shares with this program needs no second mention; a difference does
    daemon.update({name: value for name, value in status.items() if found.values.get(name) != value})
    if status.get("error"):
        found.problems.append(str(status["error"]))


def _cause(folders: Folders, error: InsertObjectError) -> str:
    """Why a service that runs does not answer, with the one command that helps."""
    pid = holder(folders.lock_file)
    if pid is not None and is_in_another_network(pid):
        return (
            f"process {pid} was started in another network namespace, as sandboxes and containers have them. "
            "End it: insert-object daemon stop"
        )
    if sys.platform == "linux" and pid is None and is_held(folders.lock_file):
        return (
            "it was started in a sandbox or container that uses the same home folder. "
            "End it there: insert-object daemon stop"
        )
    return str(error)


def _look_at_editors(found: Findings) -> None:
    editors = find_editors(Path.home(), os.environ, sys.platform)
    found.values["editors"] = [
        {
            "name": editor.name,
            "profile": str(editor.profile),
            "plugin": "plug-in installed" if editor.plugin_folder.is_dir() else "no plug-in",
        }
        for editor in editors
    ]


def as_json(found: Findings) -> str:
    return json.dumps({**found.values, "problems": found.problems}, indent=2)


def as_text(found: Findings) -> str:
    """The findings for people: one value a line, problems at the end."""
    lines = list(_lines(found.values, 0))
    lines += ["", *(f"PROBLEM: {problem}" for problem in found.problems)] if found.problems else []
    lines += [] if found.problems else ["", "No problems found."]
    return "\n".join(lines)


def status_text(report: Mapping[str, Any]) -> str:
    """The daemon's status for people."""
    return "\n".join(_lines(report, 0))


def timings_text(timings: Mapping[str, Any]) -> str:
    """How long each stage took, for people."""
    if not timings:
        return "No insertion has been timed yet."
    width = max(len(name) for name in timings)
    lines = [f"{'stage':<{width}}  median ms  most ms  times"]
    for name, stage in timings.items():
        median, most, count = stage["median_ms"], stage["most_ms"], stage["count"]
        lines.append(f"{name:<{width}}  {median:9.2f}  {most:7.2f}  {count:5}")
    return "\n".join(lines)


def _lines(values: Mapping[str, Any], depth: int) -> list[str]:
    lines: list[str] = []
    for name, value in values.items():
        label = "  " * depth + str(name).replace("_", " ")
        if isinstance(value, Mapping):
            lines += [f"{label}:", *_lines(value, depth + 1)] if value else [f"{label}: –"]
        elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
            lines.append(f"{label}:")
            for item in value:
                lines.append("  " * (depth + 1) + ", ".join(_shown(part) for part in item.values()))
        else:
            lines.append(f"{label}: {_shown(value)}")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "–"
    return "–" if value is None or value == "" else str(value)
