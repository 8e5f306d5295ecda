"""Two installers, or two runs of the tests, that begin at once take turns."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from installer.computer.environment import ROOT
from installer.computer.failure import InstallFailure
from installer.computer.file_lock import file_lock

HOLDER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from installer.computer.file_lock import file_lock
with file_lock(Path(sys.argv[2]), on_wait=lambda: print("waits", flush=True)):
    print("has it", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(ROOT), str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_waits_says_so_and_goes_on_when_the_first_is_done(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as first, holder(tmp_path / "lock") as second:
        told = {said(first), said(second)}
        assert told == {"has it", "waits"}
        for process in (first, second):  # whichever has it
            assert process.stdin is not None
            process.stdin.close()
        assert "has it" in {said(first), said(second)}, "the one that waited"
        assert (first.wait(20), second.wait(20)) == (0, 0)


def test_a_holder_that_is_killed_leaves_the_lock_free(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as first:
        assert said(first) == "has it"
        first.kill()
    waited: list[str] = []
    with file_lock(tmp_path / "lock", on_wait=lambda: waited.append("waited")):
        assert waited == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not remove a file that is open")
def test_a_lock_whose_file_was_removed_is_not_held_by_two(tmp_path: Path) -> None:
    """The first removes the file at its end, while the second waits for the very file that goes."""
    path = tmp_path / "lock"
    order: list[str] = []

    def second() -> None:
        with file_lock(path, on_wait=lambda: order.append("second waits")):
            order.append("second has it")
            assert path.exists()

    with file_lock(path, on_wait=lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        while not order:
            time.sleep(0.01)
        path.unlink()
        order.append("first is done")
    thread.join(10)
    assert order[:1] == ["second waits"]
    assert order[-1] == "second has it"


RUN = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests import run
from installer.computer.environment import Environment

def create(self, python):
    self.folder.mkdir(parents=True)  # fails if another run is at it
Environment.create = create

def fill(environment):
    (environment.folder / "made").open("a").write("once\\n")
    time.sleep(0.5)

made = run.prepared(Path(sys.argv[2]), Path(sys.executable), fill)
assert (made.folder / "made").read_text() == "once\\n"
assert (made.folder / "ready").exists()
"""


def test_runs_of_the_tests_at_once_make_their_environment_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(ROOT), str(tmp_path / "environment")]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = "".join(run.communicate(timeout=60)[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert told.count("Making an environment") == 1
    assert told.count("Using the environment") == 2


def test_an_environment_that_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    folder.mkdir()
    (folder / "half").touch()
    command = [sys.executable, "-c", RUN, str(ROOT), str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert not (folder / "half").exists()


def test_a_second_installer_waits_for_the_first(tmp_path: Path) -> None:
    home = tmp_path / "home"
    data = home / "data"
    data.mkdir(parents=True)
    environ = {**os.environ, "INSERT_OBJECT_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    with holder(data / "installing.lock") as first:
        assert said(first) == "has it"
        command = [sys.executable, str(ROOT / "install.py"), "--uninstall"]
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as second:
            assert said(second).startswith("Another install.py is at work here")
            first.communicate("", timeout=20)
            assert second.communicate(timeout=20)[0] == "Insert Object is not installed for this user.\n"
    assert not data.exists(), "nothing is installed, so nothing stays"


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent as Linux and macOS do")
def test_an_installer_that_is_interrupted_while_it_waits_leaves_the_lock_to_its_holder(
    tmp_path: Path,
) -> None:
    lock = tmp_path / "data" / "installing.lock"
    environ = {**os.environ, "INSERT_OBJECT_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    with holder(lock) as first:
        assert said(first) == "has it"
        command = [sys.executable, str(ROOT / "install.py"), "--no-demo"]
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as second:
            assert said(second).startswith("Another install.py is at work here")
            second.send_signal(signal.SIGINT)
            assert second.wait(20) == 130
        assert lock.exists()
        with holder(lock) as third:
            assert said(third) == "waits"
            first.communicate("", timeout=20)
            assert said(third) == "has it"
            third.communicate("", timeout=20)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
def test_a_lock_is_tidied_up_while_it_is_still_held(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    found: list[str] = []

    def tidy_up() -> None:
        with holder(path) as other:
            found.append(said(other))
            other.kill()

    with file_lock(path, on_wait=lambda: None, on_end=tidy_up):
        pass
    assert found == ["waits"]


@pytest.mark.skipif(sys.platform == "win32", reason="locks by another call")
def test_a_file_system_without_locks_is_named_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    taken = file_lock(tmp_path / "lock", on_wait=lambda: pytest.fail("nobody has it"))
    with pytest.raises(InstallFailure, match=r"lock cannot be locked: No locks available\. .*HOME"), taken:
        pass
