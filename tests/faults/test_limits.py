"""A shell that allows little: the limit is named with the command that lifts it, and nothing is started."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.home import limits
from daemon.serving import service
from tests.daemon.conftest import Serve, folders, serve
from tests.program import run_program
from tests.stand_in_engine import StandInEngine
from wire.protocol import Error, ErrorCode

__all__ = ["folders", "serve"]  # fixtures

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ulimit is POSIX's")


def run(home: Path, limit: int, most: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs ``insert-object`` under a limit that it may not raise."""
    return run_program(home, *arguments, before=lambda: resource.setrlimit(limit, (most, most)))


@pytest.mark.parametrize(
    ("limit", "most", "told"),
    [
        (resource.RLIMIT_NOFILE, 12, ("Only 12 files may be open", "ulimit -n 1024")),
        (resource.RLIMIT_NOFILE, 40, ("Only 40 files may be open", "ulimit -n 1024")),
        (resource.RLIMIT_AS, 300 << 20, ("Only 300 MB of address space", "ulimit -v unlimited")),
    ],
    ids=["very few files", "few files", "little memory"],
)
def test_a_low_limit_is_named_at_once_with_the_command_that_lifts_it(
    tmp_path: Path, limit: int, most: int, told: tuple[str, str]
) -> None:
    for command in (("classes",), ("daemon", "run"), ("daemon", "start")):
        done = run(tmp_path / "home", limit, most, *command)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done
        assert all(part in done.stderr for part in told)
    assert not (tmp_path / "home" / "data" / "connection.json").exists()


def test_the_doctor_works_under_a_low_limit_and_names_it(tmp_path: Path) -> None:
    done = run(tmp_path / "home", resource.RLIMIT_NOFILE, 40, "doctor")
    assert "PROBLEM: Only 40 files may be open at a time here" in done.stdout
    assert done.stderr == ""


def test_more_files_are_taken_where_they_may_be(tmp_path: Path) -> None:
    """Many shells allow few at first and more to who asks."""
    done = run_program(
        tmp_path / "home",
        "doctor",
        before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 4096)),
    )
    assert "files may be open" not in done.stdout and "No problems found." in done.stdout


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_service_that_was_given_too_little_memory_says_so_and_makes_way(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The next request starts one under the limits of who asks then."""
    for module in (limits, service):
        monkeypatch.setattr(module, "memory_is_limited", lambda: True)
    served = serve(StandInEngine(load_errors=[error, error]))
    told = served.peer(greeted="").greet("test")
    assert isinstance(told, Error) and told.code is ErrorCode.OUT_OF_MEMORY
    assert "ulimit -v unlimited" in told.hint
    served.thread.join(10)
    assert not served.thread.is_alive() and not served.folders.connection_file.exists()
