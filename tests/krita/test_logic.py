"""The docker's logic with a stand-in for Krita, under PyQt5 and under PyQt6."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from plugins.profiles import EditorKind
from plugins.profiles.plugin_files import assemble_plugin
from tests.changed_copy import add_line
from tests.krita.provision import NoKrita, find_krita, python_with

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


MADE_UP_FIELD = """
import random
from PyQt{qt} import QtWidgets
application = QtWidgets.QApplication([])
from insert_object.form import load_form, save_form
from insert_object.history import Variation
from insert_object.panel import Panel
from insert_object.wire.layer_record import Recipe

panel = Panel()
assert not panel.form().wish.tilted
told = []
panel.form_changed.connect(lambda: told.append(panel.form()))
panel.switches["tilted"].setChecked(True)
assert [form.wish.tilted for form in told] == [True]
save_form(panel.form())
other = Panel()
other.set_form(load_form(random.Random(1)))
assert other.form().wish.tilted
assert Variation(Recipe(other.form().wish), 0, 0, None).recipe.wish.tilted
"""


@pytest.mark.parametrize("qt", ["5", "6"])
def test_the_dockers_logic_holds_under_pyqt(qt: str, tmp_path: Path) -> None:
    assemble_plugin(EditorKind.KRITA, ROOT, tmp_path / "pykrita" / "insert_object", None)
    done = _run(qt, tmp_path, "-m", "unittest", "discover", "-s", str(HERE / "logic"))
    assert done.returncode == 0, done.stderr[-6000:]


@pytest.mark.parametrize("qt", ["5", "6"])
def test_a_made_up_field_is_asked_for_and_kept_by_its_own_line_and_one_of_the_form(
    qt: str, tmp_path: Path
) -> None:
    plug_in = tmp_path / "pykrita" / "insert_object"
    assemble_plugin(EditorKind.KRITA, ROOT, plug_in, None)
    add_line(plug_in / "wire/protocol/wish.py", "    mirrored: bool = False", "    tilted: bool = False")
    add_line(plug_in / "form.py", '    "mirrored": (', '    "tilted": (N_("Tilted"), N_("Tilts it")),')
    done = _run(qt, tmp_path, "-c", MADE_UP_FIELD.replace("{qt}", qt))
    assert done.returncode == 0, done.stderr[-6000:]


def _run(qt: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with that Qt, the stand-in for Krita and the plug-in in `folder`."""
    python = python_with(f"PyQt{qt}")
    if python is None:
        try:
            find_krita()  # brings both bindings along on Debian
        except NoKrita as reason:
            pytest.skip(f"PyQt{qt} cannot be imported and cannot be had: {reason}")
        python = python_with(f"PyQt{qt}")
    if python is None:
        pytest.skip(f"no Python here can import PyQt{qt}")
    return subprocess.run(
        [python, "-W", "error", *arguments],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(HERE / "stand_in"), str(folder / "pykrita"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "LANG": "C.UTF-8",
            "QT_QPA_PLATFORM": "offscreen",
            "INSERT_OBJECT_QT": qt,
        },
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )
