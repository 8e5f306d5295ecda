"""An evaluation from photos to report: cells, anchors, lighting, the same figures from the same seed."""

# ruff: noqa: ARG002 -- the stand-ins take the arguments of the real networks, needed or not
from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from daemon.commands import evaluate as evaluate_command
from daemon.home.folders import Folders
from models.evaluation.evaluate import evaluate
from models.evaluation.methods import Cases, CopyPaste, ReinhardPaste, as_method
from models.evaluation.report import ReportUnwritable, prepare_folder, to_html, to_text, write_down
from models.evaluation.result import ALL_CLASSES, Background, Evaluation, Shape
from models.evaluation.sample import BATCH, NothingToEvaluate, Options, donors, load_sample, pick_records
from models.evaluation.verdicts import FeatureNetworks
from models.photos.data import ObjectRecord, read_records
from tests.conftest import ROOT, WEIGHTS
from tests.models.evaluated import CLASSES, RESOLUTION, Repainter, Stubborn, TintedShapes, write_photos
from tests.models.feature_files import write_features
from tests.tiny_weights import write_tiny_weights


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> FeatureNetworks:
    folder = write_features(tmp_path_factory.mktemp("features"))
    return FeatureNetworks.load(folder, torch.device("cpu"))


OPTIONS = Options(size=RESOLUTION, looks=2, lighting_limit=4, diversity_limit=4, sheet_rows=2)


@pytest.fixture(scope="module")
def found(photos: Path, features: FeatureNetworks) -> Evaluation:
    return evaluate(TintedShapes(), read_records(photos), features, OPTIONS)


def cases_of(photos: Path) -> Cases:
    sample = load_sample(
        read_records(photos),
        TintedShapes(),
        Options(size=RESOLUTION, limit=4, looks=1),
        torch.Generator().manual_seed(0),
    )
    return next(sample.batches(sample.clean, sample.real_mask))[1]


def test_every_cell_has_every_method_for_all_and_for_each_class(found: Evaluation) -> None:
    cells = {(cell.shape, cell.background) for cell in found.cells}
    assert cells == {(shape, background) for shape in Shape for background in Background}
    for cell in found.cells:
        methods = {row.method for row in cell.rows}
        assert {"this program", "copy-paste", "copy-paste + Reinhard", "grey fill", "real photos"} <= methods
        assert len(cell.rows) == len(methods) * (1 + len(CLASSES))


def test_the_realism_share_is_anchored_at_grey_and_at_pasted_pixels(found: Evaluation) -> None:
    for cell in found.cells:
        rows = {row.method: row for row in cell.rows if row.class_name == ALL_CLASSES}
        assert rows["grey fill"].realism_share == pytest.approx(0)
        assert rows["copy-paste"].realism_share == pytest.approx(1)
        assert rows["real photos"].kid == pytest.approx(0, abs=1e-9)


def test_faces_are_judged_by_themselves_and_anchored_alike(found: Evaluation) -> None:
    rows = {row.method: row for row in found.faces if row.class_name == ALL_CLASSES}
    assert {row.count for row in rows.values()} == {found.facts["photos"]}
    assert rows["grey fill"].share == pytest.approx(0)
    assert rows["copy-paste"].share == pytest.approx(1)
    assert math.isfinite(rows["this program"].share) and rows["this program"].kid != rows["grey fill"].kid
    assert "<h2>Faces</h2>" in to_html(found)


