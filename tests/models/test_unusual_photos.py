"""Photos that few people have: deep greys, names that are no UTF-8, heads that are named, annotations of
photos in another size, masks of thin lines, a folder of another form than before."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.photos.coco import find_coco
from models.photos.data import DataError, read_records
from models.photos.found import read_photo
from models.photos.prepare import prepare
from tests.models.shapes_made_in_code import write_photos


def test_a_listed_folder_keeps_its_heads(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write_photos(data, per_class=5)
    image = json.loads((data / "objects.jsonl").read_text("utf-8").splitlines()[0])["image"]
    points = {"left_eye": [10, 10], "right_eye": [16, 10], "nose": [13, 14]}
    (data / "keypoints.jsonl").write_text(json.dumps({"image": image, "keypoints": points}) + "\n", "utf-8")
    kept = {
        record.image.name: record.head
        for record in read_records(prepare(data, "disc", tmp_path / "out").folder)
    }
    assert kept[Path(image).name].half == read_records(data)[0].head.half > 0


def test_a_grey_of_16_bits_keeps_its_shades(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 160).astype(np.uint16)[None].repeat(120, 0)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    seen = np.asarray(read_photo(tmp_path / "deep.png"))
    assert seen.shape == (120, 160, 3)
    assert np.abs(seen[..., 0].astype(int) - ramp / 257).max() <= 0.5


def test_a_grey_of_32_bits_is_refused_with_what_to_do(tmp_path: Path) -> None:
    Image.fromarray(np.ones((8, 8), np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(DataError, match=r"float\.tif cannot be read: its grey has 32 bits; save it with 8"):
        read_photo(tmp_path / "float.tif")


def _annotated(folder: Path, size: tuple[int, int], told: dict[str, int], turn: int = 1) -> Path:
    """COCO's form: one photo of that size, turned by its camera, with a square outlined."""
    exif = Image.Exif()
    exif[0x0112] = turn
    folder.mkdir()
    Image.new("RGB", size).save(folder / "a.jpg", exif=exif)
    square = [50, 30, 110, 30, 110, 90, 50, 90]
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", **told}],
        "categories": [{"id": 1, "name": "lamp"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [square]}],
    }
    (folder / "notes.json").write_text(json.dumps(content), "utf-8")
    return folder / "notes.json"


@pytest.mark.parametrize(
    ("size", "turn"), [((320, 240), 1), ((120, 160), 1), ((160, 121), 1), ((320, 240), 6)]
)
def test_outlines_of_a_photo_in_another_size_are_refused_with_both_sizes(
    tmp_path: Path, size: tuple[int, int], turn: int
) -> None:
    notes = _annotated(tmp_path / "data", size, {"width": 160, "height": 120}, turn)
    shown = size if turn == 1 else size[::-1]
    with pytest.raises(
        DataError, match=rf"a\.jpg has {shown[0]} × {shown[1]} pixels, its annotations are for 160 × 120"
    ):
        find_coco(notes, "lamp")


@pytest.mark.parametrize(
    ("size", "turn", "told", "upright"),
    [
        ((160, 120), 1, {"width": 160, "height": 120}, False),
        ((160, 120), 6, {"width": 160, "height": 120}, False),
        ((120, 160), 6, {"width": 160, "height": 120}, True),
        ((160, 120), 6, {}, True),
        ((160, 120), 1, {"width": 0, "height": 0}, True),
    ],
)
def test_outlines_lie_on_the_photo_as_stored_or_as_its_camera_turned_it(
    tmp_path: Path, size: tuple[int, int], turn: int, told: dict[str, int], upright: bool
) -> None:
    [photo] = find_coco(_annotated(tmp_path / "data", size, told, turn), "lamp").photos
    assert photo.upright == upright


def _pair(folder: Path, stem: str) -> None:
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (160, 120)).save(folder / f"{stem}.jpg")
    mask = Image.new("L", (160, 120))
    mask.paste(255, (50, 30, 110, 90))
    mask.save(folder / f"{stem}.png")


def test_a_mask_that_vanishes_when_made_smaller_is_left_out_and_counted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number in range(3):
        _pair(data, f"lamp{number}")
    Image.new("RGB", (2000, 1500)).save(data / "wire.jpg")
    mask = Image.new("L", (2000, 1500))
    mask.paste(255, (100, 700, 1900, 701))
    mask.save(data / "wire.png")
    done = prepare(data, "lamp", tmp_path / "out")
    assert len(read_records(done.folder)) == 3
    assert any("1 objects have a mask of lines too thin" in remark for remark in done.remarks)


def test_a_folder_holds_what_was_prepared_last_in_whatever_form(tmp_path: Path) -> None:
    pairs, listed, out = tmp_path / "pairs", tmp_path / "listed", tmp_path / "out"
    for number in range(3):
        _pair(pairs, f"lamp{number}")
    listed.mkdir()
    write_photos(listed, per_class=5)
    for data, photos in ((listed, 5), (pairs, 3), (listed, 5), (pairs, 3)):
        done = prepare(data, "disc", out)
        assert done.training + done.held_out == photos == len(read_records(out))
        assert prepare(data, "disc", out) == done
    assert not (out / "keypoints.jsonl").exists()


def test_a_folder_of_listed_objects_from_an_earlier_version_is_prepared_anew(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    write_photos(data, per_class=5)
    done = prepare(data, "disc", out)
    (out / "prepared.json").unlink()
    assert prepare(data, "disc", out) == done


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="file names are Unicode there")
def test_a_name_that_is_not_utf_8_is_read_like_any_other(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number in range(3):
        _pair(data, os.fsdecode(b"h\xe4user%d" % number))
    done = prepare(data, "lamp", tmp_path / "out")
    assert done.training + done.held_out == 3
    assert prepare(data, "lamp", tmp_path / "out") == done
