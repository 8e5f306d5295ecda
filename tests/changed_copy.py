"""Copies of the program with lines added, for tests of where a change has to be made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# For each file how a line of it begins, and what is written before that line.
Added = Mapping[str, Mapping[str, str]]


def copy_with(added: Added, parts: Sequence[str], copy: Path) -> Path:
    """Copies parts of the checkout, folders and files, and adds lines to files of the copy."""
    for part in parts:
        if (ROOT / part).is_dir():
            shutil.copytree(
                ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors")
            )
        else:
            (copy / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / part, copy / part)
    for name, lines in added.items():
        for before, line in lines.items():
            add_line(copy / name, before, line)
    return copy


def add_line(file: Path, before: str, line: str) -> None:
    """Writes lines before the one that begins so."""
    text = file.read_text("utf-8")
    assert text.count(f"\n{before}") == 1, f"{file} has no such place any more"
    file.write_text(text.replace(f"\n{before}", f"\n{line}\n{before}"), "utf-8")


def run_in(copy: Path, *arguments: str, folders: Sequence[str] = ("",), **environ: str) -> str:
    """Runs Python in the copy, which must succeed; returns what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(copy / folder) for folder in folders),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environ,
        },
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
