"""The plug-ins' types hold, checked as they are installed, with the part of the program that they carry."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.profiles import EditorKind
from plugins.profiles.plugin_files import assemble_plugin
from tests.program import ROOT

_SETTINGS = """\
[mypy]
strict = True
python_version = 3.10
warn_unused_ignores = False
explicit_package_bases = True
namespace_packages = True

[mypy-*.protocol.msgpack.*]
ignore_errors = True

[mypy-*.protocol.codec]
disable_error_code = no-redef, import-untyped, no-untyped-call, attr-defined
"""


@pytest.mark.parametrize(
    ("kind", "folder"), [(EditorKind.GIMP, "insert-object"), (EditorKind.KRITA, "insert_object")]
)
def test_the_types_of_a_plug_in_hold(kind: EditorKind, folder: str, tmp_path: Path) -> None:
    plug_in = tmp_path / folder
    assemble_plugin(kind, ROOT, plug_in, None)
    settings = tmp_path / "mypy.ini"
    settings.write_text(_SETTINGS, "utf-8")
    # GIMP runs a plug-in's files as a program, Krita imports them as a package.
    what = sorted(path.name for path in plug_in.glob("*.py")) if kind is EditorKind.GIMP else [folder]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(settings), *what],
        cwd=plug_in if kind is EditorKind.GIMP else tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "plugins" / "typings")},
        capture_output=True,
        encoding="utf-8",
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
