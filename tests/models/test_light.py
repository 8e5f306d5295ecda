"""Light: adjustments as tensors and on whole layers, the network's looks, its weights, its training."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models.evaluation.object_light import measure_light
from models.files.plain_files import ModelCorrupt
from models.light.adjustments import JUDGED, RANGES, Adjustments
from models.light.application import adjusted, frames_of
from models.light.figures import DISTANCES, LARGEST_STEP, STEPS, steps_at_edge
from models.light.judgement import judged
from models.light.network import SIDE, LightNetwork
from models.light.pixels import lit_pixels
from models.light.scenes import FRINGE
from models.light.weights import read_light_network
from models.photos.data import Windows
from models.relight import from_linear, to_linear
from models.training.light_samples import Wanted, held_out_batch, training_batch
from models.training.light_training import LightSettings, light_loss

STRONG = Adjustments(0.6, 0.3, -0.1, 0.2, -0.2, 0.3, -0.2, 0.7)
SHIPPED = Path(__file__).resolve().parents[2] / "models" / "weights" / "light.safetensors"


def cut_out(dtype: type, seed: int = 0, size: tuple[int, int] = (40, 56)) -> np.ndarray:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, np.iinfo(dtype).max + 1, (*size, 4), dtype)
    pixels[..., 3] = 0
    pixels[8:-6, 5:-9, 3] = np.iinfo(dtype).max
    pixels[8, 5:-9, 3] //= 3
    return pixels


def made_windows(count: int = 6, side: int = 109) -> Windows:
    """Windows with a bright disc on a darker, uneven ground."""
    random = torch.Generator().manual_seed(0)
    place = torch.linspace(-1, 1, side)
    disc = (place[:, None] ** 2 + place**2 < 0.22).to(torch.uint8)
    ground = torch.randint(40, 120, (count, 3, side, side), generator=random)
    object_ = torch.randint(110, 230, (count, 3, side, side), generator=random)
    images = torch.where(disc.bool(), object_, ground).to(torch.uint8)
    masks = (255 * disc).expand(count, 1, side, side).contiguous()
    boxes = torch.tensor([[0.265, 0.265, 0.735, 0.735]]).repeat(count, 1)
    return Windows(images, masks, torch.zeros(count, dtype=torch.long), boxes, torch.zeros(count, 3))


# --- Adjustments ---------------------------------------------------------------------------------------


def test_records_that_name_a_blur_of_none_are_still_read_and_any_other_is_refused() -> None:
    assert Adjustments.from_map({**STRONG.to_map(), "blur": 0.0}) == STRONG
    with pytest.raises(ValueError, match="blur"):
        Adjustments.from_map({"blur": 1.0})


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_and_depth_stay_exactly_as_they_are(dtype: type) -> None:
    pixels = cut_out(dtype)
    lit = lit_pixels(pixels, STRONG)
    assert lit.dtype == dtype
    assert (lit[..., 3] == pixels[..., 3]).all()
    assert (lit[..., :3] != pixels[..., :3]).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_no_adjustment_changes_no_bit(dtype: type) -> None:
    pixels = cut_out(dtype)
    assert (lit_pixels(pixels, STRONG.scaled(0)) == pixels).all()


def test_16_bits_are_used_not_just_kept() -> None:
    ramp = np.zeros((8, 2048, 4), np.uint16)
    ramp[..., :3] = np.arange(20000, 20000 + 2048, dtype=np.uint16)[:, None]
    ramp[..., 3] = 65535
    lit = lit_pixels(ramp, Adjustments(exposure=0.3))
    assert len(np.unique(lit[0, :, 0])) > 1500


def test_layers_and_tensors_are_adjusted_alike() -> None:
    pixels = cut_out(np.uint8)
    lit = lit_pixels(pixels, STRONG)
    mask = torch.from_numpy(pixels[..., 3] / 255.0)[None, None].float()
    picture = torch.from_numpy(pixels[..., :3]).permute(2, 0, 1)[None].float() / 127.5 - 1
    numbers = torch.tensor([[getattr(STRONG, name) for name in JUDGED]])
    expected = (adjusted(picture, numbers, frames_of(mask))[0].permute(1, 2, 0) + 1) * 127.5
    assert np.abs(lit[..., :3] - expected.numpy()).max() < 1.0


def test_brightening_reaches_white_without_clipping_and_keeps_the_order_of_shades() -> None:
    ramp = np.zeros((4, 256, 4), np.uint8)
    ramp[..., :3] = np.arange(256, dtype=np.uint8)[:, None]
    ramp[..., 3] = 255
    shades = lit_pixels(ramp, Adjustments(exposure=1.0))[0, :, 0].astype(int)
    assert (np.diff(shades) >= 0).all()
    assert shades[255] == 255
    assert shades[235] < 255  # light textures do not burn out
    yellow = np.array([[[250, 220, 40, 255]]], np.uint8).repeat(4, 0).repeat(4, 1)
    red, green, blue, _ = lit_pixels(yellow, Adjustments(exposure=1.0))[0, 0].tolist()
    assert red > green > blue + 80  # yellow does not turn white


def test_a_share_of_the_change_lies_between_none_and_all() -> None:
    pixels = np.full((8, 8, 4), 255, np.uint8)
    pixels[..., :3] = 100
    half, whole = (lit_pixels(pixels, STRONG.scaled(share))[0, 0, 0] for share in (0.5, 1.0))
    assert 100 < half < whole


def test_numbers_come_back_by_name_and_those_out_of_range_are_refused() -> None:
    assert Adjustments.from_map(STRONG.to_map()) == STRONG
    with pytest.raises(ValueError, match="no adjustment “sharpness”"):
        Adjustments.from_map({"sharpness": 1.0})
    with pytest.raises(ValueError, match="exposure is 9"):
        Adjustments.from_map({"exposure": 9.0})
    with pytest.raises(ValueError, match="exposure"):
        Adjustments.from_map({"exposure": float("nan")})


# --- Figures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stops", [-0.8, 0.0, 0.5])
def test_steps_across_an_edge_tell_by_how_much_an_object_is_brighter(stops: float) -> None:
    scene = torch.full((1, 3, SIDE, SIDE), 0.2)
    brighter = from_linear(to_linear(scene) * math.exp(stops))
    mask = torch.zeros(1, 1, SIDE, SIDE)
    mask[..., 20:60, 30:50] = 1
    found = steps_at_edge(to_linear(torch.where(mask > 0, brighter, scene)), mask).view(
        len(DISTANCES), 3, STEPS + 1
    )
    sizes = torch.linspace(-LARGEST_STEP, LARGEST_STEP, STEPS)
    shares = (found[..., :STEPS] + 0.5) / 6
    assert (shares.sum(2) > 0.95).all()
    middle = (shares * sizes).sum(2) / shares.sum(2)
    assert torch.allclose(middle, torch.full_like(middle, stops), atol=0.03)
    assert torch.allclose(
        found[..., STEPS], torch.full((len(DISTANCES), 3), 3 * stops / LARGEST_STEP), atol=0.15
    )


def test_an_object_that_covers_everything_has_no_steps() -> None:
    found = steps_at_edge(torch.zeros(1, 3, SIDE, SIDE), torch.ones(1, 1, SIDE, SIDE))
    assert torch.equal(found.view(-1, STEPS + 1)[:, :STEPS], torch.full((3 * len(DISTANCES), STEPS), -0.5))


# --- The network ---------------------------------------------------------------------------------------


def test_a_new_network_changes_nothing() -> None:
    scene, objects = torch.rand(2, 2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    mask = torch.zeros(2, 1, SIDE, SIDE)
    mask[..., 20:60, 30:50] = 1
    assert (judged(LightNetwork(), scene, objects, mask) == 0).all()


def test_shipped_weights_darken_what_is_too_bright_and_brighten_what_is_too_dark() -> None:
    network = read_light_network(SHIPPED)
    windows = made_windows()
    scene = windows.images[:1, :, 14:94, 14:94].float() / 127.5 - 1
    mask = windows.masks[:1, :, 14:94, 14:94].float() / 255
    found = []
    for code in (250.0, 20.0):
        grain = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)) * 10
        found.append(float(judged(network, scene, (code - grain) / 127.5 - 1, mask)[0, 0]))
    assert found[0] < -0.1 < 0.1 < found[1]


def test_what_shipped_weights_have_lit_comes_to_rest_when_lit_again_and_again() -> None:
    network = read_light_network(SHIPPED)
    random = torch.Generator().manual_seed(5)
    batch = training_batch(made_windows(), 8, SIDE, random)
    objects, means = batch.given, []
    for _ in range(5):
        numbers = judged(network, batch.scene, objects, batch.mask)
        lit = adjusted(objects, numbers, frames_of(batch.mask))
        changed = (numbers != 0).any(1).view(-1, 1, 1, 1)
        objects = torch.where(changed, ((lit + 1) * 127.5).round() / 127.5 - 1, objects)
        light = (objects * batch.mask).mean(1).sum((1, 2)) / batch.mask.sum((1, 2, 3))
        means.append(light * 127.5)
    drift = means[-1] - means[0]
    assert float(drift.abs().median()) <= 1  # most are left alone at once
    assert float((means[-1] - means[-2]).abs().mean()) <= 1  # and the others soon


def test_what_the_scene_shows_below_the_object_and_right_beside_it_is_not_looked_at() -> None:
    network = read_light_network(SHIPPED)
    batch = training_batch(made_windows(), 8, SIDE, torch.Generator().manual_seed(1))
    unseen = torch.nn.functional.max_pool2d(batch.mask, 2 * FRINGE + 1, 1, FRINGE)
    others = torch.where(unseen > 0.02, 0.9, batch.scene)
    assert (others != batch.scene).any()
    one, two = (judged(network, scene, batch.given, batch.mask) for scene in (batch.scene, others))
    assert torch.allclose(one, two, atol=1e-6)
    assert (one != 0).any()


def test_the_same_input_gives_the_same_numbers() -> None:
    network = read_light_network(SHIPPED)
    batch = training_batch(made_windows(), 8, SIDE, torch.Generator().manual_seed(1))
    one, two = (judged(network, batch.scene, batch.given, batch.mask) for _ in range(2))
    assert (one == two).all()
    assert (one != 0).any()
    for place, name in enumerate(JUDGED):
        low, high = RANGES[name]
        assert low - 1e-5 <= float(one[:, place].min())
        assert float(one[:, place].max()) <= high + 1e-5


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_file({"answer.weight": torch.zeros(3, 3)}, tmp_path / "light.safetensors")
    with pytest.raises(ModelCorrupt):
        read_light_network(tmp_path / "light.safetensors")


def test_shipped_weights_are_at_most_4_megabytes() -> None:
    assert SHIPPED.stat().st_size <= 4_000_000


# --- Training and measuring ----------------------------------------------------------------------------


def test_training_takes_back_changes_of_light_that_it_has_seen() -> None:
    random = torch.Generator().manual_seed(2)
    torch.manual_seed(0)
    network, settings = LightNetwork(), LightSettings(minutes=1)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    batch = training_batch(made_windows(), 8, SIDE, random)
    assert not batch.is_changed.all()
    assert (batch.given == batch.fitting)[~batch.is_changed].all()
    errors = []
    for _ in range(20):
        loss, terms = light_loss(network, batch, settings, random, looks=2)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        errors.append(float(terms["Error/second"]))
    assert errors[-1] < 0.6 * errors[0]


def test_of_an_enlarged_object_nothing_is_left_in_its_scene() -> None:
    middles = []
    for enlarged in (0.0, 1.0):
        wanted = Wanted(changed=1.0, enlarged=enlarged, varied=False)
        random = torch.Generator().manual_seed(4)
        batch = held_out_batch(made_windows(), torch.arange(6), SIDE, wanted, random)
        middles.append(batch.scene[:, :, 30:50, 30:50].mean((1, 2, 3)))
    assert (middles[0] > 0.2).all()  # the bright object
    assert (middles[1] < -0.2).all()  # the dark ground, where it was


def test_measuring_an_untrained_network_says_that_it_does_nothing() -> None:
    figures = measure_light(LightNetwork(), made_windows())
    assert figures.ratio == 1
    assert figures.fitting_moves == figures.again_moves == 0
    assert figures.left_alone == 1
    assert figures.elasticity == pytest.approx(0, abs=1e-4)
    assert figures.errors["histogram matching"] != figures.errors["untouched"]
