"""A user's photos with masks: every documented form is read, and what cannot be used is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.photos.coco import coco_file, find_coco
from models.photos.data import DataError, ObjectRecord, object_window, read_records
from models.photos.found import MaskFile, read_photo, split_of
from models.photos.pairs import find_pairs
from models.photos.prepare import STORED_SIDE, prepare
from models.photos.run_length import RunLengthError, decode_runs, unpack_runs
from tests.models.shapes_made_in_code import tight_box, write_photos

SIZE = (160, 120)  # width, height


def _photo(path: Path, size: tuple[int, int] = SIZE, colour: tuple[int, int, int] = (90, 120, 60)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def _mask(size: tuple[int, int] = SIZE, box: tuple[int, int, int, int] = (50, 30, 110, 90)) -> Image.Image:
    mask = Image.new("L", size)
    mask.paste(255, box)
    return mask


def _pair(folder: Path, stem: str) -> None:
    _photo(folder / f"{stem}.jpg")
    _mask().save(folder / f"{stem}.png")


def _coco(folder: Path, annotations: list[dict[str, Any]], categories: tuple[str, ...] = ("lamp",)) -> Path:
    numbers = sorted({note["image_id"] for note in annotations})
    for number in numbers:
        _photo(folder / "images" / f"{number}.jpg")
    content = {
        "images": [{"id": n, "file_name": f"{n}.jpg", "width": 160, "height": 120} for n in numbers],
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(categories)],
        "annotations": [
            {"id": i, "category_id": 1, "iscrowd": 0, **note} for i, note in enumerate(annotations)
        ],
    }
    path = folder / "instances.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


SQUARE = [50, 30, 110, 30, 110, 90, 50, 90]


def _as_array(mask: Image.Image) -> np.ndarray:
    return np.asarray(mask)


def test_photos_and_masks_side_by_side_become_a_training_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number in range(30):
        _pair(data, f"lamp{number}")
    done = prepare(data, "lamp", tmp_path / "out")
    records = read_records(done.folder)
    assert len(records) == 30 == done.training + done.held_out
    assert {record.class_name for record in records} == {"lamp"}
    assert {record.split for record in records} == {"train", "val"}
    image, mask, box = object_window(records[0], 64, 1.4)
    assert image.shape == (64, 64, 3)
    assert abs((mask > 127).mean() - 1 / 1.4**2) < 0.05
    assert box[2] - box[0] == pytest.approx(1 / 1.4, abs=0.03)


def test_photos_and_masks_in_folders_of_their_own_are_found(tmp_path: Path) -> None:
    for number in range(3):
        _photo(tmp_path / "Images" / f"{number}.png")
        (tmp_path / "masks").mkdir(exist_ok=True)
        _mask().save(tmp_path / "masks" / f"{number}_mask.png")
    assert [photo.path.name for photo in find_pairs(tmp_path).photos] == ["0.png", "1.png", "2.png"]


def test_a_photo_without_a_mask_is_left_out_and_named(tmp_path: Path) -> None:
    _pair(tmp_path, "good")
    _photo(tmp_path / "lonely.jpg")
    found = find_pairs(tmp_path)
    assert len(found.photos) == 1
    assert "lonely.jpg" in found.remarks[0]


def test_a_folder_without_masks_is_refused_with_what_to_do(tmp_path: Path) -> None:
    _photo(tmp_path / "one.jpg")
    with pytest.raises(DataError, match=r"dog1\.jpg and dog1\.png"):
        find_pairs(tmp_path)


def test_two_files_that_could_both_be_the_mask_are_refused(tmp_path: Path) -> None:
    _photo(tmp_path / "a.png")
    _photo(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a_mask\.png"):
        find_pairs(tmp_path)


@pytest.mark.parametrize("kind", ["L", "1", "zero-one", "P", "RGBA", "I;16", "RGB"])
def test_a_mask_may_be_any_usual_kind_of_picture(kind: str, tmp_path: Path) -> None:
    grey = _mask()
    if kind == "zero-one":
        picture = grey.point([0] + [1] * 255)
    elif kind == "P":
        picture = grey.point([0] + [1] * 255).convert("P")
        picture.putpalette([0, 0, 0, 128, 0, 0] + [0] * 762)
    elif kind == "RGBA":
        picture = Image.new("RGBA", SIZE, (20, 30, 40, 0))
        picture.paste((20, 30, 40, 255), (50, 30, 110, 90))
    elif kind == "I;16":
        picture = Image.fromarray((np.asarray(grey) > 0).astype(np.uint16) * 3)
    else:
        picture = grey.convert(kind)
    picture.save(tmp_path / "mask.png")
    assert (_as_array(MaskFile(tmp_path / "mask.png").read(SIZE)) == _as_array(grey)).all()


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    _photo(tmp_path / "data" / "a.jpg")
    _mask((100, 100)).save(tmp_path / "data" / "a.png")
    with pytest.raises(DataError, match=r"100 × 100 pixels, its photo has 160 × 120"):
        prepare(tmp_path / "data", "lamp", tmp_path / "out")


def test_a_photo_stands_as_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", SIZE).save(tmp_path / "a.jpg", exif=exif)
    assert read_photo(tmp_path / "a.jpg").size == (120, 160)
    assert read_photo(tmp_path / "a.jpg", upright=False).size == SIZE


def test_a_damaged_photo_is_named(tmp_path: Path) -> None:
    _pair(tmp_path / "data", "a")
    (tmp_path / "data" / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.jpg is not a picture"):
        prepare(tmp_path / "data", "lamp", tmp_path / "out")


def test_what_is_held_out_depends_on_the_name_alone() -> None:
    splits = [split_of(f"photo{number}.jpg") for number in range(2000)]
    assert splits == [split_of(f"photo{number}.jpg") for number in range(2000)]
    assert 0.09 < splits.count("val") / 2000 < 0.16


def test_two_photos_are_enough_to_hold_one_out(tmp_path: Path) -> None:
    for stem in ("a", "b"):
        _pair(tmp_path / "data", stem)
    done = prepare(tmp_path / "data", "lamp", tmp_path / "out")
    assert (done.training, done.held_out) == (1, 1)


def test_objects_of_one_photo_stay_in_one_split(tmp_path: Path) -> None:
    notes = [
        {"image_id": n, "segmentation": [[x, 30, x + 50, 30, x + 50, 90, x, 90]]}
        for n in range(20)
        for x in (5, 90)
    ]
    done = prepare(_coco(tmp_path / "data", notes), "lamp", tmp_path / "out")
    splits: dict[str, set[str]] = {}
    for record in read_records(done.folder):
        splits.setdefault(record.photo, set()).add(record.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {next(iter(found)) for found in splits.values()} == {"train", "val"}


def test_few_photos_draw_a_warning(tmp_path: Path) -> None:
    for number in range(20):
        _pair(tmp_path / "data", str(number))
    done = prepare(tmp_path / "data", "lamp", tmp_path / "out")
    assert any("150 is where it begins to make sense" in remark for remark in done.remarks)


def test_empty_tiny_and_full_masks_are_left_out_and_counted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number in range(4):
        _pair(data, f"good{number}")
    for stem, mask in (
        ("empty", Image.new("L", SIZE)),
        ("tiny", _mask(box=(5, 5, 12, 12))),
        ("full", Image.new("L", SIZE, 255)),
    ):
        _photo(data / f"{stem}.jpg")
        mask.save(data / f"{stem}.png")
    done = prepare(data, "lamp", tmp_path / "out")
    assert len(read_records(done.folder)) == 4
    told = "; ".join(done.remarks)
    assert "1 objects have an empty mask" in told
    assert "1 objects are smaller than 24 pixels" in told
    assert "is it inverted?" in told


def test_a_large_photo_is_kept_as_a_crop_of_its_object(tmp_path: Path) -> None:
    size, box = (3000, 2000), (1000, 500, 2000, 1400)
    _photo(tmp_path / "data" / "a.jpg", size)
    _mask(size, box).save(tmp_path / "data" / "a.png")
    _pair(tmp_path / "data", "b")
    records = read_records(prepare(tmp_path / "data", "lamp", tmp_path / "out").folder)
    large = next(record for record in records if record.photo == "a.jpg")
    with Image.open(large.image) as crop, Image.open(large.mask) as mask:
        assert max(crop.size) <= STORED_SIDE
        assert mask.size == crop.size
        assert tight_box(np.asarray(mask.convert("L"))) == large.box


def test_a_prepared_folder_is_kept_until_the_photos_change(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    for stem in ("a", "b", "c"):
        _pair(data, stem)
    prepare(data, "lamp", out)
    made = (out / "objects.jsonl").stat().st_mtime_ns
    prepare(data, "lamp", out)
    assert (out / "objects.jsonl").stat().st_mtime_ns == made
    _pair(data, "d")
    prepare(data, "lamp", out)
    assert len(read_records(out)) == 4


def test_a_folder_with_other_things_is_never_cleared(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    _pair(data, "a")
    out.mkdir()
    (out / "diary.txt").write_text("mine", "utf-8")
    with pytest.raises(DataError, match="holds something else"):
        prepare(data, "lamp", out)
    assert (out / "diary.txt").read_text("utf-8") == "mine"
    with pytest.raises(DataError, match="both read and written"):
        prepare(data, "lamp", data)


def test_a_listed_folder_is_used_as_it_is_and_its_only_class_may_be_renamed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write_photos(data, per_class=5)
    done = prepare(data, "Disc", tmp_path / "out")
    records = read_records(done.folder)
    assert (done.training, done.held_out) == (4, 1)
    assert {record.class_name for record in records} == {"Disc"}
    assert all(record.image.is_file() and record.mask.is_file() for record in records)
    with pytest.raises(DataError, match="it has disc, star"):
        prepare(data, "lamp", tmp_path / "other")
    lines = (data / "objects.jsonl").read_text("utf-8").splitlines()
    only = [line for line in lines if '"disc"' in line]
    (data / "objects.jsonl").write_text("\n".join(only), "utf-8")
    assert prepare(data, "lamp", tmp_path / "third").training == 4


def test_coco_polygons_and_both_kinds_of_runs_give_the_same_mask(tmp_path: Path) -> None:
    runs = _runs(_as_array(_mask()) > 0)
    notes = [
        {"image_id": 0, "segmentation": [SQUARE]},
        {"image_id": 1, "segmentation": {"size": [120, 160], "counts": runs}},
        {"image_id": 2, "segmentation": {"size": [120, 160], "counts": _packed(runs)}},
    ]
    found = find_coco(_coco(tmp_path, notes), "lamp")
    wanted = _as_array(_mask()) > 0
    for photo in found.photos:
        got = _as_array(photo.masks[0].read(SIZE)) > 0
        assert (got != wanted).sum() <= 0.04 * wanted.sum()  # a polygon's edge may take a pixel more
    assert (_as_array(found.photos[2].masks[0].read(SIZE)) > 0).tolist() == wanted.tolist()


def test_coco_crowds_and_other_categories_are_left_out(tmp_path: Path) -> None:
    notes: list[dict[str, Any]] = [
        {"image_id": 0, "segmentation": [SQUARE]},
        {"image_id": 0, "segmentation": [SQUARE], "iscrowd": 1},
        {"image_id": 1, "segmentation": [SQUARE], "category_id": 2},
        {"image_id": 2, "segmentation": []},
    ]
    found = find_coco(_coco(tmp_path, notes, ("Lamp", "chair")), "lamp")
    assert [len(photo.masks) for photo in found.photos] == [1]
    assert found.remarks == [
        "1 entries are crowds and were left out",
        "1 entries have no outline and were left out",
    ]


def test_an_unknown_coco_category_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    path = _coco(tmp_path, [{"image_id": 0, "segmentation": [SQUARE]}], ("chair", "table"))
    with pytest.raises(DataError, match="chair, table"):
        find_coco(path, "lamp")


def test_a_coco_file_without_its_photos_is_refused_with_a_name(tmp_path: Path) -> None:
    path = _coco(tmp_path, [{"image_id": 0, "segmentation": [SQUARE]}])
    (tmp_path / "images" / "0.jpg").unlink()
    with pytest.raises(DataError, match=r"0\.jpg"):
        find_coco(path, "lamp")


@pytest.mark.parametrize("text", ["[]", "{", '{"images": 3, "annotations": [], "categories": []}', "null"])
def test_a_json_that_is_not_coco_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"a\.json"):
        find_coco(path, "lamp")


def test_two_annotation_files_are_not_guessed_between(tmp_path: Path) -> None:
    path = _coco(tmp_path, [{"image_id": 0, "segmentation": [SQUARE]}])
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "more.json").write_text(path.read_text("utf-8"), "utf-8")
    with pytest.raises(DataError, match="several annotation files"):
        coco_file(tmp_path)


def test_runs_that_do_not_fit_their_photo_are_refused(tmp_path: Path) -> None:
    for counts in ([5, 5], "!!", [-3, 19203]):
        note = {"image_id": 0, "segmentation": {"size": [120, 160], "counts": counts}}
        found = find_coco(_coco(tmp_path, [note]), "lamp")
        with pytest.raises(DataError, match=r"0\.jpg"):
            found.photos[0].masks[0].read(SIZE)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=40))
def test_packed_runs_come_back_as_they_were(runs: list[int]) -> None:
    assert unpack_runs(_packed(runs)) == runs


def test_packed_runs_are_read_as_the_reference_writes_them() -> None:
    # Worked out by hand: 6 is "6"; 1 is "1"; 40 is 8 + 32 and 1; then 2 - 1 = 1, and 3 - 40 = -37.
    assert unpack_runs("61X11kN") == [6, 1, 40, 2, 3]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=[chr(c) for c in range(40, 120)], max_size=30))
def test_any_text_is_unpacked_or_refused(text: str) -> None:
    try:
        decode_runs(unpack_runs(text), 8, 8)
    except RunLengthError:
        return


def test_runs_go_down_the_columns() -> None:
    mask = decode_runs([2, 1, 3], 2, 3)
    assert mask.tolist() == [[0, 0], [0, 0], [255, 0]]


def test_a_box_outside_its_photo_is_refused(tmp_path: Path) -> None:
    photo = _photo(tmp_path / "a.png")
    _mask().save(tmp_path / "m.png")
    record = ObjectRecord(photo, tmp_path / "m.png", "lamp", (900, 900, 950, 950), "train", "a")
    with pytest.raises(DataError, match="too small for the box"):
        object_window(record, 32, 1.4)


def _runs(mask: np.ndarray) -> list[int]:
    """Run lengths down the columns, background first."""
    flat = mask.T.reshape(-1)
    edges = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    lengths = np.diff([0, *edges.tolist(), len(flat)]).tolist()
    return [0, *lengths] if flat[0] else lengths


def _packed(runs: list[int]) -> str:
    """The reverse of ``unpack_runs``, written from the format's description."""
    text = ""
    for place, run in enumerate(runs):
        value = run - (runs[place - 2] if place > 2 else 0)
        while True:
            bits, value = value & 31, value >> 5
            done = value == (-1 if bits & 16 else 0)
            text += chr(48 + bits + (0 if done else 32))
            if done:
                break
    return text
