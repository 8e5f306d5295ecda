"""What classes are called in other languages: told with the classes, and judged like everything of a pack."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from daemon.packs.pack_files import add_pack
from daemon.packs.shelf import PackShelf
from models.files.labels import LABELS_NAME
from models.files.manifest import Manifest
from tests.conftest import ROOT, WEIGHTS

LABELS = {"disc": {"de": "Scheibe", "zh_CN": "圆盘"}}


def write_labels(folder: Path, content: object = LABELS) -> None:
    (folder / LABELS_NAME).write_text(json.dumps(content), "utf-8")


def test_every_shipped_class_has_a_label_in_every_language_of_the_plug_ins() -> None:
    gimp = {path.stem.partition("_")[0] for path in (ROOT / "plugins" / "gimp" / "po").glob("*.po")}
    krita = {path.stem for path in (ROOT / "plugins/krita/insert_object/translations").glob("*.json")}
    assert gimp == krita
    for known in Manifest.read(WEIGHTS).classes:
        assert set(known.labels) == gimp, known.name


def test_labels_are_told_with_the_classes_and_a_change_is_noticed(pack: Path) -> None:
    shelf = PackShelf(pack.parent)
    assert [dict(info.labels) for info in shelf.look().packs["shapes"].info.classes] == [{}, {}]
    write_labels(pack)
    told = shelf.look().packs["shapes"].info.classes
    assert [dict(info.labels) for info in told] == [LABELS["disc"], {}]


def test_labels_come_along_when_a_pack_is_added(sound_pack: Path, packs: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(sound_pack, tmp_path / "lamps"))
    write_labels(source)
    zipped = Path(shutil.make_archive(str(tmp_path / "zipped"), "zip", source))
    for given in (source, zipped):
        assert add_pack(given, packs).info.classes[0].label_in("de_AT") == "Scheibe"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], "is not a map of classes"),
        ({"disc": "Scheibe"}, "has no map of languages for “disc”"),
        ({"disc": {"German": "Scheibe"}}, "has a language 'German' for “disc”"),
        ({"disc": {"de": ""}}, "has a label of the class “disc” without a text"),
        ({"disc": {"de": "a\u202eb"}}, "characters that cannot be shown"),
    ],
)
def test_a_pack_with_broken_labels_is_left_out_and_says_why(pack: Path, content: object, reason: str) -> None:
    write_labels(pack, content)
    refused = PackShelf(pack.parent).look().refused["shapes"]
    assert refused.startswith(LABELS_NAME)
    assert reason in refused
