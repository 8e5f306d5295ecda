"""The installer looks for the program's folders where the program itself does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from daemon.home.folders import Folders
from installer.computer.places import Places, data_folder, log_folder

posix = pytest.mark.skipif(sys.platform == "win32", reason="compares with platformdirs' rules for POSIX")

ENVIRONMENTS = {
    "nothing set": {},
    "XDG_DATA_HOME": {"XDG_DATA_HOME": "{home}/data"},
    "XDG_STATE_HOME": {"XDG_STATE_HOME": "{home}/state"},
    "blank": {"XDG_DATA_HOME": " ", "XDG_STATE_HOME": ""},
    "relative": {"XDG_DATA_HOME": "data", "XDG_STATE_HOME": "./state"},
    "not expanded": {"XDG_DATA_HOME": "~/data", "XDG_STATE_HOME": "$HOME/state"},
    "INSERT_OBJECT_HOME": {"INSERT_OBJECT_HOME": "{home}/own"},
    "INSERT_OBJECT_HOME with tilde": {"INSERT_OBJECT_HOME": "~/own"},
}


@posix
@pytest.mark.parametrize(("platform", "rules"), [("linux", Unix), ("darwin", MacOS)])
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_data_and_logs_are_where_platformdirs_and_the_daemon_put_them(
    name: str, platform: str, rules: type[Unix | MacOS], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_DATA_HOME", "XDG_STATE_HOME", "INSERT_OBJECT_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(platformdirs, "PlatformDirs", rules)
    for variable, value in ENVIRONMENTS[name].items():
        monkeypatch.setenv(variable, value.format(home=tmp_path))
    folders = Folders.default()
    assert data_folder(tmp_path, os.environ, platform) == folders.data
    assert log_folder(tmp_path, os.environ, platform) == folders.logs


def test_data_on_windows_and_macos(tmp_path: Path) -> None:
    local = tmp_path / "AppData" / "Local"
    assert data_folder(tmp_path, {"LOCALAPPDATA": str(local)}, "win32") == local / "insert-object"
    support = tmp_path / "Library" / "Application Support"
    assert data_folder(tmp_path, {}, "darwin") == support / "insert-object"


def test_a_plug_in_starts_the_daemon_of_the_home_it_was_installed_for(tmp_path: Path) -> None:
    environ = {"INSERT_OBJECT_HOME": str(tmp_path / "own home")}
    command = Places(tmp_path, tmp_path / "own home" / "data", environ, "linux").start_command
    told = "import os, sys; print(os.environ['INSERT_OBJECT_HOME'], sys.argv[1:])"
    code = command[3].replace("from daemon.command_line import main; sys.exit(main())", told)
    # the environment's own Python is not there in a test; this one does the same
    done = subprocess.run(
        [sys.executable, *command[1:3], code, *command[4:]], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"{tmp_path / 'own home'} ['daemon', 'run']"


def test_a_plug_in_starts_the_daemon_apart_from_the_editors_folder_and_packages(tmp_path: Path) -> None:
    command = Places(tmp_path, tmp_path / "data", {}, "linux").start_command
    assert command[1:] == ("-I", "-m", "daemon.command_line", "daemon", "run")
