"""The engine with further packs: loaded when first used, two at a time, a broken one refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from daemon.painting.engine import KEPT_PACKS, Engine, create_engine
from daemon.painting.scene import window_pixels
from models.bundle import Bundle
from tests.changed_insert import with_changes
from tests.packs.conftest import rewrite
from tests.packs.test_hostile_files import changed
from tests.tiny_weights import write_tiny_weights
from wire.protocol import ErrorCode, Insert, InsertObjectError, Layer, Rect, Stage, Wish

BOX = Rect(50, 40, 80, 60)


@pytest.fixture(scope="session")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second pack, of 64 px, with a class that the first one has, too; not to be changed."""
    folder = tmp_path_factory.mktemp("lamps") / "lamps"
    write_tiny_weights(folder, ("lamp", "star"), resolution=64)
    return folder


@pytest.fixture
def engine(sound_pack: Path, lamps: Path, packs: Path) -> Iterator[Engine]:
    """An engine whose shipped networks know "disc" and "star", with the further packs "lamps" and "more"."""
    shutil.copytree(lamps, packs / "lamps")
    shutil.copytree(sound_pack, packs / "more")
    made = create_engine(sound_pack, device="cpu", packs=packs)
    made.load(lambda _fraction: None)
    yield made
    made.release()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the folders that were loaded since."""
    loaded: list[str] = []
    real = Bundle.load

    def load(folder: Path, **options: object) -> Bundle:
        loaded.append(folder.name)
        return real(folder, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Bundle, "load", load)
    return loaded


def request(**changes: object) -> Insert:
    picture = np.random.default_rng(0).integers(0, 255, (150, 200, 3), dtype=np.uint8)
    window, scene = window_pixels(picture, BOX, 512)
    plain = Insert("r", Wish("disc", BOX, 7), 200, 150, window, scene)
    return with_changes(plain, **changes)


def layer_of(engine: Engine, **changes: object) -> Layer:
    (layer,) = engine.insert(request(**changes), lambda *_: None)
    return layer


def test_a_pack_makes_objects_of_its_own_classes(engine: Engine) -> None:
    layer = layer_of(engine, class_name="lamp", pack="lamps")
    assert layer.class_name == "lamp" and layer.pixels.width > 40


def test_packs_with_a_class_of_one_name_make_different_objects(engine: Engine) -> None:
    shipped, other = (layer_of(engine, class_name="star", pack=pack) for pack in ("", "lamps"))
    assert bytes(shipped.pixels.data) != bytes(other.pixels.data)


def test_the_shipped_object_is_the_same_whatever_packs_were_used(engine: Engine) -> None:
    before = bytes(layer_of(engine).pixels.data)
    layer_of(engine, class_name="lamp", pack="lamps")
    layer_of(engine, pack="more")
    assert bytes(layer_of(engine).pixels.data) == before


def test_a_pack_is_loaded_when_first_used_and_kept(engine: Engine, read: list[str]) -> None:
    heard: list[tuple[Stage, float]] = []
    for _ in range(2):
        ask = request(class_name="lamp", pack="lamps")
        list(engine.insert(ask, lambda stage, fraction: heard.append((stage, fraction))))
    assert read == ["lamps"]
    first = heard[: len(heard) // 2 + 1]
    assert first[0][0] is Stage.LOADING
    assert [fraction for _, fraction in first] == sorted(fraction for _, fraction in first)
    assert sum(stage is Stage.LOADING for stage, _ in heard) == 2  # begun and done, once


def test_the_longest_unused_networks_make_room(engine: Engine, read: list[str]) -> None:
    assert KEPT_PACKS == 2
    for pack, class_name in (("lamps", "lamp"), ("", "disc"), ("more", "disc"), ("", "disc")):
        layer_of(engine, pack=pack, class_name=class_name)
    assert read == ["lamps", "more"]  # the shipped ones were in use again before "more" came
    layer_of(engine, pack="lamps", class_name="lamp")
    assert read == ["lamps", "more", "lamps"]
    states = engine.report()["packs"]
    assert states == {"lamps": "loaded", "more": "not loaded"}
    layer_of(engine)
    assert read == ["lamps", "more", "lamps"]


def test_a_replaced_pack_is_read_anew(engine: Engine, read: list[str], packs: Path) -> None:
    before = bytes(layer_of(engine, pack="more").pixels.data)
    changed(packs / "more", "foreground.safetensors", lambda tensors: [t.mul_(0.5) for t in tensors.values()])
    assert bytes(layer_of(engine, pack="more").pixels.data) != before
    assert read == ["more", "more"]


def test_a_removed_pack_is_gone_at_once(engine: Engine, packs: Path) -> None:
    layer_of(engine, pack="more")
    shutil.rmtree(packs / "more")
    assert [pack.name for pack in engine.packs] == ["lamps"]
    with pytest.raises(InsertObjectError) as refusal:
        layer_of(engine, pack="more")
    assert refusal.value.code is ErrorCode.BAD_REQUEST and "lamps" in refusal.value.hint


def test_a_pack_that_does_not_load_is_left_out_and_all_else_works_on(engine: Engine, packs: Path) -> None:
    rewrite(packs / "more", lambda content: content["files"].update({"encoder.safetensors": "0" * 64}))
    assert [pack.name for pack in engine.packs] == ["lamps", "more"]  # nobody has looked into the file yet
    with pytest.raises(InsertObjectError) as refusal:
        layer_of(engine, pack="more")
    assert refusal.value.code is ErrorCode.MODEL_CORRUPT
    assert "“more” cannot be used: encoder.safetensors is damaged" in refusal.value.sentence
    assert [pack.name for pack in engine.packs] == ["lamps"]
    assert "SHA-256" in engine.report()["refused_packs"]["more"]
    assert layer_of(engine) and layer_of(engine, pack="lamps", class_name="lamp")


def test_a_class_of_another_pack_is_unknown(engine: Engine) -> None:
    with pytest.raises(InsertObjectError) as refusal:
        layer_of(engine, class_name="disc", pack="lamps")
    assert refusal.value.code is ErrorCode.UNKNOWN_CLASS and "lamp, star" in refusal.value.hint


def test_a_network_that_paints_nothing_is_an_error_not_a_layer(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_bundle: Bundle, scene: torch.Tensor, *_: object) -> tuple[torch.Tensor, torch.Tensor]:
        return scene * float("nan"), scene[:, :1]

    monkeypatch.setattr(Bundle, "make_objects", nothing)
    with pytest.raises(InsertObjectError) as refusal:
        layer_of(engine, pack="more")
    assert refusal.value.code is ErrorCode.MODEL_CORRUPT and "did not produce a usable picture" in str(
        refusal.value
    )


def test_the_scene_is_wanted_as_large_as_the_largest_pack_can_use(engine: Engine, packs: Path) -> None:
    assert engine.limits.window_pixels == 128
    shutil.rmtree(packs / "lamps")
    assert engine.limits.window_pixels == 64
    layer_of(engine, scene=request().scene)  # and what was sent before still fits


def test_a_released_engine_reads_only_what_is_asked_for(engine: Engine, read: list[str]) -> None:
    engine.release()
    assert engine.report()["loaded"] is False
    layer_of(engine, class_name="lamp", pack="lamps")
    assert read == ["lamps"]
