"""What the tests of model packs share: one small pack that works, copied and damaged by each test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.files.manifest import file_hash
from tests.tiny_weights import write_tiny_weights


@pytest.fixture(scope="session")
def sound_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of small random networks for "disc" and "star"; not to be changed."""
    folder = tmp_path_factory.mktemp("sound") / "shapes"
    write_tiny_weights(folder)
    (folder / "MODEL_CARD.md").write_text("# Shapes\n", "utf-8")
    return folder


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """An empty folder of packs."""
    folder = tmp_path / "packs"
    folder.mkdir()
    return folder


@pytest.fixture
def pack(sound_pack: Path, packs: Path) -> Path:
    """A pack of its own for the test, called "shapes"."""
    return Path(shutil.copytree(sound_pack, packs / "shapes"))


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes the manifest as somebody who makes a pack by hand could."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def replace_file(folder: Path, name: str, data: bytes) -> None:
    """Another content for a file, under a size and a hash that fit."""
    (folder / name).write_bytes(data)

    def fit(content: dict[str, Any]) -> None:
        content["files"][name] = file_hash(folder / name)
        content["sizes"][name] = len(data)

    rewrite(folder, fit)