def test_without_heads_in_the_data_there_is_nothing_about_faces(
    photos: Path, features: FeatureNetworks, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(photos, bare)
    (bare / "keypoints.jsonl").unlink()
    found = evaluate(TintedShapes(), read_records(bare), features, replace(OPTIONS, limit=8))
    assert found.faces == []
    assert "<h2>Faces</h2>" not in to_html(found)


def test_the_seam_score_is_anchored_at_a_hard_cut_out_and_at_pasted_pixels(found: Evaluation) -> None:
    for cell in found.cells:
        rows = {row.method: row for row in cell.rows if row.class_name == ALL_CLASSES}
        assert rows["grey fill"].seam_score == pytest.approx(0)
        assert rows["copy-paste"].seam_score == pytest.approx(1)
        assert rows["grey fill"].seam_distance > rows["copy-paste"].seam_distance
        assert rows["real photos"].seam_distance == pytest.approx(0, abs=1e-3)


def test_a_layer_leaves_the_background_alone_and_stays_in_its_shape(found: Evaluation) -> None:
    ours = [row for cell in found.cells for row in cell.rows if row.method == "this program"]
    assert {row.changed_pixels for row in ours} == {0}
    assert max(row.spill for row in ours) == pytest.approx(0, abs=1e-6)
    assert min(row.coverage for row in ours) > 0.9


def test_networks_that_paint_everywhere_and_ignore_the_light_are_found_out(
    photos: Path, features: FeatureNetworks
) -> None:
    stubborn = evaluate(Stubborn(), read_records(photos), features, replace(OPTIONS, limit=8))
    ours = [row for row in stubborn.cells[0].rows if row.method == "this program"]
    assert min(row.spill for row in ours) > 0.3
    light = next(row for row in stubborn.lighting if row.method == "this program")
    assert light.luminance_slope == pytest.approx(0, abs=1e-6)
    assert stubborn.diversity[0].share == pytest.approx(0, abs=1e-6)


def test_a_rival_that_repaints_the_scene_is_a_row_and_is_found_to_change_it(
    photos: Path, features: FeatureNetworks
) -> None:
    rival = as_method(Repainter(), CLASSES)
    result = evaluate(
        TintedShapes(), read_records(photos), features, replace(OPTIONS, limit=8), rivals=[rival]
    )
    for cell in result.cells:
        rows = {row.method: row for row in cell.rows if row.class_name == ALL_CLASSES}
        assert rows["one-shot"].changed_pixels > 0
        assert rows["this program"].changed_pixels == 0
        assert math.isfinite(rows["one-shot"].seam_score)
    light = {row.method: row for row in result.lighting if row.class_name == ALL_CLASSES}
    assert light["one-shot"].luminance_slope == pytest.approx(1, abs=0.1)
    assert {row.method for row in result.diversity} == {"one-shot", "this program"}
    assert "one-shot" in to_html(result)


def test_blotches_are_measured_beside_pasted_objects_with_the_worst_shown(found: Evaluation) -> None:
    rows = {(row.method, row.class_name): row for row in found.blotches}
    assert {(name, "all") for name in ("copy-paste", "copy-paste + Reinhard", "this program")} <= set(rows)
    assert rows["copy-paste", "cat"].count == rows["copy-paste", "flower"].count == 6
    assert "<h2>Blotches</h2>" in to_html(found)
    assert "prefers-color-scheme: dark" in to_html(found)


def test_lighting_is_zero_for_pasted_pixels_and_one_for_objects_that_follow(found: Evaluation) -> None:
    rows = {row.method: row for row in found.lighting if row.class_name == ALL_CLASSES}
    assert rows["copy-paste"].luminance_slope == pytest.approx(0, abs=1e-6)
    ours = rows["this program"]
    assert ours.luminance_slope == pytest.approx(1, abs=0.02)
    assert ours.red_blue_slope == pytest.approx(1, abs=0.02)
    assert min(ours.luminance_r_squared, ours.red_blue_r_squared) > 0.99


def test_networks_of_a_low_resolution_are_judged_at_the_common_size(
    photos: Path, features: FeatureNetworks
) -> None:
    large = evaluate(TintedShapes(), read_records(photos), features, replace(OPTIONS, size=64, limit=4))
    assert large.sheets[0].picture.size[0] > 0
    rows = {row.method: row for row in large.cells[0].rows if row.class_name == ALL_CLASSES}
    assert rows["this program"].changed_pixels == 0
    assert rows["this program"].spill == pytest.approx(0, abs=0.01)
    assert large.facts["judged at"] == 64


def test_copies_of_training_pictures_are_found_out(photos: Path, features: FeatureNetworks) -> None:
    records = read_records(photos)
    twins = [replace(r, split="train") for r in records if r.split == "val"]

    class Copies(TintedShapes):
        def make_objects(
            self, scene: Tensor, mask: Tensor, class_index: Tensor, code: Tensor
        ) -> tuple[Tensor, Tensor]:
            return self.painted[: len(scene)], mask

        painted: Tensor

    copies = Copies()
    generator = torch.Generator().manual_seed(OPTIONS.seed)
    sample = load_sample(records, copies, Options(size=RESOLUTION, looks=1), generator)
    assert len(sample) <= BATCH
    copies.painted = sample.real
    held_out = [r for r in records if r.split == "val"]
    result = evaluate(copies, held_out + twins, features, OPTIONS)
    assert result.memorisation[0].made == pytest.approx(0, abs=1e-4)


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(
    photos: Path, features: FeatureNetworks, found: Evaluation
) -> None:
    records = read_records(photos)
    assert evaluate(TintedShapes(), records, features, OPTIONS).to_json() == found.to_json()
    other = evaluate(TintedShapes(), records, features, replace(OPTIONS, seed=1))
    assert other.to_json()["diversity"] != found.to_json()["diversity"]


def test_the_report_is_json_without_nan_and_a_page_whose_pictures_exist(
    found: Evaluation, tmp_path: Path
) -> None:
    page = write_down(tmp_path / "deep" / "er", "report", found.to_json(), found.sheets, to_html(found))
    html = page.read_text(encoding="utf-8")
    content = json.loads((page.parent / "report.json").read_text(encoding="utf-8"))
    assert {file for file in content["sheets"].values()} == {p.name for p in page.parent.glob("*.png")}
    assert all(f'src="{file}"' in html for file in content["sheets"].values())
    assert "<script" not in html
    assert "nan" not in html.lower().replace("nance", "")
    assert "realism share" in to_text(found)


def test_a_report_that_cannot_be_written_names_its_folder(found: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ReportUnwritable, match=r"file.*--out"):
        prepare_folder(tmp_path / "file")
    with pytest.raises(ReportUnwritable, match=r"file.*--out"):
        write_down(tmp_path / "file", "report", {}, found.sheets)


@pytest.mark.parametrize("limit", [1, 3, 5])
def test_a_handful_of_photos_is_enough_for_a_report_without_false_figures(
    limit: int, photos: Path, features: FeatureNetworks, tmp_path: Path
) -> None:
    few = evaluate(TintedShapes(), read_records(photos), features, replace(OPTIONS, limit=limit))
    write_down(tmp_path, "report", few.to_json(), few.sheets, to_html(few))
    ours = [row for row in few.cells[0].rows if row.method == "this program"]
    assert [math.isnan(row.kid) for row in ours] == [limit < 4] + [True] * (len(ours) - 1)


def test_photos_are_drawn_with_classes_taking_turns() -> None:
    def record(name: str, n: int, split: str = "val") -> ObjectRecord:
        return ObjectRecord(Path(f"{n}"), Path(f"{n}"), name, (0, 0, 9, 9), split, str(n))

    records = [record("cat", n) for n in range(9)] + [record("flower", n) for n in range(2)]
    records += [record("cat", 50, "train"), record("tiger", 60)]
    picked = pick_records(records, "val", CLASSES, 6, torch.Generator().manual_seed(0))
    assert [r.class_name for r in picked] == ["cat", "flower", "cat", "flower", "cat", "cat"]
    assert len({r.image for r in picked if r.class_name == "cat"}) == 4


def test_the_other_background_comes_from_another_photo_of_the_class() -> None:
    def record(name: str, photo: str) -> ObjectRecord:
        return ObjectRecord(Path("i"), Path("m"), name, (0, 0, 9, 9), "val", photo)

    records = [record("cat", "a"), record("cat", "a"), record("cat", "b"), record("flower", "c")]
    assert donors(records).tolist() == [2, 2, 0, 0]


def test_without_validation_photos_of_a_known_class_the_evaluation_says_so(
    photos: Path, features: FeatureNetworks
) -> None:
    records = [replace(r, class_name="tiger") for r in read_records(photos)]
    with pytest.raises(NothingToEvaluate, match="cat, flower"):
        evaluate(TintedShapes(), records, features, OPTIONS)


def test_reinhard_moves_the_cut_out_to_the_colours_of_its_scene(photos: Path) -> None:
    cases = cases_of(photos)

    def distance(rgb: Tensor) -> Tensor:
        inside, outside = cases.real_mask, 1 - cases.real_mask
        here = (rgb * inside).sum(dim=(2, 3)) / inside.sum(dim=(2, 3))
        there = (cases.scene * outside).sum(dim=(2, 3)) / outside.sum(dim=(2, 3))
        return (here - there).abs().mean(dim=1)

    pasted, moved = CopyPaste().insert(cases).rgb, ReinhardPaste().insert(cases).rgb
    assert (distance(moved) < 0.3 * distance(pasted)).all()


@pytest.mark.parametrize("missing", ["features", "data", "no name"])
def test_a_missing_folder_ends_with_one_line_and_exit_code_2(
    missing: str,
    tmp_path: Path,
    photos: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("INSERT_OBJECT_FEATURES", raising=False)
    given = ["evaluate", "--data", str(tmp_path / "gone" if missing == "data" else photos)]
    if missing != "no name":
        given += ["--features", str(tmp_path / "gone" if missing == "features" else tmp_path)]
    parser = argparse.ArgumentParser()
    evaluate_command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(given)
    assert arguments.run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1
    assert ("gone" if missing != "no name" else "--features") in printed.err


def test_without_the_extra_the_command_says_in_one_line_what_to_install(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    parser = argparse.ArgumentParser()
    evaluate_command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["evaluate", "--data", str(photos)])
    assert arguments.run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1
    named = re.search(r"pip install .* -r (\S+)", printed.err)
    assert named is not None
    assert "\nmatplotlib==" in (ROOT / named[1]).read_text(encoding="utf-8")


def test_the_command_judges_a_weights_folder_and_prints_the_report_as_json(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("weights", "features"):
        (tmp_path / name).mkdir()
    write_tiny_weights(tmp_path / "weights", CLASSES)
    parser = argparse.ArgumentParser()
    evaluate_command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(
        [
            "evaluate",
            *("--weights", str(tmp_path / "weights")),
            *("--features", str(write_features(tmp_path / "features"))),
            *("--data", str(photos), "--out", str(tmp_path / "report")),
            *("--limit", "4", "--size", "64", "--device", "cpu", "--json"),
        ]
    )
    assert arguments.run(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert printed["facts"]["weights"] == "untrained"
    assert printed["facts"]["photos"] == 4


def test_figures_that_cannot_be_had_are_null_in_json(found: Evaluation) -> None:
    flowers = [row for row in found.cells[0].rows if row.class_name == "flower"]
    assert all(math.isnan(row.fcn_score) for row in flowers)
    rows = found.to_json()["cells"][0]["rows"]
    assert {row["fcn_score"] for row in rows if row["class_name"] == "flower"} == {None}


def test_the_shipped_weights_are_judged_unless_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSERT_OBJECT_WEIGHTS", raising=False)
    assert Folders.default().weights == WEIGHTS
