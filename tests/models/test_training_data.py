"""Windows, holes and relighting: what a training sample is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from models.hole import dilate, fill_hole, without_rim
from models.photos.data import (
    STORED_SCALE,
    BatchSource,
    DataError,
    class_names_of,
    load_windows,
    read_records,
)
from models.relight import TINT, WARMTH, Relight, from_linear, luminance, to_linear
from models.training.settings import SettingsError, TrainingSettings
from tests.models.shapes_made_in_code import write_photos


def test_a_window_shows_the_object_where_its_box_says(tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=3)
    records = read_records(tmp_path)
    windows = load_windows(records, class_names_of(records), 64)
    for mask, box in zip(windows.masks, windows.boxes, strict=True):
        rows, columns = torch.where(mask[0] > 127)
        found = torch.tensor(
            [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], dtype=torch.float32
        )
        assert (found / 64 - box).abs().max() < 0.04


def test_a_training_sample_always_holds_the_whole_object(tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=4)
    records = read_records(tmp_path)
    windows = load_windows(records, class_names_of(records), 80, STORED_SCALE)
    windows.masks.fill_(0)
    for mask, box in zip(windows.masks, windows.boxes, strict=True):
        x0, y0, x1, y1 = (round(v * 80) for v in box.tolist())
        mask[0, y0:y1, x0:x1] = 255
    batch = BatchSource(windows, torch.Generator().manual_seed(1)).draw(64, 64)
    shapes = {round(_ratio(box), 3) for box in windows.boxes}
    for mask in batch.mask:
        rows, columns = torch.where(mask[0] > 0.5)
        extent = torch.tensor([0, 0, columns.max() - columns.min() + 1, rows.max() - rows.min() + 1])
        assert min(abs(_ratio(extent.float()) - shape) for shape in shapes) < 0.06
        assert 64 / 1.9 < extent.max() < 64 / 1.15


def _ratio(box: torch.Tensor) -> float:
    return float((box[2] - box[0]) / (box[3] - box[1]))


def test_the_same_seed_draws_the_same_batch(tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=4)
    records = read_records(tmp_path)
    windows = load_windows(records, class_names_of(records), 80, STORED_SCALE)
    first, second = (
        BatchSource(windows, torch.Generator().manual_seed(7)).draw(8, 64).photo for _ in range(2)
    )
    assert torch.equal(first, second)


def test_classes_are_drawn_as_often_as_the_settings_say(tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=4)
    records = read_records(tmp_path)
    names = class_names_of(records)
    windows = load_windows(records, names, 80, STORED_SCALE)
    weights = TrainingSettings(drawn_more=f"{names[1]}:3").class_weights(names)
    drawn = BatchSource(windows, torch.Generator().manual_seed(7), weights).draw(800, 32).class_index
    counts = torch.bincount(drawn, minlength=len(names)).float()
    assert counts[1] / counts[0] == pytest.approx(3, rel=0.3)


@pytest.mark.parametrize("text", ["person", "person:0", "person:nan", ":2"])
def test_factors_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"person:3,car:1\.5"):
        TrainingSettings(drawn_more=text)


def test_a_factor_for_a_class_that_the_data_lack_is_refused() -> None:
    with pytest.raises(SettingsError, match="names 'yak'; the classes are cow, dog"):
        TrainingSettings(drawn_more="cow:2,yak:3").class_weights(("cow", "dog"))


def test_a_class_that_the_networks_do_not_know_is_named(tmp_path: Path) -> None:
    write_photos(tmp_path, per_class=1)
    with pytest.raises(DataError, match="the class 'star', but this run learns disc"):
        load_windows(read_records(tmp_path), ("disc",), 64)


def test_a_folder_without_an_index_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"objects\.jsonl"):
        read_records(tmp_path)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "objects.jsonl").write_text('{"image": "a.jpg"}\n', "utf-8")
    with pytest.raises(DataError, match="line 1"):
        read_records(tmp_path)


def test_a_filled_hole_keeps_nothing_of_what_was_there() -> None:
    random = torch.Generator().manual_seed(0)
    scene = torch.rand(2, 3, 64, 64, generator=random) * 2 - 1
    hole = torch.zeros(2, 1, 64, 64)
    hole[:, :, 20:44, 12:50] = 1
    other = torch.where(hole > 0, -scene, scene)
    filled = fill_hole(scene, hole)
    assert torch.equal(filled, fill_hole(other, hole))
    assert torch.allclose(torch.where(hole > 0, scene, filled), scene, atol=1e-6)
    assert filled.abs().max() <= 1


def test_a_hole_in_an_even_scene_is_filled_with_its_colour() -> None:
    scene = torch.full((1, 3, 32, 32), 0.4)
    hole = torch.zeros(1, 1, 32, 32)
    hole[:, :, 5:28, 5:28] = 1
    assert torch.allclose(fill_hole(scene, hole), scene, atol=1e-5)


def test_dilation_grows_a_mask_by_its_radius() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[:, :, 8, 8] = 1
    assert dilate(mask, 2).sum() == 25
    assert torch.equal(dilate(mask, 0), mask)
    soft = torch.rand(2, 1, 40, 40, generator=torch.Generator().manual_seed(0)) ** 8
    for radius in (1, 5, 8):
        assert torch.equal(dilate(soft, radius), functional.max_pool2d(soft, 2 * radius + 1, 1, radius))
    assert torch.equal(dilate(soft, 60), soft.amax((2, 3), keepdim=True).expand_as(soft))


def test_an_object_without_its_rim_is_of_its_own_colour_up_to_the_edge() -> None:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    mask[..., 15:17, 24:30] = 1  # a part too thin to have an inside
    inside = 1 - dilate(1 - mask, 1)
    photo = torch.where(inside > 0, 0.7, -0.7).expand(1, 3, -1, -1)
    cleaned = without_rim(photo, mask, 1)
    body = mask.clone()
    body[..., 24:] = 0
    assert torch.allclose(cleaned[:, :1][body > 0], torch.tensor(0.7), atol=1e-4)
    assert torch.equal(cleaned[..., 26:], photo[..., 26:])
    assert torch.equal(cleaned[..., :7], photo[..., :7])


def test_linear_light_and_back_is_the_same_picture() -> None:
    picture = torch.linspace(-1, 1, 300).view(1, 3, 10, 10)
    assert torch.allclose(from_linear(to_linear(picture)), picture, atol=1e-4)


def test_a_gain_multiplies_luminance_in_linear_light() -> None:
    picture = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(2)) - 0.9
    relit = Relight.by_gain(torch.full((4, 1), 0.5)).apply(picture)
    ratio = luminance(to_linear(relit)).mean() / luminance(to_linear(picture)).mean()
    assert abs(ratio.item() - 0.5) < 0.01


def test_a_random_relight_acts_alike_on_equal_pixels_of_one_picture() -> None:
    change = Relight.random(6, torch.Generator().manual_seed(3), probability=1.0)
    picture = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(4)) - 0.5
    whole = change.apply(picture)
    first_two = Relight(change.gain[:2], change.gamma[:2], change.saturation[:2], change.ramp[:2], soft=True)
    part = first_two.apply(picture[:2])
    assert torch.allclose(whole[:2], part, atol=1e-6)
    assert (whole - picture).abs().mean() > 0.02


def test_a_random_relight_holds_bright_light_back() -> None:
    change = Relight.random(64, torch.Generator().manual_seed(3), probability=1.0)
    steps = torch.linspace(0.4, 0.9, 8).expand(64, 3, 8, 8)
    made = change.apply(steps)
    assert made.max() < 1
    brighter = change.gain.amin(1).flatten() > 1.5
    assert brighter.any()
    assert (made[brighter, 1, 4, 1:] > made[brighter, 1, 4, :-1]).all()


def test_a_change_of_light_knows_which_samples_it_leaves_alone() -> None:
    change = Relight.random(64, torch.Generator().manual_seed(1), probability=0.5)
    picture = torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(2)) * 1.6 - 0.8
    moved = (change.apply(picture) - picture).abs().amax((1, 2, 3))
    assert 16 < int(change.is_none.sum()) < 48
    assert float(moved[change.is_none].max()) < 1e-3
    assert float(moved[~change.is_none].min()) > 1e-3
    assert not Relight.random(8, torch.Generator().manual_seed(1), probability=1.0).is_none.any()


def test_light_changes_more_between_blue_and_yellow_than_between_green_and_magenta() -> None:
    gain = Relight.random(4000, torch.Generator().manual_seed(0), probability=1.0).gain.flatten(1).log()
    warmth, tint = gain[:, 0] - gain[:, 2], gain[:, 1] - (gain[:, 0] + gain[:, 2]) / 2
    assert float(warmth.std()) == pytest.approx(WARMTH, rel=0.05)
    assert float(tint.std()) == pytest.approx(TINT, rel=0.05)
