"""A folder of weights: read whole and checked, or refused with the file's name."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.bundle import Bundle
from models.files.manifest import Manifest, ModelCorrupt, ModelMissing, file_hash
from models.files.part_files import FOREGROUND
from tests.tiny_weights import write_tiny_weights


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("weights")
    write_tiny_weights(folder)
    return Bundle.load(folder)


def _inputs(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    mask = torch.zeros(count, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    scene = torch.rand(count, 3, 32, 32, generator=random) * 2 - 1
    return scene, mask, torch.zeros(count, dtype=torch.long), torch.randn(count, 8, generator=random)


def test_what_the_scene_shows_under_the_mask_has_no_influence(bundle: Bundle) -> None:
    scene, mask, index, code = _inputs(2)
    other = torch.where(mask > 0, -scene, scene)
    first, second = (bundle.make_objects(s, mask, index, code)[0] for s in (scene, other))
    assert torch.equal(first, second)


def test_masks_span_their_boxes(bundle: Bundle) -> None:
    boxes = torch.tensor([[0.25, 0.25, 0.75, 0.75], [0.125, 0.25, 0.875, 0.75]])
    masks = bundle.make_masks(torch.tensor([0, 1]), boxes, torch.zeros(2, 32))
    for mask, box in zip(masks, boxes, strict=True):
        rows, columns = torch.where(mask[0] > 0.25)
        found = torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / 32
        assert (found - box).abs().max() <= 2 / 32


def test_a_code_has_the_encoders_size(bundle: Bundle) -> None:
    scene, mask, *_ = _inputs(2)
    code = bundle.encode(scene, mask)
    assert code.shape == (2, bundle.code_size)
    assert torch.isfinite(code).all()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path)
    (tmp_path / FOREGROUND).unlink()
    with pytest.raises(ModelMissing, match=FOREGROUND):
        Bundle.load(tmp_path)


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path)
    content = bytearray((tmp_path / FOREGROUND).read_bytes())
    content[-3] ^= 1
    (tmp_path / FOREGROUND).write_bytes(content)
    with pytest.raises(ModelCorrupt, match=FOREGROUND):
        Bundle.load(tmp_path)


def _replace_foreground(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Other tensors under a hash that fits, as somebody who makes weights by hand could write them."""
    save_file(tensors, folder / FOREGROUND)
    content = json.loads((folder / "manifest.json").read_text("utf-8"))
    content["files"][FOREGROUND] = file_hash(folder / FOREGROUND)
    content["sizes"][FOREGROUND] = (folder / FOREGROUND).stat().st_size
    (folder / "manifest.json").write_text(json.dumps(content), "utf-8")


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path)
    tensors = load_file(tmp_path / FOREGROUND)
    name = next(iter(tensors))
    _replace_foreground(tmp_path, {**tensors, name: torch.zeros(3)})
    with pytest.raises(ModelCorrupt, match="another shape"):
        Bundle.load(tmp_path)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path)
    tensors = load_file(tmp_path / FOREGROUND)
    name = next(iter(tensors))
    _replace_foreground(tmp_path, {**tensors, name: torch.full_like(tensors[name], float("nan"))})
    with pytest.raises(ModelCorrupt, match="not finite"):
        Bundle.load(tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere.safetensors", "/etc/passwd", "..", "a/b"])
def test_a_manifest_that_names_a_file_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    write_tiny_weights(tmp_path)
    content = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    content["files"][name] = "0" * 64
    (tmp_path / "manifest.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(ModelCorrupt, match="outside its folder"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', "{"])
def test_a_garbled_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(ModelCorrupt, match=r"manifest\.json"):
        Manifest.read(tmp_path)


def test_a_pack_that_still_lists_a_refiner_loads_and_paints_the_same(tmp_path: Path) -> None:
    manifest = write_tiny_weights(tmp_path)
    inputs = _inputs(1)
    before = Bundle.load(tmp_path).make_objects(*inputs)
    refiner = tmp_path / "refiner.safetensors"
    save_file({"enter.weight": torch.ones(4, 20, 3, 3).half()}, refiner)
    replace(manifest, files={**manifest.files, refiner.name: file_hash(refiner)}).write(tmp_path)
    assert refiner.name in Manifest.read(tmp_path).sizes
    after = Bundle.load(tmp_path).make_objects(*inputs)
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))


def test_a_small_window_is_painted_at_a_smaller_side(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path, resolution=64, levels=2)
    bundle = Bundle.load(tmp_path)
    assert bundle.sides == (32, 64)
    assert [bundle.side_for(pixels) for pixels in (10, 40, 41, 500)] == [32, 32, 64, 64]
    index, boxes = torch.tensor([0]), torch.tensor([[0.2, 0.3, 0.8, 0.7]])
    for side in bundle.sides:
        masks, parts = bundle.make_shapes(index, boxes, torch.zeros(1, 32), side=side)
        scene = torch.zeros(1, 3, side, side)
        colour, alpha = bundle.make_objects(
            scene, masks, index, torch.zeros(1, bundle.code_size), None, parts.placed
        )
        assert masks.shape == alpha.shape == (1, 1, side, side)
        assert colour.shape == scene.shape


def test_weights_are_read_without_torchs_compiler(tmp_path: Path) -> None:
    """It takes longer to load than all the rest, and 100 MB for good."""
    write_tiny_weights(tmp_path)
    program = (
        "import sys; from pathlib import Path; from models.bundle import Bundle;"
        f"Bundle.load(Path({str(tmp_path)!r})); sys.exit('torch._dynamo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
