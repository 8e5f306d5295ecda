"""Puts the plug-ins together and into editors' profiles, and takes them out again.

A plug-in is the files of ``plugins/<editor>/`` with the folder ``wire/`` (and in it msgpack's pure-Python
files) and ``config.json`` (where the daemon is and how it starts). Standard library only.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plugins.profiles import Editor, EditorKind
from plugins.profiles.kritarc import disable_plugin, enable_plugin
from wire import __version__

INTERPRETER_FILE = "insert-object.interp"
INTERPRETER_NAME = "insert-object-python"
_NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
_MSGPACK_FILES = ("__init__.py", "exceptions.py", "ext.py", "fallback.py")


class PluginIncomplete(Exception):
    """A file that belongs to a plug-in is missing where it should be taken from."""


@dataclass(frozen=True)
class PluginConfig:
    """What a plug-in must know of this machine: the daemon's connection file and how to start it.

    ``version`` is the version that the command starts.
    """

    connection_file: Path
    start_command: tuple[str, ...]
    version: str = __version__

    def to_json(self) -> str:
        values = {
            "connection_file": str(self.connection_file),
            "start_command": list(self.start_command),
            "version": self.version,
        }
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def assemble_plugin(
    kind: EditorKind,
    source_root: Path,
    target: Path,
    config: PluginConfig | None,
    *,
    msgpack_folder: Path | None = None,
) -> None:
    """Makes the complete plug-in folder ``target``, replacing one that is there only when it is whole.

    Args:
        kind: which editor's plug-in.
        source_root: the checkout.
        target: ends in the name that the editor wants of our folder.
        config: written as ``config.json``; None leaves it out.
        msgpack_folder: where the package msgpack lies; None: where this Python has it.

    Raises:
        PluginIncomplete: a file is missing in ``source_root`` or msgpack's folder.
        OSError: ``target`` cannot be written; what was there stays.
    """
    source = _plugin_source(kind, source_root)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not beside the target: GIMP would take a second folder there for a plug-in.
    with tempfile.TemporaryDirectory(prefix=".insert-object-", dir=target.parent.parent) as scratch:
        made = Path(scratch) / "new"
        shutil.copytree(source, made, ignore=_NOT_SHIPPED)
        shutil.copyfile(source_root / "LICENSE", made / "LICENSE")
        _copy_wire(source_root, made / "wire", msgpack_folder or _own_msgpack())
        if config is not None:
            (made / "config.json").write_text(config.to_json(), encoding="utf-8")
        if kind.about.is_program:
            script = made / kind.about.first_file  # without the run bit GIMP passes over it silently
            script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        _close_to_others(made)
        _swap(made, target, Path(scratch) / "old")


def _close_to_others(folder: Path) -> None:
    """Lets nobody else write the plug-in, whatever the umask and the checkout allow: it would not start."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH))


def _plugin_source(kind: EditorKind, source_root: Path) -> Path:
    source = source_root / "plugins" / kind.value / kind.about.plugin_folder[1]
    first_file = source / kind.about.first_file
    if not first_file.is_file():
        raise PluginIncomplete(f"The plug-in's file {first_file} is missing.")
    return source


def _own_msgpack() -> Path:
    found = importlib.util.find_spec("msgpack")
    if found is None or found.origin is None:
        raise PluginIncomplete("The package msgpack, which the plug-ins carry, is not installed.")
    return Path(found.origin).parent


def _copy_wire(source_root: Path, wire: Path, msgpack_folder: Path) -> None:
    shutil.copytree(source_root / "wire", wire, ignore=_NOT_SHIPPED)
    carried = wire / "protocol" / "msgpack"
    carried.mkdir()
    for name in _MSGPACK_FILES:  # without the compiled module beside them they work by themselves
        if not (msgpack_folder / name).is_file():
            raise PluginIncomplete(f"{msgpack_folder} has no {name}.")
        shutil.copyfile(msgpack_folder / name, carried / name)
    for licence in sorted(msgpack_folder.parent.glob("msgpack-*.dist-info/**/COPYING"))[:1]:
        shutil.copyfile(licence, carried / "COPYING")


def _swap(made: Path, target: Path, aside: Path) -> None:
    """Puts the new folder in the target's place; on failure the old one is back."""
    if target.exists():
        target.rename(aside)
    try:
        made.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise


def install_plugin(
    editor: Editor,
    source_root: Path,
    config: PluginConfig,
    *,
    msgpack_folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Puts the plug-in into an editor's profile, ready for the editor's next start.

    Raises:
        PluginIncomplete, OSError: as ``assemble_plugin``.
    """
    assemble_plugin(editor.kind, source_root, editor.plugin_folder, config, msgpack_folder=msgpack_folder)
    _copy_beside(editor.kind, source_root, editor.profile)
    if editor.kind is EditorKind.GIMP:
        _choose_interpreter(editor, os.environ if environ is None else environ)
    if editor.settings is not None:
        enable_plugin(editor.settings, editor.plugin_folder.name)


def remove_plugin(editor: Editor) -> bool:
    """Takes out what ``install_plugin`` put in, and nothing else; tells whether there was anything.

    Raises:
        OSError: a file cannot be removed.
    """
    extra = [editor.profile / folder / name for name, folder in editor.kind.about.beside.items()]
    if editor.kind is EditorKind.GIMP:
        extra.append(editor.profile / "interpreters" / INTERPRETER_FILE)
    present = [path for path in (editor.plugin_folder, *extra) if path.exists()]
    for path in present:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        _remove_empty_folders(path.parent, editor.profile.parent)
    if editor.settings is not None:
        disable_plugin(editor.settings, editor.plugin_folder.name)
    return bool(present)


def _remove_empty_folders(folder: Path, last: Path) -> None:
    """Removes the folder while it is empty, then the one above, up to and with ``last``."""
    while not any(folder.iterdir()):
        folder.rmdir()
        if folder == last:
            return
        folder = folder.parent


def _copy_beside(kind: EditorKind, source_root: Path, profile: Path) -> None:
    """Copies the files that an editor wants beside our folder."""
    for name, folder in kind.about.beside.items():
        target = profile / folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source_root / "plugins" / kind.value / name, target)


# --- GIMP's Python ----------------------------------------------------------------------------------


def _choose_interpreter(editor: Editor, environ: Mapping[str, str]) -> None:
    """Where PATH leads GIMP to a Python without its bindings, names one that has them.

    GIMP on Linux runs a script with the first ``python3`` in PATH, and one from pyenv or conda knows
    nothing of GIMP. A private name in the script's first line, which a file in the profile translates,
    leads to the right one for this plug-in alone.
    """
    interpreters = editor.profile / "interpreters"
    known = interpreters / INTERPRETER_FILE
    first = shutil.which("python3", path=environ.get("PATH"))
    chosen = next((python for python in _pythons(environ) if _knows_gimp(python)), None)
    if not sys.platform.startswith("linux") or chosen is None or chosen == first:
        known.unlink(missing_ok=True)
        return
    interpreters.mkdir(parents=True, exist_ok=True)
    known.write_text(f"{INTERPRETER_NAME}={chosen}\n", encoding="utf-8")
    script = editor.plugin_folder / editor.kind.about.first_file
    _, _, rest = script.read_text(encoding="utf-8").partition("\n")
    script.write_text(f"#!/usr/bin/env {INTERPRETER_NAME}\n{rest}", encoding="utf-8", newline="\n")


def _pythons(environ: Mapping[str, str]) -> list[str]:
    folders = [*environ.get("PATH", "").split(os.pathsep), "/usr/bin", "/usr/local/bin"]
    found = (shutil.which("python3", path=folder) for folder in folders if folder)
    return list(dict.fromkeys(path for path in found if path))


def _knows_gimp(python: str) -> bool:
    code = "import gi; gi.require_version('Gimp', '3.0')"
    try:
        done = subprocess.run(
            [python, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False  # a Python that does not run is not a Python for GIMP
    return done.returncode == 0


# --- Zips for installing by hand ---------------------------------------------------------------------


def build_plugin_zips(
    source_root: Path, out: Path, *, config: PluginConfig | None = None, msgpack_folder: Path | None = None
) -> tuple[Path, ...]:
    """Writes the zips for installing by hand, one for each editor, and returns them.

    GIMP's is unpacked into ``plug-ins/``; Krita's is for *Import Python Plugin from File*, which wants
    entries for folders, and the files beside ours at the top.

    Raises:
        PluginIncomplete, OSError: as ``assemble_plugin``.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with tempfile.TemporaryDirectory(prefix="insert-object-zip-") as scratch:
        for kind in EditorKind:
            packed = Path(scratch) / kind.value
            target = packed / kind.about.plugin_folder[1]
            assemble_plugin(kind, source_root, target, config, msgpack_folder=msgpack_folder)
            for name in kind.about.beside:
                shutil.copyfile(source_root / "plugins" / kind.value / name, packed / name)
            written.append(_zip(packed, out / f"insert-object-{kind.value}.zip"))
    return tuple(written)


def _zip(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))  # keeps run bits; folders get their own entry
    return target


def main() -> int:
    """``python -m plugins.profiles.plugin_files FOLDER``, with a Python that has msgpack."""
    parser = argparse.ArgumentParser(description="Writes the plug-ins' zips for installing by hand.")
    parser.add_argument("folder", type=Path, help="where the zips go")
    try:
        written = build_plugin_zips(Path(__file__).resolve().parents[2], parser.parse_args().folder)
    except (PluginIncomplete, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(*written, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
