"""The engine: a request in, layers out; the same request gives the same pixels."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from daemon.painting import engine as engine_module
from daemon.painting.engine import Engine, create_engine
from daemon.painting.reference import fitted_shape, parts_frame
from daemon.painting.scene import window_mask, window_pixels
from tests.changed_insert import with_changes
from tests.packs.conftest import rewrite
from tests.tiny_weights import write_tiny_weights
from wire.protocol import (
    MAX_SEED,
    ErrorCode,
    Insert,
    InsertObjectError,
    Layer,
    PixelFormat,
    PixelFrame,
    Rect,
    Stage,
    Wish,
)
from wire.sentences import SMALL_ONLY

BOX = Rect(50, 40, 80, 60)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_tiny_weights(folder)
    return folder


@pytest.fixture(scope="module")
def engine(weights: Path) -> Engine:
    made = create_engine(weights, device="cpu")
    made.load(lambda _fraction: None)
    return made


def _request(box: Rect = BOX, **changes: object) -> Insert:
    picture = np.random.default_rng(0).integers(0, 255, (150, 200, 3), dtype=np.uint8)
    window, scene = window_pixels(picture, box, 512)
    request = Insert("r", Wish("disc", box, 7), 200, 150, window, scene)
    return with_changes(request, **changes)


def _layers(engine: Engine, request: Insert) -> list[Layer]:
    return list(engine.insert(request, lambda *_: None))


def _pixels(layer: Layer) -> np.ndarray:
    frame = layer.pixels
    kind = np.uint8 if frame.format is PixelFormat.RGBA8 else "<u2"
    return np.frombuffer(frame.data, kind).reshape(frame.height, frame.width, 4)


def test_a_layer_lies_in_its_box(engine: Engine) -> None:
    (layer,) = _layers(engine, _request())
    margin = 6  # the soft edge of a 32 px network, in image pixels
    assert layer.x >= BOX.x - margin and layer.y >= BOX.y - margin
    assert layer.x + layer.pixels.width <= BOX.right + margin
    assert layer.y + layer.pixels.height <= BOX.bottom + margin
    assert _pixels(layer)[..., 3].max() == 255


def test_the_same_request_gives_the_same_pixels(engine: Engine) -> None:
    (first,), (second,) = (_layers(engine, _request()) for _ in range(2))
    assert bytes(first.pixels.data) == bytes(second.pixels.data)
    assert (first.x, first.y) == (second.x, second.y)


def test_another_seed_gives_another_object(engine: Engine) -> None:
    (first,), (second,) = (_layers(engine, _request(seed=s)) for s in (1, 2))
    assert bytes(first.pixels.data) != bytes(second.pixels.data)


def test_a_variation_is_what_its_own_seed_gives_alone(engine: Engine) -> None:
    together = _layers(engine, _request(variations=3))
    assert [layer.seed for layer in together] == [7, 8, 9]
    (alone,) = _layers(engine, _request(seed=9))
    assert (alone.x, alone.y) == (together[2].x, together[2].y)
    difference = np.abs(_pixels(alone).astype(int) - _pixels(together[2]).astype(int))
    assert difference.max() <= 3  # a batch may round otherwise than a single one


def test_the_last_seed_wraps_round(engine: Engine) -> None:
    layers = _layers(engine, _request(seed=MAX_SEED, variations=2))
    assert [layer.seed for layer in layers] == [MAX_SEED, 0]


def test_shape_and_look_can_be_those_of_two_seeds(engine: Engine) -> None:
    def star(**seeds: int) -> np.ndarray:
        layer = _layers(engine, _request(class_name="star", **seeds))[0]
        picture, pixels = np.zeros((150, 200, 4), int), _pixels(layer)
        picture[layer.y : layer.y + pixels.shape[0], layer.x : layer.x + pixels.shape[1]] = pixels
        return picture

    def outlines_differ(one: np.ndarray, other: np.ndarray) -> bool:
        solid, other_solid = one[..., 3] > 128, other[..., 3] > 128
        return bool((solid != other_solid).sum() > 0.02 * (solid | other_solid).sum())

    first, second = star(seed=7), star(seed=11)
    mixed = star(seed=11, shape_seed=7)
    assert outlines_differ(first, second)
    assert not outlines_differ(first, mixed)
    both = star(seed=11, shape_seed=7, look_seed=7)

    def colour(object_: np.ndarray) -> np.ndarray:
        return object_[object_[..., 3] > 128][:, :3].mean(0)  # type: ignore[no-any-return]

    assert np.abs(colour(both) - colour(first)).max() < np.abs(colour(mixed) - colour(first)).max() / 2


def test_a_mirrored_object_is_the_mirror_image_of_its_shape(engine: Engine) -> None:
    def in_box(*, mirrored: bool) -> np.ndarray:
        layer = _layers(engine, _request(class_name="star", seed=1, mirrored=mirrored))[0]
        alpha = np.zeros((150, 200), int)
        pixels = _pixels(layer)[..., 3]
        alpha[layer.y : layer.y + pixels.shape[0], layer.x : layer.x + pixels.shape[1]] = pixels
        return alpha[BOX.y : BOX.bottom, BOX.x : BOX.right]

    plain, turned = in_box(mirrored=False), in_box(mirrored=True)
    assert np.abs(plain - turned).mean() > 2 * np.abs(plain[:, ::-1] - turned).mean()


def test_a_style_and_a_reference_change_the_look(engine: Engine) -> None:
    plain = bytes(_layers(engine, _request())[0].pixels.data)
    styled = bytes(_layers(engine, _request(style="bold"))[0].pixels.data)
    red = PixelFrame(40, 40, PixelFormat.RGB8, bytes([250, 20, 20]) * 1600)
    referred = bytes(_layers(engine, _request(reference=red))[0].pixels.data)
    assert len({plain, styled, referred}) == 3


def test_a_picture_of_the_shape_brings_its_own_parts_which_follow_its_place(engine: Engine) -> None:
    picture = np.zeros((60, 80, 4), np.uint8)
    picture[..., :3] = np.random.default_rng(1).integers(0, 255, (60, 80, 3))
    picture[5:55, 10:70, 3] = 255
    shape = window_mask(fitted_shape(picture, None, BOX, (200, 150)), BOX, 512)
    alike, own, turned = (
        bytes(_layers(engine, _request(mask=shape, parts=parts))[0].pixels.data)
        for parts in (None, parts_frame(picture, None), parts_frame(picture[:, ::-1], None))
    )
    assert len({alike, own, turned}) == 3


def test_parts_without_a_shape_are_refused(engine: Engine) -> None:
    seen = PixelFrame(2, 2, PixelFormat.RGBA8, b"\xff" * 16)
    with pytest.raises(InsertObjectError, match="none is given") as refusal:
        _layers(engine, _request(parts=seen))
    assert refusal.value.code is ErrorCode.BAD_REQUEST


def test_a_mask_gives_the_object_its_shape(engine: Engine) -> None:
    request = _request()
    shape = np.zeros((request.scene.height, request.scene.width), np.uint8)
    shape[30:60, 30:50] = 255
    mask = PixelFrame(request.scene.width, request.scene.height, PixelFormat.A8, shape.tobytes())
    (layer,) = _layers(engine, replace(request, mask=mask))
    assert abs(layer.x - (request.window.x + 30)) <= 8
    assert abs(layer.pixels.width - 20) <= 16


def test_sixteen_bits_hold_more_than_eight(engine: Engine) -> None:
    (layer,) = _layers(engine, _request(depth=16))
    assert layer.pixels.format is PixelFormat.RGBA16
    colours = np.unique(_pixels(layer)[..., :3])
    assert len(colours) > 256


def test_the_scene_need_not_be_much_larger_than_the_networks_see(engine: Engine) -> None:
    assert engine.limits.window_pixels == 64


def test_the_stages_come_in_order_with_rising_fractions(engine: Engine) -> None:
    heard: list[tuple[Stage, float]] = []
    list(engine.insert(_request(variations=2), lambda stage, fraction: heard.append((stage, fraction))))
    assert [stage for stage, _ in heard] == [Stage.MASK, Stage.OBJECT, Stage.FINISHING, Stage.FINISHING]
    fractions = [fraction for _, fraction in heard]
    assert fractions == sorted(fractions)


def test_an_exception_from_the_listener_ends_the_request(engine: Engine) -> None:
    def cancel(stage: Stage, _fraction: float) -> None:
        if stage is Stage.OBJECT:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(engine.insert(_request(), cancel))
    assert len(_layers(engine, _request())) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"class_name": "dragon"}, ErrorCode.UNKNOWN_CLASS),
        ({"style": "invisible"}, ErrorCode.BAD_REQUEST),
        ({"box": Rect(500, 500, 50, 50)}, ErrorCode.BOX_OUTSIDE),
        ({"box": Rect(50, 50, 3, 50)}, ErrorCode.BOX_TOO_SMALL),
    ],
)
def test_a_request_that_cannot_be_done_says_why(
    engine: Engine, changes: dict[str, object], code: ErrorCode
) -> None:
    with pytest.raises(InsertObjectError) as caught:
        _layers(engine, _request(**changes))
    assert caught.value.code is code
    assert caught.value.hint


def _showing_nothing_of(monkeypatch: pytest.MonkeyPatch, *rows: int) -> None:
    """Lets the networks paint nothing in these rows of every batch."""
    real = engine_module.Bundle.make_objects

    def but_these(*arguments: object) -> tuple[torch.Tensor, torch.Tensor]:
        colour, alpha = real(*arguments)  # type: ignore[arg-type]
        alpha = alpha.clone()
        alpha[list(rows)] = 0
        return colour, alpha

    monkeypatch.setattr(engine_module.Bundle, "make_objects", but_these)


def test_a_variation_of_which_nothing_shows_is_left_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _showing_nothing_of(monkeypatch, 0, 2)
    assert [(layer.index, layer.seed) for layer in _layers(engine, _request(variations=4))] == [
        (1, 8),
        (3, 10),
    ]


@pytest.mark.parametrize(
    ("box", "code", "hint"),
    [
        (Rect(50, 40, 120, 8), ErrorCode.BOX_TOO_SMALL, "proportions"),
        (Rect(90, 10, 8, 130), ErrorCode.BOX_TOO_SMALL, "proportions"),
        (BOX, ErrorCode.BAD_REQUEST, "seed"),
    ],
)
def test_where_nothing_shows_at_all_the_box_is_blamed_if_it_is_thin_else_the_seed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, box: Rect, code: ErrorCode, hint: str
) -> None:
    _showing_nothing_of(monkeypatch, 0, 1)
    window, scene = window_pixels(np.zeros((150, 200, 3), np.uint8), box, 512)
    with pytest.raises(InsertObjectError) as caught:
        _layers(engine, _request(variations=2, box=box, window=window, scene=scene))
    assert caught.value.code is code
    assert hint in caught.value.hint


def test_a_released_engine_loads_again_by_itself(weights: Path) -> None:
    engine = create_engine(weights, device="cpu")
    engine.load(lambda _fraction: None)
    before = bytes(_layers(engine, _request())[0].pixels.data)
    engine.release()
    assert engine.report()["loaded"] is False
    assert bytes(_layers(engine, _request())[0].pixels.data) == before
    assert engine.report()["loaded"] is True


def test_a_box_larger_than_its_class_comes_out_well_in_is_told(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path)
    rewrite(tmp_path, lambda content: content["classes"][0].update(good_up_to=79))
    engine = create_engine(tmp_path, device="cpu")
    engine.load(lambda _fraction: None)
    first, other = (known.name for known in engine.classes)
    for name, box, notes in (
        (first, BOX, (SMALL_ONLY,)),  # 80 pixels wide
        (first, Rect(50, 40, 79, 60), ()),
        (other, BOX, ()),
    ):
        assert len(_layers(engine, _request(box, class_name=name))) == 1
        assert engine.take_notes() == notes


def test_a_full_gpu_is_answered_by_the_cpu_with_a_note(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(weights, device="cpu")
    engine.load(lambda _fraction: None)
    monkeypatch.setattr(engine, "_wanted", torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    real = engine_module.Bundle.make_objects
    on_cpu = engine._bundle_on_cpu
    tried: list[weakref.ref[object]] = []
    held: list[object] = []

    def full_once(*arguments: object) -> object:
        tried.append(weakref.ref(arguments[0]))
        if len(tried) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(*arguments)  # type: ignore[arg-type]

    def looked_at(pack: object) -> object:
        engine.release()
        gc.collect()
        held.append(tried[0]())
        return on_cpu(pack)  # type: ignore[arg-type]

    monkeypatch.setattr(engine_module.Bundle, "make_objects", full_once)
    monkeypatch.setattr(engine, "_bundle_on_cpu", looked_at)
    assert len(_layers(engine, _request())) == 1
    assert held == [None]  # the GPU's networks do not keep its memory meanwhile
    assert "CPU" in engine.take_notes()[0]
    assert engine.take_notes() == ()


def test_a_full_memory_on_the_cpu_is_a_clear_error(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = create_engine(weights, device="cpu")
    engine.load(lambda _fraction: None)

    def full(*_arguments: object) -> object:
        return torch.empty(2**60, dtype=torch.uint8)  # more than any processor can address

    monkeypatch.setattr(engine_module.Bundle, "make_objects", full)
    with pytest.raises(InsertObjectError) as caught:
        _layers(engine, _request())
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("damage", "code"),
    [("remove", ErrorCode.MODEL_MISSING), ("truncate", ErrorCode.MODEL_CORRUPT)],
)
def test_bad_weights_are_an_error_with_what_to_do(tmp_path: Path, damage: str, code: ErrorCode) -> None:
    write_tiny_weights(tmp_path)
    file = tmp_path / "encoder.safetensors"
    if damage == "remove":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InsertObjectError) as caught:
        create_engine(tmp_path, device="cpu").load(lambda _fraction: None)
    assert caught.value.code is code
    assert "install.py" in caught.value.hint


@pytest.mark.parametrize("depth", [8, 16])
def test_a_shadow_leaves_the_object_as_it_is(engine: Engine, depth: int) -> None:
    plain = _layers(engine, _request(variations=2, depth=depth, shadow=False))
    shaded = _layers(engine, _request(variations=2, depth=depth, cast_shadow=True))
    for one, other in zip(plain, shaded, strict=True):
        assert one.shadow is None and other.shadow is not None
        assert one.cast is None and other.cast is not None and other.cast.format is other.pixels.format
        assert (one.x, one.y) == (other.x, other.y)
        assert bytes(one.pixels.data) == bytes(other.pixels.data)
        assert other.shadow.format is other.pixels.format
        window = _request().window
        assert window.x <= other.shadow_x and other.shadow_x + other.shadow.width <= window.right
        assert window.y <= other.shadow_y and other.shadow_y + other.shadow.height <= window.bottom


def test_the_same_request_casts_the_same_shadows(engine: Engine) -> None:
    asked = _request(cast_shadow=True, behind_grass=True)
    (first,), (second,) = (_layers(engine, asked) for _ in range(2))
    for one, other in ((first.shadow, second.shadow), (first.cast, second.cast)):
        assert one is not None and other is not None and bytes(one.data) == bytes(other.data)
    assert bytes(first.pixels.data) == bytes(second.pixels.data)
