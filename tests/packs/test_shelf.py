"""The shelf of packs: what is sound is found, what is not is left out with its reason, and nothing stops."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.home.folders import Folders
from daemon.packs.shelf import (
    MAX_PACKS,
    Pack,
    PackNameError,
    PackShelf,
    check_pack_name,
    check_weights,
    class_infos,
)
from models.files.manifest import Manifest, ModelCorrupt
from tests.packs.conftest import rewrite
from tests.program import ROOT
from wire.protocol import ErrorCode, InsertObjectError, Limits, Welcome, encode
from wire.protocol.codec import MAX_HEADER_BYTES


def test_a_pack_tells_its_name_label_classes_and_styles(pack: Path) -> None:
    rewrite(pack, lambda content: content.update(label="Discs and stars"))
    (found,) = PackShelf(pack.parent).look().packs.values()
    assert (found.info.name, found.info.label, found.resolution) == ("shapes", "Discs and stars", 32)
    assert [(c.name, c.label, c.styles) for c in found.info.classes] == [
        ("disc", "Disc", ("bold",)),
        ("star", "Star", ()),
    ]


def test_the_best_class_of_a_pack_comes_first_and_the_others_keep_their_order(pack: Path) -> None:
    rewrite(pack, lambda content: content.update(best_class="star"))
    (found,) = PackShelf(pack.parent).look().packs.values()
    assert [known.name for known in found.info.classes] == ["star", "disc"]
    assert [known.name for known in class_infos(Manifest.read(pack))] == ["disc", "star"]


def test_a_pack_without_a_label_is_called_by_its_manifests_name(pack: Path) -> None:
    assert PackShelf(pack.parent).look().packs["shapes"].info.label == "untrained"


def test_a_folder_that_is_not_there_holds_no_packs(tmp_path: Path) -> None:
    shelf = PackShelf(tmp_path / "nothing").look()
    assert (dict(shelf.packs), dict(shelf.refused)) == ({}, {})


def test_files_and_hidden_folders_beside_the_packs_are_no_packs(pack: Path) -> None:
    (pack.parent / "README.txt").write_text("mine", "utf-8")
    shutil.copytree(pack, pack.parent / ".adding-0123")
    shelf = PackShelf(pack.parent).look()
    assert list(shelf.packs) == ["shapes"] and not shelf.refused


def test_a_broken_pack_is_left_out_and_the_others_stay(pack: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = Path(shutil.copytree(pack, pack.parent / "broken"))
    (broken / "encoder.safetensors").unlink()
    shelf = PackShelf(pack.parent)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            seen = shelf.look()
    assert list(seen.packs) == ["shapes"]
    assert seen.refused == {"broken": "encoder.safetensors is missing."}
    assert caplog.text.count("encoder.safetensors is missing") == 1  # told once, however often it is looked


def test_packs_come_and_go_while_the_shelf_is_in_use(pack: Path) -> None:
    shelf = PackShelf(pack.parent)
    before = shelf.look().packs["shapes"]
    shutil.copytree(pack, pack.parent / "second")
    assert list(shelf.look().packs) == ["second", "shapes"]
    shutil.rmtree(pack)
    assert list(shelf.look().packs) == ["second"]
    (pack.parent / "second").rename(pack)
    rewrite(pack, lambda content: content.update(label="Changed"))
    after = shelf.look().packs["shapes"]
    assert after.info.label == "Changed" and after.version != before.version


def test_a_pack_that_did_not_load_stays_out_until_it_is_replaced(pack: Path) -> None:
    shelf = PackShelf(pack.parent)
    found = shelf.look().packs["shapes"]
    shelf.refuse(found, ModelCorrupt(pack / "encoder.safetensors", "is damaged"))
    assert shelf.look().refused == {"shapes": "encoder.safetensors is damaged."}
    os.utime(pack / "encoder.safetensors")
    assert list(shelf.look().packs) == ["shapes"]


def test_a_pack_that_is_a_link_is_left_out(pack: Path, tmp_path: Path) -> None:
    moved = pack.rename(tmp_path / "elsewhere")
    pack.symlink_to(moved)
    assert "is a link" in PackShelf(pack.parent).look().refused["shapes"]


@pytest.mark.parametrize("name", ["lamps", "a", "0", "garden-lamps_2", "x" * 64])
def test_good_names(name: str) -> None:
    assert check_pack_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "Lamps", "-lamps", "_x", "x" * 65, "..", ".", "a/b", "a\\b", "a b", "lämps", "a\n", "a\0"]
)
def test_names_that_a_pack_may_not_have(name: str) -> None:
    with pytest.raises(PackNameError):
        check_pack_name(name)


def test_a_folder_with_another_name_is_left_out(pack: Path) -> None:
    pack.rename(pack.parent / "My Shapes")
    assert "is not a name for a model pack" in PackShelf(pack.parent).look().refused["My Shapes"]


def listed(found: list[Pack]) -> int:
    """Bytes of the welcome that tells of these packs."""
    packs = tuple(pack.info for pack in found)
    return len(encode(Welcome("id", 1, "0.1.0", "cpu", (), Limits(), packs))[0])


def test_no_number_of_packs_is_too_many_for_the_welcome(pack: Path) -> None:
    for number in range(MAX_PACKS + 3):
        shutil.copytree(pack, pack.parent / f"pack{number:02}")
    shelf = PackShelf(pack.parent).look()
    assert len(shelf.packs) == MAX_PACKS and len(shelf.refused) == 4
    assert all("too many packs" in reason for reason in shelf.refused.values())
    assert listed(list(shelf.packs.values())) < MAX_HEADER_BYTES


def test_packs_with_endless_lists_of_classes_do_not_burst_the_welcome(pack: Path) -> None:
    classes = [{"name": f"{'ä' * 50}{n}", "label": f"{'ö' * 50}{n}"} for n in range(100)]
    rewrite(pack, lambda content: content.update(classes=classes))
    for number in range(5):
        shutil.copytree(pack, pack.parent / f"pack{number}")
    shelf = PackShelf(pack.parent).look()
    assert shelf.packs and shelf.refused
    assert listed(list(shelf.packs.values())) < MAX_HEADER_BYTES


def test_one_pack_with_more_than_can_be_listed_is_refused(pack: Path) -> None:
    classes = [{"name": f"{'ä' * 60}{n}", "label": f"{'ö' * 60}{n}"} for n in range(255)]
    rewrite(pack, lambda content: content.update(classes=classes))
    assert "more classes and styles than can be listed" in PackShelf(pack.parent).look().refused["shapes"]


def test_the_folder_of_packs_lies_with_the_data_or_where_the_environment_says(tmp_path: Path) -> None:
    home = {"INSERT_OBJECT_HOME": str(tmp_path)}
    assert Folders.default(home).packs == tmp_path / "data" / "packs"
    there = Folders.default({**home, "INSERT_OBJECT_PACKS": str(tmp_path / "other")})
    assert there.packs == tmp_path / "other"


def test_looking_for_packs_and_checking_weights_needs_no_torch(pack: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from daemon.packs.shelf import PackShelf, check_weights\n"
        f"pack = Path({str(pack)!r}); check_weights(pack); print(list(PackShelf(pack.parent).look().packs))\n"
        "print([name for name in ('torch', 'numpy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['shapes']", "[]"]


def test_missing_and_cut_weights_are_told_before_anything_slow(pack: Path) -> None:
    with (pack / "encoder.safetensors").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(InsertObjectError) as refusal:
        check_weights(pack)
    assert refusal.value.code is ErrorCode.MODEL_CORRUPT and "install.py" in refusal.value.hint
    (pack / "encoder.safetensors").unlink()
    with pytest.raises(InsertObjectError) as refusal:
        check_weights(pack)
    assert refusal.value.code is ErrorCode.MODEL_MISSING
    assert "is missing. Run" in str(refusal.value)


def test_a_manifest_is_read_once_however_often_it_is_looked_at(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Path(shutil.copytree(pack, pack.parent / "broken"))
    rewrite(broken, lambda content: content.update(format=2))
    read: list[str] = []
    real = Manifest.read

    def counted(folder: Path) -> Manifest:
        read.append(folder.name)
        return real(folder)

    monkeypatch.setattr(Manifest, "read", counted)
    shelf = PackShelf(pack.parent)
    seen = [shelf.look() for _ in range(3)]
    assert read == ["broken", "shapes"]
    assert seen[0] == seen[2] and "broken" in seen[2].refused
    rewrite(broken, lambda content: content.update(format=1, label="Mended"))
    assert "broken" in shelf.look().packs
