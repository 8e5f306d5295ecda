"""Whatever a pack's files hold, reading them ends in a pack or a refusal, never in anything else."""

from __future__ import annotations

import copy
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.files.manifest import Manifest, ModelCorrupt
from models.files.safetensors_header import Header, read_header

HUGE = st.integers(300, 4299).map(lambda digits: 10**digits)
NUMBERS = st.integers() | st.floats() | HUGE
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(content: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value in parsed JSON."""
    found: list[tuple[Any, ...]] = [way] if way else []
    if isinstance(content, dict):
        items: Any = content.items()
    else:
        items = enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        found += places(value, (*way, key))
    return found


def owner_of(content: Any, way: tuple[Any, ...]) -> Any:
    """The map or list that the value at the end of the way stands in."""
    for step in way[:-1]:
        content = content[step]
    return content


@pytest.fixture(scope="module")
def manifest(sound_pack: Path) -> Any:
    return json.loads((sound_pack / "manifest.json").read_text("utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@QUICK
@given(data=st.data())
def test_any_value_in_any_field_of_a_manifest(manifest: Any, folder: Path, data: st.DataObject) -> None:
    content = copy.deepcopy(manifest)
    way = data.draw(st.sampled_from(places(content)))
    owner_of(content, way)[way[-1]] = data.draw(JSON)
    (folder / "manifest.json").write_text(json.dumps(content), "utf-8")
    try:
        read = Manifest.read(folder)
    except ModelCorrupt as refusal:
        assert len(str(refusal)) < 800 and "\n" not in str(refusal)
    else:
        assert read.classes and read.resolution <= 512


@QUICK
@given(number=NUMBERS, data=st.data())
def test_any_number_in_place_of_any_number_of_a_manifest(
    manifest: Any, folder: Path, number: float, data: st.DataObject
) -> None:
    content = copy.deepcopy(manifest)
    owners = [(owner_of(content, way), way[-1]) for way in places(content)]
    owner, place = data.draw(st.sampled_from([its for its in owners if type(its[0][its[1]]) in (int, float)]))
    owner[place] = number
    (folder / "manifest.json").write_text(json.dumps(content), "utf-8")
    try:
        Manifest.read(folder)
    except ModelCorrupt as refusal:
        assert len(str(refusal)) < 800


@QUICK
@given(data=st.binary(max_size=400))
def test_any_bytes_as_a_safetensors_file(folder: Path, data: bytes) -> None:
    (folder / "net.safetensors").write_bytes(data)
    with pytest.raises(ModelCorrupt):
        read_header(folder / "net.safetensors")


@QUICK
@given(header=JSON, rest=st.binary(max_size=16))
def test_any_json_as_a_safetensors_header(folder: Path, header: Any, rest: bytes) -> None:
    text = json.dumps(header).encode()
    (folder / "net.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + rest)
    try:
        assert isinstance(read_header(folder / "net.safetensors"), Header)
    except ModelCorrupt as refusal:
        assert "net.safetensors" in str(refusal)


TENSOR = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F16", "F32", "BF16", "U8", "I32", "F64", "BOOL", ""]),
        "shape": st.lists(st.integers(-1, 2**70) | HUGE, max_size=4),
        "data_offsets": st.lists(st.integers(-4, 64) | HUGE, min_size=1, max_size=3),
    }
)


@QUICK
@given(header=st.dictionaries(st.text(max_size=6), TENSOR, max_size=4), rest=st.binary(max_size=64))
def test_any_tensors_in_a_safetensors_header(folder: Path, header: Any, rest: bytes) -> None:
    text = json.dumps(header).encode()
    file = folder / "net.safetensors"
    file.write_bytes(struct.pack("<Q", len(text)) + text + rest)
    try:
        read = read_header(file)
    except ModelCorrupt:
        return
    assert read.file_bytes == file.stat().st_size
