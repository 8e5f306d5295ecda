"""Heads in the data: found by named points, followed into samples, cut out for their discriminator."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.photos.data import (
    STORED_SCALE,
    BatchSource,
    DataError,
    Windows,
    load_windows,
    read_records,
)
from models.photos.heads import NO_HEAD, cut_heads, head_in, head_of
from models.photos.prepare import prepare
from models.training.head_crops import HEAD_SIDE, head_crops, known_heads

EYES_AND_NOSE = {"left_eye": (40.0, 20.0), "right_eye": (60.0, 20.0), "nose": (50.0, 36.0)}


def test_a_head_surrounds_its_points() -> None:
    head = head_of(EYES_AND_NOSE, (0, 0, 100, 100))
    assert (head.x, head.y) == (50.0, 28.0)
    assert head.half == pytest.approx(17.0)


@pytest.mark.parametrize(
    "points",
    [
        {},
        {"left_eye": (40.0, 20.0), "nose": (50.0, 36.0)},
        {"left_ear": (40.0, 20.0), "right_ear": (60.0, 20.0), "nape": (50.0, 36.0)},
    ],
)
def test_a_head_that_shows_too_little_is_none(points: dict[str, tuple[float, float]]) -> None:
    assert head_of(points, (0, 0, 100, 100)) == NO_HEAD


def test_each_object_of_a_picture_has_its_own_head(tmp_path: Path) -> None:
    _write(tmp_path, "")
    heads = {left: {name: [left + x, y] for name, (x, y) in EYES_AND_NOSE.items()} for left in (0, 60)}
    lines = [{"image": "a.png", "keypoints": points} for points in heads.values()]
    lines.insert(1, {"image": "a.png", "keypoints": {"tail": [5, 5]}})
    (tmp_path / "keypoints.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    row = json.loads((tmp_path / "objects.jsonl").read_text())
    boxes = ([30, 0, 75, 90], [90, 0, 140, 90], [0, 60, 160, 120])
    (tmp_path / "objects.jsonl").write_text("".join(json.dumps({**row, "box": box}) + "\n" for box in boxes))
    found = read_records(tmp_path)
    assert [record.head.x for record in found[:2]] == [50.0, 110.0]
    assert found[2].head == NO_HEAD
    kept = read_records(prepare(tmp_path, "dog", tmp_path / "out").folder)
    assert [record.head for record in kept] == [record.head for record in found]


def test_of_two_heads_in_a_box_the_one_nearer_to_its_middle_is_taken() -> None:
    far = {name: (x - 40, y) for name, (x, y) in EYES_AND_NOSE.items()}
    for heads in ([EYES_AND_NOSE, far], [far, EYES_AND_NOSE]):
        assert head_in(heads, (0, 0, 100, 100)).x == 50.0


def test_a_head_that_is_turned_away_is_not_too_small() -> None:
    close = {name: (50.0 + n, 30.0) for n, name in enumerate(("left_eye", "nose", "left_ear"))}
    assert head_of(close, (0, 0, 200, 100)).half == pytest.approx(12.0)


def _write(folder: Path, keypoints: str) -> None:
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[30:50, 90:110] = 255  # the head, at (100, 40)
    Image.fromarray(picture).save(folder / "a.png")
    mask = np.zeros((120, 160), np.uint8)
    mask[30:100, 40:110] = 255
    Image.fromarray(mask).save(folder / "m.png")
    row = {"image": "a.png", "mask": "m.png", "class": "dog", "box": [40, 30, 110, 100], "split": "train"}
    (folder / "objects.jsonl").write_text(json.dumps(row) + "\n")
    (folder / "keypoints.jsonl").write_text(keypoints)


HEAD = {"left eye": [92, 34], "right_eye": [108, 34], "nose": [100, 46], "left_front_paw": [45, 95]}


def test_the_head_is_where_the_sample_shows_it_mirrored_or_not(tmp_path: Path) -> None:
    _write(tmp_path, json.dumps({"image": "a.png", "keypoints": HEAD}) + "\n")
    windows = load_windows(read_records(tmp_path), ("dog",), 190, STORED_SCALE)
    batch = BatchSource(windows, torch.Generator().manual_seed(0)).draw(24, 128)
    white = batch.photo.mean(1) > 0
    place = (torch.arange(128) + 0.5) / 64 - 1
    assert {round(float(x), 1) for x in batch.heads[:, 0].sign()} == {-1.0, 1.0}  # both facings
    for shown, (x, y, half) in zip(white, batch.heads.tolist(), strict=True):
        rows, columns = torch.where(shown)
        assert place[columns].mean().item() == pytest.approx(x, abs=0.03)
        assert place[rows].mean().item() == pytest.approx(y, abs=0.03)
        width = (columns.max() - columns.min() + 1).item() / 64
        assert 0.4 * width < half < 1.2 * width


def test_an_object_that_is_not_named_has_no_head(tmp_path: Path) -> None:
    _write(tmp_path, json.dumps({"image": "other.png", "keypoints": HEAD}) + "\n")
    windows = load_windows(read_records(tmp_path), ("dog",), 64, STORED_SCALE)
    assert windows.heads.tolist() == [[0.0, 0.0, 0.0]]
    batch = BatchSource(windows, torch.Generator().manual_seed(0)).draw(4, 64)
    assert (batch.heads[:, 2] == 0).all()


@pytest.mark.parametrize(
    "line", ["{", '{"image": "a.png"}', '{"image": "a.png", "keypoints": {"nose": [1]}}']
)
def test_a_broken_line_of_keypoints_is_named(line: str, tmp_path: Path) -> None:
    _write(tmp_path, f"{line}\n")
    with pytest.raises(DataError, match=r"keypoints\.jsonl, line 1"):
        read_records(tmp_path)


def test_a_cut_shows_the_head_alone() -> None:
    picture = torch.full((2, 3, 128, 128), -1.0)
    picture[0, :, 32:64, 64:96] = 1  # middle (0.25, -0.25), half a side 0.25
    cut = cut_heads(picture, torch.tensor([[0.25, -0.25, 0.25], [0.25, -0.25, 0.25]]), 32)
    assert cut.shape == (2, 3, 32, 32)
    assert (cut[0] > 0.99).all()
    assert (cut[1] == -1).all()


def test_cuts_vary_and_pass_gradients_on() -> None:
    picture = torch.rand(6, 3, 64, 64, requires_grad=True)
    heads = torch.tensor([[0.2, 0.1, 0.4]]).repeat(6, 1)
    mask = torch.ones(6, 1, 64, 64)
    cut, _ = head_crops(picture, mask, heads, torch.Generator().manual_seed(0))
    again, _ = head_crops(picture, mask, heads, torch.Generator().manual_seed(0))
    other, _ = head_crops(picture, mask, heads, torch.Generator().manual_seed(1))
    assert cut.shape == (6, 3, HEAD_SIDE, HEAD_SIDE)
    assert torch.equal(cut, again)
    assert not torch.equal(cut, other)
    cut.sum().backward()
    assert picture.grad is not None
    seen = picture.grad.abs().sum((0, 1)) > 0
    assert seen[28:44, 30:46].all()  # the middle of the head
    assert not seen[:, :8].any()


def test_rows_of_windows_keep_their_heads() -> None:
    windows = Windows(
        torch.zeros(3, 3, 8, 8, dtype=torch.uint8),
        torch.zeros(3, 1, 8, 8, dtype=torch.uint8),
        torch.arange(3),
        torch.zeros(3, 4),
        torch.arange(9.0).view(3, 3),
    )
    assert windows.some(torch.tensor([2, 0])).heads.tolist() == [[6, 7, 8], [0, 1, 2]]


def test_known_heads_are_cut_and_nothing_else() -> None:
    picture = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    heads = torch.tensor([[0.5, 0.5, 0.25], [0.0, 0.0, 0.0], [-0.5, 0.5, 0.25]])
    found = known_heads(picture, heads)
    assert found.shape == (2, 3, HEAD_SIDE, HEAD_SIDE)
    elsewhere = picture.clone()
    elsewhere[:, :, :30] = 0
    assert torch.equal(known_heads(elsewhere, heads), found)
    at_heads = picture.clone()
    at_heads[2, :, 48, 16] += 1
    changed = (known_heads(at_heads, heads) != found).flatten(1).any(1)
    assert changed.tolist() == [False, True]
