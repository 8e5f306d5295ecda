"""Disks that are full or cannot be written: one clear line, nothing half written, and work goes on."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.daemon.conftest import DaemonProcess, RunDaemon
from tests.daemon.peer import an_insert
from tests.faults.conftest import SmallDisk
from tests.faults.house import in_order
from tests.program import program_environment


def fill(disk: Path) -> Path:
    """Takes all the room that is left; deleting the file gives it back."""
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


def remount(disk: Path, mode: str) -> None:
    done = subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("the disk cannot be mounted again here")


@contextlib.contextmanager
def ended(daemon: DaemonProcess):  # type: ignore[no-untyped-def]
    try:
        yield daemon
    finally:
        daemon.end()


def test_a_daemon_on_a_full_disk_says_so_in_one_line_and_starts_once_there_is_room(
    small_disk: SmallDisk,
) -> None:
    disk = small_disk(64)
    home = disk / "home"
    filler = fill(disk)
    with ended(DaemonProcess(home)) as daemon:
        assert daemon.wait() == 2
        lines = daemon.errors().splitlines()
    assert len(lines) == 1, lines
    assert "cannot be written: No space left" in lines[0]
    filler.unlink()
    with ended(DaemonProcess(home)) as daemon:
        assert daemon.peer().ask(an_insert())[-1].TYPE == "done"
        in_order(daemon.folders)


def test_a_disk_that_fills_up_stops_no_request_and_the_daemon_ends_in_good_order(
    small_disk: SmallDisk,
) -> None:
    disk = small_disk(64)
    with ended(DaemonProcess(disk / "home")) as daemon:
        peer = daemon.peer()
        filler = fill(disk)
        for number in range(60):  # as many lines as would need a new block of the disk
            daemon.peer(greeted=f"client {number} " + "x" * 60).close()
        assert peer.ask(an_insert())[-1].TYPE == "done"
        filler.unlink()
        daemon.peer(greeted="the disk has room again")
        assert "the disk has room again" in daemon.log()
        daemon.process.terminate()
        assert daemon.wait() == 0
        assert daemon.errors() == ""
        assert not daemon.folders.connection_file.exists()


def test_a_home_that_can_only_be_read_is_one_clear_line(small_disk: SmallDisk) -> None:
    disk = small_disk(64)
    remount(disk, "ro")
    with ended(DaemonProcess(disk / "home")) as daemon:
        assert daemon.wait() == 2
        lines = daemon.errors().splitlines()
    assert len(lines) == 1, lines
    assert "Read-only file system" in lines[0]
    assert "INSERT_OBJECT_HOME" in lines[0]


def test_a_home_that_becomes_read_only_stops_no_request_and_no_end(small_disk: SmallDisk) -> None:
    disk = small_disk(256)
    with ended(DaemonProcess(disk / "home")) as daemon:
        peer = daemon.peer()
        # open files keep a disk from being made read-only, so the folder's own mount is what changes
        data = daemon.folders.data
        subprocess.run(["mount", "--bind", str(data), str(data)], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(data)], check=True)
        try:
            assert peer.ask(an_insert())[-1].TYPE == "done"
            began = time.monotonic()
            daemon.process.terminate()
            assert daemon.wait() == 0
            assert daemon.errors() == ""
            assert time.monotonic() - began < 4  # it was not given up on
        finally:
            subprocess.run(["umount", "-l", str(data)], check=True)
    with ended(DaemonProcess(disk / "home")) as following:  # the file that could not be removed is replaced
        assert following.peer().ask(an_insert())[-1].TYPE == "done"


def test_a_picture_that_finds_no_room_leaves_the_old_one_as_it_was(
    run_daemon_process: RunDaemon, small_disk: SmallDisk, tmp_path: Path
) -> None:
    daemon = run_daemon_process()
    daemon.wait_for_connection()
    photo = tmp_path / "photo.png"
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(noise).save(photo)
    disk = small_disk(64)
    target = disk / "out.png"
    target.write_bytes(b"precious")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "daemon.command_line", "insert", str(photo)),
            *("--box", "100,100,80,80", "--class", "dog", "-o", str(target)),
        ],
        env=program_environment(daemon.folders.data.parent),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert "the disk is full" in done.stderr
    assert target.read_bytes() == b"precious"
    assert [path.name for path in disk.iterdir()] == ["out.png"]
