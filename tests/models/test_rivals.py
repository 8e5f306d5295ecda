"""Rivals in the table and the comparison of two sets of weights."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
import torch

from daemon.commands import evaluate as evaluate_command
from models.evaluation.comparison import Better, ClassComparison, Comparison, compare, to_text
from models.evaluation.methods import ForClasses, RivalUnusable, as_method, fairness_notes, load_rivals
from models.evaluation.result import ALL_CLASSES
from models.evaluation.sample import NothingToEvaluate, Options
from models.evaluation.verdicts import FeatureNetworks
from models.photos.data import read_records
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


def test_a_rival_is_told_classes_by_its_own_numbers() -> None:
    rival = Repainter()
    method = as_method(rival, CLASSES, "U-Net")
    assert (method.name, method.repaints_scene, method.images_seen) == ("U-Net", True, 7)
    square = torch.zeros(2, 1, RESOLUTION, RESOLUTION)
    method.networks.make_objects(
        square.expand(-1, 3, -1, -1), square, torch.tensor([0, 1]), torch.zeros(2, 4)
    )
    assert [rival.class_names[n] for n in rival.asked[0].tolist()] == list(CLASSES)


def test_a_rival_that_lacks_a_class_is_refused_by_name() -> None:
    with pytest.raises(RivalUnusable, match=r"one-shot.*tiger"):
        as_method(Repainter(), ("cat", "tiger"))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that rivals were read from; each of them holds the same one."""
    read: list[Path] = []

    def load_rival(folder: Path, _device: torch.device) -> Repainter:
        read.append(folder)
        return Repainter()

    monkeypatch.setattr("models.training.baselines.rivals.load_rival", load_rival)
    return read


@pytest.mark.parametrize(
    ("text", "name", "folder"),
    [("U-Net=runs/p", "U-Net", "runs/p"), ("runs/p", "one-shot", "runs/p"), ("a=b=c", "a", "b=c")],
)
def test_a_rival_is_named_before_its_folder(text: str, name: str, folder: str, runs: list[Path]) -> None:
    assert [rival.name for rival in load_rivals([text], CLASSES, torch.device("cpu"))] == [name]
    assert runs == [Path(folder)]


@pytest.mark.parametrize("text", ["", "U-Net=", "  "])
def test_a_rival_without_a_folder_is_refused(text: str, runs: list[Path]) -> None:
    with pytest.raises(RivalUnusable, match=r"no folder.*NAME=FOLDER"):
        load_rivals([text], CLASSES, torch.device("cpu"))
    assert runs == []


@pytest.mark.usefixtures("runs")
def test_two_rows_never_have_one_name() -> None:
    with pytest.raises(RivalUnusable, match=r"one-shot.*--rival NAME"):
        load_rivals(["a", "b"], CLASSES, torch.device("cpu"))
    with pytest.raises(RivalUnusable, match="this program"):
        load_rivals(["this program=a"], CLASSES, torch.device("cpu"))
    named = load_rivals(["a", "other=b"], CLASSES, torch.device("cpu"))
    assert [rival.name for rival in named] == ["one-shot", "other"]


def test_a_rival_that_learnt_much_less_is_not_shown_without_a_word() -> None:
    rival = as_method(Repainter(), CLASSES)
    assert fairness_notes([rival], 10) == []
    assert "7 pictures" in fairness_notes([rival], 15)[0]


def test_networks_can_be_restricted_to_some_classes() -> None:
    class Recording(TintedShapes):
        class_names = ("dog", "flower", "cat")

    restricted = ForClasses(Recording(), CLASSES)
    assert restricted.class_names == CLASSES
    assert restricted.own_index(torch.tensor([0, 1])).tolist() == [2, 1]
    with pytest.raises(RivalUnusable, match="tiger"):
        ForClasses(Recording(), ("tiger",))


def comparison(
    first: TintedShapes, second: TintedShapes, photos: Path, features: FeatureNetworks
) -> Comparison:
    return compare(
        first,
        second,
        ("old", "new"),
        read_records(photos),
        features,
        Options(size=RESOLUTION, lighting_limit=4, sheet_rows=2),
    )


def test_equal_weights_do_not_differ_at_all(photos: Path, features: FeatureNetworks) -> None:
    found = comparison(TintedShapes(), TintedShapes(), photos, features)
    assert found.overall.difference == 0
    assert found.overall.better is Better.UNDECIDED
    assert "Undecided" in to_text(found)


def test_weights_that_cover_the_scene_are_found_to_be_worse_in_either_order(
    photos: Path, features: FeatureNetworks
) -> None:
    worse_second = comparison(TintedShapes(), Stubborn(), photos, features).overall
    worse_first = comparison(Stubborn(), TintedShapes(), photos, features).overall
    assert worse_second.difference == pytest.approx(-worse_first.difference, rel=1e-4)
    assert worse_second.difference < 0
    assert worse_second.first["luminance_slope"] == pytest.approx(1, abs=0.02)
    assert worse_second.second["luminance_slope"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("difference", "error", "better"),
    [
        (0.3, 0.1, Better.SECOND),
        (-0.3, 0.1, Better.FIRST),
        (0.15, 0.1, Better.UNDECIDED),
        (float("nan"), 0.1, Better.UNDECIDED),
        (0.3, float("nan"), Better.UNDECIDED),
    ],
)
def test_a_lead_counts_only_beyond_two_standard_errors(
    difference: float, error: float, better: Better
) -> None:
    standing = {"realism_share": 0.5}
    assert ClassComparison(ALL_CLASSES, 9, standing, standing, difference, error).better is better


def test_classes_that_only_one_of_them_knows_are_left_out_and_named(
    photos: Path, features: FeatureNetworks
) -> None:
    class CatsOnly(TintedShapes):
        class_names = ("cat",)

    found = comparison(TintedShapes(), CatsOnly(), photos, features)
    assert any("flower" in note for note in found.notes)
    assert found.facts["photos"] == 6  # half of the twelve held-out photos

    class TigersOnly(TintedShapes):
        class_names = ("tiger",)

    with pytest.raises(RivalUnusable):
        comparison(TintedShapes(), TigersOnly(), photos, features)
    with pytest.raises(NothingToEvaluate):
        comparison(TigersOnly(), TigersOnly(), photos, features)


def test_the_command_says_which_of_two_weights_folders_is_better(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("weights", "features"):
        (tmp_path / name).mkdir()
    write_tiny_weights(tmp_path / "weights", CLASSES)
    parser = argparse.ArgumentParser()
    evaluate_command.add_parser(parser.add_subparsers())
    common = [
        *("evaluate", "--weights", str(tmp_path / "weights")),
        *("--features", str(write_features(tmp_path / "features"))),
        *("--data", str(photos), "--out", str(tmp_path / "out")),
        *("--limit", "4", "--size", "64", "--device", "cpu", "--json"),
    ]
    arguments = parser.parse_args([*common, "--compare", str(tmp_path / "weights")])
    assert arguments.run(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["better"] == "undecided"
    assert printed["classes"][0]["difference"] == 0
    assert printed == json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert (tmp_path / "out" / "comparison.png").is_file()

    refused = parser.parse_args([*common, "--rival", f"U-Net={tmp_path / 'gone'}"])
    assert refused.run(refused) == 2
    assert "gone" in capsys.readouterr().err
