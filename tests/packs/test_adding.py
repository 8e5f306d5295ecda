"""Adding a pack checks it whole and puts it in its place in one step; a zip cannot do harm."""

from __future__ import annotations

import io
import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.home.private_files import PrivateFileError
from daemon.packs import pack_files
from daemon.packs.pack_archives import BadArchive
from daemon.packs.pack_files import PackProblem, add_pack, check_pack, remove_pack, suggested_name
from daemon.packs.shelf import Pack, PackNameError, PackShelf
from models.files.manifest import Manifest
from tests.packs.conftest import rewrite
from wire.protocol import InsertObjectError

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")


def zipped(source: Path, target: Path, prefix: str = "", compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """The folder as a zip."""
    with zipfile.ZipFile(target, "w", compression) as archive:
        for file in sorted(source.iterdir()):
            archive.write(file, prefix + file.name)
    return target


def with_entry(archive: Path, name: str, data: bytes = b"x", **fields: Any) -> Path:
    """A further entry in a zip, with a name that ``zipfile`` itself would clean."""
    entry = zipfile.ZipInfo("placeholder")
    entry.compress_type = zipfile.ZIP_DEFLATED
    for key, value in fields.items():
        setattr(entry, key, value)
    entry.filename = name
    with zipfile.ZipFile(archive, "a") as content:
        content.writestr(entry, data)
    return archive


def nothing_left(packs: Path) -> bool:
    """Whether no pack and no half of one is there."""
    return not packs.exists() or list(packs.iterdir()) == []


def test_a_folder_is_copied_with_its_card_and_nothing_else(sound_pack: Path, packs: Path) -> None:
    source = Path(shutil.copytree(sound_pack, packs.parent / "source"))
    (source / "evil.py").write_text("print('no')", "utf-8")
    pack = add_pack(source, packs, "mine")
    assert pack.name == "mine" and list(PackShelf(packs).look().packs) == ["mine"]
    assert {file.name for file in (packs / "mine").iterdir()} == {
        "manifest.json",
        "MODEL_CARD.md",
        "foreground.safetensors",
        "encoder.safetensors",
        "parts_encoder.safetensors",
        "mask_generator.safetensors",
    }
    Manifest.read(packs / "mine").verify(packs / "mine")


@pytest.mark.parametrize("prefix", ["", "shapes/", "a/b/"])
def test_a_zip_is_unpacked_from_its_top_or_its_folder(
    sound_pack: Path, packs: Path, tmp_path: Path, prefix: str
) -> None:
    archive = zipped(sound_pack, tmp_path / "Garden Lamps.zip", prefix)
    with_entry(archive, "__MACOSX/._manifest.json")
    assert add_pack(archive, packs).name == "garden-lamps"
    Manifest.read(packs / "garden-lamps").verify(packs / "garden-lamps")


def test_a_pack_without_a_card_is_one_all_the_same(sound_pack: Path, packs: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(sound_pack, tmp_path / "source"))
    (source / "MODEL_CARD.md").unlink()
    add_pack(source, packs)
    assert not (packs / "source" / "MODEL_CARD.md").exists()


@pytest.mark.parametrize(
    ("name", "suggested"),
    [("Garden Lamps.zip", "garden-lamps"), ("été", "t"), ("--", ""), ("x" * 80, "x" * 64), ("a.b", "a-b")],
)
def test_a_name_is_made_of_the_files(name: str, suggested: str) -> None:
    assert suggested_name(Path("/somewhere") / name) == suggested


def test_a_pack_that_is_there_is_not_replaced(pack: Path, sound_pack: Path) -> None:
    before = (pack / "manifest.json").read_bytes()
    with pytest.raises(PackProblem, match="already"):
        add_pack(sound_pack, pack.parent)
    assert (pack / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("name", ["../out", "A", "", "/abs", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(sound_pack: Path, packs: Path, name: str) -> None:
    with pytest.raises(PackNameError):
        add_pack(sound_pack, packs, name)
    with pytest.raises(PackNameError):
        remove_pack(packs, name)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "encoder.safetensors").unlink(), "encoder.safetensors is missing"),
        (lambda folder: (folder / "encoder.safetensors").write_bytes(b"x"), "the manifest says"),
        (lambda folder: rewrite(folder, lambda content: content["files"].clear()), "a size for"),
        (
            lambda folder: rewrite(
                folder, lambda content: content["files"].update({"encoder.safetensors": "0" * 64})
            ),
            "SHA-256 is not the manifest's",
        ),
    ],
)
def test_a_pack_that_is_not_sound_is_not_added(
    sound_pack: Path, packs: Path, tmp_path: Path, spoil: Callable[[Path], Any], reason: str
) -> None:
    source = Path(shutil.copytree(sound_pack, tmp_path / "source"))
    spoil(source)
    for given in (source, zipped(source, tmp_path / "source.zip")):
        with pytest.raises(InsertObjectError) as refusal:
            add_pack(given, packs, "mine")
        if given.is_dir() or "manifest.json" not in reason:
            assert reason in str(refusal.value) or "lacks encoder" in str(refusal.value)
        assert refusal.value.hint
        assert nothing_left(packs)


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("../evil.txt", {}, "outside its folder"),
        ("a/../../evil.txt", {}, "outside its folder"),
        ("/etc/evil", {}, "outside its folder"),
        ("..\\evil.txt", {}, "outside its folder"),
        ("C:/evil", {}, "outside its folder"),
        ("link", {"external_attr": (stat.S_IFLNK | 0o777) << 16}, "a link or a device"),
        ("pipe", {"external_attr": (stat.S_IFIFO | 0o644) << 16}, "a link or a device"),
        ("encoder.safetensors", {}, "two files of one name"),
    ],
)
def test_a_zip_that_is_made_to_do_harm_is_refused(
    sound_pack: Path, packs: Path, tmp_path: Path, name: str, fields: dict[str, Any], reason: str
) -> None:
    archive = zipped(sound_pack, tmp_path / "pack.zip")
    with pytest.warns(UserWarning) if reason.startswith("two files") else _no_warning():
        with_entry(archive, name, **fields)
    with pytest.raises(BadArchive, match=reason):
        add_pack(archive, packs)
    assert nothing_left(packs)
    assert not list(tmp_path.rglob("evil*"))


