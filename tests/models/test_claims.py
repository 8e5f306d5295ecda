"""The claims page: its figures hold for networks that keep the promises and fail for one that does not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from daemon.commands import evaluate as evaluate_command
from models.evaluation.claims.findings import Figure, Findings
from models.evaluation.claims.measuring import claim_options, measure_claims
from models.evaluation.claims.moves import MOVES, Move, middles, moved, moved_back
from models.evaluation.claims.overlaps import partners
from models.evaluation.claims.stage import CANVAS, Stage, insert, windows_of
from models.evaluation.methods import Generated, as_method
from models.evaluation.metrics import bounding_boxes
from models.evaluation.sample import Options
from models.evaluation.setting import SceneUnreadable, read_scene
from models.features.networks import Lpips
from models.photos.data import read_records
from models.relight import from_linear, to_linear
from tests.conftest import outdoor_picture
from tests.models.evaluated import CLASSES, RESOLUTION, Repainter, TintedShapes, write_photos
from tests.models.feature_files import write_features
from tests.tiny_weights import write_tiny_weights

OPTIONS = Options(size=RESOLUTION, limit=2, looks=2, sheet_rows=1)
OURS, RIVAL = "this program", "one-shot"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def lpips(tmp_path_factory: pytest.TempPathFactory) -> Lpips:
    return Lpips(write_features(tmp_path_factory.mktemp("features")))


class TwoTones(TintedShapes):
    """Cats are much darker than flowers, so that who lies in front can be seen."""

    def make_objects(
        self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
    ) -> tuple[Tensor, Tensor]:
        colour, alpha = super().make_objects(scene, mask, class_index, code)
        share = torch.where(class_index == 0, 0.25, 1.0).view(-1, 1, 1, 1)
        return from_linear(to_linear(colour) * share), alpha


@pytest.fixture(scope="module")
def found(photos: Path, lpips: Lpips) -> Findings:
    return measure_claims(
        TwoTones(),
        read_records(photos),
        lpips,
        [as_method(Repainter(), CLASSES)],
        scenes=[torch.from_numpy(outdoor_picture(120, 90)).permute(2, 0, 1)],
        options=OPTIONS,
    )


def figure(found: Findings, claim: str, words: str) -> Figure:
    figures = next(one for one in found.claims if one.name == claim).figures
    return next(one for one in figures if words in one.what)


def test_every_claim_is_there_with_pictures_and_a_column_for_the_rival(found: Findings) -> None:
    assert [claim.name for claim in found.claims] == [
        "moves",
        "overlaps",
        "boxes",
    ]
    assert found.methods == (OURS, RIVAL)
    assert all(claim.sheets and claim.figures for claim in found.claims)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("moves", "nothing was inserted"),
        ("moves", "outside both objects"),
        ("overlaps", "second one changed"),
    ],
)
def test_a_layer_changes_nothing_else_and_a_repainted_window_does(
    found: Findings, claim: str, words: str
) -> None:
    values = figure(found, claim, words).values
    assert values[OURS] == 0
    assert values[RIVAL] > 100


def test_the_look_is_kept_when_the_mask_moves_and_changes_with_the_seed(found: Findings) -> None:
    moved_by = figure(found, "moves", "LPIPS to the unmoved").values[OURS]
    seeds = figure(found, "moves", "LPIPS between two seeds").values[OURS]
    assert moved_by < 0.5 * seeds


def test_the_later_object_lies_in_front(found: Findings) -> None:
    assert figure(found, "overlaps", "order does").values[OURS] > 0.9


def test_masks_that_fill_their_boxes_fit_them_at_every_place(found: Findings) -> None:
    assert figure(found, "boxes", "worst").values[OURS] > 0.85
    assert RIVAL not in figure(found, "boxes", "worst").values


def test_the_page_holds_every_picture_and_the_figures_as_json(found: Findings, tmp_path: Path) -> None:
    page = found.write(tmp_path / "page")
    html = page.read_text(encoding="utf-8")
    names = {path.name for path in page.parent.glob("*.png")}
    assert names
    assert all(f'src="{name}"' in html for name in names)
    assert "<script" not in html
    content = json.loads((page.parent / "claims.json").read_text(encoding="utf-8"))
    assert {sheet for claim in content["claims"].values() for sheet in claim["sheets"]} == names


def test_without_a_rival_the_page_says_that_the_baseline_is_missing(photos: Path, lpips: Lpips) -> None:
    alone = measure_claims(
        TintedShapes(),
        read_records(photos),
        lpips,
        [],
        scenes=[],
        options=replace(OPTIONS, limit=1),
    )
    html = alone.to_html()
    assert "one-shot baseline" in html
    assert "no rival was named" in html


def test_claims_show_a_few_photos_unless_told_how_many() -> None:
    assert claim_options(Options(seed=5)).limit == 24
    assert claim_options(Options(limit=3)).limit == 3
    assert claim_options(Options(seed=5)).seed == 5


def stage_of(boxes: Sequence[tuple[int, int, int, int]]) -> Stage:
    mask = torch.zeros(len(boxes), 1, CANVAS, CANVAS)
    for n, (x0, y0, x1, y1) in enumerate(boxes):
        mask[n, :, y0:y1, x0:x1] = 1
    scene = torch.randint(0, 256, (len(boxes), 3, CANVAS, CANVAS), generator=torch.Generator().manual_seed(1))
    codes = torch.zeros(len(boxes), 1, TintedShapes.code_size)
    return Stage(scene.to(torch.uint8), mask, torch.zeros(len(boxes), dtype=torch.long), codes, CLASSES)


def test_windows_are_square_a_little_larger_than_the_box_and_inside_the_scene() -> None:
    stage = stage_of([(0, 0, 40, 20), (100, 100, 150, 150), (200, 216, 256, 256), (0, 0, 250, 250)])
    windows = windows_of(bounding_boxes(stage.mask))
    assert windows[:3] == [(0, 0, 56), (90, 90, 70), (178, 178, 78)]
    assert windows[3][2] == 350  # larger than the scene: it reaches beyond on all sides
    assert windows[3][0] == windows[3][1] == -50


def test_an_insertion_lies_where_its_mask_is_and_the_rest_is_untouched() -> None:
    stage = stage_of([(0, 0, 40, 20), (60, 80, 130, 160), (0, 0, 250, 250)])
    painted = insert(Generated(TintedShapes()), stage)
    inside = stage.mask > 0.5
    assert (painted.alpha[inside] > 200).float().mean() > 0.9
    outside = (painted.alpha == 0).expand_as(stage.scene)
    assert torch.equal(painted.picture[outside], stage.scene[outside])
    assert outside.float().mean() > 0.5


@pytest.mark.parametrize("move", MOVES, ids=[move.name for move in MOVES])
def test_a_move_can_be_taken_back(move: Move) -> None:
    mask = stage_of([(70, 90, 150, 140), (90, 80, 130, 170)]).mask
    middle = middles(mask)
    there = moved(mask, middle, move)
    back = moved_back(there, middle, move)
    assert (back - mask).abs().mean() < 0.01
    assert move.shift == (0, 0) or (there - mask).abs().mean() > 0.01
    assert there.sum().item() == pytest.approx(mask.sum().item() * move.scale**2, rel=0.05)


def test_a_shift_moves_by_its_share_of_the_scene() -> None:
    mask = stage_of([(70, 90, 150, 140)]).mask
    left = next(move for move in MOVES if move.name == "left")
    there = moved(mask, middles(mask), left)
    assert (middles(there) - middles(mask))[0, 0].item() / 2 == pytest.approx(left.shift[0], abs=1 / CANVAS)


def test_the_object_in_front_is_of_another_class_if_there_is_one() -> None:
    assert partners(torch.tensor([0, 0, 1, 2])).tolist() == [2, 2, 3, 0]
    assert partners(torch.tensor([1, 1])).tolist() == [1, 0]


def test_a_scene_is_read_upright_and_small_enough_and_a_missing_one_is_named(tmp_path: Path) -> None:
    Image.fromarray(outdoor_picture(1280, 640)).save(tmp_path / "photo.png")
    assert read_scene(tmp_path / "photo.png").shape == (3, 512, 1024)
    with pytest.raises(SceneUnreadable, match=r"gone\.jpg.*--scene"):
        read_scene(tmp_path / "gone.jpg")


def test_a_scene_in_grey_of_16_bits_keeps_its_shades(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 96).astype(np.uint16)[None].repeat(64, 0)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    assert np.abs(read_scene(tmp_path / "deep.png")[0].numpy().astype(int) - ramp / 257).max() <= 0.5


def test_the_command_writes_the_claims_of_a_weights_folder(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("weights", "features"):
        (tmp_path / name).mkdir()
    write_tiny_weights(tmp_path / "weights", CLASSES)
    parser = argparse.ArgumentParser()
    evaluate_command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(
        [
            *("evaluate", "--claims", "--weights", str(tmp_path / "weights")),
            *("--features", str(write_features(tmp_path / "features"))),
            *("--data", str(photos), "--out", str(tmp_path / "out")),
            *("--limit", "1", "--size", "64", "--device", "cpu", "--json"),
        ]
    )
    assert arguments.run(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "out" / "claims.json").read_text(encoding="utf-8"))
    changed = printed["claims"]["moves"]["figures"][0]["values"]
    assert changed == {OURS: 0}
    assert (tmp_path / "out" / "claims.html").is_file()
