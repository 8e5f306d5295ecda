"""The best of several seeds: which are painted, in which order, and that each is what it would be alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from daemon.painting.choosing import with_variety
from daemon.painting.engine import Engine, create_engine
from daemon.painting.scene import window_pixels
from models.bundle import Bundle
from tests.changed_insert import with_changes
from tests.tiny_weights import write_tiny_weights
from wire.protocol import MAX_SEED, Insert, Layer, PixelFormat, PixelFrame, Rect, Stage, Wish

BOX = Rect(50, 40, 80, 60)


def _engine(folder: Path, *, judging: bool) -> Engine:
    write_tiny_weights(folder, resolution=64, levels=2, judging=judging)
    engine = create_engine(folder, device="cpu")
    engine.load(lambda _fraction: None)
    return engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return _engine(tmp_path_factory.mktemp("judging"), judging=True)


def _request(**changes: object) -> Insert:
    picture = np.random.default_rng(0).integers(0, 255, (150, 200, 3), dtype=np.uint8)
    window, scene = window_pixels(picture, BOX, 512)
    return with_changes(Insert("r", Wish("disc", BOX, 7), 200, 150, window, scene), **changes)


def _layers(engine: Engine, request: Insert) -> list[Layer]:
    return list(engine.insert(request, lambda *_: None))


def _seeds(engine: Engine, request: Insert) -> list[int]:
    return [layer.seed for layer in _layers(engine, request)]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches that are judged, by marks that rise from -8 to 0, again and again."""
    batches: list[int] = []

    def judge(_bundle: Bundle, colour: torch.Tensor, *_: object) -> torch.Tensor:
        start = sum(batches)
        batches.append(len(colour))
        return torch.tensor([float((start + place) % 9 - 8) for place in range(len(colour))])

    monkeypatch.setattr(Bundle, "judge", judge)
    return batches


def test_each_of_the_best_is_what_its_own_seed_gives_alone(engine: Engine) -> None:
    chosen = _layers(engine, _request(variations=3, candidates=12))
    assert len({layer.seed for layer in chosen} & set(range(7, 19))) == 3
    assert [layer.index for layer in chosen] == [0, 1, 2]
    for layer in chosen:
        (alone,) = _layers(engine, _request(seed=layer.seed))
        assert (alone.x, alone.y) == (layer.x, layer.y)
        assert bytes(alone.pixels.data) == bytes(layer.pixels.data)
        assert layer.shadow is not None and alone.shadow is not None
        assert bytes(alone.shadow.data) == bytes(layer.shadow.data)


def test_the_same_candidates_are_ranked_alike_and_the_first_ones_are_the_same_however_many_are_wanted(
    engine: Engine,
) -> None:
    four = _seeds(engine, _request(variations=4, candidates=12))
    assert _seeds(engine, _request(variations=4, candidates=12)) == four
    assert _seeds(engine, _request(variations=1, candidates=12)) == four[:1]


def test_the_best_come_first_and_of_equals_the_lower_seed(engine: Engine, judged: list[int]) -> None:
    assert _seeds(engine, _request(seed=100, variations=3, candidates=18)) == [108, 117, 107]
    assert judged == [12, 6]  # in batches that bound memory