class _no_warning:  # stands where a context of pytest stands
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_a_zip_bomb_is_refused_before_it_unfolds(sound_pack: Path, packs: Path, tmp_path: Path) -> None:
    archive = zipped(sound_pack, tmp_path / "pack.zip")
    with_entry(archive, "bomb.safetensors", bytes(64 << 20))
    assert archive.stat().st_size < 4 << 20
    with pytest.raises(BadArchive, match="grows without measure"):
        add_pack(archive, packs)
    assert nothing_left(packs)


def test_a_zip_that_lies_about_a_size_is_refused(sound_pack: Path, packs: Path, tmp_path: Path) -> None:
    archive = zipped(sound_pack, tmp_path / "pack.zip")
    data = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as content:
        size = content.getinfo("encoder.safetensors").file_size
    place = data.rindex(size.to_bytes(4, "little"))  # in the directory at the end
    data[place : place + 4] = (size // 2).to_bytes(4, "little")
    archive.write_bytes(data)
    with pytest.raises(InsertObjectError):
        add_pack(archive, packs)
    assert nothing_left(packs)


def test_a_zip_with_a_huge_manifest_is_refused(packs: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("manifest.json", b" " * (5 << 20))
    with pytest.raises(BadArchive, match="too large for one"):
        add_pack(tmp_path / "pack.zip", packs)


def test_a_zip_with_a_thousand_files_is_refused(packs: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}.txt", b"")
    with pytest.raises(BadArchive, match="1001 files"):
        add_pack(tmp_path / "pack.zip", packs)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_zip_is_refused(packs: Path, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "pack.zip").write_bytes(data)
    with pytest.raises(BadArchive, match="not a zip that can be read"):
        add_pack(tmp_path / "pack.zip", packs)


def test_a_damaged_zip_is_refused(sound_pack: Path, packs: Path, tmp_path: Path) -> None:
    archive = zipped(sound_pack, tmp_path / "pack.zip")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(InsertObjectError):
        add_pack(archive, packs)
    assert nothing_left(packs)


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_with_a_damaged_file_is_called_so_however_it_is_packed(
    sound_pack: Path, packs: Path, tmp_path: Path, compression: int
) -> None:
    archive = zipped(sound_pack, tmp_path / "pack.zip", compression=compression)
    with zipfile.ZipFile(archive) as content:
        entry = content.getinfo("encoder.safetensors")
    sound = archive.read_bytes()
    for part in range(1, 8):
        data = bytearray(sound)
        data[entry.header_offset + 60 + part * (entry.compress_size - 60) // 8] ^= 0x10
        archive.write_bytes(data)
        with pytest.raises(BadArchive, match=r"pack\.zip is not a zip that can be read"):
            add_pack(archive, packs)
        assert nothing_left(packs)


@pytest.mark.parametrize("place", ["ZipFile", "ZipExtFile.read"])
def test_a_zip_that_may_not_be_read_is_named_with_the_reason(
    sound_pack: Path, packs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    archive = zipped(sound_pack, tmp_path / "pack.zip")

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(f"zipfile.{place}", closed)
    with pytest.raises(BadArchive, match=r"pack\.zip cannot be read: Permission denied") as refusal:
        add_pack(archive, packs)
    assert "permissions" in refusal.value.hint
    assert nothing_left(packs)


def test_a_zip_that_finds_no_room_is_not_at_fault(
    sound_pack: Path, packs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zipped(sound_pack, tmp_path / "pack.zip")
    opened = Path.open

    def full(path: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if mode == "xb":
            raise OSError(28, "No space left on device")
        return opened(path, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(PrivateFileError, match="No space left"):
        add_pack(archive, packs)
    assert nothing_left(packs)


def test_of_two_packs_that_are_added_under_one_name_at_once_the_second_is_told_of_the_first(
    sound_pack: Path, packs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(folder: Path, name: str) -> Pack:
        """Another process adds its own after this one has looked whether there is one."""
        if folder.parent == packs and not (packs / name).exists():
            monkeypatch.undo()
            add_pack(sound_pack, packs, name)
        return check_pack(folder, name)

    monkeypatch.setattr(pack_files, "check_pack", overtaken)
    with pytest.raises(PackProblem, match="There is a model pack “mine” already"):
        add_pack(sound_pack, packs, "mine")
    assert [path.name for path in packs.iterdir()] == ["mine"]
    assert check_pack(packs / "mine", "mine").name == "mine"


def test_what_cannot_be_looked_for_is_refused(packs: Path, tmp_path: Path) -> None:
    for source in (tmp_path / ("x" * 300), tmp_path / ("x" * 300) / "pack"):
        with pytest.raises(PackProblem):
            add_pack(source, packs, "mine")
        with pytest.raises(PackProblem):
            check_pack(source, "mine")


def test_a_zip_without_a_manifest_is_refused(packs: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    (tmp_path / "pack.zip").write_bytes(buffer.getvalue())
    with pytest.raises(BadArchive, match=r"holds no manifest\.json"):
        add_pack(tmp_path / "pack.zip", packs)


def test_what_is_not_there_is_said(packs: Path, tmp_path: Path) -> None:
    with pytest.raises(PackProblem, match="There is no"):
        add_pack(tmp_path / "nothing", packs)
    with pytest.raises(PackProblem, match="no folder"):
        check_pack(tmp_path / "nothing", "x")
    with pytest.raises(PackProblem, match="There is no model pack"):
        remove_pack(packs, "nothing")


def test_a_folder_that_cannot_be_written_is_said(
    sound_pack: Path, packs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(PrivateFileError, match="No space left"):
        add_pack(sound_pack, packs)
    assert nothing_left(packs)


@posix
@pytest.mark.parametrize("mode", [0o755, 0o750, 0o700])
def test_a_shared_folder_keeps_its_mode_and_who_may_read_it_may_read_a_new_pack(
    sound_pack: Path, packs: Path, mode: int
) -> None:
    packs.chmod(mode)
    before = os.umask(0o077)
    try:
        add_pack(sound_pack, packs, "mine", shared=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(packs.stat().st_mode) == mode
    assert stat.S_IMODE((packs / "mine").stat().st_mode) == mode
    assert stat.S_IMODE((packs / "mine" / "manifest.json").stat().st_mode) == mode & 0o666


@posix
def test_a_shared_folder_that_others_can_write_takes_no_pack(sound_pack: Path, packs: Path) -> None:
    packs.chmod(0o775)
    with pytest.raises(PrivateFileError, match="Other users can write"):
        add_pack(sound_pack, packs, shared=True)
    assert nothing_left(packs) and stat.S_IMODE(packs.stat().st_mode) == 0o775


@posix
def test_the_folder_beside_the_data_is_closed_to_others(sound_pack: Path, packs: Path) -> None:
    packs.chmod(0o777)
    add_pack(sound_pack, packs)
    assert stat.S_IMODE(packs.stat().st_mode) == 0o700


def test_old_leftovers_of_ours_are_deleted_and_nothing_else(sound_pack: Path, packs: Path) -> None:
    ours = [packs / f".{what}-0123456789abcdef" for what in ("adding", "removing")]
    others = [packs / ".backup-0123456789abcdef", packs / ".adding-notes"]
    for folder in (*ours, *others):
        folder.mkdir()
        os.utime(folder, (0, 0))
    add_pack(sound_pack, packs, "mine")
    assert sorted(packs.iterdir()) == sorted([*others, packs / "mine"])


def test_removing_takes_the_whole_pack_and_only_it(pack: Path) -> None:
    other = Path(shutil.copytree(pack, pack.parent / "other"))
    remove_pack(pack.parent, "shapes")
    assert list(pack.parent.iterdir()) == [other]


def test_removing_a_link_leaves_what_it_leads_to(pack: Path, tmp_path: Path) -> None:
    moved = pack.rename(tmp_path / "elsewhere")
    pack.symlink_to(moved)
    remove_pack(pack.parent, "shapes")
    assert not pack.is_symlink() and (moved / "manifest.json").exists()


def test_a_broken_pack_can_be_removed(pack: Path) -> None:
    (pack / "manifest.json").write_text("{", "utf-8")
    remove_pack(pack.parent, "shapes")
    assert nothing_left(pack.parent)
