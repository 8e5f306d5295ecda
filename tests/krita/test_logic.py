"""The docker's logic with a stand-in for Krita, under PyQt5 and under PyQt6."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from plugins.profiles import EditorKind
from plugins.profiles.plugin_files import assemble_plugin
from tests.krita.provision import NoKrita, find_krita, python_with

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


@pytest.mark.parametrize("qt", ["5", "6"])
def test_the_dockers_logic_holds_under_pyqt(qt: str, tmp_path: Path) -> None:
    python = python_with(f"PyQt{qt}")
    if python is None:
        try:
            find_krita()  # brings both bindings along on Debian
        except NoKrita as reason:
            pytest.skip(f"PyQt{qt} cannot be imported and cannot be had: {reason}")
        python = python_with(f"PyQt{qt}")
    if python is None:
        pytest.skip(f"no Python here can import PyQt{qt}")
    assemble_plugin(EditorKind.KRITA, ROOT, tmp_path / "pykrita" / "insert_object", None)
    done = subprocess.run(
        [python, "-W", "error", "-m", "unittest", "discover", "-s", str(HERE / "logic")],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(HERE / "stand_in"), str(tmp_path / "pykrita"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "LANG": "C.UTF-8",
            "QT_QPA_PLATFORM": "offscreen",
            "INSERT_OBJECT_QT": qt,
        },
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
