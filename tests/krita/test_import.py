"""The plug-in's files as Krita wants them: the zip for its importer, the manual, the menu entry."""

from __future__ import annotations

import builtins
import importlib.util
import xml.etree.ElementTree as ElementTree
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from plugins.profiles.plugin_files import PluginConfig, build_plugin_zips
from tests.krita.provision import KritaPrograms

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "plugins" / "krita"


@pytest.fixture
def plugin_zip(tmp_path: Path) -> Path:
    config = PluginConfig(tmp_path / "connection.json", ("insert-object", "daemon", "run"))
    return build_plugin_zips(ROOT, tmp_path, config=config)[1]


def test_kritas_own_importer_takes_the_zip(
    plugin_zip: Path, tmp_path: Path, krita_programs: KritaPrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtins, "i18n", str.format, raising=False)  # a newer Krita puts it there
    importer = krita_programs.python_plugins / "plugin_importer" / "plugin_importer.py"
    if not importer.exists():
        pytest.skip(f"{krita_programs.krita} has its importer elsewhere")
    spec = importlib.util.spec_from_file_location("plugin_importer", importer)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    resources = tmp_path / "krita"
    resources.mkdir()
    imported = module.PluginImporter(str(plugin_zip), str(resources), lambda _plugin: True).import_all()
    assert [plugin["name"] for plugin in imported] == ["insert_object"]
    for name in ("pykrita/insert_object.desktop", "actions/insert_object.action"):
        assert (resources / name).is_file(), name
    module_folder = resources / "pykrita" / "insert_object"
    for name in (
        "__init__.py",
        "config.json",
        "Manual.html",
        "wire/protocol/msgpack/fallback.py",
        "translations/de.json",
    ):
        assert (module_folder / name).is_file(), name


def test_the_zip_holds_entries_for_its_folders_and_no_compiled_code(plugin_zip: Path) -> None:
    with zipfile.ZipFile(plugin_zip) as archive:
        names = archive.namelist()
    assert "insert_object/" in names and "insert_object/wire/" in names
    assert not [name for name in names if name.endswith((".so", ".pyd", ".pyc", ".dylib"))]


def test_the_menu_entry_is_enabled_while_something_is_selected() -> None:
    actions = ElementTree.parse(PLUGIN / "insert_object.action").getroot().iter("Action")
    flags = {action.get("name"): action.findtext("activationFlags") for action in actions}
    assert flags.pop("insert_object_insert") == "100000000"
    assert flags == dict.fromkeys(
        (f"insert_object_{name}" for name in ("docker", "next", "previous", "apply", "discard")), "0"
    )


def test_the_manual_is_well_formed() -> None:
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Tags()
    parser.feed((PLUGIN / "insert_object" / "Manual.html").read_text(encoding="utf-8"))
    assert parser.open == []
