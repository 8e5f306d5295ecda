"""A plug-in without ``config.json``, as its zip unpacks, finds the program by itself or says what to do."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from installer.computer.places import Places
from plugins.profiles.plugin_files import build_plugin_zips
from wire import connection as connection_module
from wire.connection import Config, ConnectionUnavailable, read_config
from wire.default_places import data_folder, outside_sandbox

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="the environment's Python is a shell script here")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    for variable in ("INSERT_OBJECT_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(sys, "platform", "linux")
    return folder


def places_of(home: Path) -> Places:
    return Places(home, data_folder(home, {}, "linux"), {}, "linux")


def test_an_installed_program_is_found_with_the_command_that_the_installer_would_write(home: Path) -> None:
    places = places_of(home)
    places.environment.python.parent.mkdir(parents=True)
    places.environment.python.touch()
    assert read_config(home / "config.json") == Config(places.connection_file, places.start_command)


def test_a_service_that_runs_from_elsewhere_is_found(home: Path) -> None:
    places = places_of(home)
    places.data.mkdir(parents=True)
    places.connection_file.write_text("{}")
    assert read_config(home / "config.json") == Config(places.connection_file, ())


def test_a_plug_in_alone_says_what_is_missing_where_and_what_to_do(home: Path) -> None:
    with pytest.raises(ConnectionUnavailable, match="Only the plug-in is installed") as told:
        read_config(home / "config.json")
    assert str(places_of(home).data) in told.value.sentence
    assert "install.py" in told.value.hint


def test_inside_a_flatpak_the_folders_outside_are_looked_at(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = places_of(home)
    places.data.mkdir(parents=True)
    places.connection_file.write_text("{}")
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".var" / "app" / "org.gimp.GIMP" / "data"))
    monkeypatch.setattr(connection_module, "in_sandbox", lambda: True)
    assert read_config(home / "config.json").connection_file == places.connection_file


def test_a_snap_tells_the_real_home() -> None:
    environ = {"SNAP_REAL_HOME": "/home/zoe", "XDG_DATA_HOME": "/home/zoe/snap/gimp/1/.local/share"}
    assert outside_sandbox(Path("/home/zoe/snap/gimp/1"), environ)[0] == Path("/home/zoe")
    assert data_folder(*outside_sandbox(Path("/x"), environ), "linux") == Path(
        "/home/zoe/.local/share/insert-object"
    )


PROGRAM = """
import sys
from pathlib import Path
plug_in = Path(sys.argv[1])
sys.path.insert(0, str(plug_in))
from wire.connection import read_config
from wire.session import Session
with Session(read_config(plug_in / "config.json"), "by hand") as session:
    print(session.wait_ready(30).device)
    from wire import protocol
    from wire.request import new_id
    print(*(reply.TYPE for reply in session.stream(protocol.Shutdown(new_id()), 30)))
"""


@posix
@pytest.mark.parametrize("which", [0, 1], ids=["GIMP", "Krita"])
def test_the_unpacked_zip_starts_and_reaches_the_daemon(home: Path, which: int) -> None:
    zipped = build_plugin_zips(ROOT, home / "zips")[which]
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(home / "plug-ins")
    plug_in = home / "plug-ins" / ("insert-object", "insert_object")[which]
    assert not (plug_in / "config.json").exists()
    python = places_of(home).environment.python
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/stand_in_daemon.py"\n')
    python.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(plug_in)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["stand-in", "done"]
