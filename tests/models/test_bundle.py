"""A folder of weights: read whole and checked, or refused with the file's name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from models.bundle import REFINED_AROUND, Bundle, _area_of
from models.files.manifest import Manifest, ModelCorrupt, ModelMissing, file_hash
from models.files.part_files import FOREGROUND, REFINER
from models.refiner import Refiner
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


def test_the_refiner_doubles_an_object_and_its_grain_comes_from_the_seed(tmp_path: Path) -> None:
    manifest = write_tiny_weights(tmp_path)
    torch.manual_seed(0)
    refiner = Refiner()
    with torch.no_grad():
        torch.nn.init.normal_(refiner.leave.weight, 0, 0.1)
    save_file({name: value.half() for name, value in refiner.state_dict().items()}, tmp_path / REFINER)
    files = {**manifest.files, REFINER: file_hash(tmp_path / REFINER)}
    replace(manifest, files=files).write(tmp_path)
    bundle = Bundle.load(tmp_path)
    colour = torch.zeros(2, 3, 32, 32)
    alpha = torch.zeros(2, 1, 32, 32)
    alpha[..., 8:24, 8:24] = 1
    large, edge = bundle.refine(colour, alpha, [3, 4])
    assert large.shape == (2, 3, 64, 64)
    assert edge[..., 20:44, 20:44].min() == 1
    assert edge[..., :12, :].max() == 0
    again, _ = bundle.refine(colour[1:], alpha[1:], [4])
    torch.testing.assert_close(again[0], large[1])
    assert not torch.allclose(large[0], large[1])
    beyond = 2 * (8 - REFINED_AROUND)
    assert large[..., :beyond, :].abs().max() == 0
    assert large[..., beyond:-beyond, beyond:-beyond].abs().min() > 0


def test_an_object_of_odd_size_at_the_border_is_refined_to_its_last_pixel() -> None:
    rows, columns = _area_of(functional.pad(torch.ones(5, 7), (25, 0, 0, 27)))  # in the upper right corner
    assert (rows.start, columns.stop) == (0, 32)
    assert rows.stop >= 5 + REFINED_AROUND
    assert columns.start <= 25 - REFINED_AROUND
    assert (rows.stop - rows.start) % 2 == (columns.stop - columns.start) % 2 == 0
    rows, columns = _area_of(torch.zeros(32, 32))
    assert rows.stop - rows.start == columns.stop - columns.start >= 2


def test_weights_without_a_refiner_say_so(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path)
    bundle = Bundle.load(tmp_path)
    assert bundle.refiner is None
    with pytest.raises(ValueError, match="no refiner"):
        bundle.refine(torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8), [0])


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
