"""Takes an installation out again: everything that was put somewhere, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from installer.autostart_steps import remove_autostart
from installer.computer.places import APPLICATION, Places
from installer.desktop import DemoStep, points_to
from installer.program import stop_daemon
from installer.record import Record
from plugins.profiles.plugin_files import remove_plugin

# What the daemon and the installer leave in the data and log folders.
DATA_FILES = ("connection.json", "daemon.lock", "installed.json", "installed.new")
LOG_FILES = "daemon.log*"


def uninstall(places: Places, record: Record, *, dry_run: bool) -> None:
    """Stops the daemon and removes plug-ins, command, environment, demo and record.

    Raises:
        InstallFailure: the service does not end; only the start at login is removed then.
        OSError: something cannot be removed; what was removed before stays removed.
    """
    if not record.path.exists() and not places.environment.folder.exists():
        print("Insert Object is not installed for this user.")
        return
    for title, remove in removals(places, record):
        print(f"{'would remove' if dry_run else 'removing'}: {title}", flush=True)
        if not dry_run:
            remove()
    if not dry_run:
        there = places.data.iterdir() if places.data.is_dir() else ()
        left = sorted(path.name for path in there if path != places.installing)
        print(
            f"Left in {places.data}, because it is yours: {', '.join(left)}" if left else "Nothing is left."
        )


def remove_files(folder: Path, *patterns: str) -> None:
    """Removes the matching files, and the folder when nothing else is in it."""
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()
    for empty in (folder, folder.parent):  # the parent is ours too where logs lie in insert-object/log
        ours = empty == folder or empty.name == APPLICATION
        if ours and empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def remove_link(places: Places, link: Path) -> None:
    """Removes the command, and its folder where that is ours, as on Windows, and nothing else is in it."""
    link.unlink()
    if places.data in link.parents and not any(link.parent.iterdir()):
        link.parent.rmdir()


def removals(places: Places, record: Record) -> list[tuple[str, Callable[[], object]]]:
    """What there is to remove, in order, each with the function that does it."""
    found: list[tuple[str, Callable[[], object]]] = []
    if record.autostart:  # before the daemon, which the system would start again
        title = f"the start at login, {record.autostart}"
        found.append((title, partial(remove_autostart, places, record)))
    found.append(("the running service", partial(stop_daemon, places)))
    for editor in record.editors():
        title = f"the plug-in for {editor.name} in {editor.plugin_folder}"
        found.append((title, partial(remove_plugin, editor)))
    link = Path(record.link) if record.link else places.link
    if points_to(link, places.program):
        found.append((f"the command {link}", partial(remove_link, places, link)))
    found.append(("the first insertion", DemoStep(places, record).undo))
    logs = places.logs
    found.append((f"logs in {logs}", partial(remove_files, logs, LOG_FILES)))
    environment = places.environment.folder
    if environment.exists():
        found.append((f"the environment {environment}", partial(shutil.rmtree, environment)))
    found.append(("the notes of service and installer", partial(remove_files, places.data, *DATA_FILES)))
    return found
