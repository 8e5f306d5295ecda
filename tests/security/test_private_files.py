"""Links, pipes, second names and swaps: none of them makes us read or write another file than our own."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from daemon.home import private_files
from daemon.home.folders import Folders
from daemon.home.lifecycle import connection_pid, running_pid, write_connection_file
from daemon.home.private_files import (
    OTHERS_MAY_WRITE,
    PrivateFileError,
    make_private_folder,
    open_private_file,
    read_private_file,
    write_private_file,
)
from daemon.serving.keys import KeyRing
from tests.security.conftest import posix
from tests.security.studio import STAND_IN, StudioProcess

pytestmark = posix
SECRET = b"precious"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    make_private_folder(made)
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file of the user's that an attacker wants to have overwritten, or its content told."""
    path = tmp_path / "target"
    path.write_bytes(SECRET)
    path.chmod(0o600)
    return path


def _kept(path: Path) -> bool:
    """Whether a file could be written and read; somebody may be in the way."""
    try:
        write_private_file(path, b"token")
        read_private_file(path)
    except (PrivateFileError, OSError):
        return False
    return True


def state(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), stat.S_IMODE(path.stat().st_mode)


# --- Files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lay", ["symlink_to", "hardlink_to"])
def test_a_link_is_neither_written_through_nor_read(folder: Path, target: Path, lay: str) -> None:
    link = folder / "connection.json"
    getattr(link, lay)(target)
    before = state(target)
    with pytest.raises(PrivateFileError):
        read_private_file(link)
    for mode in ("a", "a+"):
        with pytest.raises(PrivateFileError):
            open_private_file(link, mode)
    if lay == "symlink_to":
        with pytest.raises(PrivateFileError, match="is a link"):
            write_private_file(link, b"token")
    else:
        write_private_file(link, b"token")  # takes the link's place; what it led to stays
        assert link.read_bytes() == b"token"
    assert state(target) == before


@pytest.mark.parametrize("read", [read_private_file, lambda path: open_private_file(path, "a")])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(folder: Path, read: object) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises((PrivateFileError, OSError)):
        read(folder / "pipe")  # type: ignore[operator]


def test_a_folder_in_the_place_of_a_file_is_an_error(folder: Path) -> None:
    (folder / "connection.json").mkdir()
    with pytest.raises(PrivateFileError):
        write_private_file(folder / "connection.json", b"token")
    assert [path.name for path in folder.iterdir()] == ["connection.json"]


def test_a_file_swapped_for_a_link_between_check_and_read_is_not_read(
    folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "connection.json"
    write_private_file(path, b"{}")
    check = private_files.refuse_link

    def swap(checked: Path) -> None:
        check(checked)
        path.unlink()
        path.symlink_to(target)

    monkeypatch.setattr(private_files, "refuse_link", swap)
    with pytest.raises(OSError, match="symbolic link"):
        read_private_file(path)


def test_what_was_opened_is_what_is_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "key"
    write_private_file(path, SECRET)
    path.chmod(0o644)
    opened = os.open

    def swap(name: object, *arguments: object, **more: object) -> int:
        descriptor = opened(name, *arguments, **more)  # type: ignore[arg-type]
        path.unlink()  # now a file with a good mode lies there, but it is not the one that was opened
        path.write_bytes(b"good")
        path.chmod(0o600)
        return descriptor

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(PrivateFileError, match="open to other users"):
        read_private_file(path)


def test_a_file_that_is_far_too_large_is_not_taken_into_memory(folder: Path) -> None:
    path = folder / "connection.json"
    write_private_file(path, b"")
    with path.open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(PrivateFileError, match="too large"):
        read_private_file(path)


def test_while_somebody_keeps_swapping_the_target_is_never_touched(folder: Path, target: Path) -> None:
    path = folder / "connection.json"
    ended = threading.Event()

    def swap() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            link = folder / f"link{number}"
            link.symlink_to(target)
            link.replace(path)

    attacker = threading.Thread(target=swap)
    attacker.start()
    refused = 0
    try:
        for _ in range(300):
            refused += not _kept(path)
    finally:
        ended.set()
        attacker.join()
    assert refused
    assert state(target) == (SECRET, 0o600)


# --- Folders ----------------------------------------------------------------------------------------


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "data").symlink_to(elsewhere)
    daemon = StudioProcess(tmp_path / "home", *STAND_IN)
    try:
        assert daemon.wait() == 2
        assert "is a link" in daemon.errors()
    finally:
        daemon.end()
    assert list(elsewhere.iterdir()) == []
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


def test_a_folder_swapped_for_a_link_while_a_file_is_written_gains_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write = private_files._write_new

    def swap(path: Path, content: bytes, opened: int | None) -> None:
        folder.rename(tmp_path / "moved")
        folder.symlink_to(elsewhere)
        write(path, content, opened)

    monkeypatch.setattr(private_files, "_write_new", swap)
    write_private_file(folder / "connection.json", b"token")
    assert list(elsewhere.iterdir()) == []
    assert (tmp_path / "moved" / "connection.json").read_bytes() == b"token"


def test_a_link_laid_where_a_folder_is_about_to_be_made_changes_no_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    make = Path.mkdir

    def faster(path: Path, *arguments: int) -> None:
        if path.name == "data":
            path.symlink_to(elsewhere)
        make(path, *arguments)

    monkeypatch.setattr(Path, "mkdir", faster)
    with pytest.raises(PrivateFileError, match="is a link"):
        make_private_folder(tmp_path / "home" / "data")
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


def test_a_folder_that_cannot_be_closed_to_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_folder = tmp_path / "data"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)  # as a FAT disk does
    with pytest.raises(PrivateFileError, match="open to other users"):
        make_private_folder(open_folder)


def test_nothing_secret_is_written_into_a_folder_that_others_can_write(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(PrivateFileError, match="Other users can write"):
        write_private_file(shared / "connection.json", b"token")
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_every_kept_file_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    folders = Folders.default({"INSERT_OBJECT_HOME": str(tmp_path / "home")})
    before = os.umask(umask)
    try:
        write_connection_file(folders, "tcp://127.0.0.1:1", "token")
        ring = KeyRing(folders.remote)
        ring.new_server(), ring.new_client(), ring.allow("desk", bytes(32))
    finally:
        os.umask(before)
    for path in (tmp_path / "home").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


# --- What the daemon makes of them ------------------------------------------------------------------


def test_the_lock_with_a_second_name_is_refused(tmp_path: Path, target: Path) -> None:
    folders = Folders.default({"INSERT_OBJECT_HOME": str(tmp_path / "home")})
    make_private_folder(folders.data)
    folders.lock_file.hardlink_to(target)
    with pytest.raises(PrivateFileError, match="second name"):
        running_pid(folders)
    assert state(target) == (SECRET, 0o600)


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666])
def test_a_connection_file_that_others_can_write_counts_as_none(tmp_path: Path, mode: int) -> None:
    folders = Folders.default({"INSERT_OBJECT_HOME": str(tmp_path / "home")})
    write_connection_file(folders, "tcp://127.0.0.1:1", "token")
    assert connection_pid(folders) == os.getpid()
    folders.connection_file.chmod(mode)
    assert connection_pid(folders) is None
    with pytest.raises(PrivateFileError):
        read_private_file(folders.connection_file, denied=OTHERS_MAY_WRITE)
    assert json.loads(folders.connection_file.read_bytes())["token"] == "token"
