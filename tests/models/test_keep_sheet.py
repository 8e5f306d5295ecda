"""The keep sheet: every class, photo, size and seed once, boxes of the promised size, pictures written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.painting.finished import LayerPainter, whole_path
from models.bundle import Bundle
from models.evaluation.keep_sheet import SEEDS, SIZES, Picture, write_keep_sheet
from tests.models.shapes_made_in_code import CLASSES
from tests.tiny_weights import write_tiny_weights

Box = tuple[int, int, int, int]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("weights")
    write_tiny_weights(folder)
    return Bundle.load(folder)


def test_every_class_is_inserted_into_every_photo_at_every_size_with_every_seed(
    bundle: Bundle, tmp_path: Path
) -> None:
    asked: list[tuple[int, Box, str, int]] = []

    def insert(picture: Picture, box: Box, class_name: str, seed: int) -> Picture:
        height, width = picture.shape[:2]
        assert box[0] >= 0 and box[1] >= 0 and box[0] + box[2] <= width and box[1] + box[3] <= height
        asked.append((int(picture[0, 0, 0]), box, class_name, seed))
        made = picture.copy()
        made[box[1] : box[1] + box[3], box[0] : box[0] + box[2]] = (255, 0, 0)
        return made

    photos = [np.full((900, 1200, 3), 40, np.uint8), np.full((300, 400, 3), 90, np.uint8)]
    page, classes = write_keep_sheet(bundle, insert, photos, tmp_path / "sheet")
    expected = {
        (grey, size, name, seed) for grey in (40, 90) for size in SIZES for name in CLASSES for seed in SEEDS
    }
    found = [(grey, max(box[2:]), name, seed) for grey, box, name, seed in asked]
    assert len(found) == len(set(found)) == len(expected)
    assert set(found) == expected
    assert set(classes) == set(CLASSES)
    for path in (page, *classes.values()):
        with Image.open(path) as picture:
            red = (np.asarray(picture)[..., 0] > 200) & (np.asarray(picture)[..., 1] < 60)
        assert red.mean() > 0.1, f"{path} does not show what was inserted"


def test_a_finished_picture_changes_inside_the_object_and_its_shadow_alone(bundle: Bundle) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    before = picture.copy()
    made = whole_path(bundle)(picture, (100, 80, 60, 50), CLASSES[0], 5)
    changed = (made != picture).any(2)
    assert np.array_equal(picture, before)
    assert changed[90:120, 110:150].mean() > 0.5
    changed[60:160, 60:200] = False
    assert not changed.any()


def test_an_evaluated_layer_is_the_one_that_a_user_gets_for_its_seeds_or_mask(bundle: Bundle) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    box, paint = (100, 80, 60, 50), LayerPainter(bundle)
    layer = paint(picture, box, CLASSES[0], (5, 5), None)
    opaque = layer[..., 3] == 255
    assert opaque.any()
    assert np.array_equal(whole_path(bundle)(picture, box, CLASSES[0], 5)[opaque], layer[opaque][:, :3])
    mask = np.zeros((200, 300), np.uint8)
    mask[85:125, 105:130] = 255
    own = paint(picture, box, CLASSES[0], (5, 5), mask)[..., 3] > 127
    assert (own & (mask > 0)).sum() > 0.8 * own.sum() > 0


def test_with_candidates_each_seed_has_some_of_its_own_and_the_best_of_them_is_painted(
    tmp_path: Path,
) -> None:
    write_tiny_weights(tmp_path, judging=True)
    judging = Bundle.load(tmp_path)
    picture = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    box = (100, 80, 60, 50)
    plain, best = whole_path(judging), whole_path(judging, 3)
    for seed in (0, 4):
        made = best(picture, box, CLASSES[0], seed)
        assert any(
            np.array_equal(made, plain(picture, box, CLASSES[0], one))
            for one in range(3 * seed, 3 * seed + 3)
        )
    firsts = [plain(picture, box, CLASSES[0], 3 * seed) for seed in range(6)]
    chosen = [best(picture, box, CLASSES[0], seed) for seed in range(6)]
    assert any(not np.array_equal(one, other) for one, other in zip(firsts, chosen, strict=True))
