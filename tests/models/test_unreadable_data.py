"""What of a data folder cannot be read is told in a sentence that names the file."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.evaluation.setting import SceneUnreadable, read_scene
from models.masks.shapes import read_outlines
from models.photos.coco import find_coco
from models.photos.data import DataError, load_windows, object_window, read_records
from models.photos.found import read_photo
from models.photos.prepare import prepare
from models.photos.run_length import RunLengthError, decode_runs
from models.training.background_photos import load_backgrounds
from models.training.outlines import read_choice
from tests.models.shapes_made_in_code import write_photos

HEAD = {"left_eye": [10, 10], "right_eye": [16, 10], "nose": [13, 14]}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with an objects.jsonl and a keypoints.jsonl."""
    folder = tmp_path / "data"
    folder.mkdir()
    write_photos(folder, per_class=4)
    image = json.loads((folder / "objects.jsonl").read_text("utf-8").splitlines()[0])["image"]
    (folder / "keypoints.jsonl").write_text(json.dumps({"image": image, "keypoints": HEAD}) + "\n", "utf-8")
    return folder


def _png(path: Path, width: int, height: int, rest: bytes = b"") -> None:
    """The beginning of a PNG of that size; its pixels are not there."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    start = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + start + rest)


def huge(path: Path) -> None:
    """A picture that Pillow refuses as a bomb."""
    _png(path, 20_000, 20_000, struct.pack(">I", 10) + b"IDAT")


def garbled(path: Path) -> None:
    """A picture with the size of the others and broken chunks."""
    _png(path, 160, 120, struct.pack(">I", 10) + b"\0\0\0\0" + bytes(40))


@pytest.mark.parametrize("name", ["objects.jsonl", "keypoints.jsonl"])
def test_a_list_in_another_encoding_is_named_with_what_to_do(data: Path, name: str) -> None:
    (data / name).write_text((data / name).read_text("utf-8"), "utf-16")
    with pytest.raises(DataError, match=rf"{name} is not text in UTF-8: save it as UTF-8"):
        read_records(data)


@pytest.mark.parametrize("name", ["objects.jsonl", "keypoints.jsonl"])
def test_blank_lines_and_the_mark_of_some_editors_change_nothing(data: Path, name: str) -> None:
    before = read_records(data)
    (data / name).write_text("\ufeff" + (data / name).read_text("utf-8") + "\n  \n", "utf-8")
    assert read_records(data) == before
    assert any(record.head.half for record in before)


@pytest.mark.parametrize(
    "value", ["1e999", "[" * 100_000, "null", "9" * 5000], ids=["infinite", "nested", "nothing", "endless"]
)
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("objects.jsonl", '{"image": "a", "mask": "a", "class": "a", "split": "val", "box": [0, 0, 5, %s]}'),
        ("keypoints.jsonl", '{"image": "a", "keypoints": {"nose": %s}}'),
    ],
)
def test_a_line_that_cannot_be_read_is_named(data: Path, name: str, line: str, value: str) -> None:
    with (data / name).open("a", encoding="utf-8") as file:
        file.write((line % value) + "\n")
    with pytest.raises(DataError, match=rf"{name}, line \d+: "):
        read_records(data)


def test_a_line_of_chosen_outlines_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "chosen.jsonl").write_text('{"image": "a.jpg"}\n\n{"image": 3}\n', "utf-8")
    with pytest.raises(DataError, match=r"chosen\.jsonl, line 3: "):
        read_choice(tmp_path / "chosen.jsonl", tmp_path)


def test_a_dangling_link_beside_a_mask_is_named(tmp_path: Path) -> None:
    Image.new("L", (160, 120), 255).save(tmp_path / "q.png")
    (tmp_path / "q.jpg").symlink_to(tmp_path / "gone.jpg")
    with pytest.raises(DataError, match=r"q\.jpg cannot be read .*: repair it or take it out"):
        prepare(tmp_path, "lamp", tmp_path / "out")


def test_a_photo_beyond_what_pillow_opens_is_refused_like_any_too_large_one(tmp_path: Path) -> None:
    huge(tmp_path / "a.png")
    notes = tmp_path / "notes.json"
    image = {"id": 1, "file_name": "a.png", "width": 20_000, "height": 20_000}
    note = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[0, 0, 50, 0, 50, 50]]}
    categories = [{"id": 1, "name": "lamp"}]
    notes.write_text(json.dumps({"images": [image], "annotations": [note], "categories": categories}))
    readers: tuple[Callable[[], Any], ...] = (
        lambda: read_photo(tmp_path / "a.png"),
        lambda: find_coco(notes, "lamp"),
    )
    for read in readers:
        with pytest.raises(
            DataError, match=r"a\.png .*largest that is read has 150 million\. Make it smaller"
        ):
            read()


@pytest.mark.parametrize("spoil", [huge, garbled])
@pytest.mark.parametrize("field", ["image", "mask"])
def test_a_picture_that_cannot_be_read_is_named_by_whatever_reads_it(
    data: Path, spoil: Callable[[Path], None], field: str
) -> None:
    record = read_records(data)[0]
    spoil(getattr(record, field))
    for read in (
        lambda: load_windows([record], [record.class_name], 64),
        lambda: load_backgrounds([record], 64),
    ):
        with pytest.raises(DataError, match=r"cannot be read"):
            read()
    if field == "mask":
        with pytest.raises(DataError, match=r"cannot be read"):
            read_outlines([record], [record.class_name])
    else:
        with pytest.raises(SceneUnreadable, match=r"cannot be read"):
            read_scene(record.image)


@pytest.mark.parametrize("end", [10**10, 10**400], ids=["far", "endless"])
def test_a_box_far_beyond_its_photo_is_refused_before_it_takes_memory(data: Path, end: int) -> None:
    record = replace(read_records(data)[0], box=(0, 0, 20, end))
    with pytest.raises(DataError, match=rf"{record.image.name} "):
        object_window(record, 64, 1.4)


@pytest.mark.parametrize("runs", [[10**30, 1], [2**62] * 4 + [64]])
def test_runs_that_no_computer_counts_are_refused(runs: list[int]) -> None:
    with pytest.raises(RunLengthError, match="longer than its photo"):
        decode_runs(runs, 8, 8)
