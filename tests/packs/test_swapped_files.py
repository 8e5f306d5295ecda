"""A weights file that is swapped while it is read: what is used was judged, whatever lay there before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.files import weights_file
from models.files.manifest import ModelCorrupt
from models.files.safetensors_header import Header, TensorKind
from models.files.weights_file import read_tensors
from models.masks.generator import MaskGenerator
from models.masks.weights import load_mask_weights, save_mask_weights
from tests.models.shapes_made_in_code import CLASSES, made_library

SwapAfterLook = Callable[[Path, Path], str]


@pytest.fixture
def swap_after_look(monkeypatch: pytest.MonkeyPatch) -> SwapAfterLook:
    """Has a file replaced by another one right after its header was looked at; gives that one's hash."""
    look = weights_file.read_header

    def arrange(file: Path, other: Path) -> str:
        def look_and_swap(path: Path) -> Header:
            header = look(path)
            file.write_bytes(other.read_bytes())
            return header

        monkeypatch.setattr(weights_file, "read_header", look_and_swap)
        return hashlib.sha256(other.read_bytes()).hexdigest()

    return arrange


def test_shapes_are_judged_in_the_bytes_that_were_hashed(
    tmp_path: Path, swap_after_look: SwapAfterLook
) -> None:
    file, other = tmp_path / "net.safetensors", tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2, 3)}, file)
    save_file({"weight": torch.zeros(3, 2)}, other)
    expected = {"weight": TensorKind((2, 3))}
    assert read_tensors(file, expected)["weight"].shape == (2, 3)
    sha256 = swap_after_look(file, other)
    with pytest.raises(ModelCorrupt, match="weight is 3 × 2, not 2 × 3"):
        read_tensors(file, expected, sha256)


def test_classes_are_read_from_the_bytes_that_were_hashed(
    tmp_path: Path, swap_after_look: SwapAfterLook
) -> None:
    file, other = tmp_path / "masks.safetensors", tmp_path / "other.safetensors"
    generator, library = MaskGenerator(), made_library()
    save_mask_weights(file, generator, library, CLASSES)
    renamed = tuple("x" * len(name) for name in CLASSES)
    save_mask_weights(other, generator, library, renamed)
    assert load_mask_weights(file)[2] == tuple(CLASSES)
    sha256 = swap_after_look(file, other)
    assert load_mask_weights(file, sha256=sha256)[2] == renamed
