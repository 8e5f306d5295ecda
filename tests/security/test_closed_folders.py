"""Folders that a command as root has left behind: every later command names them, and says what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import ROOT, program_environment, run_program
from tests.security.conftest import needs_root
from tests.security.test_other_users import PAINTER, commons

__all__ = ["commons"]  # fixtures

# Everything is imported first: our Python may lie where another user cannot go.
_AS_PAINTER = f"""
import contextlib, email.parser, encodings.ascii, encodings.idna, importlib, importlib.metadata, io, json, os
import pkgutil, sys
import daemon.client, daemon.commands.doctor, daemon.commands.remote, daemon.command_line, wire
import daemon.home, daemon.packs, daemon.remote, daemon.serving
for package in (daemon.home, daemon.packs, daemon.remote, daemon.serving, wire):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
os.setgroups([])
os.setgid({PAINTER})
os.setuid({PAINTER})
told = io.StringIO()
with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
    code = daemon.command_line.main(sys.argv[1:])
print(json.dumps([code, told.getvalue()]))
"""


def told_to_a_painter(home: Path, *command: str) -> tuple[int, str]:
    """The exit code of a command and what it says to a user who is not root."""
    done = subprocess.run(
        [sys.executable, "-c", _AS_PAINTER, *command],
        env={**program_environment(home), "HOME": str(home.parent), "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, told = json.loads(done.stdout)
    return code, told


@needs_root
@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("classes",), "data"),
        (("doctor",), "data"),
        (("status",), "data/daemon.lock"),
        (("daemon", "start"), "data/daemon.lock"),
        (("daemon", "stop"), "data/daemon.lock"),
        (("daemon", "logs"), "logs/daemon.log"),
        (("daemon", "keys", "client"), "data/remote/client-key.json"),
        (("packs", "add", "lamps"), "data/packs/lamps"),
        (("packs", "remove", "lamps"), "data/packs/lamps"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_folders_that_belong_to_root_are_named_with_what_to_do(
    commons: Path, command: tuple[str, ...], named: str
) -> None:
    home = commons / "home"
    for folder in (home, home / "data", home / "logs"):
        folder.mkdir(mode=0o700)
    home.chmod(0o755)
    code, told = told_to_a_painter(home, *command)
    assert code == 2
    assert str(home / named) in told
    assert "ive yourself the right" in told and "INSERT_OBJECT_HOME" in told


@needs_root
def test_the_doctor_looks_at_folders_above_which_one_is_closed(commons: Path) -> None:
    home = commons / "home"
    (home / "data").mkdir(parents=True)
    home.chmod(0o700)
    code, told = told_to_a_painter(home, "doctor")
    assert code == 2
    assert f"PROBLEM: {home} cannot be written. Give yourself the right to" in told


def test_logs_below_a_file_are_none_yet(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    done = run_program(tmp_path / "home", "daemon", "logs")
    assert (done.returncode, done.stderr) == (0, "")
    assert "There is no log yet" in done.stdout
