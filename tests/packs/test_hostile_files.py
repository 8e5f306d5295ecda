"""A safetensors file that is not what its pack promises costs nothing and is refused with a reason."""

from __future__ import annotations

import json
import resource
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from models.bundle import Bundle
from models.files.manifest import ModelCorrupt, ModelMissing
from models.files.safetensors_header import read_header
from tests.packs.conftest import replace_file, rewrite

FILES = ("foreground.safetensors", "encoder.safetensors", "mask_generator.safetensors")


def with_header(content: Any, data: bytes = b"") -> bytes:
    """A file with that header, as the format prescribes."""
    text = (content if isinstance(content, str) else json.dumps(content)).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(shape: list[Any], begin: Any, end: Any, dtype: str = "F16") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut short"),
        (b"\x00" * 4, "cut short"),
        (struct.pack("<Q", 1 << 40), "cut short or too long"),
        (struct.pack("<Q", 1 << 30) + b"{}", "cut short or too long"),
        (with_header("{"), "is garbled"),
        (with_header("[]"), "is not a map"),
        (with_header("[" * 50_000), "nested too deeply"),
        (with_header('{"a": 1}'), "is garbled"),
        (with_header({"a": {"dtype": "F16"}}), "is garbled"),
        (with_header({"a": tensor([1 << 40], 0, 1 << 41)}), "its header speaks of 2199023255"),
        (with_header({"a": tensor([2], 0, 2)}, b"\0\0"), "another size than its shape"),
        (with_header({"a": tensor([10**4299], 0, 10**4299, "U8")}), "holds a number of 4300 digits"),
        (with_header({"a": tensor([-1], 0, -2)}), "garbles the shape"),
        (with_header({"a": tensor([True], 0, 2)}, b"\0\0"), "garbles the shape"),
        (with_header({"a": tensor([1] * 9, 0, 2)}, b"\0\0"), "garbles the shape"),
        (with_header({"a": tensor([1], 0, 8, "C64")}, b"\0" * 8), "kind of numbers that is not read"),
        (with_header({"a": tensor([1], 2, 4)}, b"\0" * 4), "leaves gaps"),
        (with_header({"a": tensor([1], 0, 2), "b": tensor([1], 0, 2)}, b"\0\0"), "overlap"),
        (with_header({"a": tensor([1], 0, 2)}, b"\0" * 3), "its header speaks of"),
        (with_header('{"a": {}, "a": {}}'), "names a field twice"),
        (with_header({"__metadata__": {"classes": 1}}), "garbles its metadata"),
        (b"\x80\x04\x95" + b"cos\nsystem\n" * 10, "cut short or too long"),  # a pickle
    ],
)
def test_a_file_that_is_no_such_safetensors_file_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "net.safetensors").write_bytes(data)
    with pytest.raises(ModelCorrupt) as refusal:
        read_header(tmp_path / "net.safetensors")
    assert "net.safetensors" in str(refusal.value) and reason in str(refusal.value)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_judged_by_its_header_first(pack: Path, name: str) -> None:
    replace_file(pack, name, with_header({"a": tensor([1], 2, 4)}, b"\0" * 4))
    with pytest.raises(ModelCorrupt, match=f"{name} is not a safetensors file: its header leaves gaps"):
        Bundle.load(pack)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)


def test_a_header_that_claims_a_terabyte_costs_nothing(pack: Path) -> None:
    header = with_header({"a": tensor([1 << 39], 0, 1 << 40)})
    file = pack / "foreground.safetensors"
    replace_file(pack, file.name, header)
    with file.open("r+b") as stream:
        stream.truncate((1 << 31) - 1)  # a hole of 2 GB
    rewrite(pack, lambda content: content["sizes"].update({file.name: (1 << 31) - 1}))
    before = peak_megabytes()
    with pytest.raises(ModelCorrupt, match="its header speaks of"):
        Bundle.load(pack)
    assert peak_megabytes() - before < 64


def test_a_network_of_billions_of_numbers_is_refused_before_it_is_made(pack: Path) -> None:
    def huge(content: dict[str, Any]) -> None:
        content["resolution"] = 512
        content["network"].update(
            channels={str(4 << step): 1024 for step in range(8)},
            code_size=512,
            style_size=1024,
            base=256,
        )
        content["classes"][0]["styles"] = {}

    rewrite(pack, huge)
    before = peak_megabytes()
    with pytest.raises(ModelCorrupt, match=r"describes a network of \d+ numbers|another shape"):
        Bundle.load(pack)
    assert peak_megabytes() - before < 64


