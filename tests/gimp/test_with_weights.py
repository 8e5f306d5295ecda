"""GIMP against the real daemon with the shipped weights: the same object as from Python, bit for bit."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.client import Client
from daemon.home.folders import HOME_VARIABLE, Folders
from plugins.profiles.plugin_files import PluginConfig
from tests.conftest import RunningDaemon, outdoor_picture
from tests.gimp.harness import Gimp, encoded, make_profile, rgba
from tests.gimp.provision import GimpPlace
from tests.tiny_weights import write_tiny_weights

BOX = (150, 90, 200, 200)


@pytest.fixture
def client(running_daemon: RunningDaemon) -> Iterator[Client]:
    """The same daemon from Python."""
    with Client.connect(Folders.default({HOME_VARIABLE: str(running_daemon.home)})) as connected:
        yield connected


@pytest.fixture
def class_name(client: Client) -> str:
    """A class that the shipped weights have."""
    return client.classes[0].name


def layer_pixels(gimp: Gimp, layer: int) -> np.ndarray:
    about = gimp.describe_layer(layer)
    return rgba(gimp.pixels(layer), about["width"], about["height"])


def test_the_layer_is_the_one_that_python_gets(
    gimp_with_weights: Gimp, client: Client, class_name: str
) -> None:
    gimp, picture = gimp_with_weights, outdoor_picture(500, 400)
    side = int(client.welcome.limits.window_pixels / 1.5)  # the window is sent as it is, not scaled down
    box = (150, 90, min(side, 200), min(side, 200))
    image = gimp.make_image(500, 400, pixels=encoded(picture))["image"]
    gimp.select_rectangle(image, *box)
    answer = gimp.insert(image, object_class=class_name, seed=11)
    assert answer["status"] == "success", answer["error"]
    layer = client.insert(picture, box, class_name, seed=11)
    about = gimp.describe_layer(answer["layer"])
    assert (about["x"], about["y"]) == tuple(layer.offset)
    assert np.array_equal(layer_pixels(gimp, answer["layer"]), layer.pixels)
    gimp.delete(image)


def test_the_shadow_is_the_one_that_python_gets(
    gimp_with_weights: Gimp, client: Client, class_name: str
) -> None:
    gimp, picture = gimp_with_weights, outdoor_picture(500, 400)
    box = (150, 150, 200, 180)
    image = gimp.make_image(500, 400, pixels=encoded(picture))["image"]
    gimp.select_rectangle(image, *box)
    answer = gimp.insert(image, object_class=class_name, seed=11, shadow=True)
    assert answer["status"] == "success", answer["error"]
    shadow = client.insert(picture, box, class_name, seed=11, shadow=True).shadow
    assert shadow is not None
    about = gimp.describe_layer(answer["shadow"])
    assert (about["x"], about["y"]) == tuple(shadow.offset)
    difference = np.abs(layer_pixels(gimp, answer["shadow"]).astype(int) - shadow.pixels)
    assert difference.max() <= 1  # GIMP sends an alpha channel, and a few values round the other way
    gimp.delete(image)


def test_a_large_box_gets_nearly_the_layer_that_python_gets(
    gimp_with_weights: Gimp, client: Client, class_name: str
) -> None:
    gimp, picture = gimp_with_weights, outdoor_picture(1500, 1200)
    box = (301, 203, 700, 640)
    image = gimp.make_image(1500, 1200, pixels=encoded(picture))["image"]
    gimp.select_rectangle(image, *box)
    answer = gimp.insert(image, object_class=class_name, seed=11)
    layer = client.insert(picture, box, class_name, seed=11)
    here, there = np.zeros((1200, 1500, 4)), np.zeros((1200, 1500, 4))
    about, (x, y) = gimp.describe_layer(answer["layer"]), layer.offset
    high, wide = layer.pixels.shape[:2]
    here[about["y"] :, about["x"] :][: about["height"], : about["width"]] = layer_pixels(
        gimp, answer["layer"]
    )
    there[y : y + high, x : x + wide] = layer.pixels
    both = (here[:, :, 3] > 200) & (there[:, :, 3] > 200)
    assert both.sum() > 0.95 * (there[:, :, 3] > 200).sum()
    # GIMP's way to scale a picture down is not NumPy's, and the networks see the difference
    assert np.abs(here - there)[both].mean() < 4
    gimp.delete(image)


def test_the_object_lies_in_its_box_and_nothing_else_is_touched(
    gimp_with_weights: Gimp, class_name: str
) -> None:
    gimp, picture = gimp_with_weights, outdoor_picture(500, 400)
    image = gimp.make_image(500, 400, pixels=encoded(picture))["image"]
    gimp.select_rectangle(image, *BOX)
    layer = gimp.insert(image, object_class=class_name, seed=3)["layer"]
    seen = rgba(gimp.visible_pixels(image), 500, 400)[:, :, :3]
    about = gimp.describe_layer(layer)
    outside = np.ones((400, 500), bool)
    outside[about["y"] : about["y"] + about["height"], about["x"] : about["x"] + about["width"]] = False
    assert np.array_equal(seen[outside], picture[outside])
    assert layer_pixels(gimp, layer)[:, :, 3].max() > 128
    gimp.delete(image)


def test_a_given_shape_is_kept_to(gimp_with_weights: Gimp, class_name: str) -> None:
    gimp = gimp_with_weights
    image = gimp.make_image(500, 400, pixels=encoded(outdoor_picture(500, 400)))["image"]
    gimp.select_ellipse(image, *BOX)
    whole = [0, 0, 500, 400]
    data = base64.b64decode(gimp.selection_shape(image, whole, whole[2:]))
    selected = np.frombuffer(data, np.uint8).reshape(400, 500) > 127
    layer = gimp.insert(image, object_class=class_name, seed=3, shape="given")["layer"]
    about = gimp.describe_layer(layer)
    alpha = np.zeros((400, 500))
    rows = slice(about["y"], about["y"] + about["height"])
    columns = slice(about["x"], about["x"] + about["width"])
    alpha[rows, columns] = layer_pixels(gimp, layer)[:, :, 3]
    drawn = alpha > 127
    assert (drawn & selected).sum() / (drawn | selected).sum() > 0.8  # at the networks' resolution
    gimp.delete(image)


def test_a_moved_object_is_made_again_for_where_it_lies(gimp_with_weights: Gimp, class_name: str) -> None:
    gimp, picture = gimp_with_weights, outdoor_picture(900, 400)
    picture[:, 450:] //= 4  # the right half lies in the shade
    image = gimp.make_image(900, 400, pixels=encoded(picture))["image"]
    gimp.select_rectangle(image, *BOX)
    layer = gimp.insert(image, object_class=class_name, seed=3)["layer"]
    bright = layer_pixels(gimp, layer)
    gimp.select_none(image)
    gimp.transform(layer, "move", 620, 120)
    answer = gimp.insert(image, object_class=class_name, seed=3)
    assert answer["status"] == "success", answer["error"]
    shaded = layer_pixels(gimp, answer["layer"])
    assert mean_light(shaded) < 0.8 * mean_light(bright)
    gimp.delete(image)


def mean_light(pixels: np.ndarray) -> float:
    """The mean value of the opaque pixels."""
    return float(pixels[pixels[:, :, 3] > 200][:, :3].mean())


def test_a_variation_can_be_had_again_by_its_seed(client: Client, class_name: str) -> None:
    picture = outdoor_picture(500, 400)
    several = client.insert_variations(picture, BOX, class_name, variations=4, seed=5)
    alone = client.insert(picture, BOX, class_name, seed=several[2].seed)
    assert tuple(alone.offset) == tuple(several[2].offset)
    difference = np.abs(alone.pixels.astype(int) - several[2].pixels)
    assert difference.mean() < 1  # a batch of four rounds otherwise than one of one
    assert difference.max() <= 10


def test_a_chosen_object_is_the_one_that_its_seed_gives(
    gimp_place: GimpPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_weights(tmp_path / "weights", judging=True)
    monkeypatch.setenv("INSERT_OBJECT_WEIGHTS", str(tmp_path / "weights"))
    daemon = RunningDaemon(tmp_path / "home")
    daemon.home.mkdir()
    daemon.ensure_running()
    profile = make_profile(tmp_path / "profile", gimp_place, PluginConfig(daemon.connection_file, ()))
    gimp, made = Gimp(gimp_place, profile), []
    try:
        seed = -1
        for _ in range(2):
            image = gimp.make_image(500, 400, pixels=encoded(outdoor_picture(500, 400)))["image"]
            gimp.select_rectangle(image, *BOX)
            answer = gimp.insert(image, object_class="disc", seed=seed)
            assert answer["status"] == "success", answer["error"]
            seed = gimp.describe_layer(answer["layer"])["record"]["seed"]
            made.append(layer_pixels(gimp, answer["layer"]))
        assert np.array_equal(made[0], made[1])
        with Client.connect(Folders.default({HOME_VARIABLE: str(daemon.home)})) as client:
            assert client.status()["engine"]["timings"]["choice"]["count"] == 1
    finally:
        gimp.close()
        daemon.end()
