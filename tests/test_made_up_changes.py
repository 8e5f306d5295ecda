"""A format, an editor and a loss, made up: each takes the files that CONTRIBUTING names, and works then.

The program is copied, the lines are added to those files alone, and what the copy does is looked at.
"""

from __future__ import annotations

from pathlib import Path

from tests.changed_copy import ROOT, Added, copy_with, run_in

FORMAT: Added = {
    "daemon/pictures/file_formats.py": {
        "FORMATS = (": (
            'BITMAP = FileFormat("Bitmap", (".bmp",), 30_000, holds_16_bits=False, holds_alpha=False,\n'
            "    lacks=frozenset(Metadata))"
        ),
        "PICTURE_ENDINGS =": "FORMATS = (*FORMATS, BITMAP)",
    },
    "daemon/pictures/photo_output.py": {
        "def _channels(": (
            'def _write_bitmap(file: BinaryIO, photo: Photo) -> None:\n    _save(file, photo, "BMP")\n\n'
        ),
        "    PNG.name: write_png,": '    "Bitmap": _write_bitmap,',
    },
}
WRITTEN = """
import sys
from pathlib import Path
import numpy
from daemon.commands.insert_options import add_insert_options
from daemon.pictures.photo import Photo, read_photo
from daemon.pictures.photo_output import write_photo

import argparse
parser = argparse.ArgumentParser()
add_insert_options(parser)
assert ".bmp" in parser.format_help()
pixels = numpy.random.default_rng(0).integers(0, 256, (9, 7, 3), "uint8")
deep = numpy.dstack([pixels, numpy.full((9, 7), 255, "uint8")]).astype("uint16") * 257
photo = Photo(deep, comment="by hand")
notes = write_photo(Path(sys.argv[1]), photo)
assert numpy.array_equal(read_photo(Path(sys.argv[1])).pixels, pixels)
print(*notes, sep="\\n")
"""
EDITOR: Added = {
    "plugins/profiles/kinds.py": {
        "    @property": '    EASEL = "easel"\n',
        "    EditorKind.GIMP: AboutEditor(": (
            "    EditorKind.EASEL: AboutEditor(\n"
            '        "Easel", "Easel 2", "choose Paint an object", ("add-ons", "insert_object"), "start.py"\n'
            "    ),"
        ),
    },
    "plugins/profiles/__init__.py": {
        "@dataclass(frozen=True)\nclass _System:": (
            "def _easel_profiles(system: _System) -> list[Editor]:\n"
            '    profile = system.config / "easel"\n'
            "    found = [Editor(EditorKind.EASEL, '2', profile, system.flavour)]\n"
            "    return found if profile.is_dir() else []\n\n"
        ),
    },
}
LOSS: Added = {
    "models/training/losses.py": {
        "def edge_entropy(": (
            "def roughness(alpha: Tensor) -> Tensor:\n"
            "    return (alpha[..., 1:] - alpha[..., :-1]).abs().mean()\n\n"
        )
    },
    "models/training/settings.py": {
        "    weight_edge: float": "    weight_rough: float = 0.0  # alpha is smooth"
    },
    "models/training/trainer.py": {
        '            "edge": settings.weight_edge': (
            '            "rough": settings.weight_rough * losses.roughness(soft),'
        )
    },
}
STEPPED = """
import torch
from models.training.settings import TrainingSettings
from models.training.trainer import Trainer
from tests.models.shapes_made_in_code import made_batch

def terms(*assignments):
    settings = TrainingSettings(resolution=32, batch_size=4).with_texts(assignments)
    torch.manual_seed(0)
    trainer = Trainer(settings, 2, torch.device("cpu"), None)
    trainer.random.manual_seed(0)
    return trainer.step(made_batch(0), 0)

assert terms()["Loss/G/rough"] == 0
assert 0 < terms("weight_rough=2")["Loss/G/rough"] < 1
"""


def test_a_made_up_format_takes_its_row_and_its_writer(tmp_path: Path) -> None:
    copy = copy_with(FORMAT, ("wire", "daemon", "models"), tmp_path / "copy")
    notes = run_in(copy, "-c", WRITTEN, str(tmp_path / "out.bmp")).splitlines()
    assert notes == [
        "Bitmap holds 8 bits per colour; the picture was written with 8.",
        "Bitmap holds no transparency; the picture was written over white.",
        "Bitmap has no place for the photo's comment, which was left out.",
    ]


def test_a_made_up_editor_takes_its_folder_its_row_and_where_its_profiles_are(tmp_path: Path) -> None:
    parts = ["wire", "plugins", "installer", "models", "install.py", "LICENSE", "pyproject.toml"]
    copy = copy_with(EDITOR, [*parts, *(path.name for path in ROOT.glob("*.lock"))], tmp_path / "copy")
    profiles = copy / "plugins/profiles/__init__.py"
    text = profiles.read_text("utf-8")
    listed = "*_krita_profiles(system)]"
    assert text.count(listed) == 1
    profiles.write_text(text.replace(listed, "*_krita_profiles(system), *_easel_profiles(system)]"), "utf-8")
    plug_in = copy / "plugins" / "easel" / "insert_object"
    plug_in.mkdir(parents=True)
    (plug_in / "start.py").write_text("import wire\n", "utf-8")
    home = tmp_path / "home"
    (home / ".config" / "easel").mkdir(parents=True)
    environ = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    said = run_in(copy, "install.py", "--dry-run", "--editors", "easel", **environ)
    assert f"put it into {home / '.config/easel/add-ons/insert_object'}" in said
    assert "No Easel 2 was found" in run_in(
        copy, "install.py", "--dry-run", HOME=str(tmp_path), XDG_CONFIG_HOME=""
    )
    run_in(copy, "-m", "plugins.profiles.plugin_files", str(tmp_path))
    assert (tmp_path / "insert-object-easel.zip").is_file()


def test_a_made_up_loss_takes_its_formula_its_weight_and_its_term(tmp_path: Path) -> None:
    parts = ("models", "tests/__init__.py", "tests/models/__init__.py", "tests/models/shapes_made_in_code.py")
    run_in(copy_with(LOSS, parts, tmp_path / "copy"), "-c", STEPPED, OMP_NUM_THREADS="1")
