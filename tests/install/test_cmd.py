"""``insert-object.cmd``, what a user of Windows types: run by Wine's cmd.exe, with a stand-in for Python."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.computer.places import Places
from installer.launcher import CMD_TEXT
from tests.program import environment_with_this_checkout
from wire import __version__

PATIENCE = 60.0  # seconds; Wine makes its folders at the first start
HOSTILE = ("plain", "Zoë 漢", "a & b", "it's (x86)", "^caret", "!PATH!", "semi;colon, comma=")
ARGUMENTS = ("insert", "a b.png", "ü漢.png", "x&y z", "a!PATH! b", "c^d e", "(x) |y", "")
needs_wine = pytest.mark.skipif(
    shutil.which("wine") is None, reason="no Wine here to run cmd.exe (Debian: wine)"
)


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables of a Wine with a home of its own."""
    home = tmp_path_factory.mktemp("wine")
    told = {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "WINEPREFIX": str(home / "prefix"),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # asks for no further downloads
        "DISPLAY": "",
    }
    quiet = subprocess.DEVNULL
    subprocess.run(["wine", "wineboot"], env=told, stdin=quiet, stdout=quiet, stderr=quiet, check=False)
    yield told
    subprocess.run(["wineserver", "-k"], env=told, stdin=quiet, stdout=quiet, stderr=quiet, check=False)


def installed(home: Path, stand_in: str) -> Path:
    """The folder of the command as ``install.py`` lays it on Windows, and a script in Python's place.

    Wine starts programs of this system, but does not wait for them.
    """
    places = Places(home, home / "Insert Object", {}, "win32")
    places.link.parent.mkdir(parents=True)
    places.link.write_text(CMD_TEXT, encoding="ascii", newline="")
    python = places.data / "environment" / "Scripts" / "python.exe"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{stand_in}", "utf-8")
    python.chmod(0o755)
    return places.link.parent


def run(folder: Path, variables: dict[str, str], *arguments: str) -> str:
    """What the stand-in wrote to the file ``told`` beside the command, once it is whole."""
    quiet = subprocess.DEVNULL
    command = ["wine", "cmd", "/c", "insert-object.cmd", *arguments]
    subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        timeout=PATIENCE,
        check=False,
    )
    told = folder / "told"
    deadline = time.monotonic() + PATIENCE
    while not told.exists():
        assert time.monotonic() < deadline, "cmd.exe did not start Python"
        time.sleep(0.02)
    return told.read_text("utf-8")


@needs_wine
@pytest.mark.parametrize("name", HOSTILE)
def test_the_command_finds_its_python_in_every_folder_and_hands_all_arguments_over(
    tmp_path: Path, variables: dict[str, str], name: str
) -> None:
    lister = (
        "import json, os, sys; open('told~', 'w').write(json.dumps(sys.argv)); os.rename('told~', 'told')"
    )
    folder = installed(tmp_path / name, f'exec "{sys.executable}" -c "{lister}" "$@"\n')
    _, *options, code = (told := json.loads(run(folder, variables, *ARGUMENTS)))[:5]
    assert options == ["-I", "-S", "-c"]
    assert code.endswith("from daemon.command_line import program; program()")
    assert told[5:] == list(ARGUMENTS)


@needs_wine
def test_what_python_is_told_to_run_is_the_command_line(tmp_path: Path, variables: dict[str, str]) -> None:
    python = environment_with_this_checkout(tmp_path / "environment") / "bin" / "python"
    folder = installed(tmp_path / "Zoë & co", f'"{python}" "$@" > told~ 2>&1; mv told~ told\n')
    assert run(folder, variables, "--version").strip() == f"insert-object {__version__}"


def test_cmd_reads_nothing_in_the_file_but_its_folder_and_the_arguments() -> None:
    """Wine's cmd.exe reads a % in a path a second time, that of Windows does not, so only this is tested."""
    assert CMD_TEXT.isascii() and CMD_TEXT.endswith("\r\n")  # whatever the console's code page
    assert re.findall(r"%\S*", CMD_TEXT) == [r'%~dp0..\environment\Scripts\python.exe"', "%*"]
    assert CMD_TEXT.startswith("@setlocal DisableDelayedExpansion\r\n")  # else ! is read in paths
