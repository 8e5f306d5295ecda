"""Plug-ins are put together whole, into the right places, and taken out without a trace."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from plugins.profiles import Editor, EditorKind, Flavour
from plugins.profiles.plugin_files import (
    PluginConfig,
    PluginIncomplete,
    assemble_plugin,
    build_plugin_zips,
    install_plugin,
    remove_plugin,
)
from wire import __version__

ROOT = Path(__file__).resolve().parents[2]
NO_PYTHON = {"PATH": "/nonexistent"}


@pytest.fixture
def config(tmp_path: Path) -> PluginConfig:
    return PluginConfig(tmp_path / "dàta" / "connection.json", ("/opt/python", "-m", "daemon"))


@pytest.fixture
def gimp(tmp_path: Path) -> Editor:
    return Editor(EditorKind.GIMP, "3.0", tmp_path / "config/GIMP/3.0", Flavour.NATIVE)


@pytest.fixture
def krita(tmp_path: Path) -> Editor:
    profile = tmp_path / "share" / "krita"
    return Editor(EditorKind.KRITA, "5.2", profile, Flavour.NATIVE, tmp_path / "config" / "kritarc")


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", EditorKind)
def test_a_plug_in_carries_the_wire_and_msgpack(
    kind: EditorKind, tmp_path: Path, config: PluginConfig
) -> None:
    assemble_plugin(kind, ROOT, tmp_path / "plug-ins" / "plugin", config)
    there = files_below(tmp_path / "plug-ins" / "plugin")
    needed = {"config.json", "LICENSE", "wire/session.py", "wire/zmtp.py", "wire/protocol/msgpack/COPYING"}
    assert needed <= there
    carried = tmp_path / "plug-ins" / "plugin" / "wire" / "protocol"
    for name in ("__init__.py", "codec.py", "errors.py", "geometry.py", "messages.py"):
        assert (carried / name).read_bytes() == (ROOT / "wire" / "protocol" / name).read_bytes()
    assert not [name for name in there if name.endswith((".so", ".pyd", ".pyc"))]


@pytest.mark.parametrize("kind", EditorKind)
def test_the_carried_wire_works_without_any_installed_package(
    kind: EditorKind, tmp_path: Path, config: PluginConfig
) -> None:
    target = tmp_path / "plug-ins" / "plugin"
    assemble_plugin(kind, ROOT, target, config)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from wire import connection, job, protocol, request, session, zmtp\n"
        "frames = protocol.encode(protocol.Hello('1'))\n"
        "assert protocol.decode_request(frames) == protocol.Hello('1')\n"
        "print(protocol.codec.msgpack.__file__)\n"
    )
    # -S leaves out site-packages: only what the plug-in carries can be found
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", code, str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(target)


def test_the_configuration_holds_absolute_places(tmp_path: Path, config: PluginConfig) -> None:
    assemble_plugin(EditorKind.KRITA, ROOT, tmp_path / "pykrita" / "insert_object", config)
    written = json.loads((tmp_path / "pykrita/insert_object/config.json").read_text(encoding="utf-8"))
    assert written == {
        "connection_file": str(config.connection_file),
        "start_command": list(config.start_command),
        "version": __version__,
    }


def test_gimps_script_has_the_run_bit(gimp: Editor, config: PluginConfig) -> None:
    install_plugin(gimp, ROOT, config, environ=NO_PYTHON)
    script = gimp.plugin_folder / "insert-object.py"
    assert script.stat().st_mode & 0o111 == 0o111
    assert script.read_bytes().startswith(b"#!/usr/bin/env python3\n")


def fake_python(folder: Path, *, with_gimp: bool) -> Path:
    """A ``python3`` that says whether it knows GIMP's bindings."""
    folder.mkdir()
    program = folder / "python3"
    program.write_text(f"#!/bin/sh\nexit {0 if with_gimp else 1}\n")
    program.chmod(0o755)
    return program


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems' GIMPs bring their Python")
def test_gimp_gets_a_python_that_has_its_bindings(gimp: Editor, config: PluginConfig, tmp_path: Path) -> None:
    first = fake_python(tmp_path / "first", with_gimp=False)
    second = fake_python(tmp_path / "second", with_gimp=True)
    path = f"{first.parent}:{second.parent}"
    install_plugin(gimp, ROOT, config, environ={"PATH": path})
    named = gimp.profile / "interpreters" / "insert-object.interp"
    assert named.read_text() == f"insert-object-python={second}\n"
    script = gimp.plugin_folder / "insert-object.py"
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env insert-object-python\n")
    assert script.stat().st_mode & 0o111 == 0o111


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems' GIMPs bring their Python")
def test_gimps_own_choice_stays_where_it_is_right(gimp: Editor, config: PluginConfig, tmp_path: Path) -> None:
    python = fake_python(tmp_path / "first", with_gimp=True)
    install_plugin(gimp, ROOT, config, environ={"PATH": str(python.parent)})
    assert not (gimp.profile / "interpreters").exists()


