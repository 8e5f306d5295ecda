"""The page on packs says all that a pack may hold."""

from __future__ import annotations

import json
from pathlib import Path

from models.described_shape import describe_shape
from models.files import part_files
from models.files.manifest import FILE_NAME, Manifest, ModelClass
from models.foreground_generator import GeneratorShape
from tests.program import ROOT

PAGE = (ROOT / "docs" / "packs.md").read_text("utf-8")
OF_THE_PROGRAM = {part_files.BACKGROUND, part_files.LIGHT}  # read from the shipped weights alone


def test_the_page_names_every_network_that_is_read_from_a_pack() -> None:
    names = {value for name, value in vars(part_files).items() if name.isupper()} - OF_THE_PROGRAM
    assert [name for name in sorted(names) if f"| `{name}` |" not in PAGE] == []


def test_the_page_names_every_field_of_a_manifest(tmp_path: Path) -> None:
    network = describe_shape(GeneratorShape(64, 1))
    manifest = Manifest("name", 64, network, (ModelClass("a", "A"),), {}, {}, "label", {}, "a")
    manifest.write(tmp_path)
    fields = json.loads((tmp_path / FILE_NAME).read_text("utf-8"))
    assert [name for name in fields if f"| `{name}` |" not in PAGE] == []
    assert [name for name in network if f"`{name}`" not in PAGE] == []
