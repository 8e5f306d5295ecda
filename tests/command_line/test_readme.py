"""Every command of the README runs as it is written, on the repository's files, with the shipped weights."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program import ROOT, program_environment

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
ELSEWHERE = ("python3 install.py", "python3 tests/run.py")  # run by tests/install, and by whoever reads this


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as the README has it, and a daemon of its own, ended afterwards."""
    place = tmp_path_factory.mktemp("readme")
    (place / "docs").mkdir()
    shutil.copytree(ROOT / "docs" / "demo", place / "docs" / "demo")
    yield place
    run(place, "-m", "daemon", "daemon", "stop")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**program_environment(folder / "home"), "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_readme_names_no_command_that_is_not_tried() -> None:
    assert len(COMMANDS) > 8
    assert [line for line in COMMANDS if not line.startswith("insert-object ")] == list(ELSEWHERE)


def test_every_command_makes_what_it_names(folder: Path) -> None:
    for line in COMMANDS:
        if line in ELSEWHERE:
            continue
        words = shlex.split(line)
        done = run(folder, "-m", "daemon", *words[1:])
        if words[1] != "doctor":  # which finds fault with a program that is not installed
            assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout or "-o" in words
        if "-o" in words:
            stem, dot, ending = words[words.index("-o") + 1].rpartition(".")
            names = (
                [f"{stem}-{n}.{ending}" for n in range(1, 5)]
                if "--variations" in words
                else [stem + dot + ending]
            )
            assert [name for name in names if not (folder / name).is_file()] == [], line


def test_the_lines_of_python_run(folder: Path) -> None:
    (code,) = (text for kind, text in BLOCKS if kind == "python")
    done = run(folder, "-c", code)
    assert done.returncode == 0, done.stderr
    assert (folder / "layer.png").is_file()