def test_an_object_that_cannot_be_judged_comes_last(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = torch.tensor([float("nan"), -5.0, float("nan")])
    monkeypatch.setattr(Bundle, "judge", lambda *_: marks)
    assert _seeds(engine, _request(seed=3, variations=1, candidates=3)) == [4]


def test_candidates_go_on_at_0_after_the_last_seed(engine: Engine, judged: list[int]) -> None:
    assert _seeds(engine, _request(seed=MAX_SEED, variations=1, candidates=3)) == [1]
    assert judged == [3]


def test_nothing_is_judged_where_nothing_is_to_choose(engine: Engine, judged: list[int]) -> None:
    scene = _request().scene
    shape = PixelFrame(scene.width, scene.height, PixelFormat.A8, b"\xff" * scene.width * scene.height)
    given = {"look_seed": 5, "candidates": 12}
    assert _seeds(engine, _request(shape_seed=5, **given)) == [7]
    assert _seeds(engine, _request(mask=shape, **given)) == [7]
    assert _seeds(engine, _request(variations=3, candidates=2)) == [7, 8, 9]
    assert judged == []
    assert _seeds(engine, _request(mask=shape, candidates=3)) == [9]  # looks differ


def test_a_reference_and_the_picture_of_a_shape_are_looked_at_once_however_many_are_chosen_from(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    for name in ("encode", "own_parts"):
        found = getattr(Bundle, name)

        def noted(bundle: Bundle, *given: object, name: str = name, found: Any = found) -> Any:
            looks.append(name)
            return found(bundle, *given)

        monkeypatch.setattr(Bundle, name, noted)
    scene = _request().scene
    cut_out = PixelFrame(20, 20, PixelFormat.RGBA8, bytes((90, 60, 20, 255)) * 400)
    given = {
        "mask": PixelFrame(scene.width, scene.height, PixelFormat.A8, b"\xff" * scene.width * scene.height),
        "reference": cut_out,
        "parts": cut_out,
    }
    best, second = _layers(engine, _request(**given, variations=2, candidates=24))
    assert looks == ["encode", "own_parts"]
    for layer in (best, second):
        (alone,) = _layers(engine, _request(**given, seed=layer.seed))
        assert bytes(alone.pixels.data) == bytes(layer.pixels.data)


def test_weights_that_cannot_judge_paint_the_first_seeds_as_without_candidates(tmp_path: Path) -> None:
    plain = _engine(tmp_path / "plain", judging=False)
    without, asked = (_layers(plain, _request(variations=2, candidates=count)) for count in (1, 12))
    assert [layer.seed for layer in asked] == [7, 8]
    for one, other in zip(without, asked, strict=True):
        assert bytes(one.pixels.data) == bytes(other.pixels.data)
    assert "choice" not in plain.report()["timings"]


def test_a_choice_can_be_broken_off_between_its_batches_and_is_timed(
    engine: Engine, judged: list[int]
) -> None:
    heard: list[tuple[Stage, float]] = []

    def leave_off(stage: Stage, fraction: float) -> None:
        heard.append((stage, fraction))
        if judged:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(engine.insert(_request(candidates=36), leave_off))
    assert judged == [12]
    assert {stage for stage, _ in heard} == {Stage.MASK}
    list(engine.insert(_request(variations=2, candidates=36), lambda *told: heard.append(told)))
    fractions = [fraction for _, fraction in heard[3:]]
    assert fractions == sorted(fractions)
    assert "choice" in engine.report()["timings"]


def test_what_was_ranked_last_is_not_ranked_again_and_anything_else_is(
    engine: Engine, judged: list[int]
) -> None:
    request = _request(seed=200, variations=1, candidates=12)
    best = _seeds(engine, request)
    assert judged == [12]
    more = _seeds(engine, with_changes(request, variations=4))
    assert more[:1] == best and len(set(more)) == 4
    assert judged == [12]
    scene = request.scene
    brighter = PixelFrame(scene.width, scene.height, scene.format, b"\xf0" * len(bytes(scene.data)))
    for other in (_request(seed=201, candidates=12), with_changes(request, scene=brighter), request):
        before = len(judged)
        _seeds(engine, other)
        assert len(judged) == before + 1


def test_of_those_that_are_good_enough_the_first_comes_first() -> None:
    outlines = torch.eye(4)[:, None].expand(4, 4, 4) * torch.eye(4)[:, :, None]  # each somewhere else
    assert with_variety(torch.tensor([0.8, 1.5, 2.5, 0.9]), outlines) == [1, 2, 3, 0]


def test_what_has_the_outline_of_a_better_one_comes_later_unless_it_is_much_better_than_the_rest() -> None:
    outlines = torch.zeros(4, 32, 32)
    outlines[0, 4:28, 2:20] = outlines[1, 4:28, 2:20] = 1
    outlines[2, 4:28, 12:30] = 1  # its mirror image
    outlines[3, 14:28, 2:30] = 1  # another one
    assert with_variety(torch.tensor([1.0, 0.9, 0.8, 0.6]), outlines) == [0, 3, 1, 2]
    assert with_variety(torch.tensor([1.0, 0.9, 0.8, -0.6]), outlines) == [0, 1, 2, 3]
    assert with_variety(torch.tensor([1.0, float("nan"), 1.0, 1.0]), outlines) == [0, 3, 2, 1]