def changed(pack: Path, name: str, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Other tensors in a file, under a hash that fits."""
    with safe_open(pack / name, "pt") as stored:
        metadata = stored.metadata()
    tensors = {key: value.clone() for key, value in load_file(pack / name).items()}
    change(tensors)
    save_file(tensors, pack / name, metadata)
    replace_file(pack, name, (pack / name).read_bytes())


@pytest.mark.parametrize("name", FILES)
def test_tensors_that_are_too_many_or_too_few_are_refused(pack: Path, name: str) -> None:
    changed(pack, name, lambda tensors: tensors.update(extra=torch.zeros(1)))
    with pytest.raises(ModelCorrupt, match=f"{name} holds weights of another shape: 'extra' belongs to no"):
        Bundle.load(pack)
    changed(pack, name, lambda tensors: tensors.pop("extra") is tensors.pop(next(iter(tensors))))
    with pytest.raises(ModelCorrupt, match="another shape: it lacks"):
        Bundle.load(pack)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused(pack: Path, name: str, value: float) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        last = [key for key, tensor in tensors.items() if tensor.is_floating_point()][-1]
        tensors[last].view(-1)[-1] = value

    changed(pack, name, spoil)
    with pytest.raises(ModelCorrupt, match=f"{name} holds numbers that are not finite"):
        Bundle.load(pack)


def test_numbers_no_training_leads_to_are_refused(pack: Path) -> None:
    changed(pack, "encoder.safetensors", lambda tensors: tensors["out.bias"].fill_(6e4))
    with pytest.raises(ModelCorrupt, match="far too large for weights, in out"):
        Bundle.load(pack)


def test_numbers_of_another_kind_are_refused(pack: Path) -> None:
    changed(
        pack, "encoder.safetensors", lambda tensors: tensors.update(**{"out.bias": tensors["out.bias"].int()})
    )
    with pytest.raises(ModelCorrupt, match=r"holds out\.bias as I32, it must be F16 or BF16 or F32"):
        Bundle.load(pack)


def test_a_library_that_points_beyond_itself_is_refused(pack: Path) -> None:
    changed(pack, "mask_generator.safetensors", lambda tensors: tensors["library.neighbours"].fill_(10**6))
    with pytest.raises(ModelCorrupt, match=r"mask_generator\.safetensors cannot be used"):
        Bundle.load(pack)


def test_a_library_for_other_classes_is_refused(pack: Path) -> None:
    def rename(content: dict[str, Any]) -> None:
        content["classes"][0].update(name="moon", label="Moon")

    rewrite(pack, rename)
    with pytest.raises(ModelCorrupt, match="is for other classes than the manifest"):
        Bundle.load(pack)


def test_more_classes_in_the_manifest_than_in_the_network_are_refused(pack: Path) -> None:
    rewrite(pack, lambda content: content["classes"].append({"name": "moon", "label": "Moon"}))
    with pytest.raises(ModelCorrupt, match=r"class_code\.weight is 2 × 32, not 3 × 32"):
        Bundle.load(pack)


def test_a_network_that_this_version_does_not_know_is_refused(pack: Path) -> None:
    rewrite(pack, lambda content: content["network"].update(diffusion=True))
    with pytest.raises(ModelCorrupt, match="does not know: 'diffusion'"):
        Bundle.load(pack)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_the_manifest_does_not_list_is_not_read(pack: Path, name: str) -> None:
    rewrite(pack, lambda content: (content["files"].pop(name), content["sizes"].pop(name)))
    with pytest.raises(ModelCorrupt, match=f"does not list {name}"):
        Bundle.load(pack)


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_hash_is_found(pack: Path, name: str) -> None:
    rewrite(pack, lambda content: content["files"].update({name: "0" * 64}))
    with pytest.raises(ModelCorrupt, match=f"{name} is damaged: its SHA-256 is not the manifest's"):
        Bundle.load(pack)


def test_a_file_swapped_for_another_networks_is_refused(pack: Path) -> None:
    replace_file(pack, "encoder.safetensors", (pack / "foreground.safetensors").read_bytes())
    with pytest.raises(ModelCorrupt, match="another shape"):
        Bundle.load(pack)


def test_a_missing_file_is_named(pack: Path) -> None:
    (pack / "mask_generator.safetensors").unlink()
    with pytest.raises(ModelMissing, match=r"mask_generator\.safetensors is missing\."):
        Bundle.load(pack)


def test_a_sound_pack_is_loaded_whatever_lies_beside_its_files(pack: Path) -> None:
    (pack / "evil.py").write_text("raise SystemExit('executed')", "utf-8")
    (pack / "data.pkl").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    shutil.copytree(pack, pack / "nested")
    assert Bundle.load(pack).class_names == ("disc", "star")


def test_the_header_of_a_sound_file_tells_its_tensors(sound_pack: Path) -> None:
    header = read_header(sound_pack / "encoder.safetensors")
    stored = load_file(sound_pack / "encoder.safetensors")
    assert {name: kind.shape for name, kind in header.tensors.items()} == {
        name: tuple(value.shape) for name, value in stored.items()
    }