def test_krita_gets_module_desktop_file_action_and_is_told_to_load_it(
    krita: Editor, config: PluginConfig
) -> None:
    install_plugin(krita, ROOT, config)
    assert (krita.plugin_folder / "__init__.py").is_file()
    assert (krita.profile / "pykrita" / "insert_object.desktop").is_file()
    assert (krita.profile / "actions" / "insert_object.action").is_file()
    assert krita.settings is not None
    assert "enable_insert_object=true" in krita.settings.read_text()


@pytest.mark.parametrize("editor", ["gimp", "krita"])
def test_removing_leaves_no_trace(editor: str, request: pytest.FixtureRequest, config: PluginConfig) -> None:
    it: Editor = request.getfixturevalue(editor)
    install_plugin(it, ROOT, config, environ=NO_PYTHON)
    assert remove_plugin(it)
    assert not it.profile.exists()
    assert it.settings is None or not it.settings.exists()
    assert not remove_plugin(it)


def test_removing_leaves_other_plug_ins_alone(krita: Editor, config: PluginConfig) -> None:
    other = krita.profile / "pykrita" / "other" / "__init__.py"
    other.parent.mkdir(parents=True)
    other.write_text("")
    install_plugin(krita, ROOT, config)
    remove_plugin(krita)
    assert files_below(krita.profile) == {"pykrita/other/__init__.py"}


def test_a_newer_plug_in_replaces_the_older_one_whole(gimp: Editor, config: PluginConfig) -> None:
    gimp.plugin_folder.mkdir(parents=True)
    (gimp.plugin_folder / "left-over.py").write_text("")
    install_plugin(gimp, ROOT, config, environ=NO_PYTHON)
    assert not (gimp.plugin_folder / "left-over.py").exists()
    assert files_below(gimp.profile) == {
        f"plug-ins/insert-object/{name}" for name in files_below(gimp.plugin_folder)
    }


def test_a_plug_in_that_cannot_be_made_whole_leaves_the_older_one(
    gimp: Editor, config: PluginConfig, tmp_path: Path
) -> None:
    gimp.plugin_folder.mkdir(parents=True)
    (gimp.plugin_folder / "insert-object.py").write_text("older")
    (tmp_path / "no-msgpack").mkdir()
    with pytest.raises(PluginIncomplete):
        install_plugin(gimp, ROOT, config, msgpack_folder=tmp_path / "no-msgpack", environ=NO_PYTHON)
    assert files_below(gimp.profile) == {"plug-ins/insert-object/insert-object.py"}


def test_the_zips_can_be_installed_by_hand(tmp_path: Path) -> None:
    gimp, krita = build_plugin_zips(ROOT, tmp_path / "zips")
    with zipfile.ZipFile(gimp) as archive:
        script = archive.getinfo("insert-object/insert-object.py")
        assert (script.external_attr >> 16) & 0o111 == 0o111
        assert "insert-object/wire/protocol/msgpack/fallback.py" in archive.namelist()
    with zipfile.ZipFile(krita) as archive:
        names = archive.namelist()
    # Krita looks for these, the entry of the folder included
    assert {"insert_object.desktop", "insert_object.action", "insert_object/"} <= set(names)
    assert "insert_object/wire/protocol/codec.py" in names


def test_the_zips_are_written_from_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "plugins.profiles.plugin_files", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.zip"))) == len(EditorKind)
