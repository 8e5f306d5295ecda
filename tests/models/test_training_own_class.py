"""A class of the user's own: from photos with masks to a pack that works, with a report that is honest."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from daemon.commands.train import add_parser, run_train
from models.bundle import Bundle
from models.files.manifest import Manifest
from models.files.part_files import ENCODER, FOREGROUND, LOOKS, MASKS, PARTS, QUALITY
from models.photos.data import DataError, read_records
from models.photos.prepare import prepare
from models.training.checkpoint import CheckpointError
from models.training.own_class.held_out import Check, EarlyStop, HeldOut, best_weights
from models.training.own_class.learn import Learnt, Order, learn_class
from models.training.own_class.pack import adding_command, check_class_name, check_place
from models.training.own_class.quality import Quality, judge, write_report
from models.training.own_class.start import StartFromWeights, nearest_class, settings_for
from models.training.recipe import Recipe
from models.training.runs.training_run import TrainingRun
from tests.models.shapes_made_in_code import write_photos
from tests.tiny_weights import write_tiny_weights

MINUTES = 0.05
MEMBERS = {FOREGROUND, ENCODER, PARTS, LOOKS, MASKS, QUALITY, "manifest.json", "MODEL_CARD.md"}


def _photos(folder: Path, count: int = 16) -> Path:
    """Discs as plain photos with masks beside them."""
    made = folder / "made"
    made.mkdir(parents=True)
    write_photos(made, per_class=count)
    data = folder / "photos"
    data.mkdir()
    for record in read_records(made):
        if record.class_name == "disc":
            Image.open(record.image).save(data / f"{record.photo}.jpg", quality=95)
            Image.open(record.mask).save(data / f"{record.photo}.png")
    return data


def _order(folder: Path, data: Path) -> Order:
    weights = folder / "weights"
    if not weights.exists():
        write_tiny_weights(weights, judging=True)
    return Order(
        data,
        "moon",
        folder / "pack",
        folder / "run",
        weights,
        MINUTES,
        "cpu",
        None,
        threads=1,
        settings={"batch_size": 4},
    )


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Order, Learnt]:
    folder = tmp_path_factory.mktemp("own-class")
    order = _order(folder, _photos(folder))
    return order, learn_class(order)


def test_photos_become_a_pack_that_paints_the_new_class(learnt: tuple[Order, Learnt]) -> None:
    order, _ = learnt
    assert {path.name for path in order.pack.iterdir()} == MEMBERS
    bundle = Bundle.load(order.pack)
    assert bundle.class_names == ("moon",)
    scene = torch.rand(2, 3, 32, 32) * 2 - 1
    index, boxes = torch.zeros(2, dtype=torch.long), torch.tensor([[0.2, 0.2, 0.8, 0.8]] * 2)
    mask = bundle.make_masks(index, boxes, torch.randn(2, 32))
    colour, alpha = bundle.make_objects(scene, mask, index, torch.randn(2, bundle.code_size))
    assert torch.isfinite(colour).all()
    assert alpha.amax() > 0.9


def test_the_best_of_a_dozen_are_chosen_as_for_the_class_that_is_most_alike(
    learnt: tuple[Order, Learnt],
) -> None:
    order, result = learnt
    pack, started = Bundle.load(order.pack), Bundle.load(order.weights)
    nearest = started.class_names.index(result.quality.nearest_class)
    colour = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    alpha = torch.zeros(3, 1, 64, 64)
    alpha[..., 10:50, 15:60] = 1
    own = pack.judge(colour, alpha, torch.zeros(3, dtype=torch.long))
    theirs = started.judge(colour, alpha, torch.full((3,), nearest))
    assert own is not None and theirs is not None
    assert torch.allclose(own, theirs, atol=1e-3)
    assert own.std() > 1e-3


def test_the_manifest_says_where_the_pack_comes_from_and_names_no_photo(
    learnt: tuple[Order, Learnt],
) -> None:
    order, result = learnt
    manifest = Manifest.read(order.pack)
    manifest.verify(order.pack)
    assert (manifest.label, manifest.classes[0].name, manifest.classes[0].label) == ("Moon", "moon", "Moon")
    made = manifest.provenance
    assert made["started_from"]["name"] == "untrained"
    assert made["started_from"]["class"] in ("disc", "star")
    assert made["objects"] == result.quality.training_objects
    for text in ("manifest.json", "MODEL_CARD.md"):
        content = (order.pack / text).read_text("utf-8")
        assert str(order.data) not in content
        assert "disc_1" not in content


def test_the_card_counts_what_the_pack_holds_of_the_photos(learnt: tuple[Order, Learnt]) -> None:
    order, _ = learnt
    card = " ".join((order.pack / "MODEL_CARD.md").read_text("utf-8").split())
    outlines = load_file(order.pack / MASKS)
    looks = load_file(order.pack / LOOKS)
    side = math.isqrt(8 * outlines["library.bits"].shape[1])
    assert f"of {len(outlines['library.bits'])} of them the outline, one bit a point, {side} × {side}" in card
    coarse, finer = (int(n.replace(",", "")) for n in re.findall(r"\(([\d,]+) numbers\)", card))
    assert coarse + finer == outlines["library.parts"][0, 0].numel()
    numbers, summary = looks["codes"].shape[1], looks["parts"].shape[1]
    assert f"of {len(looks['codes'])} of them the look, {numbers} numbers" in card
    assert f"a summary of where their parts are, {summary} numbers" in card


def test_the_report_holds_figures_samples_previews_and_warnings(learnt: tuple[Order, Learnt]) -> None:
    order, result = learnt
    figures = json.loads((order.out / "report.json").read_text("utf-8"))
    assert figures["class_name"] == "moon"
    assert figures["figure_name"] == "L1 of held-out objects"
    assert figures["checks"][0]["figure"] > 0
    assert any("150 is where it begins to make sense" in warning for warning in figures["warnings"])
    page = result.page.read_text("utf-8")
    for part in ("samples.png", "grid_", "Keep in mind", "before", "at best"):
        assert part in page
    with Image.open(order.out / "samples.png") as sheet:
        assert sheet.height == 7 * 128
    assert list(order.out.glob("grid_*.png"))


def test_the_same_order_goes_on_and_never_gets_worse_by_its_own_figure(
    learnt: tuple[Order, Learnt],
) -> None:
    order, before = learnt
    after = learn_class(order).quality
    assert after.images_seen > before.quality.images_seen
    assert after.best is not None
    assert before.quality.best is not None
    assert after.best.figure <= before.quality.best.figure
    assert after.nearest_class == before.quality.nearest_class


def test_a_run_of_another_class_is_not_gone_on_with(learnt: tuple[Order, Learnt]) -> None:
    order, _ = learnt
    with pytest.raises(CheckpointError, match="learns moon"):
        learn_class(replace(order, class_name="sun"))


def test_a_new_class_starts_from_the_known_one_that_paints_it_best(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path / "weights")
    bundle = Bundle.load(tmp_path / "weights")
    records = read_records(prepare(_photos(tmp_path), "moon", tmp_path / "run").folder)
    nearest = nearest_class(bundle, records)
    assert set(nearest.errors) == set(bundle.class_names)
    assert nearest.errors[nearest.name] == min(nearest.errors.values())
    run = TrainingRun(tmp_path, tmp_path / "none", settings_for(bundle, "cpu", None), 0, "cpu")
    state, recipe = StartFromWeights(bundle, nearest)(run, ("moon",), torch.device("cpu"), 1)
    assert state.images_seen == 0
    codes = bundle.generator.state_dict()["class_code.weight"]
    for name in ("generator", "averaged_generator"):
        started = recipe.trained_networks()[name].state_dict()
        assert torch.equal(started["class_code.weight"][0], codes[bundle.class_names.index(nearest.name)])
        assert torch.equal(
            started["first.8.convolution.weight"], bundle.generator.state_dict()["first.8.convolution.weight"]
        )


def test_a_new_class_learns_at_the_smallest_side_that_the_networks_paint(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path / "weights", resolution=64, levels=2)
    bundle = Bundle.load(tmp_path / "weights")
    settings = settings_for(bundle, "cpu", None)
    assert settings.resolution == 32
    run = TrainingRun(tmp_path, tmp_path / "none", settings, 0, "cpu")
    recipe = StartFromWeights(bundle, None)(run, ("moon",), torch.device("cpu"), 1)[1]
    started = recipe.trained_networks()["generator"].state_dict()
    whole = bundle.generator.state_dict()
    assert {name for name in whole if ".32." in name} and not {name for name in started if ".32." in name}
    assert all(torch.equal(value, whole[name]) for name, value in started.items() if "class" not in name)


class _Held(HeldOut):
    """Figures given beforehand."""

    def __init__(self, figures: list[float], of: str = "") -> None:
        self.figures, self.of = figures, of
        self.lpips = None

    @property
    def fingerprint(self) -> str:
        return self.of

    def figure(self, _recipe: Recipe) -> float:
        return self.figures.pop(0)


def _stop(folder: Path, figures: list[float], from_images: int = 0) -> EarlyStop:
    """One that looks after every step."""
    return EarlyStop(_Held(figures), folder, 0.0, 3, from_images, learning_over_looking=0.0)


def _recipe(tmp_path: Path) -> Recipe:
    write_tiny_weights(tmp_path / "weights")
    bundle = Bundle.load(tmp_path / "weights")
    run = TrainingRun(tmp_path, tmp_path / "none", settings_for(bundle, "cpu", None), 0, "cpu")
    return StartFromWeights(bundle, None)(run, ("moon",), torch.device("cpu"), 1)[1]


def test_a_run_that_no_longer_gets_better_ends_and_its_best_weights_are_kept(tmp_path: Path) -> None:
    recipe = _recipe(tmp_path)
    stop = _stop(tmp_path, [0.5, 0.4, 0.45, 0.44, 0.43])
    ended = []
    for seen in range(5):
        with torch.no_grad():
            recipe.trained_networks()["averaged_encoder"].out.bias.fill_(float(seen))  # type: ignore[union-attr,operator]
        ended.append(stop(recipe, seen))
    assert ended == [False, False, False, False, True]
    assert stop.best == Check(1, 0.4)
    assert best_weights(tmp_path)["averaged_encoder"]["out.bias"][0] == 1


def test_getting_worse_while_the_discriminators_join_does_not_end_a_run(tmp_path: Path) -> None:
    stop = _stop(tmp_path, [0.5] + [0.6] * 9, from_images=7)
    recipe = _recipe(tmp_path)
    assert [stop(recipe, seen) for seen in range(10)].index(True) == 9


def test_a_slow_computer_gets_as_many_images_to_get_better(tmp_path: Path) -> None:
    stop = _stop(tmp_path, [0.5] * 4)
    stop.images_between = 200
    recipe = _recipe(tmp_path)
    ended = next(seen for seen in range(0, 1000, 50) if stop(recipe, seen))
    assert [check.images_seen for check in stop.checks] == [0, 200, 400, 600]
    assert ended == 600


def test_a_run_that_goes_on_remembers_its_best(tmp_path: Path) -> None:
    recipe = _recipe(tmp_path)
    _stop(tmp_path, [0.3])(recipe, 10)
    later = _stop(tmp_path, [0.4])
    later(recipe, 20)
    assert later.best == Check(10, 0.3)


def test_figures_of_other_held_out_objects_are_not_compared(tmp_path: Path) -> None:
    """Photos that are added may be harder: what is learnt from them still counts."""
    recipe = _recipe(tmp_path)
    _stop(tmp_path, [0.1])(recipe, 10)
    later = EarlyStop(_Held([0.3], "six objects"), tmp_path, 0.0, 3, 0, learning_over_looking=0.0)
    with torch.no_grad():
        recipe.trained_networks()["averaged_encoder"].out.bias.fill_(2.0)  # type: ignore[union-attr,operator]
    later(recipe, 20)
    assert later.best == Check(20, 0.3)
    assert best_weights(tmp_path)["averaged_encoder"]["out.bias"][0] == 2


def test_a_figure_says_what_it_is_of(tmp_path: Path) -> None:
    records = read_records(prepare(_photos(tmp_path), "moon", tmp_path / "run").folder)
    whole, fewer = (HeldOut(part, ("moon",), 32, None).fingerprint for part in (records, records[1:]))
    assert whole == HeldOut(records, ("moon",), 32, None).fingerprint != fewer


def test_too_few_photos_are_refused_with_the_number_that_is_needed(tmp_path: Path) -> None:
    order = _order(tmp_path, _photos(tmp_path, count=5))
    with pytest.raises(DataError, match=r"only \d objects to learn from; 8 are the least"):
        learn_class(order)


def test_a_place_that_holds_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"holiday\.jpg"):
        check_place(tmp_path)


def test_the_command_that_adds_a_pack_gives_it_a_name_that_a_pack_may_have() -> None:
    assert adding_command(Path("packs/my-lamp")) == "insert-object packs add packs/my-lamp"
    assert adding_command(Path("My Lamp")) == "insert-object packs add 'My Lamp' --name my-lamp"


@pytest.mark.parametrize("plots", [True, False])
def test_a_report_is_written_whole_with_and_without_what_plots_need(
    plots: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not plots:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
    quality = Quality(
        *("moon & sun", 200, 20, 64, 1000, 5.0, "shipped", "dog", {}, "LPIPS"),
        [Check(0, 0.4), Check(1000, 0.3)],
        *(True, {"Loss/G": 0.5}, {"whole_outlines": 60, "classes": {"moon": {"fill_drawn": 0.7}}}),
        styles=["red"],
        warnings=["few <photos>"],
    )
    page = write_report(quality, tmp_path).read_text("utf-8")
    for part in (
        "moon &amp; sun",
        "few &lt;photos&gt;",
        "fill drawn",
        "Loss/G",
        "samples.png",
        "ended early",
    ):
        assert part in page
    assert ("<svg" in page) == plots
    assert ("pip install" in page) != plots
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["class_name"] == "moon & sun"


@pytest.mark.parametrize("name", ["", "  ", "a,b", "x" * 65, "a\nb"])
def test_a_name_that_no_class_may_have_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="--class"):
        check_class_name(name)


def test_a_report_warns_of_what_its_own_figures_show() -> None:
    quality = Quality(
        *("moon", 200, 20, 64, 1000, 5.0, "shipped", "dog", {}, "LPIPS"),
        [Check(0, 0.4), Check(1000, 0.399)],
        False,  # noqa: FBT003 - the fields in their order
        {},
        {"whole_outlines": 60},
        [],
    )
    told = "; ".join(judge(quality))
    assert "hardly changed" in told
    assert "seen only 5 times" in told
    assert "seeds look nearly alike" in told
    assert "only 60 of 200 outlines are whole" in told
    assert "could not be judged" in told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--class", "moon"], "--class and --pack belong together"),
        ([], "--out and --minutes are needed"),
        (["--class", "moon", "--pack", "p", "--network", "object"], "the weights decide"),
        (["--class", "moon", "--pack", "p", "--weights", "nowhere"], "is missing"),
    ],
)
def test_the_command_names_what_belongs_together(
    more: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["train", "--data", str(tmp_path), *more])
    assert run_train(arguments) == 2
    assert told in capsys.readouterr().err
